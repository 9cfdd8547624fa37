#!/bin/bash
# 22-fence.t - epochs, revisions, repeated calls, illegal edges, leases.
. ./lib.sh

do_ "select test.running('mail', 1)"
adv() {
	echo "select fleet_internal.advance(1, $1, 1, $2, '${3-[]}'${4+, '$4'})"
}

refused "an older epoch" RD010 'not yours any more' "$(adv 0 2)"
refused "a later epoch too: nobody was given it" RD010 'Its epoch is 1, yours is 2' "$(adv 2 2)"
refused "a revision that is old" RD011 'Its revision is 2, the decision was made on 1' "$(adv 1 1)"
refused "another fleet's rollout" RD011 'changed since' "select fleet_internal.advance(1, 1, 77, 1, '[]')"
like "the right ones" '"revision": 2' "$(adv 1 2)"
refused "an unknown op" RD004 'there is no op "fly"' "$(adv 1 2 '[{"op":"fly"}]')"
refused "all or nothing, the first op alone is fine" RD004 fly \
	"$(adv 1 2 '[{"op":"event","kind":"a.b","message":"m"},{"op":"fly"}]')"
is "and left no trace" 0 "select count(*) from fleet.event where kind = 'a.b'"

# a repeated call happened once
call=00000000-0000-0000-0000-00000000ca11
do_ "$(adv 1 2 '[{"op":"event","kind":"a.b","message":"m"}]' $call)"
like "the same call again answers the same" '"repeated": true' \
	"$(adv 1 2 '[{"op":"event","kind":"a.b","message":"m"}]' $call)"
is "and did nothing" 1 "select count(*) from fleet.event where kind = 'a.b'"
do_ "select fleet.pause(1, 'wait'); select fleet.resume(1)"
like "even after a person came between" '"repeated": true' \
	"$(adv 1 2 '[{"op":"event","kind":"a.b","message":"m"}]' $call)"

# ops that find their work done
do_ "select test.take(1, 1)"
a=00000000-0000-0000-0000-0000000000a1
do_ "select test.adv(1, jsonb_build_array(test.step_op(1, 1, 'count', 'pending', 'running'),
	jsonb_build_object('op', 'attempt', 'id', '$a', 'step', test.step(1, 1, 'count'), 'host', 1, 'seq', 5007, 'argv', '[\"count\"]'::jsonb)))"
do_ "select test.adv(1, jsonb_build_array(test.step_op(1, 1, 'count', 'pending', 'running'),
	jsonb_build_object('op', 'attempt', 'id', '$a', 'step', test.step(1, 1, 'count'), 'host', 1, 'seq', 5007, 'argv', '[\"count\"]'::jsonb)))"
is "one's own attempt id again: it happened" '1|1|5007' \
	"select count(*), max(attempt), max(seq) from fleet.attempt"
is "the fleet's change number follows" 5007 "select change_seq from fleet_internal.fleet where fleet_id = 1"
is "a step counts its attempts" '1|0' \
	"select max(attempt), min(attempt) from fleet.step where backend = 'mail1'"
is "also the one in hand" 1 "select attempt from fleet.current_step"

# an attempt that only an agent knew
b=00000000-0000-0000-0000-0000000000b1
for _ in 1 2; do
	do_ "select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'adopt', 'id', '$b', 'step', test.step(1, 1, 'count'), 'host', 1, 'state', 'unknown', 'note', '{}'::jsonb)))"
done
is "it is adopted once, ours stays as it is" 'sent unknown' \
	"select string_agg(state, ' ' order by nr) from fleet_internal.attempt"
is "that is an event, once" 1 "select count(*) from fleet.event where kind = 'attempt.adopted'"
do_ "delete from fleet_internal.attempt where attempt_id = '$b'"
end='{"exit":0,"ms":12,"out":{"bytes":3,"lines":1,"head":"YWIK"},"err":{"bytes":0}}'
for _ in 1 2; do
	do_ "select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'attempt_end', 'id', '$a', 'to', 'ended', 'result', '$end'::jsonb),
		test.step_op(1, 1, 'count', 'running', 'passed')))"
done
is "an end told twice is one end" 'ended|0|1' \
	"select state, exit_code, (select count(*) from fleet.output) from fleet.attempt"
is "one event of it" 1 "select count(*) from fleet.event where kind = 'step.passed'"
is "counters follow" '1|7' "select steps_done, steps_total from fleet.turn where backend = 'mail1'"
refused "a step that went elsewhere" RD011 'is passed, not running' \
	"select test.adv(1, jsonb_build_array(test.step_op(1, 1, 'count', 'running', 'failed')))"
refused "a step of another rollout" RD001 'there is no step' \
	"select test.adv(1, '[{\"op\":\"step\",\"step\":9999,\"from\":\"pending\",\"to\":\"running\"}]')"

do_ "select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'attempt', 'id', '00000000-0000-0000-0000-0000000000a2', 'step', test.step(1, 1, 'count'), 'host', 1, 'after', '$a', 'seq', 8)))"
is "the next attempt is the second" '2|2' "select max(s.attempt), max(a.attempt) from fleet.step s, fleet.attempt a where s.step = 'count'"
refused "an id that is another step's" 23505 attempt_pkey \
	"select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'attempt', 'id', '$a', 'step', test.step(1, 1, 'weight'), 'host', 1, 'seq', 9)))"
is "the sentences are those of the table" 0 "select count(*) from (
	select fleet_internal.sentence(machine, from_, to_) = any (array_agg(sentence)) as same
	  from fleet_internal.edge group by machine, from_, to_) x where same is not true"

# illegal edges: every pair that is not in the table, by hand
illegal() {
	q "select s.name || ' ' || t.name from fleet_internal.state s
		join fleet_internal.state t using (machine)
	    where machine = '$1' and s.name <> t.name and not exists (
		select from fleet_internal.edge e where e.machine = '$1'
		   and e.from_ = s.name and e.to_ = t.name)"
}
for m in rollout turn step attempt; do
	n=0 bad=''
	while read -r was now_; do
		n=$((n + 1))
		got=$(q "begin; set local session_replication_role = replica;
			update fleet_internal.$m set state = '$was';
			set local session_replication_role = origin;
			update fleet_internal.$m set state = '$now_'; rollback" 2>&1) &&
			bad+=" $was->$now_"
		[[ $got =~ RD012 ]] || bad+=" $was->$now_($got)"
	done < <(illegal "$m")
	if [ -z "$bad" ] && [ "$n" -gt 5 ]; then
		say_ok "all $n illegal edges of a $m are refused"
	else
		say_not_ok "illegal edges of a $m" "$bad ($n)"
	fi
done
refused "a turn cannot begin in the middle" RD012 'cannot begin as working' \
	"insert into fleet_internal.turn (rollout_id, fleet_id, backend_id, position, state, plan)
	 select rollout_id, fleet_id, backend_id, 99, 'working', '{}' from fleet_internal.turn limit 1"
refused "through the door too" RD012 'a turn cannot go from waiting to done' \
	"select test.adv(1, jsonb_build_array(test.op('turn', 1, 2, '{\"from\":\"waiting\",\"to\":\"done\"}')))"

# leases
c1="1, '00000000-0000-0000-0000-0000000000c1'"
c2="2, '00000000-0000-0000-0000-0000000000c2'"
do_ "select fleet_internal.hello('ops2', '00000000-0000-0000-0000-0000000000c2', p_schema => (fleet.version()->>'schema')::int)"
beats=$(q "select beats from fleet_internal.coordinator where coordinator_id = 1")
do_ "select fleet_internal.beat($c1)"
refused "a holder that beats keeps its fleet" RD010 'living holder: ops1' \
	"select fleet_internal.take($c2, 1, 1, $beats)"
refused "nobody takes without having watched" RD010 'living holder' \
	"select fleet_internal.take($c2, 1, 1)"
is "a holder that stands still loses it" 2 \
	"select fleet_internal.take($c2, 1, 1, $((beats + 1)))"
is "an agent that knows a higher epoch is heard" 42 \
	"select fleet_internal.take($c2, 1, 2, null, 41)"
do_ "select fleet_internal.release(1, 42)"
refused "released: even its own epoch is over" RD010 'not yours' "$(adv 42 4)"
is "and it is free" 43 "select fleet_internal.take($c1, 1, 42)"
do_ "select fleet_internal.hello('ops1', '00000000-0000-0000-0000-0000000000cc', p_schema => (fleet.version()->>'schema')::int)"
refused "an older process of the same name is out" RD010 'another process' \
	"select fleet_internal.beat($c1)"
refused "its write too" RD010 'not yours' "$(adv 43 4)"

# a coordinator of another release
new="'00000000-0000-0000-0000-0000000000cd'"
refused "an older drydockd is not let in" RD010 'this drydockd was built for an older one' \
	"select fleet_internal.hello('ops3', $new)"
refused "nor is a newer one, and what to type is said" RD010 'was built for 99999.*drydock init' \
	"select fleet_internal.hello('ops3', $new, p_schema => 99999)"
is "one of this schema is" t "select fleet_internal.hello('ops3', $new, p_schema => (fleet.version()->>'schema')::int) > 0"
ops3=$(q "select coordinator_id from fleet_internal.coordinator where name = 'ops3'")
do_ "select fleet_internal.beat($ops3, $new)"
do_ "insert into fleet_internal.schema_migration (version, name, sha256) values (99999, 'later', repeat('0', 64))"
refused "once the database is upgraded it beats no more" RD010 'has schema 99999' \
	"select fleet_internal.beat($ops3, $new)"
refused "and takes nothing" RD010 'has schema 99999' \
	"select fleet_internal.take($ops3, $new, 1, 43)"
do_ "delete from fleet_internal.schema_migration where version = 99999"
do_ "select fleet_internal.beat($ops3, $new)"
