#!/bin/bash
# 50-steer.t - what people type: its effect, and its refusals with what to do.
. ./lib.sh

do_ "select test.fleet('mail', 1)"
r=$(q "select test.plan('mail')")

# start
is "a plan is a rollout in state planned" 'planned|3|f' \
	"select state, backends, stale from fleet.rollout"
refused "pause of a plan" RD002 "planned, so it cannot be paused.*fleet.start\\($r\\)" "select fleet.pause($r, 'x')"
refused "no such rollout" RD001 'there is no rollout 99.*last one is 1' "select fleet.start(99)"
do_ "select fleet.exclude('mail', 'mail3', 'disk')" anna
is "a plan gets stale" t "select stale from fleet.rollout"
refused "a stale plan is refused and says what changed" RD006 'mail3 is excluded: disk' "select fleet.start($r)"
do_ "select test.adv($r, jsonb_build_array(test.proof($r, 3), jsonb_build_object('op', 'include', 'backend', test.backend($r, 3))))"
r=$(q "select test.plan('mail')")
do_ "select fleet.add_procedure(E'procedure: restart\n# newer\n')"
refused "a newer procedure text makes it stale too" RD006 'newer text' "select fleet.start($r)"
r=$(q "select test.plan('mail')")
like "cancel" 'is cancelled' "select fleet.cancel($r, 'changed my mind')" anna
refused "cancel twice" RD002 'cancelled, so it cannot be cancelled' "select fleet.cancel($r)"
do_ "select fleet.import(jsonb_set(fleet.export('mail'), '{change_required}', 'true'))"
r=$(q "select test.plan('mail')")
refused "change_required" RD004 'change ticket' "select fleet.start($r)"
refused "nobody would come" RD007 'No coordinator offers a hook.*unattended-without-alarm' \
	"select fleet.start($r, now() + interval '1 h', change_ref => 'CHG-1')" anna
like "scheduled" "rollout $r will start" \
	"select fleet.start($r, now() + interval '1 h', change_ref => 'CHG-1', unattended_without_alarm => true)" anna
is "and says so" 'scheduled|anna|CHG-1' "select state, start_by, change_ref from fleet.rollout where rollout = $r"
do_ "select test.adv($r, '[{\"op\":\"hold\",\"kind\":\"database\",\"gate\":\"write\",\"critical\":true,\"why\":\"refused\"}]')"
do_ "select fleet.cancel($r)"
is "nothing holds what is cancelled" 0 "select count(*) from fleet.hold"
r=$(q "select test.plan('mail')")
refused "stop_after -1" RD004 '0 or more' "select fleet.start($r, stop_after => -1, change_ref => 'x')"
is "started" "rollout $r is started" "select fleet.start($r, change_ref => 'CHG-2')" anna
refused "twice" RD002 'running, so it cannot be started' "select fleet.start($r)"
refused "cancel of a running one" RD002 'fleet.abort' "select fleet.cancel($r)"

# pause and resume
refused "a reason is needed" RD004 'a reason is needed' "select fleet.pause($r, '  ')"
refused "of at most 2000 characters" RD004 'too long' "select fleet.pause($r, repeat('x', 2001))"
refused "an unknown mode" RD004 'keep_drained' "select fleet.pause($r, 'x', 'now')"
refused "keep_drained needs an end" RD004 'needs an end' "select fleet.pause($r, 'x', 'keep_drained')"
refused "resume of what is not paused" RD002 'is not paused' "select fleet.resume($r)"
like "pause says where it rests" 'before the next backend' "select fleet.pause($r, 'INC-4711: latency')" anna
is "a row at once, not in effect yet" 'running|INC-4711: latency|anna|t' \
	"select state, pause_reason, paused_by, paused_at is null from fleet.rollout where rollout = $r"
refused "twice" RD002 'is pausing.*Paused by anna at .*INC-4711.*fleet.resume' "select fleet.pause($r, 'y')"
do_ "select test.adv($r, '[{\"op\":\"pause_effective\"}]')"
is "in effect" 'paused|t|drydock resume '$r \
	"select x.state, x.paused_at is not null, h.type_next from fleet.rollout x join fleet.hold h using (rollout) where rollout = $r"
is "resume" "rollout $r goes on" "select fleet.resume($r, 'fine again')" anna
is "the hold is gone" 'running|0' "select state, (select count(*) from fleet.hold) from fleet.rollout where rollout = $r"
do_ "select fleet.pause($r, 'lunch', expires => '1 h')" anna
do_ "select test.adv($r, '[{\"op\":\"pause_effective\"}]')"
like "the end of a pause is told once" '}.1\|t$' "begin; select test.adv($r, '[{\"op\":\"pause_over\"}]'); select test.adv($r, '[{\"op\":\"pause_over\"}]'); select count(*), bool_and(message ~ 'stays paused until somebody resumes: lunch') from fleet.event where kind = 'rollout.pause_over'; rollback"
like "and it stays paused" 'paused\|t\|t$' "begin; select test.adv($r, '[{\"op\":\"pause_over\"}]'); select x.state, h.critical, h.why ~ 'stays paused' from fleet.rollout x join fleet.hold h using (rollout) where rollout = $r; rollback"
do_ "select fleet.resume($r)"
rev=$(q "select revision from fleet.rollout where rollout = $r")
[ "$rev" -ge 4 ] && say_ok "every command raised the revision" || say_not_ok "every command raised the revision" "$rev"

# where a pause and an abort come to rest
rests() {
	like "$1" "$2" "begin; select fleet.pause($r, 'x'); rollback"
}
ends() {
	like "$1" "$2" "begin; select fleet.abort($r, 'x'); rollback"
}
ends "abort with nobody in hand" 'no backend is in hand'
do_ "select test.adv($r, jsonb_build_array(test.op('turn', $r, 1, '{\"from\":\"waiting\",\"to\":\"working\"}'), test.op('phase', $r, 1, '{\"phase\":\"baseline\",\"to\":\"running\"}')))"
rests "before the drain: at once" 'rests now, before mail1 is taken out of service'
do_ "select test.adv($r, jsonb_build_array(test.op('phase', $r, 1, '{\"phase\":\"baseline\",\"to\":\"done\"}'), test.op('phase', $r, 1, '{\"phase\":\"drain\",\"to\":\"running\"}'), test.survey($r, 1), test.op('outage_open', $r, 1)))"
rests "drained, before no return: the drain is undone" 'put back into service first'
ends "abort then" 'put back as it was and comes to rest in service'
do_ "select test.adv($r, jsonb_build_array(test.op('phase', $r, 1, '{\"phase\":\"drain\",\"to\":\"done\"}'), test.op('phase', $r, 1, '{\"phase\":\"stop\",\"to\":\"running\",\"committed\":[1]}')))"
rests "in a phase that is carried past no return: where that ends" 'after phase stop of mail1 \(out of service\)'
ends "abort then" 'carried to its end, past the point of no return.*OUT of service'
do_ "select test.adv($r, jsonb_build_array(test.step_op($r, 1, 'stop', 'pending', 'running')))"
is "a no_return step marks its turn" t "select no_return_begun from fleet.turn where rollout = $r and backend = 'mail1'"
rests "past no return: the phase that rests out" 'after phase stop of mail1 \(out of service\)'
like "--after backend" 'when mail1 is done' "begin; select fleet.pause($r, 'x', 'backend'); rollback"
like "--keep-drained" 'stays as it is there' "begin; select fleet.pause($r, 'x', 'keep_drained', '2 h'); rollback"
ends "abort then" 'OUT of service, not proved'
do_ "select test.adv($r, jsonb_build_array(test.step_op($r, 1, 'stop', 'running', 'passed'), test.step_op($r, 1, 'wipe', 'pending', 'running'), test.step_op($r, 1, 'wipe', 'running', 'passed'), test.op('phase', $r, 1, '{\"phase\":\"stop\",\"to\":\"done\"}'), test.op('phase', $r, 1, '{\"phase\":\"verify\",\"to\":\"done\"}')))"
is "all phases that prove passed" t "select proved from fleet.turn where rollout = $r and backend = 'mail1'"
ends "abort then" 'is finished; it comes to rest in service'

# a working turn is not decided about
for f in "retry($r)" "restore($r)" "skip($r, 'mail1', 'x')" "settle($r, 'stop', true, 'x')"; do
	refused "${f%%(*} of a working turn" RD002 'is working, so it cannot be' "select fleet.$f"
done
refused "exclude of it" RD002 'in the hands of rollout' "select fleet.exclude('mail', 'mail1', 'x')"

# held
do_ "select test.hold($r, 1, 'look')"
is "a held turn halts" 'halted|it failed' "select state, waits_for from fleet.rollout where rollout = $r"
refused "resume refuses and names the others" RD002 "mail1 is held.*retry\\($r, 'mail1'\\).*restore\\($r, 'mail1'\\).*skip\\($r, 'mail1', 'reason', accept_out => true\\).*abort" "select fleet.resume($r)"
like "a pause of what is held names that first" "hint: to go on: first what is held: select \* from fleet.turn where rollout = $r; then: select fleet.resume\($r\);" "begin; select fleet.pause($r, 'x'); rollback"
refused "no such step to retry from" RD001 'Begun: stop, wipe, look' "select fleet.retry($r, 'mail1', 'nope')"
refused "retry from before what destroys names it" RD002 'destroys: wipe.*destroy_again => true' "select fleet.retry($r, 'mail1', 'stop')"
like "unless that is said" 'tried again from stop' "begin; select fleet.retry($r, 'mail1', 'stop', true); rollback"
refused "settle of what is not in doubt" RD002 'not in doubt' "select fleet.settle($r, 'look', true, 'x')"
refused "another backend" RD002 'mail2 is waiting, so it cannot be retried' "select fleet.retry($r, 'mail2')"
refused "no such backend" RD001 'Known: mail1, mail2, mail3' "select fleet.retry($r, 'mail9')"
is "restore says nothing of what can be" 'mail1 is put back as it was' "begin; select fleet.restore($r); rollback"
like "restore says what cannot be taken back" 'cannot be taken back: count$' "begin; select test.adv($r, jsonb_build_array(test.step_op($r, 1, 'count', 'pending', 'running'), test.step_op($r, 1, 'count', 'running', 'passed'))); select fleet.restore($r); rollback"
is "retry" 'mail1 is tried again from look' "select fleet.retry($r)" anna
is "is a wish on the turn" 'retry|anna' "select asked->>'verb', asked->>'by' from fleet.turn where backend = 'mail1' and rollout = $r"
refused "one wish at a time" RD002 'was asked already.*retry by anna' "select fleet.restore($r)"
do_ "select test.adv($r, jsonb_build_array(test.step_op($r, 1, 'look', 'failed', 'pending'), test.op('turn', $r, 1, '{\"from\":\"held\",\"to\":\"working\",\"answered\":true}'), jsonb_build_object('op', 'unhold', 'kind', 'turn')))"
is "answered" 'working|t|running' "select t.state, t.asked is null, x.state from fleet.turn t join fleet.rollout x using (rollout) where backend = 'mail1' and rollout = $r"
like "retry where nothing failed, but does not hold any more" 'mail1 goes on; what .*no longer holds is done again$' "begin; select test.adv($r, jsonb_build_array(test.op('turn', $r, 1, '{\"from\":\"working\",\"to\":\"held\"}'))); select fleet.retry($r); rollback"

# unknown
do_ "select test.adv($r, jsonb_build_array(test.step_op($r, 1, 'look', 'pending', 'running'), test.step_op($r, 1, 'look', 'running', 'unknown'), test.op('turn', $r, 1, '{\"from\":\"working\",\"to\":\"held\"}')))"
refused "no retry on a guess" RD002 'nobody knows whether look happened.*settle' "select fleet.retry($r)"
refused "settle needs a reason" RD004 'reason is needed' "select fleet.settle($r, 'look', true, '')"
is "settle" 'look counts as done' "select fleet.settle($r, 'look', true, 'saw it')" anna

# out, then exclude --accept-out or include
do_ "select fleet.abort($r, 'enough')" anna
refused "abort twice" RD002 'being aborted, so it cannot be aborted again.*enough' "select fleet.abort($r, 'x')"
refused "pause of what ends" RD002 'being aborted' "select fleet.pause($r, 'x')"
do_ "select test.adv($r, jsonb_build_array(test.op('turn', $r, 1, '{\"from\":\"held\",\"to\":\"out\",\"answered\":true}'), '{\"op\":\"rollout\",\"to\":\"aborted\"}'::jsonb))"
is "ended, out, slot taken" 'aborted|out|t' "select x.state, t.state, o.takes_slot from fleet.rollout x join fleet.turn t using (rollout) join fleet.outage o using (rollout, backend) where x.rollout = $r"
like "the coordinator still sees it" '"out": \[\{.*"turn_id"' "select fleet_internal.load_work(1)"
like "include asks" 'as soon as it is proved' "begin; select fleet.include('mail', 'mail1'); select asked from fleet.turn where state = 'out'; rollback" anna
refused "exclude needs accept_out" RD002 'accept_out => true' "select fleet.exclude('mail', 'mail1', 'x')"
like "exclude with it" 'you have it now' "select fleet.exclude('mail', 'mail1', 'broken disk', true)" anna
is "taken over" 'skipped|taken over|f' "select t.state, b.state, o.takes_slot from fleet.turn t join fleet.backend b using (backend) join fleet.outage o using (backend) where t.rollout = $r"
refused "exclude twice" RD002 'excluded already.*By anna.*broken disk.*include' "select fleet.exclude('mail', 'mail1', 'x')"
refused "include of one that takes part" RD002 'takes part already' "select fleet.include('mail', 'mail2')"

# members
like "a dead member is not asked any more" 'not asked any more' "select fleet.exclude('mail', 'mail-dir1', 'died')" anna
refused "never the last one" RD005 'last member of director' "select fleet.exclude('mail', 'mail-dir2', 'died')"
like "nor forgotten: it is shown" 't' "select excluded from fleet.host where host = 'mail-dir1'"
like "and comes back" 'asked again' "select fleet.include('mail', 'mail-dir1')" anna

# approve, override
do_ "select test.running('web', 2)"
r=$(q "select max(rollout) from fleet.rollout")
refused "nothing to approve" RD002 'does not wait for an approval' "select fleet.approve($r)"
do_ "select test.adv($r, '[{\"op\":\"hold\",\"kind\":\"approval\",\"gate\":\"canary\",\"why\":\"web1 is done, go on?\"}]')"
is "waiting" "waiting|drydock approve $r" "select x.state, h.type_next from fleet.rollout x join fleet.hold h using (rollout) where x.rollout = $r"
is "approve" 'approved: web1 is done, go on?' "select fleet.approve($r, 'looks good')" anna
is "and is over: nothing is waited for any more" 'running|' "select state, stop_after from fleet.rollout where rollout = $r"
refused "the promise cannot be overridden" RD004 'one is out at a time cannot' "select fleet.override($r, 'peers', 'x')"
like "a gate can" 'target_in is lifted for web1 until' "select fleet.override($r, 'target_in', 'it is down', 'web1')" anna
is "skip of a waiting one" 'web2 is left out of this rollout' "select fleet.skip($r, 'web2', 'not today')" anna
