#!/bin/bash
# 56-override.t - what a person answers for: one gate for one backend, a
# remembered value, and who may say so.
. ./lib.sh

do_ "create role second_eyes login in role fleet_operator"
do_ "select test.running('mail', 1)"
r=$(q "select max(rollout) from fleet.rollout")

# one gate, one backend
refused "never the promise" RD004 "'peers' cannot be overridden.*one is out at a time cannot" "select fleet.override($r, 'peers', 'x', 'mail2')"
refused "nor what nobody knows" RD004 'cannot be overridden' "select fleet.override($r, 'greeted', 'x', 'mail2')"
refused "not for all at once" RD004 'for one backend' "select fleet.override($r, 'window', 'x')"
refused "not without a reason" RD004 'reason' "select fleet.override($r, 'target_in', ' ', 'mail2')"
refused "not for ever" RD004 'seven days' "select fleet.override($r, 'target_in', 'x', 'mail2', expires => '8 days')"
refused "no such backend" RD001 'Known: mail1' "select fleet.override($r, 'target_in', 'x', 'mail9')"
like "lifted, until" 'target_in is lifted for mail2 until' "select fleet.override($r, 'target_in', 'it is down', 'mail2', expires => '1 h')" anna
is "it is an event" 'anna|target_in is lifted for mail2, for 01:00:00: it is down' "select actor, message from fleet.event where kind = 'rollout.override'"
is "the coordinator reads it, for that one" "mail2|t" "select b.name, (o->>'until_ms') is not null from fleet_internal.load_overrides(1) x, jsonb_array_elements(x) o join fleet_internal.backend b on b.backend_id = (o->>'backend_id')::int"
is "an open check is asked anew" t "select check_request is null from fleet.rollout where rollout = $r"
do_ "insert into fleet_internal.clock_offset values (true, '61 min')"
is "after an hour it is over" '[]' "select fleet_internal.load_overrides(1)"
do_ "delete from fleet_internal.clock_offset"
do_ "select test.take($r, 1)"
refused "a gate is behind whoever was taken" RD002 'mail1 is working: its gates are behind it' "select fleet.override($r, 'target_in', 'x', 'mail1')"

# a value
do_ "update fleet_internal.step set spec = spec || '{\"remember\": [{\"name\": \"vhosts\", \"value\": \"service.vhosts\"}]}' where name = 'weight'"
do_ "select test.adv($r, jsonb_build_array(test.op('turn_set', $r, 1, '{\"remembered\": {\"weight\": {\"vhosts\": \"10\", \"other\": \"7\"}}}')))"
refused "not while it moves" RD002 'only corrected while nothing moves.*fleet.pause' "select fleet.override($r, 'value', 'typo', 'mail1', 'weight.vhosts', '100')"
do_ "select test.hold($r, 1, 'look')"
refused "only what is remembered" RD001 'remembers no weight.vhost.*weight.vhosts = 10' "select fleet.override($r, 'value', 'typo', 'mail1', 'weight.vhost', '100')"
refused "a value wants a step" RD004 'STEP.NAME' "select fleet.override($r, 'value', 'typo', 'mail1')"
is "corrected" 'weight.vhosts of mail1 is 100 now, it was 10' "select fleet.override($r, 'value', 'typo', 'mail1', 'weight.vhosts', '100')" anna
is "and nothing else" '{"weight": {"other": "7", "vhosts": "100"}}' "select remembered from fleet.turn where rollout = $r and backend = 'mail1'"

# the next rollout begins without what was lifted for this one
do_ "select fleet.override($r, 'target_in', 'it is down', 'mail3')" anna
do_ "update fleet_internal.override_ set until = null where gate = 'target_in'"
do_ "set session_replication_role = replica; update fleet_internal.rollout set state = 'aborted' where rollout_id = $r"
is "an override ends with its rollout" '[]' "select fleet_internal.load_overrides(1)"

# change control
do_ "select test.fleet('web', 2)"
refused "a pattern that is none" RD004 'no regular expression' "select fleet.import(jsonb_set(fleet.export('web'), '{change_pattern}', '\"CHG-[\"'))"
do_ "select fleet.import(fleet.export('web') || '{\"change_pattern\": \"CHG-[0-9]+\", \"four_eyes\": true}')"
is "both are exported" 'CHG-[0-9]+|true' "select x->>'change_pattern', x->>'four_eyes' from fleet.export('web') x"
do_ "select test.plan('web')"
r=$(q "select max(rollout) from fleet.rollout")
refused "a pattern wants a ticket" RD004 'needs a change ticket.*change_ref => .CHG' "select fleet.start($r)" anna
refused "one that looks like it" RD004 '"INC-1 CHG-1" is no change ticket' "select fleet.start($r, change_ref => 'INC-1 CHG-1')" anna
like "then it starts" 'is started' "select fleet.start($r, change_ref => 'CHG-77', stop_after => 1)" anna
is "and bears it" CHG-77 "select change_ref from fleet.rollout where rollout = $r"
do_ "select test.adv($r, '[{\"op\":\"hold\",\"kind\":\"approval\",\"why\":\"1 done\"}]')"
refused "who started it does not approve it" RD003 'anna may not approve.*started by anna.*another operator' "select fleet.approve($r)" anna
refused "nor lifts its gates" RD003 'anna may not override' "select fleet.override($r, 'target_in', 'x', 'web1')" anna
like "another one lifts" 'is lifted for web1' "select fleet.override($r, 'target_in', 'x', 'web1')" second_eyes
is "and approves" 'approved: 1 done' "select fleet.approve($r, 'looked')" second_eyes
is "it goes on to the end" 'running|' "select state, stop_after from fleet.rollout where rollout = $r"
