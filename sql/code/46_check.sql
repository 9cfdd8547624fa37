-- 46_check.sql - the check before a backend is taken.
--
-- A start files a check of the whole fleet, as a person would. Its answer is
-- judged when it is written: without an error the rollout is checked and may
-- take its first backend. A person's own check of the rollout counts as well.

set local role fleet_owner;

create or replace function fleet_internal.ask_check(p_rollout bigint,
	p_backend text default null)
returns bigint language plpgsql as $$
declare
	r fleet_internal.rollout;
	a jsonb := jsonb_strip_nulls(jsonb_build_object('rollout', p_rollout,
		'backend', p_backend, 'start', true));
	id bigint;
begin
	select * into r from fleet_internal.rollout
	 where rollout_id = p_rollout;
	select q.request_id into id from fleet_internal.request q
	 where q.request_id = r.check_request and q.done_at is null
	   and q.args = a;
	if found then
		return id;
	end if;
	insert into fleet_internal.request (fleet_id, kind, args, asked_by,
		asked_at)
	values (r.fleet_id, 'check', a, coalesce(r.start_by, r.created_by),
		fleet_internal.clock()) returning request_id into id;
	update fleet_internal.rollout set check_request = id
	 where rollout_id = p_rollout;
	perform fleet_internal.wake(r.fleet_id);
	return id;
end $$;
comment on function fleet_internal.ask_check(bigint, text) is
	'Files the check of a rollout, of all its backends or of one; the open one when there is one.';

create or replace function fleet_internal.op_check(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	return fleet_internal.ask_check(r, (select b.name
		from fleet_internal.turn t
		join fleet_internal.backend b using (backend_id)
		where t.turn_id = (op->>'turn')::bigint
		  and t.rollout_id = r));
end $$;
comment on function fleet_internal.op_check(int, bigint, timestamptz, jsonb) is
	'{"op":"check","turn"}: the rollout is to be checked, or one of its backends.';

-- What a person lifted for one backend does not count: target_in its absence,
-- check everything about it.
create or replace function fleet_internal.check_lifted(p_rollout bigint,
	x fleet_internal.finding)
returns bool language sql stable as $$
	select exists (select from fleet_internal.override_ o
		  join fleet_internal.backend b using (backend_id)
		 where o.rollout_id = p_rollout and o.ended_at is null
		   and (o.until is null or o.until > fleet_internal.clock())
		   and b.name in (x.backend, x.host)
		   and (o.gate = 'check'
			or o.gate = 'target_in' and x.code = 'IN_SERVICE'))
$$;
comment on function fleet_internal.check_lifted(bigint, fleet_internal.finding) is
	'Whether an override in force says that this error does not count.';

create or replace function fleet_internal.check_errors(
	q fleet_internal.request)
returns text language sql stable as $$
	select case when not q.ok then coalesce(q.message, 'no answer')
	else (select format('%s: %s%s',
			fleet_internal.counted(count(*), 'error', 'errors'),
			string_agg(y.line, '; ' order by y.nr)
				filter (where y.nr <= 3),
			case when count(*) > 3 then '; …' else '' end)
		from (select format('%s%s: %s', x.code, coalesce(' '
				|| coalesce(x.backend, x.host), ''),
				left(x.message, 300)) as line,
			row_number() over (order by x.position) as nr
			from fleet_internal.finding x
			where x.request_id = q.request_id
			  and x.severity = 'error'
			  and not fleet_internal.check_lifted(
				(q.args->>'rollout')::bigint, x)) y
		having count(*) > 0) end
$$;
comment on function fleet_internal.check_errors(fleet_internal.request) is
	'What a finished check of a rollout found wrong, in words; null = nothing that counts.';

-- What was seen before the start says nothing about it. The check that the
-- rollout waits for is of after it (the start forgets the one before), also
-- when the clock was set back since.
create or replace function fleet_internal.judge_check(
	q fleet_internal.request)
returns void language plpgsql as $$
declare
	r fleet_internal.rollout;
	wrong text := fleet_internal.check_errors(q);
	said text;
begin
	perform from fleet_internal.fleet f
	  where f.fleet_id = q.fleet_id for no key update;
	select * into r from fleet_internal.rollout x
	 where x.rollout_id = (q.args->>'rollout')::bigint
	   and x.fleet_id = q.fleet_id
	   and x.state in ('running', 'scheduled') for no key update;
	if not found then
		return;
	end if;
	said := format('check of rollout %s: %s', r.rollout_id, wrong);
	if wrong is not null and q.args ? 'start' then
		-- once started it is asked again and again: each thing is told once
		if not exists (select from fleet_internal.event e
				where e.rollout_id = r.rollout_id
				  and e.at >= r.started_at
				  and e.message = said) then
			perform fleet_internal.note(r.fleet_id,
				case when r.start_at is null
					then 'rollout.check'
				else 'schedule.check' end, 'warning', said,
				r.rollout_id, p_detail => jsonb_build_object(
					'request', q.request_id));
		end if;
	elsif wrong is not null or r.state <> 'running' or (q.taken_at
	      < r.started_at and q.request_id is distinct from r.check_request) then
		null;
	elsif q.args ? 'backend' then
		update fleet_internal.turn t set checked_at = q.taken_at
		  from fleet_internal.backend b
		 where t.rollout_id = r.rollout_id
		   and b.backend_id = t.backend_id
		   and b.name = q.args->>'backend';
	else
		update fleet_internal.rollout set checked_at = q.taken_at
		 where rollout_id = r.rollout_id;
		perform fleet_internal.note(r.fleet_id, 'rollout.checked',
			'info', format('rollout %s is checked: nothing is wrong',
				r.rollout_id), r.rollout_id,
			p_detail => jsonb_build_object('request', q.request_id));
	end if;
	perform fleet_internal.wake(r.fleet_id);
end $$;
comment on function fleet_internal.judge_check(fleet_internal.request) is
	'What the answer of a check means for the rollout that waits for it.';

create or replace function fleet_internal.check_json(p_request bigint)
returns jsonb language sql stable as $$
	select jsonb_build_object('backend', q.args->>'backend',
		'asked_ms', fleet_internal.ms(q.asked_at),
		'done_ms', fleet_internal.ms(q.done_at),
		'wrong', case when q.done_at is not null
			then fleet_internal.check_errors(q) end)
	  from fleet_internal.request q where q.request_id = p_request
$$;
comment on function fleet_internal.check_json(bigint) is
	'The check asked last as the coordinator reads it.';
