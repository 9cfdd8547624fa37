-- 81_view_rollout.sql - views of the work. Counters live on turns, so only
-- fleet.step and fleet.attempt read steps.

set local role fleet_owner;

-- What lifts a gate stands with it; what cannot be lifted says what it needs.
create or replace function fleet_internal.hold_next(p_kind text, p_gate text,
	p_rollout bigint, p_backend text)
returns text language sql immutable as $$
	select case p_kind
	when 'pause' then format('drydock resume %s', p_rollout)
	when 'approval' then format('drydock approve %s', p_rollout)
	when 'window' then format('nothing: it waits (drydock window next); or: drydock override %s window --backend %s --reason "..."',
		p_rollout, coalesce(p_backend, 'NAME'))
	when 'contact' then 'drydock host list'
	when 'database' then case when p_gate = 'write' then
		'repair what refuses it: it is tried again within a minute; what was decided: drydockd''s log (journalctl -u drydockd)'
		|| coalesce('; or end the rollout: drydock abort ' || p_rollout,
			'')
	else format('put that row right in psql, as its owner: it goes on by itself; what came before: drydock log%s',
		' ' || p_rollout) end
	else case when p_gate = 'check' and p_backend is null then
		format('repair it, then: drydock check %1$s; one backend''s findings: drydock override %1$s check --backend NAME --reason "..."',
			p_rollout)
	when p_gate in ('check', 'preflight', 'target_in', 'min_up') then
		format('repair it: it is looked at again; or: drydock override %s %s --backend %s --reason "..."',
			p_rollout, p_gate, coalesce(p_backend, 'NAME'))
	when p_gate = 'slot' then
		'nothing: it goes on when that one is back (drydock fleet list)'
	when p_gate in ('peers', 'ready', 'greeted') then
		'repair it: it goes on by itself; this gate cannot be lifted (drydock host list)'
	else format('drydock status %s', p_rollout) end end
$$;
comment on function fleet_internal.hold_next(text, text, bigint, text) is
	'What to type for a hold that says nothing itself.';

-- A function, so that what it depends on is planned only when a turn is held: on
-- a new connection that is half of what a look at the holds costs.
create or replace function fleet_internal.turn_commands(p_rollout bigint,
	p_backend text)
returns text language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select string_agg(c.command, E'\n' order by c.position)
	  from fleet_internal.turn_choice c
	 where c.rollout_id = p_rollout and c.backend = p_backend
$$;
comment on function fleet_internal.turn_commands(bigint, text) is
	'What can be typed about a turn that waits for a person, line by line.';

create or replace view fleet.hold as
select f.name as fleet, h.rollout_id as rollout, h.kind, h.gate,
	b.name as backend, h.why, h.since,
	fleet_internal.elapsed(h.since, n.now) as lasts, h.until,
	h.critical, h.by_ as by, case
		when h.kind = 'turn' then coalesce(fleet_internal.turn_commands(
			h.rollout_id, b.name), 'drydock coordinator list')
		when h.kind = 'pause' and exists (select
			from fleet_internal.turn t
			where t.rollout_id = h.rollout_id
			  and t.state = 'held')
			then format('drydock status %s', h.rollout_id)
		else coalesce(h.type_next, fleet_internal.hold_next(h.kind,
			h.gate, h.rollout_id, b.name)) end as type_next,
	h.evidence, h.hold_id as hold, h.seen_at, h.next_look_at, h.deadline
  from fleet_internal.hold h
  join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.backend b on b.backend_id = h.backend_id
 cross join fleet_internal.moment n
 where h.ended_at is null;
select fleet_internal.describe('fleet.hold', $$
Why rollouts do not move now, one row per reason.
fleet: the fleet
rollout: the rollout
kind: pause, turn (held), window, approval, gate, contact or database
gate: which gate or question; of database: write = what is written is refused, empty = a row makes no sense
backend: the backend it is about
why: in words
since: when it began
lasts: for how long
until: when it should be over; nothing goes on by itself then
critical: somebody should be called
by: who caused it, if a person
type_next: what to type
evidence: the fact a gate waits for: fact, value (yes, no, unknown), seen, looked_ms and since_ms (of 1970); where no look decides, what does: the check (asked_ms, done_ms, wrong), the slot (fleet, backend, rollout, since_ms), min_up (listed, excluded, min_up), the window (expected_ms, opens_ms, closes_ms) or the approval (done, stop_after, step); what the database refuses: sqlstate, said, times, what (by rule, a bit each)
hold: number
seen_at: the evidence is of then
next_look_at: one looks again then; empty = as soon as something happens
deadline: it is waited no longer than that; then the turn is held, or put back; empty = until it holds
$$);

-- one row per rollout: the word people want, from the holds it has
-- A held turn that a person has answered waits for the coordinator, not for a
-- person: who waits right after `retry` must not be told that it is halted.
create or replace view fleet_internal.rollout_word as
select r.rollout_id, case when r.state <> 'running' then r.state
		when x.halted then 'halted'
		when x.paused then 'paused'
		when x.n > 0 then 'waiting'
		else 'running' end as state,
	x.n as holds, x.why, x.since, x.critical
  from fleet_internal.rollout r
  left join lateral (select count(*) as n,
		bool_or(h.kind = 'turn' and y.asked is null) as halted,
		bool_or(h.kind = 'pause') as paused,
		bool_or(h.critical) as critical, min(h.since) as since,
		string_agg(h.why, '; ' order by h.hold_id) as why
	  from fleet_internal.hold h
	  left join fleet_internal.turn y using (turn_id)
	 where h.rollout_id = r.rollout_id and h.ended_at is null) x
	on r.state = 'running';
select fleet_internal.describe('fleet_internal.rollout_word', $$
The state of a rollout with halted, paused and waiting read from its holds.
rollout_id: the rollout
state: the state, or halted, paused, waiting
holds: how many reasons there are
why: all of them
since: the oldest
critical: one of them is
$$);

create or replace view fleet.rollout as
select r.rollout_id as rollout, w.state, f.name as fleet,
	p.name as procedure, left(p.sha256, 12) as procedure_version,
	w.why as waits_for, r.message, t.backends, t.done, t.held, t.skipped,
	r.note, r.change_ref, r.created_by, r.created_at, r.start_by,
	r.start_at, r.started_at, r.finished_at,
	r.ending, r.ending_by, r.ending_why, r.ending_at,
	x.mode as pause_mode, x.reason as pause_reason,
	x.asked_by as paused_by, x.asked_at as pause_asked_at,
	x.effective_at as paused_at, x.expires_at as pause_expires_at,
	x.rests as pause_rests,
	r.state = 'planned' and r.fleet_revision <> f.revision as stale,
	r.stop_after, r.ignore_window, r.vars, r.files,
	r.only_ as only_backends, r.except_ as except_backends, r.strategy,
	p.sha256 as procedure_sha256, r.revision, r.uuid, r.state as base_state,
	r.checked_at, r.check_request
  from fleet_internal.rollout r
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.procedure p using (procedure_id)
  join fleet_internal.rollout_word w using (rollout_id)
  left join fleet_internal.pause x
	on x.rollout_id = r.rollout_id and x.ended_at is null
 cross join lateral (select count(*) as backends,
		count(*) filter (where y.state = 'done') as done,
		count(*) filter (where y.state in ('held', 'out')) as held,
		count(*) filter (where y.state in ('skipped', 'restored'))
			as skipped
	  from fleet_internal.turn y where y.rollout_id = r.rollout_id) t;
select fleet_internal.describe('fleet.rollout', $$
One row per plan and rollout: where it stands, and why it does not move if it does not.
rollout: number
state: planned, scheduled, running, succeeded, incomplete, aborted, cancelled; of a running one halted (a turn is held), paused or waiting while there are holds
fleet: the fleet
procedure: what is done
procedure_version: beginning of the procedure's checksum
waits_for: all reasons why it does not move
message: last sentence about it
backends: how many it has
done: how many are done
held: how many are held or at rest out of service
skipped: how many were skipped or put back
note: free text
change_ref: change ticket
created_by: who planned it
created_at: when
start_by: who started it
start_at: not before
started_at: when it started
finished_at: when it ended
ending: abort = it is being ended
ending_by: who asked
ending_why: why
ending_at: when
pause_mode: step, backend or keep_drained, while a pause is asked
pause_reason: why
paused_by: who asked
pause_asked_at: when
paused_at: when it came to rest; empty = not yet
pause_expires_at: somebody is called then; it stays paused
pause_rests: where it comes to rest
stale: a plan whose inventory changed since; it will not start
stop_after: rest after so many backends
ignore_window: a person lifted the windows for it
vars: values given
files: content by variable
only_backends: backends it is limited to
except_backends: backends it leaves out
strategy: order, canary and settle as planned
procedure_sha256: checksum of the procedure
revision: grows with each steering call
uuid: by which agents know it
base_state: the state of the machine without its holds
checked_at: its whole fleet was checked then without an error; before that nobody is taken
check_request: the check asked for it last, its answer is in fleet.finding
$$);

create or replace view fleet.turn as
select t.rollout_id as rollout, f.name as fleet, b.name as backend, t.state,
	t.phase, t.message, t.state_since,
	fleet_internal.elapsed(t.state_since, n.now) as in_state,
	t.steps_done, t.steps_total,
	fleet_internal.span(t.expected_ms) as expected,
	t.taken_at, t.ended_at, fleet_internal.elapsed(t.taken_at,
		coalesce(t.ended_at, n.now)) as elapsed,
	o.out_since, o.back_at, o.accepted_by as taken_over_by,
	t.no_return_begun, t.proved, t.asked, t.mouths, t.remembered,
	t.position, t.plan, case when t.state in
		('working', 'held', 'restoring', 'out') then t.sheet end as sheet
  from fleet_internal.turn t
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.backend b using (backend_id)
 cross join fleet_internal.moment n
  left join lateral (select y.out_since, y.back_at, y.accepted_by
	  from fleet_internal.outage y where y.turn_id = t.turn_id
	 order by y.outage_id desc limit 1) o on true;
select fleet_internal.describe('fleet.turn', $$
One row per backend of a rollout.
rollout: the rollout
fleet: the fleet
backend: the backend
state: waiting, working, held, restoring, out, done, restored or skipped
phase: where it is
message: last sentence about it
state_since: since when
in_state: for how long
steps_done: counter
steps_total: counter
expected: how long all its steps should take
taken_at: it began
ended_at: it ended
elapsed: how long it has taken
out_since: it may be out since
back_at: it was proved back
taken_over_by: who took it over while out
no_return_begun: a step that cannot be taken back has begun
proved: all phases that prove have passed
asked: what a person asked, until the coordinator has answered
mouths: group and the member its changes go through
remembered: values remembered once
position: order
plan: everything pinned for it
sheet: how to finish by hand, as it lies on the host; drydock status --sheet
$$);

create or replace view fleet.step as
select t.rollout_id as rollout, b.name as backend, s.position, s.state,
	s.phase, s.name as step, s.kind, s.target, h.name as host, a.argv,
	coalesce(a.nr, 0) as attempt,
	coalesce((s.spec->>'retries')::int, 0) + 1 as max_attempts,
	s.started_at, s.ended_at as finished_at, fleet_internal.elapsed(
		s.started_at, coalesce(s.ended_at, case when s.state in
			('running', 'unknown') then n.now end)) as elapsed,
	fleet_internal.span(s.expected_ms) as expected, s.wait_until,
	greatest(fleet_internal.elapsed(n.now, s.wait_until), interval '0')
		as wait_remaining,
	fleet_internal.span((s.spec->>'timeout_ms')::numeric) as timeout,
	a.exit_status as exit_code, a.signal, a.timed_out, s.message,
	u.name as undoes, s.repairs, a.attempt_id,
	coalesce((s.spec->>'no_return')::bool, false) as no_return, s.spec,
	s.step_id
  from fleet_internal.step s
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.backend b using (backend_id)
 cross join fleet_internal.moment n
  left join fleet_internal.step u on u.step_id = s.undoes
  left join lateral (select x.* from fleet_internal.attempt x
	 where x.step_id = s.step_id order by x.nr desc limit 1) a on true
  left join fleet_internal.host h on h.host_id = a.host_id;
select fleet_internal.describe('fleet.step', $$
Every step of every rollout with its last attempt. Ask for one rollout.
rollout: the rollout
backend: the backend
position: order within the backend's turn
state: pending, running, passed, failed, unknown, skipped or undone
phase: its phase
step: its name
kind: run, poll, wait, approve, copy, clean or package
target: backend, a group, or each group
host: where the last attempt went
argv: the exact command of the last attempt
attempt: how many there were
max_attempts: how many there may be by themselves
started_at: first begun
finished_at: came to its state
elapsed: how long it took or has taken
expected: how long it should take
wait_until: a wait's end
wait_remaining: until then
timeout: its limit
exit_code: of the last attempt
signal: that ended the last attempt
timed_out: the last attempt was ended by its own limit
message: last sentence about it
undoes: the step that this one takes back
repairs: how often its check was repaired later
attempt_id: of the last attempt
no_return: it cannot be taken back
spec: everything planned for it
step_id: number
$$);

-- A turn with nothing left to do that has not ended: it has to stay in service
-- for as long as the strategy says, and as two looks of a group are apart.
create or replace view fleet_internal.settling as
select t.turn_id, t.rollout_id, t.backend_id, t.position, t.phase, n.since,
	greatest(case when t.state = 'working' or t.no_return_begun then
		(r.strategy->>'settle_ms')::bigint end,
		(select max(g.confirm_ms) from fleet_internal.member_group g
		  where g.fleet_id = t.fleet_id), 0) as settle_ms
  from fleet_internal.turn t
  join fleet_internal.rollout r using (rollout_id)
 cross join lateral (select max(s.ended_at) as since,
		count(*) filter (where case when t.state = 'working'
			or s.undoes is not null or s.spec ? 'again'
			then s.state not in ('passed', 'skipped', 'undone')
			else s.state in ('running', 'unknown') end) as left_
	  from fleet_internal.step s where s.turn_id = t.turn_id
	   -- the counter first: few of those at work have come that far
	   and (t.state <> 'working' or t.steps_done >= t.steps_total)) n
 where t.state in ('working', 'restoring') and n.left_ = 0
   and n.since is not null;
select fleet_internal.describe('fleet_internal.settling', $$
Turns whose steps are all over and that are being proved.
turn_id: the turn
rollout_id: its rollout
backend_id: its backend
position: order in the rollout
phase: the last one
since: the last step ended
settle_ms: it must be in service for that long at least
$$);

-- A function, so that all of that is planned only when a turn comes that far: on
-- a new connection it is more than half of what a look at the step in hand costs.
create or replace function fleet_internal.settling_of(p_turn bigint)
returns setof fleet_internal.settling language sql stable strict
security definer rows 1 set search_path = pg_catalog, pg_temp as $$
	select s.* from fleet_internal.settling s where s.turn_id = p_turn
$$;
comment on function fleet_internal.settling_of(bigint) is
	'A turn that is being proved, or nothing.';

-- not from fleet.step: only the partial index of steps in hand is read
create or replace view fleet.current_step as
select t.rollout_id as rollout, b.name as backend, s.state, s.phase,
	s.name as step, s.kind, s.target, h.name as host, a.argv,
	coalesce(a.nr, 0) as attempt, s.started_at,
	fleet_internal.elapsed(s.started_at, n.now) as elapsed,
	fleet_internal.span(s.expected_ms) as expected, s.wait_until,
	greatest(fleet_internal.elapsed(n.now, s.wait_until), interval '0')
		as wait_remaining,
	fleet_internal.span((s.spec->>'timeout_ms')::numeric) as timeout,
	s.message, s.step_id
  from fleet_internal.turn t
  join fleet_internal.step s on s.turn_id = t.turn_id
	and s.state in ('running', 'unknown', 'failed')
  join fleet_internal.backend b using (backend_id)
 cross join fleet_internal.moment n
  left join lateral (select x.* from fleet_internal.attempt x
	 where x.step_id = s.step_id order by x.nr desc limit 1) a on true
  left join fleet_internal.host h on h.host_id = a.host_id
 where t.state in ('working', 'held', 'restoring', 'out')
union all
select t.rollout_id, b.name, 'running', x.phase, 'settle', 'wait', 'backend',
	null, null, 0, x.since, fleet_internal.elapsed(x.since, n.now),
	fleet_internal.span(x.settle_ms),
	x.since + fleet_internal.span(x.settle_ms),
	greatest(fleet_internal.elapsed(n.now, x.since
		+ fleet_internal.span(x.settle_ms)), interval '0'), null,
	'all its steps are over; it must be proved in service for that long',
	null
  from fleet_internal.turn t
 cross join lateral fleet_internal.settling_of(t.turn_id) x
  join fleet_internal.backend b on b.backend_id = t.backend_id
 cross join fleet_internal.moment n
 where t.state = 'restoring'
    or t.state = 'working' and t.steps_done >= t.steps_total;
select fleet_internal.describe('fleet.current_step', $$
Only the steps in hand: running, failed or of unknown outcome, of turns that have not ended. After the last one: settle, while the backend is being proved.
rollout: the rollout
backend: the backend
state: running, failed or unknown
phase: its phase
step: its name
kind: run, poll, wait, approve, copy, clean or package
target: backend, a group, or each group
host: where the last attempt went
argv: the exact command of the last attempt
attempt: how many there were
started_at: first begun
elapsed: how long it has taken
expected: how long it should take
wait_until: a wait's end
wait_remaining: until then
timeout: its limit
message: last sentence about it
step_id: number
$$);

create or replace view fleet.attempt as
select t.rollout_id as rollout, b.name as backend, s.name as step, a.nr as attempt,
	a.state, h.name as host, a.argv, a.sent_at, a.ended_at,
	a.exit_status as exit_code, a.signal, a.timed_out,
	fleet_internal.span(a.ms) as took, a.why, a.origin, a.seq, a.epoch,
	a.after, a.note, a.result, a.attempt_id, a.step_id
  from fleet_internal.attempt a
  join fleet_internal.step s using (step_id)
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.host h on h.host_id = a.host_id;
select fleet_internal.describe('fleet.attempt', $$
Every execution of every step. Ask for one rollout.
rollout: the rollout
backend: the backend
step: the step
attempt: first, second ...
state: sent, ended, unsent, unknown or abandoned
host: the machine
argv: the exact command
sent_at: written down, right before sending
ended_at: its end was told
exit_code: of the command
signal: that ended it
timed_out: ended by its own limit
took: how long it ran, on the host's clock
why: why it was not sent, is unknown or was abandoned
origin: journal = learned from the agent's journal
seq: number among the fleet's changes
epoch: of the coordinator that sent it
after: attempt before it
note: values remembered so far
result: what the agent told
attempt_id: by which the agent knows it
step_id: number of the step
$$);

create or replace view fleet.timeline as
select t.rollout_id as rollout, b.name as backend, p.name as phase, p.state,
	p.started_at, p.ended_at as finished_at, fleet_internal.elapsed(
		p.started_at, coalesce(p.ended_at, case when p.state = 'running'
			then n.now end)) as elapsed,
	fleet_internal.span(p.expected_ms) as expected, p.takes_out,
	p.no_pause, p.proves, p.rest, p.committed_at, t.state as turn,
	t.position as backend_position, p.position as phase_position
  from fleet_internal.turn_phase p
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.backend b using (backend_id)
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet.timeline', $$
One row per rollout, backend and phase: the bars of a chart.
rollout: the rollout
backend: the backend
phase: the phase
state: pending, running, done, failed, undone or skipped
started_at: begun
finished_at: ended
elapsed: how long it took or has taken
expected: how long it should take
takes_out: the backend leaves service in it
no_pause: carried to its end once begun
proves: shows that the backend works
rest: what the backend is at its end
committed_at: a phase without pause was written down whole
turn: state of the backend's turn
backend_position: order of the backend
phase_position: order of the phase
$$);
