-- 45_engine.sql - ops that only the engine's rules need.

set local role fleet_owner;

-- A proof that runs again before users return: a copy at the end of the rows.
create or replace function fleet_internal.op_again_step(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	id bigint;
begin
	insert into fleet_internal.step (turn_id, position, phase, name, kind,
		target, spec, expected_ms)
	select s.turn_id, (select max(x.position) + 1
			     from fleet_internal.step x
			    where x.turn_id = s.turn_id),
		s.phase, 'again ' || s.name, s.kind, s.target,
		s.spec || '{"again": true}', s.expected_ms
	  from fleet_internal.step s
	  join fleet_internal.turn t using (turn_id)
	 where s.step_id = (op->>'step')::bigint and t.rollout_id = r
	returning step_id into id;
	if not found then
		perform fleet_internal.op_missed('step', op->>'step', null, op);
	end if;
	update fleet_internal.turn t set steps_total = steps_total + 1,
		expected_ms = t.expected_ms + s.expected_ms
	  from fleet_internal.step s
	 where s.step_id = id and t.turn_id = s.turn_id;
	return id;
end $$;
comment on function fleet_internal.op_again_step(int, bigint, timestamptz, jsonb) is
	'{"op":"again_step","step"}: repeats a step of a phase that proves, after everything that is there.';

-- A turn that was put back and waits again: nothing of the first time counts.
create or replace function fleet_internal.op_turn_anew(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	t bigint := (op->>'turn')::bigint;
begin
	update fleet_internal.turn set remembered = '{}', mouths = '{}',
		no_return_begun = false, proved = false, cause = null,
		steps_done = (select count(*) from fleet_internal.step s
			       where s.turn_id = t and (s.undoes is not null
				     or s.spec ? 'again')),
		work_ms = 0, phase = null, taken_at = null,
		window_closes_at = null, overrun_at = null
	 where turn_id = t and rollout_id = r;
	update fleet_internal.turn_phase set state = 'pending',
		started_at = null, ended_at = null, committed_at = null,
		committed = null
	 where turn_id = t;
	update fleet_internal.step set state = 'pending', started_at = null,
		ended_at = null, wait_until = null, repairs = 0,
		failed = 0, paused_ms = 0
	 where turn_id = t and undoes is null and not spec ? 'again'
	   and (state, failed, repairs) <> ('pending', 0, 0);
	return null;
end $$;
comment on function fleet_internal.op_turn_anew(int, bigint, timestamptz, jsonb) is
	'{"op":"turn_anew","turn"}: with the edge to waiting: its steps begin again.';

-- A result as the agent told it, put together again from its parts.
create or replace function fleet_internal.attempt_result(
	a fleet_internal.attempt)
returns jsonb language sql stable as $$
	select coalesce(a.result, '{}') || coalesce((
		select jsonb_object_agg(o.stream, jsonb_build_object(
			'bytes', o.bytes, 'lines', o.lines,
			'sha256', o.sha256, 'cut', o.cut, 'head',
			translate(encode(o.head, 'base64'), E'\n', '')))
		  from fleet_internal.output o
		 where o.attempt_id = a.attempt_id), '{}')
	 where a.state = 'ended'
$$;
comment on function fleet_internal.attempt_result(fleet_internal.attempt) is
	'What an agent told of an attempt that ended, with the beginnings of its output.';

-- load_work() with one turn whole besides the one in hand, and the results of
-- what runs.
create or replace function fleet_internal.load_detail(p_fleet int,
	p_turn bigint)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
	w jsonb := fleet_internal.load_work(p_fleet);
	t fleet_internal.turn;
	i int;
begin
	if p_turn is null then
		return w;
	end if;
	select * into t from fleet_internal.turn x
	 where x.turn_id = p_turn and x.fleet_id = p_fleet;
	select x.nr - 1 into i
	  from jsonb_array_elements(w->'turns') with ordinality x(v, nr)
	 where (x.v->>'turn_id')::bigint = p_turn;
	if i is null or exists (select from jsonb_array_elements(w->'turns') x
		where x->>'state' in ('working', 'held', 'restoring')) then
		return w;
	end if;
	w := jsonb_set(w, '{turns}', (select jsonb_agg(x.v - 'steps' - 'phases'
			order by x.nr)
		from jsonb_array_elements(w->'turns') with ordinality x(v, nr)));
	return jsonb_set(w, array['turns', i::text],
		fleet_internal.turn_json(t, true));
end $$;
comment on function fleet_internal.load_detail(int, bigint) is
	'What load_work() answers, with that turn as the one that is whole.';

-- The agent knows an attempt that the database does not, which lost its last
-- commits or was away when it was made: what is there happened. "unsent": ours,
-- which was to come after another one and was never begun.
create or replace function fleet_internal.op_adopt(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	state text := case op->>'state' when 'running' then 'sent'
		when 'ended' then 'ended' else 'unknown' end;
begin
	if op ? 'unsent' then
		perform fleet_internal.op_attempt_end(f, r, now_,
			jsonb_build_object('id', op->>'unsent', 'to', 'unsent',
			'why', 'the agent knows a later attempt'));
	end if;
	if exists (select from fleet_internal.attempt a
			where a.attempt_id = (op->>'id')::uuid) then
		return null;
	end if;
	perform fleet_internal.op_attempt(f, r, now_, op - 'after' - 'seq'
		|| '{"origin": "journal"}');
	if state <> 'sent' then
		perform fleet_internal.op_attempt_end(f, r, now_,
			jsonb_build_object('id', op->>'id', 'to', state,
			'result', op->'result', 'why', 'from the journal'));
	end if;
	perform fleet_internal.note(f, 'attempt.adopted', 'warning',
		'an attempt that the database did not know was adopted from the agent',
		r, null, null, (op->>'step')::bigint, op - 'op', null, 'journal');
	return null;
end $$;
comment on function fleet_internal.op_adopt(int, bigint, timestamptz, jsonb) is
	'{"op":"adopt","id","unsent","step","host","state","note","result"}: takes over what an agent''s journal knows and no row does; unsent: what it did not take instead, if any.';
