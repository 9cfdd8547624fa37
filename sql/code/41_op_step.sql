-- 41_op_step.sql - ops on steps and attempts.

set local role fleet_owner;

create or replace function fleet_internal.op_step(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	s record;
	t text := op->>'to';
	was text := op->>'from';
	at_ timestamptz := fleet_internal.op_at(now_, op);
	delta int;
	leaves bool;
	seq bigint;
begin
	update fleet_internal.step x set state = t,
		-- tried again it has all its time again, as a poll's at_most
		started_at = case when t = 'running' and (was = 'pending'
				or x.started_at is null)
			then at_ else x.started_at end,
		paused_ms = case when t = 'running' and was = 'pending'
			then 0 else x.paused_ms end,
		ended_at = case when t in ('running', 'pending', 'unknown')
			then null else at_ end,
		wait_until = case when op ? 'wait_until_ms'
			then fleet_internal.from_ms(op->>'wait_until_ms')
			else x.wait_until end,
		failed = coalesce((op->>'failed')::int, x.failed),
		message = coalesce(op->>'message', x.message)
	  from fleet_internal.turn n
	 where x.step_id = (op->>'step')::bigint and x.state = was
	   and n.turn_id = x.turn_id and n.rollout_id = r
	returning x.step_id, x.turn_id, x.name, x.phase, x.expected_ms,
		n.backend_id, n.phase as turn_phase,
		x.undoes is null and not n.no_return_begun and
			coalesce((x.spec->>'no_return')::bool, false)
			as no_return into s;
	if not found then
		perform fleet_internal.op_missed('step', op->>'step',
			(select x.state from fleet_internal.step x
			   join fleet_internal.turn n using (turn_id)
			  where x.step_id = (op->>'step')::bigint
			    and n.rollout_id = r), op);
		return null;
	end if;
	delta := (t in ('passed', 'skipped', 'undone'))::int
	       - (was in ('passed', 'skipped', 'undone'))::int;
	leaves := t = 'running' and s.no_return;
	if delta <> 0 or leaves
	   or (t = 'running' and s.phase is distinct from s.turn_phase) then
		update fleet_internal.turn set
			steps_done = steps_done + delta,
			work_ms = work_ms + delta * s.expected_ms,
			phase = case when t = 'running' then s.phase
				else phase end,
			no_return_begun = no_return_begun or leaves
		 where turn_id = s.turn_id;
	end if;
	seq := fleet_internal.note(f, 'step.' || t,
		case when t in ('failed', 'unknown') then 'warning'
		     else 'info' end,
		s.name || ': ' || coalesce(op->>'message',
			fleet_internal.sentence('step', was, t)),
		r, s.turn_id, s.backend_id, s.step_id, op->'detail',
		case when op ? 'at_ms' then at_ end, op->>'origin', now_);
	return s.step_id;
end $$;
comment on function fleet_internal.op_step(int, bigint, timestamptz, jsonb) is
	'{"op":"step","step","from","to","message","wait_until_ms","failed","detail"}: a step changes its state; the turn''s counters follow.';

create or replace function fleet_internal.op_step_set(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	update fleet_internal.step x set
		wait_until = case when op ? 'wait_until_ms'
			then fleet_internal.from_ms(op->>'wait_until_ms')
			else x.wait_until end,
		message = coalesce(op->>'message', x.message),
		repairs = coalesce((op->>'repairs')::int, x.repairs)
	  from fleet_internal.turn n
	 where x.step_id = (op->>'step')::bigint
	   and n.turn_id = x.turn_id and n.rollout_id = r;
	return null;
end $$;
comment on function fleet_internal.op_step_set(int, bigint, timestamptz, jsonb) is
	'{"op":"step_set","step","wait_until_ms","message","repairs"}: values of a step beside its state.';

create or replace function fleet_internal.op_attempt(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	s bigint := (op->>'step')::bigint;
	attempt uuid := (op->>'id')::uuid;
begin
	insert into fleet_internal.attempt (attempt_id, step_id, nr, host_id,
		after, seq, epoch, argv, note, sent_at, origin)
	select attempt, s, coalesce((select max(a.nr)
			from fleet_internal.attempt a where a.step_id = s),
			0) + 1, (op->>'host')::int,
		(op->>'after')::uuid, (op->>'seq')::bigint, fleet.epoch,
		case when jsonb_typeof(op->'argv') = 'array' then
			array(select jsonb_array_elements_text(op->'argv')) end,
		coalesce(op->'note', '{}'), fleet_internal.op_at(now_, op),
		coalesce(op->>'origin', 'coordinator')
	  from fleet_internal.step x
	  join fleet_internal.turn t on t.turn_id = x.turn_id
	  join fleet_internal.fleet on fleet.fleet_id = t.fleet_id
	 where x.step_id = s and t.rollout_id = r and t.fleet_id = f
	   and not exists (select from fleet_internal.attempt a
		where a.attempt_id = attempt and a.step_id = s);
	if not found and not exists (select from fleet_internal.attempt a
			where a.attempt_id = attempt and a.step_id = s) then
		perform fleet_internal.op_missed('step', op->>'step', null, op);
	end if;
	return null;
end $$;
comment on function fleet_internal.op_attempt(int, bigint, timestamptz, jsonb) is
	'{"op":"attempt","id","step","host","after","seq","argv","note"}: an attempt is written down before it is sent.';

create or replace function fleet_internal.op_attempt_end(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	res jsonb := coalesce(nullif(op->'result', 'null'), '{}');
	id uuid := (op->>'id')::uuid;
begin
	update fleet_internal.attempt a set state = op->>'to',
		ended_at = case when op->>'to' = 'unknown' then null
			else fleet_internal.op_at(now_, op) end,
		exit_status = (res->>'exit')::int, signal = res->>'signal',
		timed_out = (res->>'timed_out')::bool,
		ms = (res->>'ms')::bigint,
		result = nullif(res - 'out' - 'err', '{}'),
		why = coalesce(op->>'why', a.why)
	  from fleet_internal.step s, fleet_internal.turn t
	 where a.attempt_id = id and a.state <> op->>'to'
	   and s.step_id = a.step_id and t.turn_id = s.turn_id
	   and t.rollout_id = r;
	if not found then
		perform fleet_internal.op_missed('attempt', op->>'id',
			(select a.state from fleet_internal.attempt a
			   join fleet_internal.step s using (step_id)
			   join fleet_internal.turn t using (turn_id)
			  where a.attempt_id = id and t.rollout_id = r), op);
		return null;
	end if;
	if res #>> '{out,bytes}' <> '0' or res #>> '{err,bytes}' <> '0' then
		perform fleet_internal.put_output(id, 'out', res->'out');
		perform fleet_internal.put_output(id, 'err', res->'err');
	end if;
	return null;
end $$;
comment on function fleet_internal.op_attempt_end(int, bigint, timestamptz, jsonb) is
	'{"op":"attempt_end","id","to","result","why"}: what became of an attempt; result as the agent tells it.';

create or replace function fleet_internal.put_output(p_attempt uuid,
	p_stream text, o jsonb)
returns void language plpgsql as $$
begin
	if o is null or coalesce((o->>'bytes')::bigint, 0) = 0 then
		return;
	end if;
	insert into fleet_internal.output (attempt_id, stream, bytes, lines,
		sha256, head, cut)
	values (p_attempt, p_stream, (o->>'bytes')::bigint,
		(o->>'lines')::bigint, o->>'sha256',
		substring(decode(o->>'head', 'base64') for 8192),
		coalesce((o->>'cut')::bool, false))
	on conflict do nothing;
end $$;
comment on function fleet_internal.put_output(uuid, text, jsonb) is
	'Keeps the counts and the beginning of what an attempt printed.';

-- Undo steps come after everything that is there; restore asks for them in
-- reverse order.
create or replace function fleet_internal.op_undo_step(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	u fleet_internal.step;
	id bigint;
	sp jsonb := coalesce(op->'spec', '{}');
begin
	select s.* into u from fleet_internal.step s
	  join fleet_internal.turn t using (turn_id)
	 where s.step_id = (op->>'undoes')::bigint and t.rollout_id = r;
	if not found then
		perform fleet_internal.op_missed('step', op->>'undoes', null, op);
	end if;
	select s.step_id into id from fleet_internal.step s
	 where s.undoes = u.step_id and s.state in
		('pending', 'running', 'unknown', 'failed');
	if found then
		return id;
	end if;
	insert into fleet_internal.step (turn_id, position, phase, name, kind,
		target, undoes, spec, expected_ms)
	select u.turn_id, coalesce((op->>'position')::numeric,
			max(s.position) + 1), coalesce(op->>'phase', u.phase),
		coalesce(op->>'name', 'undo ' || u.name),
		coalesce(op->>'kind', sp->>'kind', 'run'),
		coalesce(op->>'target', sp->>'target', u.target), u.step_id,
		sp, coalesce((op->>'expected_ms')::bigint, 5000)
	  from fleet_internal.step s where s.turn_id = u.turn_id
	returning step_id into id;
	update fleet_internal.turn set steps_total = steps_total + 1,
		expected_ms = expected_ms
			+ coalesce((op->>'expected_ms')::bigint, 5000)
	 where turn_id = u.turn_id;
	return id;
end $$;
comment on function fleet_internal.op_undo_step(int, bigint, timestamptz, jsonb) is
	'{"op":"undo_step","undoes","ref","spec","name","kind","target","expected_ms"}: inserts a step that takes another one back.';
