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
		work_ms = 0, phase = null, taken_at = null
	 where turn_id = t and rollout_id = r;
	update fleet_internal.turn_phase set state = 'pending',
		started_at = null, ended_at = null, committed_at = null,
		committed = null
	 where turn_id = t;
	update fleet_internal.step set state = 'pending', started_at = null,
		ended_at = null, wait_until = null, repairs = 0
	 where turn_id = t and undoes is null and not spec ? 'again'
	   and state <> 'pending';
	return null;
end $$;
comment on function fleet_internal.op_turn_anew(int, bigint, timestamptz, jsonb) is
	'{"op":"turn_anew","turn"}: with the edge to waiting: its steps begin again.';
