-- 77_schedule_tick.sql - what is due: the coordinator calls it every few
-- seconds, and whatever was missed is found again at the next call.

set local role fleet_owner;

create or replace function fleet_internal.schedule_over(
	s fleet_internal.schedule, p_result text)
returns void language sql as $$
	update fleet_internal.schedule x set last_at = s.next_at,
		last_rollout = s.rollout_id, last_result = p_result,
		request_id = null, rollout_id = null,
		next_at = fleet_internal.schedule_after(s.days, s.nth,
			s.starts, s.zone, greatest(s.next_at,
				fleet_internal.clock()))
	 where x.schedule_id = s.schedule_id
$$;
comment on function fleet_internal.schedule_over(fleet_internal.schedule, text) is
	'A start is behind it: the next one.';

-- In the name of who added it, as that person could have asked.
create or replace function fleet_internal.schedule_plan(
	s fleet_internal.schedule)
returns void language plpgsql as $$
declare
	late interval := fleet_internal.clock() - s.next_at;
	change record := fleet_internal.change_why(s.fleet_id,
		s.options->>'change_ref');
	id bigint;
begin
	if late > interval '5 min' and s.missed = 'skip' then
		perform fleet_internal.note(s.fleet_id, 'schedule.missed',
			'warning', format('schedule s%s: the start of %s %s was missed, no coordinator was there; skipped, as it says',
			s.schedule_id, s.procedure,
			fleet_internal.window_text(s.fleet_id, s.next_at)));
		perform fleet_internal.schedule_over(s, 'missed, skipped');
		return;
	elsif change.what is not null then
		perform fleet_internal.note(s.fleet_id, 'schedule.failed', 'error',
			format('schedule s%s: %s is not started %s: %s. %s; type: drydock schedule cancel s%s, and add it again with --change',
			s.schedule_id, s.procedure, fleet_internal.window_text(
				s.fleet_id, s.next_at), change.what, change.why,
			s.schedule_id));
		perform fleet_internal.schedule_over(s, 'not started: '
			|| change.what);
		return;
	end if;
	insert into fleet_internal.request (fleet_id, kind, args, asked_by,
		asked_at)
	select s.fleet_id, 'plan', s.args || jsonb_build_object('save', true,
		'procedure', p.name, 'procedure_sha256', p.sha256,
		'note', format('schedule s%s: %s', s.schedule_id, s.spec)),
		s.added_by, fleet_internal.clock()
	  from fleet_internal.find_procedure(s.procedure) p
	returning request_id into id;
	update fleet_internal.schedule set request_id = id
	 where schedule_id = s.schedule_id;
	perform fleet_internal.wake(s.fleet_id);
end $$;
comment on function fleet_internal.schedule_plan(fleet_internal.schedule) is
	'Asks for the plan of the next start; skips one that was missed, or that has no change ticket.';

-- Before its hour there is time to plan what is true now.
create or replace function fleet_internal.schedule_anew(
	s fleet_internal.schedule, r fleet_internal.rollout, p_why text)
returns void language plpgsql as $$
begin
	update fleet_internal.rollout set state = 'cancelled',
		finished_at = fleet_internal.clock(), message = p_why
	 where rollout_id = r.rollout_id;
	perform fleet_internal.rollout_over(r.rollout_id,
		fleet_internal.clock());
	update fleet_internal.schedule set request_id = null, rollout_id = null
	 where schedule_id = s.schedule_id;
	perform fleet_internal.note(s.fleet_id, 'schedule.replanned', 'notice',
		format('schedule s%s plans anew, and rollout %s is cancelled: %s',
		s.schedule_id, r.rollout_id, p_why), r.rollout_id);
	perform fleet_internal.wake(s.fleet_id);
end $$;
comment on function fleet_internal.schedule_anew(fleet_internal.schedule, fleet_internal.rollout, text) is
	'The plan for the next start is out of date: it is made again.';

-- The plan is there: it waits for its hour as if a person had started it.
create or replace function fleet_internal.schedule_take(
	s fleet_internal.schedule, q fleet_internal.request)
returns void language plpgsql as $$
declare
	id bigint := (q.result->>'rollout')::bigint;
begin
	if not coalesce(q.ok, false) or id is null then
		perform fleet_internal.note(s.fleet_id, 'schedule.failed', 'error',
			format('schedule s%s: %s could not be planned for %s: %s',
			s.schedule_id, s.procedure, fleet_internal.window_text(
				s.fleet_id, s.next_at), coalesce(q.message, 'no reason told')));
		perform fleet_internal.schedule_over(s, 'not planned: '
			|| coalesce(q.message, 'no reason told'));
		return;
	end if;
	update fleet_internal.rollout r set state = 'scheduled',
		start_by = s.added_by, start_at = s.next_at, missed = s.missed,
		ignore_window = coalesce((s.options->>'ignore_window')::bool, false),
		stop_after = nullif(coalesce((s.options->>'stop_after')::int,
			r.stop_after), 0),
		change_ref = coalesce(s.options->>'change_ref', r.change_ref),
		revision = revision + 1
	 where r.rollout_id = id and r.state = 'planned';
	perform fleet_internal.ask_check(id);
	update fleet_internal.schedule set rollout_id = id
	 where schedule_id = s.schedule_id;
	perform fleet_internal.note(s.fleet_id, 'rollout.scheduled', 'notice',
		format('rollout %s will start %s, by schedule s%s of %s', id,
		fleet_internal.window_text(s.fleet_id, s.next_at),
		s.schedule_id, s.added_by), id);
	perform fleet_internal.wake(s.fleet_id);
end $$;
comment on function fleet_internal.schedule_take(fleet_internal.schedule, fleet_internal.request) is
	'Turns a finished plan into a scheduled rollout, or tells why there is none.';

create or replace function fleet_internal.schedule_step(
	s fleet_internal.schedule)
returns void language plpgsql as $$
declare
	q fleet_internal.request;
	r fleet_internal.rollout;
	stale text;
begin
	select * into r from fleet_internal.rollout x
	 where x.rollout_id = s.rollout_id;
	if found then
		stale := fleet_internal.stale_why(r);
		if r.state = 'scheduled' and stale is not null
		   and s.next_at > fleet_internal.clock() then
			perform fleet_internal.schedule_anew(s, r, stale);
		elsif r.state not in ('planned', 'scheduled') then
			perform fleet_internal.schedule_over(s, case
				when r.state = 'cancelled' then 'cancelled'
					|| coalesce(': ' || r.message, '')
				else 'started' end);
		end if;
		return;
	end if;
	select * into q from fleet_internal.request x
	 where x.request_id = s.request_id;
	if not found then
		perform fleet_internal.schedule_plan(s);
	elsif q.done_at is not null then
		perform fleet_internal.schedule_take(s, q);
	end if;
end $$;
comment on function fleet_internal.schedule_step(fleet_internal.schedule) is
	'Moves a schedule whose start is at most an hour away by one step.';

create or replace function fleet_internal.schedule_delay(
	r fleet_internal.rollout)
returns void language plpgsql as $$
declare
	other bigint;
begin
	select x.rollout_id into other from fleet_internal.rollout x
	 where x.fleet_id = r.fleet_id and x.state = 'running';
	if not found then
		return;
	end if;
	update fleet_internal.rollout set delay_told = true
	 where rollout_id = r.rollout_id;
	perform fleet_internal.note(r.fleet_id, 'rollout.delayed', 'warning',
		format('rollout %s should have started %s, but rollout %s runs; it is %s when that has ended',
		r.rollout_id, fleet_internal.window_text(r.fleet_id, r.start_at),
		other, case r.missed when 'skip' then 'skipped, unless that is soon,'
			else 'started' end), r.rollout_id);
end $$;
comment on function fleet_internal.schedule_delay(fleet_internal.rollout) is
	'Tells once that another rollout is in the way of a scheduled one.';

-- What is refused one keeps no other from its start; what the server lacks is
-- tried again whole.
create or replace function fleet_internal.schedule_look(
	s fleet_internal.schedule)
returns void language plpgsql as $$
declare
	told text;
begin
	perform fleet_internal.schedule_step(s);
	update fleet_internal.schedule set last_result = null
	 where schedule_id = s.schedule_id and last_result = s.last_result
	   and last_result like 'refused: %';
exception when others then
	if left(sqlstate, 2) in ('40', '53', '57', '58') then
		raise;
	end if;
	told := 'refused: ' || left(sqlerrm, 500);
	if told is distinct from s.last_result then
		update fleet_internal.schedule set last_result = told
		 where schedule_id = s.schedule_id;
		perform fleet_internal.note(s.fleet_id, 'schedule.failed',
			'error', format('schedule s%s: the database refuses what the start of %s %s needs: %s; repair that: it is tried again by itself until then',
			s.schedule_id, s.procedure, fleet_internal.window_text(
				s.fleet_id, s.next_at), left(sqlerrm, 500)));
	end if;
end $$;
comment on function fleet_internal.schedule_look(fleet_internal.schedule) is
	'Moves one schedule; what the database refuses is told once, in its last result and as an event.';

create or replace function fleet_internal.schedule_tick(p_coordinator int)
returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f record;
	s fleet_internal.schedule;
	r fleet_internal.rollout;
	now_ timestamptz := fleet_internal.clock();
	n int := 0;
begin
	perform fleet_internal.demand(null, 'answer');
	for f in select x.fleet_id from fleet_internal.fleet x
		  where x.holder = p_coordinator and (exists (
			select from fleet_internal.schedule y
			 where y.fleet_id = x.fleet_id and y.ended_at is null
			   and y.next_at <= now_ + interval '1 h')
		     or exists (select from fleet_internal.rollout y
			 where y.fleet_id = x.fleet_id and y.state = 'scheduled'))
		  order by x.fleet_id for no key update skip locked
	loop
		for s in select * from fleet_internal.schedule y
			 where y.fleet_id = f.fleet_id and y.ended_at is null
			   and y.next_at <= now_ + interval '1 h'
			 order by y.schedule_id loop
			perform fleet_internal.schedule_look(s);
			n := n + 1;
		end loop;
		for r in select * from fleet_internal.rollout y
			 where y.fleet_id = f.fleet_id and y.state = 'scheduled'
			 order by y.rollout_id loop
			if r.check_due_at <= now_ then
				perform fleet_internal.ask_check(r.rollout_id);
				update fleet_internal.rollout
				   set check_due_at = null
				 where rollout_id = r.rollout_id;
			end if;
			if r.start_at < now_ and not r.delay_told then
				perform fleet_internal.schedule_delay(r);
			end if;
			n := n + 1;
		end loop;
	end loop;
	return n;
end $$;
comment on function fleet_internal.schedule_tick(int) is
	'Moves the schedules and scheduled rollouts of a coordinator''s fleets; how many there were.';

create or replace view fleet.schedule as
select f.name as fleet, 's' || s.schedule_id as id, s.schedule_id as schedule,
	s.spec, s.zone, s.procedure, s.next_at as starts_at,
	fleet_internal.elapsed(n.now, s.next_at) as starts_in, s.rollout_id as rollout,
	case when r.rollout_id is not null then r.state
	     when s.request_id is not null then 'planning'
	     else 'waits' end as state,
	s.missed, s.last_at, s.last_rollout, s.last_result, s.added_by,
	s.added_at
  from fleet_internal.schedule s
  join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.rollout r using (rollout_id)
 cross join fleet_internal.moment n
 where s.ended_at is null
union all
select f.name, r.rollout_id::text, null, null, f.timezone, p.name, r.start_at,
	fleet_internal.elapsed(n.now, r.start_at), r.rollout_id,
	r.state, r.missed, null, null, null,
	r.start_by, r.created_at
  from fleet_internal.rollout r
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.procedure p using (procedure_id)
 cross join fleet_internal.moment n
 where r.state = 'scheduled' and not exists (
	select from fleet_internal.schedule s
	 where s.rollout_id = r.rollout_id and s.ended_at is null);
select fleet_internal.describe('fleet.schedule', $$
What will start by itself: schedules that come again, and rollouts that were started for later.
fleet: the fleet
id: what schedule cancel takes: s3 a schedule, 17 a rollout
schedule: number of a schedule that comes again; null = once
spec: when it comes again, as written
zone: whose wall clock is meant
procedure: what is done
starts_at: its next start
starts_in: until then
rollout: the rollout planned for that; from an hour before
state: waits, planning, scheduled
missed: when nobody could start it in time: start it late, or skip it
last_at: the start before
last_rollout: what it became
last_result: what came of it
added_by: by whom
added_at: when
$$);
