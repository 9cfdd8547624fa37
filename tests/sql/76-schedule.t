#!/bin/bash
# 76-schedule.t - starts at a time and starts that come again: when, planned
# and checked an hour before, missed ones, two at once.
. ./lib.sh

do_ "select test.fleet('mail', 1); select test.plan('mail')"
clock() {
	do_ "insert into fleet_internal.clock_offset values (true, '$1'::timestamptz - clock_timestamp()) on conflict (only_one) do update set offset_by = excluded.offset_by"
}
tick() {
	do_ "select fleet_internal.schedule_tick(1)" drydockd
}
# starts NAME SPEC AFTER EXPECTED: the next starts in UTC, as many as expected
starts() {
	local n=${4//[^$'\n']}

	is "$1" "$4" "set timezone = 'UTC'; with recursive s as (
		select * from fleet_internal.schedule_read(1, '$2', null)), r as (
		select fleet_internal.schedule_after(s.days, s.nth, s.starts, s.zone, '$3') as at, 0 as i from s
		union all select fleet_internal.schedule_after(s.days, s.nth, s.starts, s.zone, r.at), i + 1 from r, s where i < ${#n})
		select to_char(at, 'Dy DD Mon YYYY HH24:MI') from r"
}

starts "the first Tuesday" 'first Tue 01:00' '2026-11-20 12:00+02' \
'Mon 30 Nov 2026 23:00
Mon 04 Jan 2027 23:00
Mon 01 Feb 2027 23:00
Mon 01 Mar 2027 23:00
Mon 05 Apr 2027 22:00'
starts "the last Friday" 'last Fri 23:30' '2026-11-27 23:30+02' \
'Fri 25 Dec 2026 21:30
Fri 29 Jan 2027 21:30
Fri 26 Feb 2027 21:30'
starts "days of each week" 'Mon-Wed,Sat 04:00' '2026-11-24 05:00+02' \
'Wed 25 Nov 2026 02:00
Sat 28 Nov 2026 02:00
Mon 30 Nov 2026 02:00'
starts "daily, in another zone" 'daily 03:00 America/New_York' '2026-11-24 12:00+02' \
'Wed 25 Nov 2026 08:00
Thu 26 Nov 2026 08:00'
starts "an hour that comes twice: once, the first time" 'Sun 03:30' '2026-10-24 12:00+03' \
'Sun 25 Oct 2026 00:30
Sun 01 Nov 2026 01:30'
starts "an hour that does not come: when the clock jumps" 'Sun 03:30' '2027-03-27 12:00+02' \
'Sun 28 Mar 2027 01:00
Sun 04 Apr 2027 00:30'
for s in '' 'Tue' '01:00' 'Tue 24:00' 'Tue 1:60' 'fifth Tue 01:00' 'first 01:00' \
	'Tue 01:00-02:00' 'Tue 01:00 EET' 'Tue 01:00 Mars/Olympus'; do
	refused "'$s' is no schedule" RD004 'not (understood|known)' \
		"select fleet.schedule_add('mail', '$s', 'restart', unattended_without_alarm => true)"
done

# a schedule that comes again
clock '2026-11-20 12:00+02'
refused "nobody would come" RD007 'unattended-without-alarm' "select fleet.schedule_add('mail', 'first Tue 01:00', 'restart')" anna
refused "no such procedure" RD001 'restart' "select fleet.schedule_add('mail', 'first Tue 01:00', 'nope')" anna
refused "neither start nor skip" RD004 'start or skip' "select fleet.schedule_add('mail', 'first Tue 01:00', 'restart', missed => 'run')" anna
is "added" 'schedule s1: restart, next Tue 01 Dec 01:00 Europe/Helsinki' \
	"select fleet.schedule_add('mail', 'first Tue 01:00', 'restart', '{\"user\": \"probe\"}', stop_after => 2, unattended_without_alarm => true)" anna
is "it is seen" 's1|first Tue 01:00|waits|2026-11-30 23:00:00+00|skip|anna' "set timezone = 'UTC'; select id, spec, state, starts_at, missed, added_by from fleet.schedule" bert
tick
is "long before nothing is asked" 0 "select count(*) from fleet.request"
clock '2026-12-01 00:01+02'
tick
tick
is "an hour before it is planned, once, in the name of its maker" 'plan|anna|restart|{"user": "probe"}|true' \
	"select kind, asked_by, args->>'procedure', args->'vars', args->>'save' from fleet.request"
is "planning" planning "select state from fleet.schedule"
# the coordinator's answer
answer() {
	do_ "update fleet_internal.request set taken_by = 1, taken_at = fleet_internal.clock() where done_at is null;
		select fleet_internal.request_done(request_id, 1, $1) from fleet_internal.request where done_at is null"
}
r=$(q "select test.plan('mail')")
answer "true, '{\"rollout\": $r}', 'planned'"
tick
is "the plan waits for its hour" "scheduled|$r|scheduled|anna|2|skip" \
	"select s.state, s.rollout, r.base_state, r.start_by, r.stop_after, x.missed from fleet.schedule s join fleet.rollout r using (rollout) join fleet_internal.rollout x on x.rollout_id = r.rollout"
is "and is checked at once" "check|$r|anna" "select kind, args->>'rollout', asked_by from fleet.request where done_at is null"
answer "true, null, 'refused', '[{\"code\": \"UNIT\", \"backend\": \"mail2\", \"message\": \"is not there\"}]'"
tick
is "what that found is an event" "warning|check of rollout $r: 1 error: UNIT mail2: is not there" \
	"select severity, message from fleet.event where kind = 'schedule.check'"
tick
is "told once, and not checked again so soon" '1|0' "select (select count(*) from fleet.event where kind = 'schedule.check'), (select count(*) from fleet.request where done_at is null)"
clock '2026-12-01 01:00:30+02'
do_ "select test.adv($r, '[{\"op\":\"rollout\",\"from\":\"scheduled\",\"to\":\"running\"}]')"
tick
is "started: the next one waits" "waits||2027-01-04 23:00:00+00|$r|started" "set timezone = 'UTC'; select state, rollout, starts_at, last_rollout, last_result from fleet.schedule"

# another of the same fleet at the same time
clock '2027-01-04 23:30+02'
like "a second one" 's2: restart, next Tue 05 Jan 01:00' "select fleet.schedule_add('mail', 'Tue 01:00', 'restart', missed => 'start', unattended_without_alarm => true)" anna
clock '2027-01-05 00:10+02'
do_ "select test.adv($r, '[{\"op\":\"rollout\",\"to\":\"aborted\"}]')"
tick
is "both are planned" 2 "select count(*) from fleet.request where kind = 'plan' and done_at is null"
a=$(q "select test.plan('mail')") b=$(q "select test.plan('mail')")
do_ "update fleet_internal.request q set taken_by = 1, taken_at = fleet_internal.clock() where done_at is null;
	select fleet_internal.request_done(request_id, 1, true, jsonb_build_object('rollout', case when x.nr = 1 then $a else $b end), 'planned')
	  from (select request_id, row_number() over (order by request_id) as nr from fleet_internal.request where done_at is null) x"
tick
is "and wait" "$a $b" "select string_agg(rollout::text, ' ' order by rollout) from fleet.schedule where state = 'scheduled'"
clock '2027-01-05 01:01+02'
do_ "select test.adv($a, '[{\"op\":\"rollout\",\"from\":\"scheduled\",\"to\":\"running\"}]')"
tick
tick
is "the other is told, once, what is in its way" "rollout $b should have started Tue 05 Jan 01:00 Europe/Helsinki, but rollout $a runs; it is started when that has ended" \
	"select message from fleet.event where kind = 'rollout.delayed'"
is "the coordinator sees the one that runs" "$a" "select fleet_internal.load_work(1)->'rollout'->>'rollout_id'"
do_ "select test.adv($a, '[{\"op\":\"rollout\",\"to\":\"aborted\"}]')"
is "then the other, which starts late" "$b|" "select w->>'rollout_id', w->>'late_ms' from (select fleet_internal.load_work(1)->'rollout' as w) x"
is "one that skips would say so" 300000 "begin; update fleet_internal.rollout set missed = 'skip' where rollout_id = $b; select fleet_internal.load_work(1)->'rollout'->>'late_ms'; rollback"

# taken back
like "a rollout planned for it is cancelled with it" "s2 is removed; rollout $b, planned for it, is cancelled" "select fleet.schedule_remove('mail', 2, 'no more')" anna
refused "twice" RD001 'no schedule s2' "select fleet.schedule_remove('mail', 2)" anna
is "and gone" s1 "select string_agg(id, ' ') from fleet.schedule"

# nobody was there
tick
clock '2027-02-02 03:00+02'
tick
is "a missed start is skipped, and told" 'warning|schedule s1: the start of restart Tue 02 Feb 01:00 Europe/Helsinki was missed, no coordinator was there; skipped, as it says' \
	"select severity, message from fleet.event where kind = 'schedule.missed'"
is "the next one comes" '2027-03-01 23:00:00+00|missed, skipped' "set timezone = 'UTC'; select starts_at, last_result from fleet.schedule"
do_ "select fleet.schedule_remove('mail', 1)"
do_ "select fleet.schedule_add('mail', 'Tue 05:00', 'restart', missed => 'start', unattended_without_alarm => true)" anna
clock '2027-02-02 05:40+02'
tick
is "or planned late, as it says" plan "select kind from fleet.request where done_at is null and kind = 'plan'"
answer "false, null, 'no such user'"
tick
is "what cannot be planned is an event" 'error|schedule s3: restart could not be planned for Tue 02 Feb 05:00 Europe/Helsinki: no such user' \
	"select severity, message from fleet.event where kind = 'schedule.failed'"
is "and the next one comes" 'Tue 09 Feb' "select to_char(starts_at, 'Dy DD Mon') from fleet.schedule"

# once, at a time
r=$(q "select test.plan('mail')")
do_ "select fleet.window_add('mail', 'Tue-Thu 01:00-05:00')"
like "start at a time says whether a window is open then" "rollout $r will start Wed 03 Feb 01:00 Europe/Helsinki.the window is open then, until Wed 03 Feb 05:00 Europe/Helsinki" \
	"select fleet.start($r, '2027-02-03 01:00 Europe/Helsinki', unattended_without_alarm => true)" anna
is "in the same list" "$r|scheduled||start" "select id, state, spec, missed from fleet.schedule where rollout = $r"
tick
answer "true, null, 'fine'"
tick
is "checked now, and an hour before" '2027-02-02 22:00:00+00' "set timezone = 'UTC'; select check_due_at from fleet_internal.rollout where rollout_id = $r"
clock '2027-02-03 00:00:01+02'
tick
is "then" "$r" "select args->>'rollout' from fleet.request where done_at is null and kind = 'check'"
is "the last time" '' "select check_due_at from fleet_internal.rollout where rollout_id = $r"
like "outside of any window it says when" 'no window is open then; the first backend is taken after Tue 09 Feb 01:00' \
	"begin; select fleet.cancel($r); select fleet.start(test.plan('mail'), '2027-02-05 01:00+02', unattended_without_alarm => true); rollback"
r=$(q "select test.plan('mail')")
refused "missed is start or skip" RD004 'start or skip' "select fleet.start($r, '2027-02-05 01:00+02', unattended_without_alarm => true, missed => 'x')" anna

# what changed since it was planned: at its hour it does not start
do_ "select fleet.cancel(rollout) from fleet.rollout where base_state = 'scheduled'"
r=$(q "select test.plan('mail')")
do_ "select fleet.start($r, '2027-02-04 01:00 Europe/Helsinki', unattended_without_alarm => true)" anna
is "what fits may start" '' "select fleet_internal.load_work(1)->'rollout'->>'unfit'"
do_ "select fleet.exclude('mail', 'mail3', 'disk')" anna
clock '2027-02-04 01:00:01+02'
like "the coordinator is told what changed, and what to type" 'the plan is stale: Since it was made at .*: mail3 is excluded: disk; type: drydock plan restart, and start that' \
	"select fleet_internal.load_work(1)->'rollout'->>'unfit'"
refused "and the database refuses the start" RD006 "rollout $r cannot start.*mail3 is excluded" \
	"select test.adv($r, '[{\"op\":\"rollout\",\"from\":\"scheduled\",\"to\":\"running\"}]')"
do_ "select test.adv($r, '[{\"op\":\"rollout\",\"from\":\"scheduled\",\"to\":\"cancelled\"}]')"
r=$(q "select test.plan('mail')")
do_ "select fleet.start($r, '2027-02-04 02:00 Europe/Helsinki', unattended_without_alarm => true)" anna
do_ "select fleet.add_procedure(E'procedure: restart\n# newer\n')"
like "a newer text, too" 'newer text since: [0-9a-f]{12}; type' "select fleet_internal.load_work(1)->'rollout'->>'unfit'"
do_ "select fleet.cancel($r); select fleet.schedule_remove('mail', 3)"

# one that comes again has time to be planned anew
clock '2027-02-04 04:00+02'
do_ "select fleet.schedule_add('mail', 'Thu 05:00', 'restart', unattended_without_alarm => true)" anna
clock '2027-02-04 04:10+02'
tick
r=$(q "select test.plan('mail')")
answer "true, '{\"rollout\": $r}', 'planned'"
tick
is "it is planned" "scheduled|$r" "select state, rollout from fleet.schedule"
do_ "select test.adv($r, jsonb_build_array(test.proof($r, 1), test.proof($r, 2)))"
do_ "select fleet.exclude('mail', 'mail2', 'disk')" anna
tick
is "it is told that this is planned anew" "notice|schedule s4 plans anew, and rollout $r is cancelled: Since it was made at 2027-02-04 02:10 mail2 is excluded: disk." \
	"select severity, regexp_replace(message, '(at \S+ \d+:\d+):\S+', '\1') from fleet.event where kind = 'schedule.replanned'"
tick
is "it is" "planning|cancelled" "select s.state, r.state from fleet.schedule s, fleet.rollout r where r.rollout = $r"

answer "false, null, 'not now'"
tick
clock '2027-02-04 06:00+02'

# no ticket, no start: also where the inventory began to want one meanwhile
do_ "select fleet.import(jsonb_set(fleet.export('mail'), '{change_pattern}', '\"CHG-[0-9]+\"'))"
refused "a schedule needs a change ticket, too" RD004 'needs a change ticket.*CHG-.*select fleet.schedule_add\(.mail., .Thu 05:10., .restart., change_ref => .CHG-123.\);' \
	"select fleet.schedule_add('mail', 'Thu 05:10', 'restart', unattended_without_alarm => true)" anna
refused "one that looks like it" RD004 'is no change ticket.*CHG-' \
	"select fleet.schedule_add('mail', 'Thu 05:10', 'restart', change_ref => 'tea', unattended_without_alarm => true)" anna
do_ "select fleet.schedule_add('mail', 'Thu 05:10', 'restart', change_ref => 'CHG-7', unattended_without_alarm => true)" anna
clock '2027-02-11 04:20+02'
tick
is "the one that has none does not start, and that is told" 'error|schedule s4: restart is not started Thu 11 Feb 05:00 Europe/Helsinki: this fleet needs a change ticket. Its inventory says change_pattern: CHG-[0-9]+; type: drydock schedule cancel s4, and add it again with --change' \
	"select severity, message from fleet.event where kind = 'schedule.failed' order by seq desc limit 1"
is "the other one is planned" s5 "select id from fleet.schedule where state = 'planning'"
r=$(q "select test.plan('mail')")
answer "true, '{\"rollout\": $r}', 'planned'"
tick
is "with its ticket" CHG-7 "select change_ref from fleet.rollout where rollout = $r"
do_ "update fleet_internal.rollout set change_ref = null where rollout_id = $r"
like "without it the database refuses" 'this fleet needs a change ticket: Its inventory says change_pattern' "select fleet_internal.load_work(1)->'rollout'->>'unfit'"

# what somebody's trigger refuses one schedule
do_ "select fleet.schedule_add('mail', 'Thu 05:20', 'restart', change_ref => 'CHG-8', unattended_without_alarm => true)" anna
do_ "create function refuse() returns trigger language plpgsql as 'begin raise exception ''the audit table is full''; end'; create trigger refuse before update on fleet_internal.schedule for each row when (new.schedule_id = 5 and new.request_id is not null) execute function refuse()"
do_ "update fleet_internal.schedule set request_id = null, rollout_id = null"
clock '2027-02-18 04:25+02'
tick
tick
is "it is told once" 'error|schedule s5: the database refuses what the start of restart Thu 18 Feb 05:10 Europe/Helsinki needs: the audit table is full; repair that: it is tried again by itself until then' \
	"select severity, message from fleet.event where message ~ 'audit table'"
is "and keeps no other from its start" 's5|waits|refused: the audit table is full
s6|planning|missed, skipped' "select id, state, last_result from fleet.schedule where schedule > 4 order by id"
do_ "drop trigger refuse on fleet_internal.schedule"
tick
is "until it is no more" 's5|planning|
s6|planning|missed, skipped' "select id, state, last_result from fleet.schedule where schedule > 4 order by id"
