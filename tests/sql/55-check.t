#!/bin/bash
# 55-check.t - what the answer of a check means for the rollout it is of.
. ./lib.sh

# take, answer OK FINDINGS: the oldest open request, as a coordinator does
take() {
	do_ "select fleet_internal.request_take(c.coordinator_id, f.fleet_id)
		from fleet_internal.coordinator c, fleet_internal.fleet f"
}
answer() {
	do_ "select fleet_internal.request_done(x.request_id, c.coordinator_id,
		$1, null, 'no answer', '$2') from fleet_internal.coordinator c,
		(select max(request_id) as request_id from
		fleet_internal.request where taken_at is not null) x"
}
checked() {
	is "$1" "$2" "select checked_at is not null from fleet.rollout where rollout = $r"
}
wrong='[{"code":"UNIT","severity":"error","backend":"mail2","message":"dead"}]'
absent='[{"code":"IN_SERVICE","severity":"error","backend":"mail2","message":"0 up"}]'
fine='[{"code":"UNIT","severity":"ok","backend":"mail2","message":"active"},
	{"code":"SKEW","severity":"warning","host":"mail2","message":"2 s"}]'

do_ "select test.fleet('mail', 1); select test.plan('mail')"
r=$(q "select max(rollout) from fleet.rollout")
do_ "select fleet.request('check', 'mail', '{\"rollout\": $r}')" anna
take
answer true "$fine"
checked "a check before the start counts for nothing" f
do_ "select fleet.start($r)" anna
is "the start files one" "check|{\"start\": true, \"rollout\": $r}|anna" \
	"select kind, args, asked_by from fleet.request where request = (select check_request from fleet.rollout where rollout = $r)"
is "asked again it is the same" t \
	"select (test.adv($r, '[{\"op\":\"check\",\"ref\":\"q\"}]')->'ids'->>'q')::bigint = check_request from fleet.rollout where rollout = $r"
take
answer false '[]'
checked "no answer is no success" f
like "and is told to the coordinator" '"wrong": "no answer"' \
	"select fleet_internal.load_work(1)->'rollout'->'check'"
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$wrong"
checked "an error keeps it unchecked" f
like "the coordinator reads it" '"wrong": "1 error: UNIT mail2: dead"' \
	"select fleet_internal.load_work(1)->'rollout'->'check'"
is "it is an event" "warning|check of rollout $r: 1 error: UNIT mail2: dead" \
	"select severity, message from fleet.event where kind = 'rollout.check' order by seq desc limit 1"
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$wrong"
is "found again it is not told again" 1 \
	"select count(*) from fleet.event where kind = 'rollout.check' and message ~ 'UNIT mail2: dead'"

# an override is for one backend and one gate
do_ "select fleet.override($r, 'check', 'known', 'mail1')" anna
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$wrong"
like "another backend's override lifts nothing" '1 error: UNIT mail2' \
	"select fleet_internal.load_work(1)->'rollout'->'check'"
do_ "select fleet.override($r, 'target_in', 'known', 'mail2')" anna
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$wrong"
checked "nor does another gate's" f
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$absent"
checked "what is lifted does not count" t
do_ "update fleet_internal.rollout set checked_at = null; update fleet_internal.override_ set until = fleet_internal.clock()"
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
take
answer true "$absent"
checked "an override that ran out lifts nothing" f

# a person's own, and one backend's
do_ "select fleet.request('check', 'mail', '{\"rollout\": $r}')" anna
take
answer true "$fine"
checked "a person's check after the start counts" t
do_ "update fleet_internal.rollout set checked_at = null"
do_ "select test.adv($r, jsonb_build_array(test.op('check', $r, 2)))"
take
answer true "$fine"
is "a check of one backend is its own" 'f|mail2' \
	"select x.checked_at is not null, b.name from fleet_internal.rollout x join fleet_internal.turn t using (rollout_id) join fleet_internal.backend b using (backend_id) where t.checked_at is not null"

# the clock was set back an hour right after the start
do_ "update fleet_internal.rollout set checked_at = null"
do_ "update fleet_internal.rollout set started_at = started_at + interval '1 h', check_request = null"
do_ "select test.adv($r, '[{\"op\":\"check\"}]')"
is "asked again it is the same, whatever the clock says" t \
	"select (test.adv($r, '[{\"op\":\"check\",\"ref\":\"q\"}]')->'ids'->>'q')::bigint = check_request from fleet.rollout where rollout = $r"
take
answer true "$fine"
checked "the check that it waits for counts, whatever the clock says" t

# a hold that ended before it began
do_ "insert into fleet_internal.hold (fleet_id, rollout_id, kind, since, ended_at, why) values (1, $r, 'gate', fleet_internal.clock(), fleet_internal.clock() - interval '1 s', 'back')"
is "a turn's time can be told whatever the clock did" '10000|0' \
	"select fleet_internal.turn_took(t, t.taken_at + interval '10 s'), fleet_internal.turn_took(t, t.taken_at - interval '10 s') from (select (x).* from (select jsonb_populate_record(y, jsonb_build_object('taken_at', fleet_internal.clock() - interval '5 s')) as x from fleet_internal.turn y where y.rollout_id = $r limit 1) z) t"
