#!/bin/bash
# 70-views.t - what people see: words, counters, times, hostile text.
. ./lib.sh

do_ "select test.running('mail', 1)"
adv() {
	do_ "select test.adv(1, jsonb_build_array($1))"
}
word() {
	is "$1" "$2" "select state from fleet.rollout"
}
clock() {
	do_ "insert into fleet_internal.clock_offset values (true, '$1') on conflict (only_one) do update set offset_by = '$1'"
}

# the word of a rollout
word "running" running
adv "'{\"op\":\"hold\",\"kind\":\"window\",\"why\":\"opens at 01:00\"}'::jsonb"
word "a window: waiting" waiting
adv "'{\"op\":\"hold\",\"kind\":\"pause\",\"why\":\"INC\"}'::jsonb"
word "a pause: paused" paused
adv "'{\"op\":\"hold\",\"kind\":\"turn\",\"why\":\"failed\",\"critical\":true}'::jsonb"
word "a held turn: halted" halted
is "all reasons are named" 'opens at 01:00; INC; failed|t' "select p.waits_for, p.critical from fleet.progress p"
is "all of it, of no backend too" 'nothing: it waits (drydock window next); or: drydock override 1 window --backend NAME --reason "..."' "select type_next from fleet.hold where kind = 'window'"
is "and what to type" 3 "select count(*) from fleet.hold where type_next <> ''"
adv "'{\"op\":\"hold\",\"kind\":\"window\",\"why\":\"opens at 02:00\"}'::jsonb"
is "the same reason again changes its words" '3|1' "select count(*), count(*) filter (where why = 'opens at 02:00') from fleet.hold"
adv "'{\"op\":\"hold\",\"kind\":\"gate\",\"gate\":\"ready\",\"why\":\"dir2\",\"next_look_ms\":7000,\"deadline_ms\":9000,\"evidence\":{\"fact\":\"READY\",\"looked_ms\":5000}}'::jsonb"
is "a gate says its evidence, the next look and its end" 'READY|5|7|9' "select evidence->>'fact', extract(epoch from seen_at)::int, extract(epoch from next_look_at)::int, extract(epoch from deadline)::int from fleet.hold where kind = 'gate'"
adv "'{\"op\":\"hold\",\"kind\":\"gate\",\"gate\":\"ready\",\"why\":\"dir1\"}'::jsonb"
is "and no end once nobody knows one" 'dir1||READY' "select why, deadline, evidence->>'fact' from fleet.hold where kind = 'gate'"
for k in turn window pause gate; do
	adv "'{\"op\":\"unhold\",\"kind\":\"$k\"}'::jsonb"
done
word "all over: running" running

# the word of a backend
see() {
	adv "jsonb_build_object('op', 'sighting', 'backend', test.backend(1, $1), 'in_service', $2::bool, 'age_ms', $3)"
}
backend() {
	is "$1" "$2" "select state, in_service from fleet.backend where backend = 'mail1'"
}
backend "never read: not seen" 'not seen|'
see 1 true 30000
backend "read: in service" 'in service|t'
see 1 false 10000
backend "read again: not" 'not in service|f'
see 1 true 20000
backend "an older reading does not win" 'not in service|f'
see 1 null 0
backend "could not be read: null, not false" 'not seen|'
see 1 true 0
is "since follows changes only" t "select since = at from fleet.sighting"
see 1 true 0
is "an unchanged reading keeps since" t "select since < at from fleet.sighting"
clock '61 s'
backend "61 s later nobody knows" 'not seen|'
clock '0'
do_ "select test.take(1, 1)"
backend "out because of us: what was read before says nothing" 'out|'
is "nor is there a reason" t "select not_in_service_why is null from fleet.backend where backend = 'mail1'"
see 1 true 0
backend "read since" 'out|t'
is "the fleet says which" 'mail1|f' "select out_backend, may_take_one from fleet.fleet"
see 2 true 0
see 3 true 0
is "the others are counted, not the one that was seen before it went" '3|2|2' "select backends, in_service, must_stay_up from fleet.fleet"

# counters and time: 7 steps of 5 s except users (60 s) = 90 s a turn
is "expected comes from the plan" '00:01:30|00:04:30|0.0' "select t.expected, p.remaining, p.percent from fleet.turn t, fleet.progress p where backend = 'mail1'"
is "the rest is a range, wide while nothing is known" '00:02:15|00:06:45' "select remaining_low, remaining_high from fleet.progress"
for s in count weight; do
	adv "test.step_op(1, 1, '$s', 'pending', 'running'), test.step_op(1, 1, '$s', 'running', 'passed')"
done
adv "test.step_op(1, 1, 'users', 'pending', 'running'), test.op('phase', 1, 1, '{\"phase\":\"drain\",\"to\":\"running\"}')"
clock '30 s'
is "a running step counts by its time" 'mail1|drain|users|2|21|t|t' \
	"select current_backend, phase, current_step, steps_done, steps_total, percent between 14.8 and 15.6, remaining between '3 min 48 s' and '3 min 50 s' from fleet.progress"
clock '10 min'
is "but not longer than expected" '25.9|00:03:20' "select percent, remaining from fleet.progress"
is "current_step" 'users|running|t' "select step, state, elapsed > '9 min' from fleet.current_step"
is "timeline" 'drain|running|t|00:01:05' "select phase, state, elapsed > '9 min', expected from fleet.timeline where backend = 'mail1' and state = 'running'"
adv "'{\"op\":\"hold\",\"kind\":\"pause\",\"why\":\"INC\"}'::jsonb"
active=$(q "select active from fleet.progress")
clock '2 h'
is "time stands still while it does not move" 't||t' "select active between '$active'::interval - interval '1 s' and '$active'::interval + interval '1 s', eta, paused_for > '1 h' from fleet.progress"
adv "'{\"op\":\"unhold\",\"kind\":\"pause\"}'::jsonb"
is "and afterwards" 't|t' "select active between '$active'::interval - interval '1 s' and '$active'::interval + interval '2 s', eta is not null from fleet.progress"
clock '0'

# after the last step it must stay in service for a while, and status says so
over="set local session_replication_role = replica;
	update fleet_internal.rollout set strategy = '{\"settle_ms\": 120000}' where rollout_id = 1;
	update fleet_internal.turn set steps_done = steps_total where turn_id = test.turn(1, 1);
	update fleet_internal.step set state = 'passed', ended_at = fleet_internal.clock() - interval '30 s' where turn_id = test.turn(1, 1)"
is "after the last step: settle" 'mail1|settle|running|00:02:00|t|t' "begin; $over; select backend, step, state, expected, elapsed between '30 s' and '33 s', wait_remaining between '87 s' and '90 s' from fleet.current_step; rollback"
is "in progress too" 'mail1|settle|00:02:00' "begin; $over; select current_backend, current_step, current_step_expected from fleet.progress; rollback"
is "not while a step is left" '' "begin; $over and position < 7; select step from fleet.current_step where step = 'settle'; rollback"

# what passed before is expected again
do_ "select test.finish(1, 1)"
do_ "update fleet_internal.step set ended_at = started_at + interval '1 h 7 s', paused_ms = 3600000 where step_id = test.step(1, 1, 'weight')"
r=$(q "select test.plan('mail')")
is "expected is learned from what passed, without its pauses" '00:00:07|00:00:05' "select a.expected, b.expected from fleet.step a, fleet.step b where a.rollout = $r and b.rollout = $r and a.backend = 'mail1' and b.backend = 'mail1' and a.step = 'weight' and b.step = 'look'"

# what earlier turns took is known of the next
do_ "update fleet_internal.turn set took_ms = 60000 * turn_id where rollout_id = 1; update fleet_internal.turn set state = 'done' where turn_id = test.turn(1, 1)"
is "what one turn took without its holds is learned" '00:01:00|00:01:00' "select fleet_internal.span(low_ms), fleet_internal.span(high_ms) from fleet_internal.learned_turn(1, 'restart')"
r=$(q "select test.plan('mail')")
is "and is the range of a plan, around what is expected" 't|t|t' "select remaining_low < remaining, remaining_low > remaining / 2, remaining_high = remaining from fleet.progress where rollout = $r"

# each backend's last turn is written to it: moved, not by an older one, taken back
last="select string_agg(concat(backend, ' ', rollout, ' ', turn), ', ' order by backend) from fleet.backend"
is "a plan does not hide the rollout that runs" "mail1 1 done, mail2 1 waiting, mail3 1 waiting" "$last"
do_ "select test.take(1, 2)"
is "one that moves shows" "mail1 1 done, mail2 1 working, mail3 1 waiting" "$last"
clock '8 days'
is "plans that nobody started go" 2 "select fleet_internal.tidy('1 year', '1 year', 100)" drydockd
clock '0'
is "and the turns before them show" "mail1 1 done, mail2 1 working, mail3 1 waiting" "$last"
do_ "select test.hold(1, 2, 'count')"
is "a turn that moves is followed" "mail1 1 done, mail2 1 held, mail3 1 waiting" "$last"
is "what can be typed about it, and about its rollout" 'mail2 abort log restore retry skip; rollout pause' \
	"select string_agg(c.x, '; ' order by c.x) from (select coalesce(backend, 'rollout') || ' ' || string_agg(verb, ' ' order by verb) as x from fleet.choice where rollout = 1 group by backend) c"
is "nothing about those of others" 0 "select count(*) from fleet.choice where rollout <> 1 and verb not in ('start', 'cancel')"
do_ "update fleet_internal.backend set last_turn = null, last_rollout = null, last_state = null;
	$(sed -n '/^update/,$p' "$top/sql/migrations/0036_last_turn.sql")"
is "and what was there before this is filled in" "mail1 1 done, mail2 1 held, mail3 1 waiting" "$last"

# whom a host serves, and as what
host() {
	is "$1" "$3" "select fleets, roles, excluded from fleet.host where host = '$2'"
}
host "a backend" mail3 '{mail}|backend|f'
host "a director" mail-dir1 '{mail}|director|f'
do_ "insert into fleet_internal.host (name, address) values ('spare', '10.9.9.9')"
host "in no fleet" spare '||'
do_ "select test.fleet('also', 2);
	insert into fleet_internal.group_member (group_id, host_id, position, excluded_at, excluded_why)
	select g.group_id, h.host_id, 9, case when z.name = 'also' then now() end, case when z.name = 'also' then 'gone' end
	  from fleet_internal.member_group g join fleet_internal.fleet z using (fleet_id), fleet_internal.host h where h.name in ('mail3', 'mail-dir1', 'spare') and not exists (
	select from fleet_internal.group_member m where m.group_id = g.group_id and m.host_id = h.host_id)"
host "a backend and a member of two fleets" mail3 '{also,mail}|backend, director|t'
host "a director of two fleets" mail-dir1 '{also,mail}|director|t'
do_ "update fleet_internal.group_member set excluded_at = null, excluded_why = null"
host "not excluded any more" spare '{also,mail}|director|f'

# what hosts print
out() {
	is "$1" "$3" "select fleet_internal.safe_text('$2')"
}
out "plain text with newline and tab" 'a\012b\011c' "$(printf 'a\nb\tc')"
out "escape sequences" '\033]0;x\007' '\x1b]0;x\x07'
out "carriage return" 'ok\015no' 'ok\x0dno'
out "text direction" 'a\342\200\256b' 'a\x202eb'
out "bytes that are no text" 'a\377b\000c' 'a\377b\000c'

# views do not scan steps
do_ "insert into fleet_internal.step (turn_id, position, phase, name, kind)
	select test.turn(1, 3), 1000 + i, 'drain', 's' || i, 'run' from generate_series(1, 20000) i; analyze"
is "no view scans all steps, but that of steps" 'fleet.step' \
	"select string_agg(c.oid::regclass::text, ' ') from pg_class c where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v' and test.reads_all_steps(c.oid)"

# of 25 turns, where the nth took n seconds, the last 20 count: 6 to 25 s
many="begin; do \$d\$ begin perform test.running('many', 9, 25); end \$d\$;
	set local session_replication_role = replica;
	update fleet_internal.turn t set state = 'done', took_ms = 1000 * position from fleet_internal.fleet f where t.fleet_id = f.fleet_id and f.name = 'many';
	update fleet_internal.step s set state = 'passed', started_at = now(), ended_at = now() + t.position * interval '1 s'
	  from fleet_internal.turn t join fleet_internal.fleet f using (fleet_id) where s.turn_id = t.turn_id and f.name = 'many' and s.name = 'weight'"
is "a step is expected to take the median" '00:00:15.5' "$many; select fleet_internal.span(l.ms) from fleet_internal.fleet f, fleet_internal.learned_ms(f.fleet_id, 'restart') l where f.name = 'many' and l.name = 'weight'; rollback"
is "a turn from p10 to p90" '00:00:07.9|00:00:23.1' "$many; select fleet_internal.span(low_ms), fleet_internal.span(high_ms) from fleet_internal.fleet f, fleet_internal.learned_turn(f.fleet_id, 'restart') where f.name = 'many'; rollback"

# a plan hides nothing
do_ "begin; create temp table had (n int, said text);
	select test.fleet('solo', 8, 2);
	insert into had select 1, test.plan('solo');
	insert into had select 2, test.plan('solo');
	insert into had select 3, string_agg(distinct rollout || turn, ' ') from fleet.backend where fleet = 'solo';
	select fleet.start(said::bigint) from had where n = 1;
	insert into had select 4, string_agg(distinct rollout || turn, ' ') from fleet.backend where fleet = 'solo';
	create table test.had as select * from had; commit"
is "where nothing runs the newest plan shows; then the one that began" 't|t' "select max(said) filter (where n = 3) = max(said) filter (where n = 2) || 'waiting', max(said) filter (where n = 4) = max(said) filter (where n = 1) || 'waiting' from test.had"
do_ "select test.take((select said::bigint from test.had where n = 1), 1); select fleet.abort((select said::bigint from test.had where n = 1), 'tea');
	update fleet_internal.turn set state = 'out' where state = 'working' and rollout_id = (select said::bigint from test.had where n = 1);
	update fleet_internal.rollout set state = 'aborted' where rollout_id = (select said::bigint from test.had where n = 1); select test.plan('solo')"
is "nor does a plan hide who left a backend out" 't|out' "select b.rollout = h.said::bigint, b.turn from fleet.backend b, test.had h where h.n = 1 and b.fleet = 'solo' and b.state = 'out'"
is "who left it out is told, whatever was planned since" 't|f|t|t' "select l.rollout = h.said::bigint, l.include_asked, l.why like 'rollout % left it out of service', l.type_next = 'drydock status ' || h.said from fleet.left_out l, test.had h where h.n = 1"
do_ "select fleet.include('solo', l.backend) from fleet.left_out l"
is "and that somebody wants it back, and what that waits for" 't|t|drydock backend show' "select include_asked, why = 'include was asked by postgres and waits for the proof: nobody has looked since', substr(type_next, 1, 20) from fleet.left_out"
solo="(select backend_id from fleet_internal.backend join fleet_internal.fleet f using (fleet_id) where f.name = 'solo' and asked is not null)"
do_ "insert into fleet_internal.sighting (backend_id, in_service, at, since, why) values ($solo, true, fleet_internal.clock() - interval '5 s', fleet_internal.clock(), 'state up')"
is "what was read before it was asked says nothing" t "select why like '% nobody has looked since' from fleet.left_out"
do_ "update fleet_internal.sighting set at = fleet_internal.clock(), in_service = false, why = 'state was down on dir1' where backend_id = $solo"
is "what is read since says what it waits for" 'include was asked by postgres and waits for the proof: it is not in service: state was down on dir1' "select why from fleet.left_out"
is "for whoever may only read, too" 1 "select count(*) from fleet.left_out" bert

# nobody drives it: what is known of that, for whoever may only read
nobody() {
	like "$1" "$2" "select n.why || ' / ' || n.type_next || ' / ' || d.message from fleet.no_coordinator n join fleet.diagnosis d on d.fleet = n.fleet and d.code = 'NO_COORDINATOR' where n.fleet = 'mail'" bert
}
clock 0
do_ "update fleet_internal.fleet set holder = null; delete from fleet_internal.coordinator"
nobody "none was ever there" '^no coordinator was ever here / systemctl start drydockd   \(where it is installed; if it runs already: journalctl'
# one that connects, and whose hello is refused
PGAPPNAME=drydockd psql -X -q -U drydockd -c 'select pg_sleep(60)' >/dev/null 2>&1 &
refused=$!
for _ in $(seq 50); do
	[ "$(q "select login from fleet_internal.drydockd_session")" != drydockd ] || break
	sleep 0.1
done
nobody "one that is refused is told by its session" '^a drydockd is connected to the database as drydockd and writes no heartbeat; none was ever written / journalctl -u drydockd -n 50   \(where it is installed: it says why\)'
do_ "select fleet_internal.hello('ops7', '00000000-0000-0000-0000-0000000000c7', '0.1.0', 'ops7.example', p_schema => (fleet.version()->>'schema')::int)" drydockd
nobody "one that is alive and holds nothing" '^coordinator ops7 is alive, heartbeat . s ago, and has not taken it / journalctl -u drydockd -n 50   \(on ops7.example: it says why\)'
do_ "update fleet_internal.coordinator set beat_at = beat_at - interval '3 min'"
nobody "one that is connected and does not beat" 'as drydockd and writes no heartbeat; the last one was of ops7, . min ago / journalctl'
do_ "update fleet_internal.coordinator set schema = schema - 1"
nobody "one of an older release" '^coordinator ops7 was built for schema [0-9]+, the database has [0-9]+: it may not write / systemctl restart drydockd   \(on ops7.example, '
do_ "update fleet_internal.coordinator set schema = schema + 2"
nobody "one of a newer release" ': it may not write / drydock init / '
do_ "update fleet_internal.coordinator set schema = schema - 1; select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'drydockd'"
wait "$refused" || true
for _ in $(seq 50); do
	[ -n "$(q "select login from fleet_internal.drydockd_session")" ] || break
	sleep 0.1
done
nobody "one that is gone without goodbye" '^coordinator ops7 is silent; its last heartbeat was . min ago / systemctl start drydockd   \(on ops7.example; if it runs already: journalctl'
do_ "update fleet_internal.coordinator set stopped_at = beat_at"
nobody "one that was stopped" '^coordinator ops7 was stopped; its last heartbeat was . min ago / systemctl start drydockd   \(on ops7.example\)'
do_ "update fleet_internal.coordinator set stopped_at = null, beat_at = fleet_internal.clock(); update fleet_internal.fleet set holder = (select coordinator_id from fleet_internal.coordinator where name = 'ops7')"
is "whoever has one is not there" '' "select * from fleet.no_coordinator" bert

# a view can be changed where it stands only while its columns keep their types
is "no public column is a name, or sorts as one" '' "select string_agg(a.attrelid::regclass || '.' || a.attname, ' ' order by 1) from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type y on y.oid = a.atttypid where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v' and a.attnum > 0 and (y.typname in ('name', '_name') or a.attcollation not in (0, y.typcollation))"
