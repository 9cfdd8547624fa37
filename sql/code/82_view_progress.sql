-- 82_view_progress.sql - how far, how long: from the counters of turns.

set local role fleet_owner;

create or replace view fleet.progress as
select r.rollout_id as rollout, w.state, f.name as fleet,
	p.name as procedure, c.phase, c.backend as current_backend,
	c.step as current_step, c.step_elapsed as current_step_elapsed,
	c.step_expected as current_step_expected,
	t.backends_total, t.backends_done, t.backends_held, t.backends_skipped,
	t.steps_total, t.steps_done,
	case when t.expected_ms > 0 then round(100 * least(t.work_ms + z.now_ms,
		t.expected_ms)::numeric / t.expected_ms, 1) end as percent,
	fleet_internal.elapsed(r.started_at, coalesce(r.finished_at, n.now))
		- fleet_internal.span(r.halted_ms + z.halting_ms) as active,
	case when r.finished_at is null then fleet_internal.span(
		greatest(t.expected_ms - t.work_ms - z.now_ms, 0)) end
		as remaining,
	case when w.state = 'running' then date_trunc('second', n.now
		+ fleet_internal.span(greatest(t.expected_ms - t.work_ms
			- z.now_ms, 0))) end as eta,
	case when w.state in ('paused', 'halted', 'waiting')
		then fleet_internal.elapsed(w.since, n.now) end as paused_for,
	w.why as waits_for, coalesce(w.critical, false) as critical,
	case when r.finished_at is null and t.expected_ms > 0
		then fleet_internal.span(round(z.rest_ms * t.low_ms
			/ t.expected_ms)) end as remaining_low,
	case when r.finished_at is null and t.expected_ms > 0
		then fleet_internal.span(round(z.rest_ms * t.high_ms
			/ t.expected_ms)) end as remaining_high
  from fleet_internal.rollout r
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.procedure p using (procedure_id)
  join fleet_internal.rollout_word w using (rollout_id)
 cross join fleet_internal.moment n
 cross join lateral (select count(*) as backends_total,
		count(*) filter (where y.state = 'done') as backends_done,
		count(*) filter (where y.state in ('held', 'out'))
			as backends_held,
		count(*) filter (where y.state in ('skipped', 'restored'))
			as backends_skipped,
		coalesce(sum(y.steps_total), 0) as steps_total,
		coalesce(sum(y.steps_done), 0) as steps_done,
		coalesce(sum(y.expected_ms), 0) as expected_ms,
		sum(least(coalesce(y.low_ms, y.expected_ms / 2),
			y.expected_ms)) as low_ms,
		sum(greatest(coalesce(y.high_ms, y.expected_ms * 3 / 2),
			y.expected_ms)) as high_ms,
		coalesce(sum(case when y.state in ('done', 'skipped', 'restored')
			then y.expected_ms else y.work_ms end), 0) as work_ms
	  from fleet_internal.turn y where y.rollout_id = r.rollout_id) t
  left join lateral (select b.name as backend, y.phase,
		coalesce(s.name, case when e.turn_id is not null
			then 'settle' end) as step,
		fleet_internal.elapsed(coalesce(s.started_at, e.since), n.now)
			as step_elapsed,
		fleet_internal.span(coalesce(s.expected_ms, e.settle_ms))
			as step_expected,
		case when s.state = 'running' then least(s.expected_ms,
			fleet_internal.ms(fleet_internal.elapsed(
				s.started_at, n.now)))
		     when e.turn_id is not null then least(e.settle_ms,
			fleet_internal.ms(fleet_internal.elapsed(
				e.since, n.now))) end as ms
	  from fleet_internal.turn y
	  join fleet_internal.backend b using (backend_id)
	  left join fleet_internal.step s on s.turn_id = y.turn_id
		and s.state in ('running', 'unknown', 'failed')
	  left join lateral fleet_internal.settling_of(case
		when y.state = 'restoring' or y.state = 'working'
		 and y.steps_done >= y.steps_total then y.turn_id end) e on true
	 where y.rollout_id = r.rollout_id
	   and y.state in ('working', 'held', 'restoring')
	 order by y.position, s.position limit 1) c on true
 cross join lateral (select coalesce(c.ms, 0) as now_ms,
		coalesce(fleet_internal.ms(
			fleet_internal.elapsed(w.since, n.now)), 0)
			as halting_ms,
		greatest(t.expected_ms - t.work_ms - coalesce(c.ms, 0), 0)
			as rest_ms) z;
select fleet_internal.describe('fleet.progress', $$
One row per rollout: counters, percent by expected time, time left.
rollout: the rollout
state: as in fleet.rollout
fleet: the fleet
procedure: what is done
phase: phase of the backend in hand
current_backend: the backend in hand
current_step: its step
current_step_elapsed: how long that has taken
current_step_expected: how long it should take
backends_total: counter
backends_done: counter
backends_held: held or at rest out of service
backends_skipped: skipped or put back
steps_total: counter
steps_done: counter
percent: by expected time
active: time since the start without pauses and holds
remaining: expected time of what is left; stands still while it does not move
eta: when it should end, while it moves
paused_for: how long it has not moved
waits_for: why it does not move
critical: somebody should be called
remaining_low: nine of ten earlier turns took longer than this makes of them; half of remaining while none is known
remaining_high: nine of ten took less; one and a half times remaining while none is known
$$);

-- bytes that a host printed, made harmless: control characters as \xNN
create or replace function fleet_internal.safe_text(b bytea)
returns text language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp as $$
declare
	t text;
	c text;
begin
	begin
		t := convert_from(b, 'UTF8');
	exception when others then
		t := encode(b, 'escape');
	end;
	for c in select distinct m[1] from regexp_matches(t,
			'[\u0001-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]',
			'g') m loop
		t := replace(t, c, '\x'
			|| lpad(to_hex(ascii(c)), case when ascii(c) > 255
				then 4 else 2 end, '0'));
	end loop;
	return t;
end $$;
comment on function fleet_internal.safe_text(bytea) is
	'Bytes as text with control and direction characters spelled out.';

create or replace view fleet.output as
select t.rollout_id as rollout, b.name as backend, s.name as step,
	a.nr as attempt, o.stream, o.at, o.bytes, o.lines, o.cut,
	fleet_internal.safe_text(o.head) as text, o.sha256, h.name as host,
	o.head, o.attempt_id, o.rest, o.pulled_at, o.pull_why
  from fleet_internal.output o
  join fleet_internal.attempt a using (attempt_id)
  join fleet_internal.step s using (step_id)
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.host h on h.host_id = a.host_id;
select fleet_internal.describe('fleet.output', $$
What attempts printed: the first 8 KiB of each stream. Ask for one rollout.
rollout: the rollout
backend: the backend
step: the step
attempt: which one
stream: out or err
at: stored
bytes: how many there were
lines: how many there were
cut: the host stopped keeping it
text: the beginning, control characters spelled out
sha256: of all of it
host: the machine
head: the beginning as it was: hostile bytes
attempt_id: by which the agent knows it
rest: what follows head, pulled from the host afterwards: hostile bytes; null = nothing, or not here
pulled_at: when it was pulled
pull_why: why the rest is not here or not whole
$$);

create or replace view fleet.event as
select f.name as fleet, e.seq, e.at, e.severity, e.kind,
	e.rollout_id as rollout, b.name as backend, e.actor, e.message,
	e.detail, e.happened_at, e.origin, s.name as step
  from fleet_internal.event e
  join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.backend b on b.backend_id = e.backend_id
  left join fleet_internal.step s on s.step_id = e.step_id;
select fleet_internal.describe('fleet.event', $$
Everything that happened, numbered per fleet without gaps. Never changed.
fleet: the fleet
seq: number in the fleet; listeners remember the last one they saw
at: written
severity: debug, info, notice, warning or error
kind: what, for example turn.held
rollout: the rollout
backend: the backend
actor: PostgreSQL user that caused it
message: in words
detail: the values behind it
happened_at: earlier, when the database was away
origin: journal = learned from an agent's journal
step: the step
$$);

create or replace view fleet.drain as
select t.rollout_id as rollout, b.name as backend, x.at,
	x.value as users, x.metric
  from fleet_internal.sample x
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.backend b using (backend_id);
select fleet_internal.describe('fleet.drain', $$
Recorded readings, for example users still there while a backend drains.
rollout: the rollout
backend: the backend
at: when read
users: the number read
metric: which reading
$$);

create or replace view fleet.outage as
select f.name as fleet, b.name as backend, o.out_since, o.back_at,
	fleet_internal.elapsed(o.out_since, coalesce(o.back_at, n.now))
		as lasted,
	o.back_at is null and o.accepted_at is null as takes_slot,
	t.rollout_id as rollout, o.accepted_by, o.accepted_at,
	o.accepted_why as accepted_reason, o.interlock, o.survey_at,
	s.readings as survey, s.needed as must_stay_up,
	s.in_service as others_in_service, p.readings as proof,
	p.left_out as proof_left_out, o.outage_id as outage
  from fleet_internal.outage o
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.turn t using (turn_id)
  join fleet_internal.survey s using (survey_id)
  left join fleet_internal.proof p on p.proof_id = o.proof_id
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet.outage', $$
Every span in which a backend may have been out because of us, with the evidence it opened and closed on.
fleet: the fleet
backend: the backend
out_since: it may be out since
back_at: it was proved back; empty = not yet
lasted: how long
takes_slot: no other backend may be taken
rollout: the rollout
accepted_by: who took it over while out
accepted_at: when
accepted_reason: why
interlock: the slot
survey_at: time of the look at all others that allowed it
survey: what that look saw
must_stay_up: how many had to
others_in_service: how many did
proof: what the look saw that showed it back
proof_left_out: members that were not asked because they are excluded
outage: number
$$);

drop function if exists fleet_internal.event_of(int, bigint, text, text);

-- Each fleet's events lie in order in their key, those of a rollout in an index:
-- the last of each are taken first, and only then put together and named. (The
-- view, sorted, is read from one end to the other.) Planned for what is asked,
-- each time, or a filter that is not asked for keeps the index of another away.
drop function if exists fleet.last_events(int, bigint, text);
create or replace function fleet.last_events(n int default 20,
	rollout bigint default null, fleet text default null,
	backend text default null, step text default null,
	after bigint default 0)
returns setof fleet.event language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_column
begin
	return query select v.* from (select f.name, e.seq, e.at
		  from fleet_internal.fleet f
		 cross join lateral (select y.seq, y.at
			  from fleet_internal.event y
			 where y.fleet_id = f.fleet_id
			   and y.seq > last_events.after
			   and (last_events.rollout is null
				or y.rollout_id = last_events.rollout)
			   and (last_events.backend is null
				or y.backend_id = any (array(
				select b.backend_id from fleet_internal.backend b
				 where b.name = last_events.backend)))
			   and (last_events.step is null or exists (
				select from fleet_internal.step s
				 where s.step_id = y.step_id
				   and s.name = last_events.step))
			 order by y.seq desc limit least(last_events.n, 100000)) e
		 where (last_events.fleet is null or f.name = last_events.fleet)
		   and (last_events.rollout is null or f.fleet_id = (
			select r.fleet_id from fleet_internal.rollout r
			 where r.rollout_id = last_events.rollout))
		 order by e.at desc, e.seq desc
		 limit least(last_events.n, 100000)) x
	  join fleet.event v on v.fleet = x.name and v.seq = x.seq
	 order by x.at, x.seq;
end $$;
comment on function fleet.last_events(int, bigint, text, text, text, bigint) is
	'The last events, oldest first, of everything or of one rollout, fleet, backend or step, and after a number.';
