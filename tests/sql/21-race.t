#!/bin/bash
# 21-race.t - two sessions at once: one waits, then is refused.
. ./lib.sh

do_ "select test.running('east', 1, 3, 'platform'), test.running('west', 2, 3, 'platform')"

# the same fleet, two writers, both with fresh and clear surveys
open_ one
open_ two
tell one "begin; select test.take(1, 1) is not null"
hear one >/dev/null
tell two "select test.take(1, 2)"
blocked two && say_ok "the second writer waits for the fleet's lock" ||
	say_not_ok "the second writer waits for the fleet's lock"
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD005:.*east1\ of\ fleet\ east\ is\ out ]] &&
	say_ok "and is refused after the first commits" ||
	say_not_ok "and is refused after the first commits" "$got"

# two fleets, one interlock: different locks, so the index decides
do_ "select test.finish(1, 1)"
tell one "begin; select test.take(1, 2) is not null"
hear one >/dev/null
tell two "select test.take(2, 1)"
blocked two && say_ok "another fleet of the interlock waits at the index" ||
	say_not_ok "another fleet of the interlock waits at the index"
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD005:.*another\ fleet\ took\ the\ slot ]] &&
	say_ok "and is refused" || say_not_ok "and is refused" "$got"
refused "later it is told who has the slot" RD005 'east2 of fleet east is out' \
	"select test.take(2, 1)"
like "the fleet's view says it too" 'f\|east/east2' \
	"select may_take_one, slot_taken_by from fleet.fleet where fleet = 'west'"
like "and what the coordinator loads" 'east2' "select fleet_internal.load_slot(2)"
tell one "begin; select test.finish(1, 2) is not null"
hear one >/dev/null
tell two "select test.take(2, 1) is not null"
if ! blocked two; then
	say_ok "while the slot is being given back the other is told, not stuck"
	hear two >/dev/null
	tell one "commit"
	hear one >/dev/null
	do_ "select test.take(2, 1)"
else
	tell one "commit"
	hear one >/dev/null
	hear two >/dev/null
	say_ok "while the slot is being given back the other waits"
fi
is "then it has the slot" 'west1' "select backend from fleet.outage where takes_slot"
is "never two" 't' "select count(*) <= 1 from fleet.outage where takes_slot"

# start: one active rollout per fleet
do_ "select test.fleet('north', 3)"
r1=$(q "select test.plan('north')") r2=$(q "select test.plan('north')")
tell one "begin; select fleet.start($r1)"
hear one >/dev/null
tell two "select fleet.start($r2)"
blocked two && say_ok "a second start waits" || say_not_ok "a second start waits"
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD002:\ +rollout\ $r1\ runs\ in\ this\ fleet ]] &&
	say_ok "and is refused with who runs" ||
	say_not_ok "and is refused with who runs" "$got"
refused "by hand the index refuses" 23505 rollout_one_active \
	"update fleet_internal.rollout set state = 'running' where rollout_id = $r2"

# a command and a decision cross
tell one "begin; select fleet.pause($r1, 'wait')"
hear one >/dev/null
tell two "select fleet_internal.advance(3, 1, $r1, 2, '[{\"op\":\"event\",\"kind\":\"x.y\",\"message\":\"m\"}]')"
blocked two && say_ok "a decision waits for the command" ||
	say_not_ok "a decision waits for the command"
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD011:.*changed\ since\ this\ was\ decided ]] &&
	say_ok "and is refused, made on the revision before" ||
	say_not_ok "and is refused, made on the revision before" "$got"

# take-over and an old holder's write
do_ "select fleet_internal.hello('ops2', '00000000-0000-0000-0000-0000000000c2', p_schema => (fleet.version()->>'schema')::int)"
tell one "begin; select fleet_internal.take(2, '00000000-0000-0000-0000-0000000000c2', 3, 1, (select beats from fleet_internal.coordinator where coordinator_id = 1))"
hear one >/dev/null
tell two "select fleet_internal.advance(3, 1, $r1, 3, '[]')"
blocked two && say_ok "the old holder's write waits for the taker" ||
	say_not_ok "the old holder's write waits for the taker"
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD010:.*not\ yours\ any\ more ]] && say_ok "and is fenced" ||
	say_not_ok "and is fenced" "$got"

# two takers at once: one wins
tell one "begin; select fleet_internal.take(1, '00000000-0000-0000-0000-0000000000c1', 3, 2, 1)"
hear one >/dev/null
tell two "select fleet_internal.take(1, '00000000-0000-0000-0000-0000000000c1', 3, 2, 1)"
blocked two || true
tell one "commit"
hear one >/dev/null
got=$(hear two)
[[ $got =~ RD010 ]] && say_ok "two takers: the second is refused" ||
	say_not_ok "two takers: the second is refused" "$got"

# the connection broke, another looks, and only then the first has taken it
do_ "update fleet_internal.request set done_at = now(), ok = true"
asked=$(q "select fleet.request('greet', 'north')")
tell one "begin; select fleet_internal.request_take(1, 3) is not null"
hear one >/dev/null
is "what another session is taking is not there" '' \
	"select fleet_internal.request_take(1, 3)"
tell one "commit"
hear one >/dev/null
is "when it has, it is taken again: nobody has heard of it" "$asked" \
	"select fleet_internal.request_take(1, 3)->>'request_id'"

# one of no fleet is taken by two coordinators, and taken once more
scan=$(q "select fleet.request('scan', null, '{\"host\": \"mail1\"}')")
for who in 1 2; do
	is "coordinator $who takes the scan" "$scan" \
		"select fleet_internal.request_take($who)->>'request_id'"
done
do_ "select fleet_internal.request_done($scan, 1, true, '{\"by\": 1}', 'done')"
is "the first answer counts" 1 \
	"select result->>'by' from fleet_internal.request where request_id = $scan"
refused "the other one comes too late" RD011 'not in your hands' \
	"select fleet_internal.request_done($scan, 2, true, '{}', 'done')"
shut one
shut two
