#!/bin/bash
# 30-door.t - the coordinator's life through its door, as its own user.
. ./lib.sh

# advance as the coordinator's user; the ops are written as the superuser
adv() {
	local ops got

	ops=$(q "select $2")
	got=$(as drydockd "select fleet_internal.advance(1, 1, $1, $(q "select revision from fleet.rollout where rollout = $1"), '${ops//\'/\'\'}')") ||
		{ say_not_ok "needed for what follows" "$got"; exit 1; }
}

do_ "select fleet.import(test.inventory('mail', 1))" anna
do_ "select fleet.add_procedure(E'procedure: restart\n')" anna
is "plan asks" 1 "select fleet.plan('mail', 'restart', '{\"a\": 1}')" anna
is "hello" 1 "select fleet_internal.hello('ops1', '00000000-0000-0000-0000-0000000000c1', '0.1.0', p_schema => (fleet.version()->>'schema')::int)" drydockd
is "take" 1 "select fleet_internal.take(1, '00000000-0000-0000-0000-0000000000c1', 1, 0)" drydockd
like "the fleet is loaded" '"mail2".*"director"|"director".*"mail2"' "select fleet_internal.load_fleet(1)" drydockd
is "without its requests, which would keep it from being read" f "select fleet_internal.load_work(1) ? 'requests'" drydockd
like "a request is taken" '"vars": \{"a": 1\}.*"procedure_sha256"' "select fleet_internal.request_take(1, 1)" drydockd
like "and again: whoever takes has none in hand" '"request_id": 1' "select fleet_internal.request_take(1, 1)" drydockd
is "its text is there" 'procedure: restart' "select fleet_internal.load_procedure((select sha256 from fleet.procedure))" drydockd
doc=$(q "select jsonb_build_object('procedure_sha256', (select sha256 from fleet.procedure), 'strategy', '{\"canary\": 1}'::jsonb,
	'turns', (select jsonb_agg(jsonb_build_object('backend', 'mail' || i, 'plan', test.plan_of_one())) from generate_series(1, 3) i))")
is "the plan is stored" 1 "select fleet_internal.plan_save(1, 1, 1, '$doc')" drydockd
is "its canary is where it rests" 1 "select stop_after from fleet.rollout"
is "for who asked" 'planned|anna|3' "select state, created_by, backends from fleet.rollout"
do_ "select fleet_internal.request_done(1, 1, true, '{\"rollout\": 1}', 'planned', '[{\"code\":\"A\",\"severity\":\"ok\",\"message\":\"fine\"}]')" drydockd
is "and answered" 'done|1|A' "select state, result->>'rollout', code from fleet.request join fleet.finding using (request)" bert
refused "an answer to an answered one" RD011 'not in your hands' "select fleet_internal.request_done(1, 1, true, '{}', 'x')" drydockd
is "one that is answered is not taken" '' "select fleet_internal.request_take(1, 1)" drydockd
do_ "select fleet.start(1)" anna
is "a step of the turn in hand is loaded once, without what it has not" 'f|t|count|f' \
	"select w->'plan' ? 'steps', w->'plan' ? 'phases', w->'steps'->0->'spec'->>'name', w->'steps'->0 ? 'started_ms' from (select fleet_internal.load_work(1)->'turns'->0 as w) x" drydockd

# one turn whole
adv 1 "jsonb_build_array(test.op('turn', 1, 1, '{\"from\":\"waiting\",\"to\":\"working\",\"mouths\":{\"director\":1}}'), test.survey(1, 1), test.op('outage_open', 1, 1))"
for s in count weight users stop wipe look back; do
	a=$(q "select gen_random_uuid()")
	adv 1 "jsonb_build_array(test.step_op(1, 1, '$s', 'pending', 'running'), jsonb_build_object('op', 'attempt', 'id', '$a', 'step', test.step(1, 1, '$s'), 'host', 1, 'seq', 1, 'argv', '[\"x\"]'::jsonb))"
	adv 1 "jsonb_build_array(jsonb_build_object('op', 'attempt_end', 'id', '$a', 'to', 'ended', 'result', '{\"exit\":0,\"ms\":5}'::jsonb), test.step_op(1, 1, '$s', 'running', 'passed'))"
	[ $s = users ] && adv 1 "jsonb_build_array(test.op('sample', 1, 1, '{\"metric\":\"users\",\"value\":16}'))"
done
for s in baseline drain stop verify return; do
	adv 1 "jsonb_build_array(test.op('phase', 1, 1, '{\"phase\":\"$s\",\"to\":\"running\"}'), test.op('phase', 1, 1, '{\"phase\":\"$s\",\"to\":\"done\"}'))"
done
adv 1 "jsonb_build_array(test.proof(1, 1), test.op('outage_close', 1, 1), test.op('turn', 1, 1, '{\"from\":\"working\",\"to\":\"done\"}'), jsonb_build_object('op', 'sighting', 'backend', 1, 'in_service', true, 'age_ms', 100))"
is "one turn whole, by the coordinator's user" 'done|7|7|t' \
	"select state, steps_done, steps_total, proved from fleet.turn where backend = 'mail1'" bert
is "progress counts it" '1|3|7|21|33.3' "select backends_done, backends_total, steps_done, steps_total, percent from fleet.progress" bert
is "the drain curve" '16' "select users from fleet.drain" bert
is "the backend" 'in service|t' "select state, in_service from fleet.backend where backend = 'mail1'" bert

# undo
adv 1 "jsonb_build_array(test.op('turn', 1, 2, '{\"from\":\"waiting\",\"to\":\"working\"}'), test.survey(1, 2), test.op('outage_open', 1, 2), test.step_op(1, 2, 'weight', 'pending', 'running'), test.step_op(1, 2, 'weight', 'running', 'passed'), test.op('turn', 1, 2, '{\"from\":\"working\",\"to\":\"restoring\"}'), jsonb_build_object('op', 'undo_step', 'undoes', test.step(1, 2, 'weight'), 'ref', 'u', 'spec', '{\"argv\":[\"weight\",\"100\"]}'::jsonb))"
is "an undo is one more step" '8|undo weight|weight' \
	"select t.steps_total, s.step, s.undoes from fleet.turn t join fleet.step s using (rollout, backend) where t.backend = 'mail2' and s.undoes is not null" bert
adv 1 "jsonb_build_array(jsonb_build_object('op', 'undo_step', 'undoes', test.step(1, 2, 'weight')))"
is "asked twice it is one" 1 "select count(*) from fleet.step where undoes is not null"
adv 1 "jsonb_build_array(test.step_op(1, 2, 'undo weight', 'pending', 'running'), test.step_op(1, 2, 'undo weight', 'running', 'passed'), test.step_op(1, 2, 'weight', 'passed', 'undone'), test.proof(1, 2), test.op('outage_close', 1, 2), test.op('turn', 1, 2, '{\"from\":\"restoring\",\"to\":\"restored\"}'))"
is "restored" 'restored|f' "select t.state, o.takes_slot from fleet.turn t join fleet.outage o using (backend) where backend = 'mail2'" bert

# how often it failed is loaded, whatever its command said, until it begins anew
failed() {
	echo "select s->'failed' from jsonb_array_elements(fleet_internal.load_steps(test.turn(1, 2))) s where s->>'name' = 'look' and not s->'spec' ? 'again'"
}
adv 1 "jsonb_build_array(test.step_op(1, 2, 'look', 'pending', 'running'), test.step_op(1, 2, 'look', 'running', 'failed') || '{\"failed\": 1}', test.step_op(1, 2, 'look', 'failed', 'pending'))"
is "how often a step failed is loaded" 1 "$(failed)"
began="select started_at from fleet_internal.step where step_id = test.step(1, 2, 'look')"
first=$(q "$began")
adv 1 "jsonb_build_array(test.step_op(1, 2, 'look', 'pending', 'running'), test.step_op(1, 2, 'look', 'running', 'failed') || '{\"failed\": 2}', test.step_op(1, 2, 'look', 'failed', 'pending'))"
is "tried again it has all its time again" t "select ($began) > '$first'"
adv 1 "jsonb_build_array(test.op('turn', 1, 2, '{\"from\":\"restored\",\"to\":\"waiting\"}'), test.op('turn_anew', 1, 2))"
is "not of the turn before" '' "$(failed)"

# hosts
do_ "select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"host\",\"host\":1,\"machine_id\":\"m1\",\"agent\":\"0.1.0\",\"addresses\":[\"10.1.0.1\"],\"hold\":\"disk\"}]')" drydockd
is "what an agent said" 'm1|0.1.0|disk|t' "select machine_id, agent_version, hold, seen_at is not null from fleet.host where host = (select name from fleet_internal.host where host_id = 1)"
refused "two names for one machine" RD005 'this machine is known as' \
	"select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"host\",\"host\":2,\"machine_id\":\"m1\"}]')" drydockd
do_ "select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"host\",\"host\":1,\"why_silent\":\"no route\"}]')" drydockd
is "silence is kept apart from the last word" 'no route|t|m1' "select why_silent, seen_at < silent_since, machine_id from fleet.host where machine_id = 'm1'"
while IFS='|' read -r why words; do
	do_ "select fleet_internal.advance(1, 1, null, null, jsonb_build_array(jsonb_build_object('op', 'host', 'host', 1, 'why_silent', '$why')))" drydockd
	like "what to type: $why" "$words" "select type_next from fleet.host where machine_id = 'm1'"
done <<-'LIST'
	connect: Connection refused|on mail1: systemctl status ssh; if 10.1.0.1 port 22 is not it
	connect: no answer in 5000 ms|on mail1: systemctl status ssh
	connect: No route to host|on mail1: systemctl status ssh
	handshake: no answer in 10000 ms|journalctl -u ssh
	handshake: the host offers no key of the pinned type; a host|drydock host pin mail1 --scan
	host key: it shows another|^drydock host pin mail1 --scan
	it is another machine: it is known as mail2|on mail1: rm /etc/machine-id
	auth: refused|agent-install --key FILE
	it says nothing that we know|journalctl -t drydock-agent
LIST
do_ "select fleet_internal.release(1, 1); select fleet_internal.goodbye(1, '00000000-0000-0000-0000-0000000000c1')" drydockd
is "goodbye" 'f|' "select alive, fleets from fleet.coordinator"
