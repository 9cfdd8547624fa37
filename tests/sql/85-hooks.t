#!/bin/bash
# 85-hooks.t - hooks: who hears what, at least once and one at a time; what is
# told by time alone; nobody starts unattended without an alarm.
. ./lib.sh

do_ "select test.running('mail', 1)"
offer() {
	do_ "select fleet_internal.hook_offer(1, '$1')" drydockd
}
hook() { # NAME ON [ARGV] [FLEETS]
	echo "{\"name\": \"$1\", \"on\": $2, \"argv\": ${3-[\"/bin/true\"]}, \"fleets\": ${4-null}, \"timeout_ms\": 20000}"
}
take() {
	echo "select x->>'hook', x->>'attempt', (x->>'event')::jsonb->>'kind' from jsonb_array_elements(fleet_internal.hook_take(${1-1})) x order by 1"
}
event() {
	do_ "select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"event\",\"kind\":\"$1\",\"message\":\"m\"}]')" drydockd
}
done_() { # RUN ATTEMPT OK [COORDINATOR]
	do_ "select fleet_internal.hook_done($1, ${4-1}, $2, $3, 0, 'exit 0', encode('out', 'base64'))" drydockd
}
later() {
	do_ "insert into fleet_internal.clock_offset values (true, '$1') on conflict (only_one) do update set offset_by = excluded.offset_by + clock_offset.offset_by;
	     update fleet_internal.coordinator set beat_at = fleet_internal.clock()"
}

# patterns
while read -r kind pattern want; do
	is "$kind is$([ "$want" = t ] || echo ' not') heard by $pattern" "$want" \
		"select '$kind' ~ fleet_internal.hook_regex(string_to_array('$pattern', ','))"
done <<-'LIST'
	turn.held turn.held t
	turn.held turn.* t
	turn.held * t
	turn.held *.held t
	turn.held turn f
	turn.held *.hel f
	turnxheld turn.held f
	turn.held rollout.*,turn.held t
	turn.held rollout.*,hold.* f
	xrollout.done rollout.done f
LIST

# each event once for each hook that hears it, whoever offers it
do_ "select fleet_internal.hello('ops2', '00000000-0000-0000-0000-0000000000c2', p_schema => (fleet.version()->>'schema')::int)" drydockd
offer "[$(hook mail '["a.*"]'), $(hook page '["a.x", "b.*", "hook.*"]'), $(hook other '["*"]' '["/bin/true"]' '["elsewhere"]')]"
do_ "select fleet_internal.hook_offer(2, '[$(hook mail '["a.*"]')]')" drydockd
event a.x
event b.x
event c.x
event a.y
event hook.x
is "queued by those who hear" 'mail a.x,mail a.y,page a.x,page b.x' \
	"select string_agg(hook || ' ' || kind, ',' order by hook, event) from fleet.hook_run" bert
is "one of each is taken, the oldest" $'mail|1|a.x\npage|1|a.x' "$(take)" drydockd
is "and while it runs no other, also not elsewhere" '' "$(take); $(take 2)" drydockd
run=$(q "select run from fleet.hook_run where hook = 'mail' and kind = 'a.x'")
done_ "$run" 1 true
is "its end and its output are written down" 'done|exit 0|out|ops1' \
	"select state, result, output, coordinator from fleet.hook_run where run = $run" bert
is "then comes the next, whoever is first" 'mail|1|a.y' "$(take 2)" drydockd
is "it runs there" 'ops2 running' \
	"select coordinator || ' ' || state from fleet.hook_run where kind = 'a.y'" bert

# at least once: fails, comes again later; a dead one's is taken again
run=$(q "select run from fleet.hook_run where kind = 'a.y'")
done_ "$run" 1 false 2
is "what failed waits" '' "$(take 2)" drydockd
later '11 s'
is "and is tried again, and told so" 'mail|2|a.y' "$(take 2)" drydockd
done_ "$run" 1 true 2
is "a late answer of an earlier attempt is no answer" running \
	"select state from fleet.hook_run where run = $run"
do_ "select fleet_internal.hello('ops2', '00000000-0000-0000-0000-0000000000c3', p_schema => (fleet.version()->>'schema')::int)" drydockd
is "a new process takes again what the dead one had" 'mail|3|a.y' "$(take 2)" drydockd
later '51 s'
is "another does when no answer comes in time" $'mail|4|a.y\npage|2|a.x' \
	"$(take)" drydockd
done_ "$run" 3 true 2
is "and then is the one who answers" running \
	"select state from fleet.hook_run where run = $run"
do_ "update fleet_internal.hook_queue set tries = 10 where hook_id = $run"
done_ "$run" 10 false
is "after ten attempts it is given up, and that is told" 'given up|error' \
	"select r.state, e.severity from fleet.hook_run r, fleet.event e where r.run = $run and e.kind = 'hook.failed'"
page=$(q "select run from fleet.hook_run where hook = 'page' and kind = 'a.x'")
done_ "$page" 2 true
is "the next of another hook is not disturbed" 'page|1|b.x' "$(take)" drydockd
later '8 days'
do_ "select fleet_internal.remind(1)" drydockd
is "a week is enough" 'given up' \
	"select state from fleet.hook_run where kind = 'b.x'"
event a.z
is "events of now are queued" 1 "select count(*) from fleet.hook_run where kind = 'a.z'"

# who is silent may be back within a day, and be told then
silent() { # COORDINATOR SPAN
	do_ "update fleet_internal.coordinator set beat_at = fleet_internal.clock() - interval '$2' where coordinator_id = $1"
}
heard() {
	echo "select coalesce(string_agg(hook, ',' order by hook), '-') from fleet.hook_run where kind = '$1'"
}
do_ "select fleet_internal.hook_offer(2, '[$(hook mail '["a.*"]'), $(hook spare '["a.*"]')]')" drydockd
silent 1 '23 h 59 min'
silent 2 '24 h 1 min'
event a.w
is "silent for almost a day: it hears; for a day: only who else offers the same" \
	mail "$(heard a.w)"
silent 1 '24 h 1 min'
event a.v
is "nobody who is silent for a day offers anything" - "$(heard a.v)"
do_ "update fleet_internal.coordinator set beat_at = fleet_internal.clock()"
event a.u
is "back again, all hear" mail,spare "$(heard a.u)"

# what time alone brings about
do_ "select test.take(1, 1); select test.hold(1, 1, 'count')"
do_ "select fleet_internal.remind(1)" drydockd
is "a backend that is held has been told already" 0 \
	"select count(*) from fleet.event where kind = 'turn.still_out'"
for n in 1 2; do
	later '30 min 1 s'
	do_ "select fleet_internal.remind(1); select fleet_internal.remind(1)" drydockd
	is "it is told every 30 minutes: $n" "$n" \
		"select count(*) from fleet.event where kind = 'turn.still_out' and severity = 'error' and message ~ 'mail1 is still out, for .* min'"
done

# a gate that lasts
offer "[$(hook loud '["severity.error"]')]"
gate() { # CRITICAL WHY
	do_ "select test.adv(1, '[{\"op\":\"hold\",\"kind\":\"gate\",\"gate\":\"peers\",\"critical\":$1,\"why\":\"$2\"}]')"
}
lasting() {
	do_ "select fleet_internal.remind(1); select fleet_internal.remind(1)" drydockd
	is "$1" "$2" "select count(*) from fleet.event where kind = 'hold.lasting' and severity = 'error' and message ~ 'rollout 1 waits, for .*: mail2 is down; type: drydock status 1'"
}
gate false 'mail2 is down'
later '9 min 50 s'
lasting "a gate that holds for less than 10 minutes is no alarm" 0
later '11 s'
lasting "for 10 minutes: it is told, once" 1
is "and is critical" t "select critical from fleet.hold where kind = 'gate'"
gate false 'mail2 is down'
is "that stays, whoever writes it anew" t "select critical from fleet.hold where kind = 'gate'"
later '29 min'
lasting "not too often" 1
later '61 s'
lasting "again after 30 minutes" 2
is "hooks hear every error" loud,loud "$(heard hold.lasting)"
event c.z
is "and nothing else" - "$(heard c.z)"
later '31 min'
do_ "select test.adv(1, '[{\"op\":\"hold\",\"kind\":\"approval\",\"why\":\"look\"}]')"
lasting "not while it waits for a person anyway" 2
do_ "select test.adv(1, '[{\"op\":\"unhold\",\"kind\":\"approval\"}]')"
do_ "select fleet.window_add('mail', to_char(fleet_internal.clock() at time zone 'Europe/Helsinki' + interval '2 h', 'Dy HH24:00-') || to_char(fleet_internal.clock() at time zone 'Europe/Helsinki' + interval '4 h', 'HH24:00'))"
lasting "nor while no window is open" 2
do_ "update fleet_internal.rollout set ignore_window = true where rollout_id = 1"
lasting "unless it does not ask for one" 3
do_ "delete from fleet_internal.window_; update fleet_internal.rollout set ignore_window = false where rollout_id = 1;
	select test.adv(1, '[{\"op\":\"unhold\",\"kind\":\"gate\"}]')"
later '1 h'
lasting "nor when it is over" 3
offer "[]"

# tests, and the alarm that a start without anybody needs
refused "no hook, no unattended start" RD007 'does not hear turn.held.*drydock hook test' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"
is "unless somebody says so" '' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', true)"
refused "a hook that nobody offers is not tested" RD001 'Known are: mail' \
	"select fleet.hook_test('nope')" anna
offer "[$(hook alarm '["turn.*"]')]"
refused "one that was never tested is none" RD007 'alarm of ops1: never tested' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"
do_ "select fleet_internal.hook_take(1)" drydockd
do_ "select fleet.hook_test('alarm')" anna
like "a test says who asked" 'hook.test.*anna' \
	"select fleet_internal.hook_take(1)" drydockd
run=$(q "select max(run) from fleet.hook_run")
done_ "$run" 1 false
refused "one that failed is none" RD007 'failed its test' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"
do_ "select fleet.hook_test('alarm'); select fleet_internal.hook_take(1)"
done_ "$((run + 1))" 1 true
is "one that passed is" 't|' \
	"select alarm, fleet_internal.refuse_unattended(1, 'rollout 1', false) from fleet.hook where hook = 'alarm'"
offer "[$(hook alarm '["turn.*"]' '["/bin/true"]' '["elsewhere"]')]"
refused "not for a fleet that it does not hear" RD007 'nobody would be told' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"
offer "[$(hook alarm '["turn.*"]' '["/bin/false"]')]"
refused "another program is another hook" RD007 'nobody would be told' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"
do_ "select fleet.hook_test('alarm'); select fleet_internal.hook_take(1)"
done_ "$((run + 2))" 1 true
later '25 h'
refused "a day later it is none" RD007 'last passed' \
	"select fleet_internal.refuse_unattended(1, 'rollout 1', false)"

# every rollout ends with its summary
do_ "insert into fleet_internal.sample select test.turn(1, 1), 'service.users', clock_timestamp() + x * interval '1 s', v from (values (1, 90), (2, 40), (3, 7)) s(x, v)"
do_ "set session_replication_role = replica;
	update fleet_internal.step set started_at = '2026-01-01 10:00:00Z', spec = spec || '{\"no_return\": true}' where step_id = test.step(1, 1, 'stop');
	update fleet_internal.turn_phase set ended_at = '2026-01-01 10:00:07.5Z' where turn_id = test.turn(1, 1) and name = 'stop';
	update fleet_internal.step set kind = 'package', state = 'passed' where step_id = test.step(1, 1, 'wipe');
	insert into fleet_internal.attempt (attempt_id, step_id, nr, host_id, state, sent_at, result) select gen_random_uuid(), test.step(1, 1, 'wipe'), 1, 1, 'ended', clock_timestamp(), '{\"data\": {\"packages\": [{\"name\": \"imapd\", \"old\": \"1.0\", \"new\": \"2.0\"}]}}'"
do_ "select test.adv(1, '[{\"op\":\"rollout\",\"to\":\"aborted\"}]')"
is "the last event says what was done and what is left" \
	'rollout.summary|0|83|7|["mail1 is out of service", "mail2 was left out: waiting", "mail3 was left out: waiting"]' \
	"select kind, detail#>>'{backends,done}', detail->>'users_moved', detail->>'users_cut', detail->'left_over' from fleet.event where rollout = 1 order by seq desc limit 1"
is "how long users met a dead backend, and versions" \
	'7500|t|[{"new": "2.0", "old": "1.0", "name": "imapd"}]' \
	"select detail->>'dead_ms_at_most', (detail->>'out_ms')::numeric > 3600000, detail->'versions' from fleet.event where kind = 'rollout.summary'"
like "and all that in words" 'rollout 1 aborted: 0 of 3 backends done in .*; 83 users left by themselves, 7 were cut; users met a dead backend for at most 8 s; left over: mail1 is out' \
	"select message from fleet.event where kind = 'rollout.summary'"

# what a doctor heard of its backends since their turns ended is left, too
do_ "select fleet_internal.residue_put(jsonb_build_object('hosts', jsonb_build_array(jsonb_build_object('host', h.name, 'left', jsonb_build_array(
		jsonb_build_object('what', 'trash', 'name', '/v/.trash', 'attempt', a.attempt_id),
		jsonb_build_object('what', 'kept', 'name', 'x', 'attempt', a.attempt_id),
		jsonb_build_object('what', 'mask', 'name', 'not-of-this-rollout'))))))
	  from fleet_internal.backend b join fleet_internal.host h using (host_id), fleet_internal.attempt a
	 where b.name = 'mail1' and a.result->'data' is not null"
left() {
	is "$1" "$2" "select e from jsonb_array_elements_text(fleet_internal.summary_left(1)) with ordinality as x(e, n) order by n limit 2"
}
left "what a host keeps is left over" \
	$'mail1 is out of service\nmail1 keeps a trash: /v/.trash'
do_ "update fleet_internal.residue set seen_at = (select taken_at from fleet_internal.turn where turn_id = test.turn(1, 1))"
left "what it had while it was worked on is not" \
	$'mail1 is out of service\nmail2 was left out: waiting'

# names are a host's: what is typed has them as one word, whatever they are
one_word() {
	local what quoted=${1//\'/\'\'} typed got

	for what in trash apt-hold; do
		do_ "delete from fleet_internal.residue;
			select fleet_internal.residue_put(jsonb_build_object('hosts', jsonb_build_array(jsonb_build_object('host', 'mail1', 'left',
				jsonb_build_array(jsonb_build_object('what', '$what', 'name', '$quoted'))))))"
		typed=$(q "select remove from fleet.residue where host = 'mail1' and what = '$what'")
		# the arguments that a shell makes of it
		got=$(rm() { printf '%s\n' "$@"; }
			apt-mark() { printf '%s\n' "$@"; }
			eval "$typed")
		if [ "${got#*$'\n'}" = $'--\n'"$1" ]; then
			say_ok "a $what called $(printf %q "$1") is one word"
		else
			say_not_ok "a $what called $1 is one word" "typed: $typed"$'\n'"got: $got"
		fi
	done
}
one_word /v/.trash
one_word '/v/a b; touch /tmp/x'
one_word "/v/\$(reboot)'\`reboot\`\"\\"
one_word $'two\nlines'
one_word -rf
one_word 'a*?[b]~ #'

# the same by backend, and in all
do_ "insert into fleet_internal.sample select test.turn(1, 2), 'service.users', clock_timestamp() + x * interval '1 s', v from (values (1, 10), (2, 4)) s(x, v)"
is "the impact of each backend, and of all" \
	'mail1 83 7 00:00:07.5 true,mail2 6 4 - -,mail3 - - - -,all 89 11 00:00:07.5 true' \
	"select string_agg(concat_ws(' ', coalesce(backend, 'all'), coalesce(users_moved::text, '-'), coalesce(users_cut::text, '-'), coalesce(dead_at_most::text, '-'), coalesce((out_for > interval '1 h')::text, '-')), ',' order by backend) from fleet.impact where rollout = 1" bert
is "its sums are the summary's" t \
	"select (fleet_internal.summary(1)->>'users_moved')::bigint = users_moved and (fleet_internal.summary(1)->>'dead_ms_at_most')::numeric = fleet_internal.ms(dead_at_most) from fleet.impact where rollout = 1 and backend is null"
