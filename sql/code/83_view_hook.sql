-- 83_view_hook.sql - views of hooks: who would be told, who was.

set local role fleet_owner;

create or replace view fleet.hook as
select h.name as hook, c.name as coordinator,
	array_to_string(h.argv, ' ') as program, h.events, h.fleets,
	fleet_internal.span(h.timeout_ms) as timeout,
	c.stopped_at is null and c.beat_at > n.now - interval '60 s' as alive,
	h.tested_at, h.tested_at = h.passed_at as test_passed, h.test_result,
	coalesce(h.passed_at > n.now - interval '1 day', false)
		and 'turn.held' ~ h.matches
		and c.beat_at > n.now - interval '1 day' as alarm,
	(select count(*) from fleet_internal.hook_queue q
	  where q.hook = h.name and q.done_at is null) as waiting
  from fleet_internal.hook h
  join fleet_internal.coordinator c using (coordinator_id)
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet.hook', $$
Programs that coordinators run for events, as their configuration names them.
hook: its name
coordinator: which coordinator offers it
program: what is run, with its arguments; the event is its standard input, as JSON
events: kinds of events it hears, with * for anything
fleets: only events of these; null = of all
timeout: it is ended after that
alive: this coordinator beat within 60 s
tested_at: its last test ended; null = never tested
test_passed: the last test ended well, with the program that stands here
test_result: how the last test ended
alarm: it hears turn.held and passed a test within a day, so a start that nobody watches is allowed
waiting: events that it has not been run for yet
$$);

create or replace view fleet.hook_run as
select q.hook_id as run, q.hook, f.name as fleet, q.seq as event,
	case when q.seq is null then 'hook.test' else e.kind end as kind,
	e.rollout_id as rollout, case when q.ok then 'done'
	     when q.done_at is not null then 'given up'
	     when q.taken_until > n.now then 'running'
	     when q.tries > 0 then 'to be repeated'
	     else 'waiting' end as state,
	q.tries as attempts, q.result, q.queued_at, q.taken_at as began_at,
	case when q.done_at is null and coalesce(q.taken_until <= n.now, true)
		then q.next_at end as next_at,
	q.done_at, t.name as coordinator, q.exit_status as exit_code,
	fleet_internal.safe_text(q.output) as output, e.severity, e.message,
	q.asked_by
  from fleet_internal.hook_queue q
 cross join fleet_internal.moment n
  left join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.event e
	on e.fleet_id = q.fleet_id and e.seq = q.seq
  left join fleet_internal.coordinator t
	on t.coordinator_id = coalesce(q.taken_by, q.coordinator_id);
select fleet_internal.describe('fleet.hook_run', $$
One row for each event that a hook was or will be run for, and for each test. Kept for 90 days.
run: number
hook: which
fleet: fleet of the event
event: number of the event in its fleet
kind: of the event, or hook.test
rollout: the rollout
state: waiting, running, to be repeated, done or given up
attempts: begun so far; at least one succeeded when done
result: how the last attempt ended
queued_at: the event happened
began_at: the last attempt began
next_at: the next attempt comes no earlier
done_at: it ended well, or was given up
coordinator: that ran it last, or shall
exit_code: of the last attempt
output: what the last attempt printed, the beginning, control characters escaped
severity: of the event
message: of the event
asked_by: who asked for the test
$$);
