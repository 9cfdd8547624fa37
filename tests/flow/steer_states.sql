-- steer_states.sql - one fleet in any state that a person can meet, built
-- through the coordinator's door. After tests/sql/fixture.sql.
\set ON_ERROR_STOP on

-- does the call, takes it back, and answers what it said
create function test.try(call text) returns jsonb language plpgsql as $$
declare
	told text;
	st text;
	m text;
	d text;
	h text;
begin
	begin
		execute call into told;
		raise exception using errcode = 'ZZ000',
			message = coalesce(told, '');
	exception when others then
		get stacked diagnostics st = returned_sqlstate,
			m = message_text, d = pg_exception_detail,
			h = pg_exception_hint;
	end;
	return jsonb_build_object('code', st, 'said', m, 'detail', d,
		'hint', h);
end $$;

create function test.phase(r bigint, phase text, to_ text) returns jsonb
language sql as $$
	select test.op('phase', r, 1, jsonb_build_object('phase', phase,
		'to', to_))
$$;

create function test.turn_to(r bigint, was text, now_ text) returns jsonb
language sql as $$
	select test.op('turn', r, 1, jsonb_build_object('from', was,
		'to', now_))
$$;

-- fails a step of the first backend, and the turn with it
create function test.held(r bigint, step text, end_ text) returns void
language sql as $$
	select test.adv(r, jsonb_build_array(
		test.step_op(r, 1, step, 'pending', 'running'),
		test.step_op(r, 1, step, 'running', end_),
		test.turn_to(r, 'working', 'held'),
		test.op('hold', r, 1, jsonb_build_object('kind', 'turn',
			'backend', test.backend(r, 1), 'why', 'it failed'))))
$$;

create function test.passed(r bigint, variadic steps text[]) returns void
language sql as $$
	select test.adv(r, (select jsonb_agg(o) from unnest(steps) s,
		lateral (values (test.step_op(r, 1, s, 'pending', 'running')),
			(test.step_op(r, 1, s, 'running', 'passed'))) v (o)))
$$;

create function test.restored(r bigint, cause text) returns void
language plpgsql as $$
begin
	perform test.adv(r, jsonb_build_array(test.op('turn', r, 1,
		jsonb_build_object('from', 'working', 'to', 'restoring',
			'cause', cause)), test.proof(r, 1),
		test.op('outage_close', r, 1),
		test.turn_to(r, 'restoring', 'restored')));
	if cause <> 'pause' then
		perform test.adv(r, jsonb_build_array(test.op('hold', r, 1,
			jsonb_build_object('kind', 'turn', 'backend',
			test.backend(r, 1), 'why', 'was put back'))));
	end if;
end $$;

-- past the point of no return, its proofs still to come
create function test.stopped(r bigint) returns void language plpgsql as $$
begin
	perform test.take(r, 1);
	perform test.adv(r, jsonb_build_array(
		test.phase(r, 'baseline', 'done'),
		test.phase(r, 'drain', 'done'),
		test.op('phase', r, 1, '{"phase": "stop", "to": "running",
			"committed": [1]}')));
	perform test.passed(r, 'count', 'weight', 'users', 'stop', 'wipe');
	perform test.adv(r, jsonb_build_array(test.phase(r, 'stop', 'done')));
end $$;

create function test.make(state text, name text, net int) returns bigint
language plpgsql as $$
declare
	r bigint;
begin
	perform test.fleet(name, net);
	r := test.plan(name);
	case state
	when 'planned' then return r;
	when 'stale' then
		perform fleet.exclude(name, name || 3, 'disk');
		return r;
	when 'scheduled' then
		perform fleet.start(r, clock_timestamp() + interval '1 h',
			unattended_without_alarm => true);
		return r;
	when 'cancelled' then
		perform fleet.cancel(r);
		return r;
	else perform fleet.start(r);
	end case;

	if state in ('stopped', 'proved', 'held out', 'held unknown',
		     'held asked', 'held paused', 'held aborting', 'undo failed',
		     'undo unknown',
		     'out', 'aborted out', 'taken over') then
		perform test.stopped(r);
	elsif state in ('drained', 'restoring', 'restored',
			'restored by a pause', 'succeeded') then
		perform test.take(r, 1);
	elsif state in ('working', 'held in') then
		perform test.adv(r, jsonb_build_array(
			test.turn_to(r, 'waiting', 'working')));
	end if;

	case state
	when 'running', 'working', 'drained', 'stopped' then null;
	when 'proved' then
		perform test.adv(r, jsonb_build_array(
			test.phase(r, 'verify', 'done')));
	when 'pausing' then
		perform fleet.pause(r, 'lunch');
	when 'paused' then
		perform fleet.pause(r, 'lunch');
		perform test.adv(r, '[{"op": "pause_effective"}]');
	when 'aborting' then
		perform fleet.abort(r, 'enough');
	when 'approval' then
		perform test.adv(r, '[{"op": "hold", "kind": "approval",
			"gate": "canary", "why": "one is done, go on?"}]');
	when 'held in' then
		perform test.held(r, 'count', 'failed');
	when 'held out' then
		perform test.held(r, 'look', 'failed');
	when 'held unknown' then
		perform test.held(r, 'look', 'unknown');
	when 'held asked' then
		perform test.held(r, 'look', 'failed');
		perform fleet.retry(r);
	when 'held paused' then
		perform test.held(r, 'look', 'failed');
		perform fleet.pause(r, 'lunch');
	when 'held aborting' then
		perform test.held(r, 'look', 'failed');
		perform fleet.abort(r, 'enough');
	when 'restoring' then
		perform test.adv(r, jsonb_build_array(test.op('turn', r, 1,
			'{"from": "working", "to": "restoring",
			  "cause": "person"}')));
	when 'undo failed', 'undo unknown' then
		perform test.adv(r, jsonb_build_array(test.op('turn', r, 1,
			'{"from": "working", "to": "restoring",
			  "cause": "person"}'),
			jsonb_build_object('op', 'undo_step', 'undoes',
				test.step(r, 1, 'stop'))));
		perform test.adv(r, (select jsonb_build_array(
			jsonb_build_object('op', 'step', 'step', s.step_id,
				'from', 'pending', 'to', 'running'),
			jsonb_build_object('op', 'step', 'step', s.step_id,
				'from', 'running', 'to',
				substring(make.state from 6)),
			test.turn_to(r, 'restoring', 'held'),
			test.op('hold', r, 1, jsonb_build_object(
				'kind', 'turn', 'backend', test.backend(r, 1),
				'why', 'it could not be put back')))
			from fleet_internal.step s
			where s.turn_id = test.turn(r, 1)
			  and s.undoes is not null));
	when 'restored' then
		perform test.restored(r, 'person');
	when 'restored by a pause' then
		perform test.restored(r, 'pause');
	when 'out' then
		perform test.adv(r, jsonb_build_array(
			test.turn_to(r, 'working', 'out'),
			test.op('hold', r, 1, jsonb_build_object(
				'kind', 'turn', 'backend', test.backend(r, 1),
				'why', 'rests out of service'))));
	when 'aborted out', 'taken over' then
		perform fleet.abort(r, 'enough');
		perform test.adv(r, jsonb_build_array(
			test.turn_to(r, 'working', 'out'),
			'{"op": "rollout", "to": "aborted"}'::jsonb));
		if state = 'taken over' then
			perform fleet.exclude(name, name || 1, 'disk', true);
		end if;
	when 'succeeded' then
		perform test.finish(r, 1);
		for n in 2..3 loop
			perform test.take(r, n);
			perform test.finish(r, n);
		end loop;
		perform test.adv(r, '[{"op": "rollout", "to": "succeeded"}]');
	when 'incomplete' then
		perform test.adv(r, (select jsonb_agg(test.op('turn', r, n,
			'{"from": "waiting", "to": "skipped"}'))
			from generate_series(1, 3) n)
			|| '[{"op": "rollout", "to": "incomplete"}]');
	end case;
	return r;
end $$;

create function test.window(name text) returns int language plpgsql as $$
begin
	perform fleet.window_add(name, '31 Dec', forbid => true);
	return (select w."window" from fleet.window w where w.fleet = name);
end $$;

create function test.schedule(name text) returns int language plpgsql as $$
begin
	perform fleet.schedule_add(name, 'last Sun 23:00', 'restart',
		unattended_without_alarm => true);
	return (select s.schedule from fleet.schedule s
		 where s.fleet = name and s.schedule is not null);
end $$;

-- a coordinator that answers at once, and finds nothing
create function test.answer() returns trigger language plpgsql as $$
begin
	new.taken_at := clock_timestamp();
	new.done_at := clock_timestamp();
	new.ok := true;
	return new;
end $$;
create trigger answer before insert on fleet_internal.request
	for each row execute function test.answer();
