-- 73_held.sql - what a person decides about a held turn.

set local role fleet_owner;

-- Passed steps from here to the failed one that destroy: never run twice on a
-- guess, so the person must name them.
create or replace function fleet_internal.refuse_retry(t fleet_internal.turn,
	p_from text, p_again bool)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	pos numeric;
	bad text;
begin
	if p_from is null then
		return;
	elsif t.state = 'restored' then
		perform fleet_internal.fail('RD002', format(
			'%s was put back, so it is taken from the beginning',
			fleet_internal.backend_name(t.backend_id)),
			'What its steps did was undone.',
			fleet_internal.held_choices(t));
	end if;
	select s.position into pos from fleet_internal.step s
	 where s.turn_id = t.turn_id and s.name = p_from and s.undoes is null
	   and s.state <> 'pending';
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no step "%s" to retry from', left(p_from, 80)),
			format('Begun: %s.', coalesce((select string_agg(s.name, ', '
				order by s.position) from fleet_internal.step s
				where s.turn_id = t.turn_id and s.undoes is null
				  and s.state <> 'pending'), 'none')),
			fleet_internal.held_choices(t));
	end if;
	select string_agg(s.name, ', ' order by s.position) into bad
	  from fleet_internal.step s
	 where s.turn_id = t.turn_id and s.position >= pos
	   and s.state = 'passed' and s.undoes is null
	   and coalesce((s.spec->>'destroys')::bool, false);
	if bad is not null and not p_again then
		perform fleet_internal.fail('RD002', format(
			'this would run again what destroys: %s', bad),
			'These steps passed and cannot be taken back.',
			format('If that is meant: select fleet.retry(%s, %L, %L, destroy_again => true);',
			       t.rollout_id, fleet_internal.backend_name(t.backend_id), p_from));
	end if;
end $$;
comment on function fleet_internal.refuse_retry(fleet_internal.turn, text, bool) is
	'Refuses an unknown step, and to destroy twice unless that is said.';

create or replace function fleet.retry(rollout bigint,
	backend text default null, from_step text default null,
	destroy_again bool default false)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		retry.rollout, 'steer', 'retried');
	t fleet_internal.turn := fleet_internal.steer_at(r, retry.backend,
		'{held,restored}', 'retried');
	b text := fleet_internal.backend_name(t.backend_id);
	s text;
begin
	select x.name into s from fleet_internal.step x
	 where x.turn_id = t.turn_id and x.state = 'unknown' limit 1;
	if found then
		perform fleet_internal.fail('RD002', format(
			'nobody knows whether %s happened on %s', s, b),
			'It is not run twice on a guess.', format(
			'Look, then say: select fleet.settle(%1$s, %2$L, true, ''reason''); select fleet.settle(%1$s, %2$L, false, ''reason'');',
			r.rollout_id, s));
	end if;
	perform fleet_internal.refuse_retry(t, retry.from_step,
		coalesce(retry.destroy_again, false));
	perform fleet_internal.ask_turn(t, jsonb_build_object('verb', 'retry',
		'from', retry.from_step));
	perform fleet_internal.steer_done(r, 'turn.retry', format(
		'%s: retry asked%s', b, coalesce(' from ' || retry.from_step, '')),
		t.turn_id, t.backend_id);
	s := coalesce(retry.from_step, (select x.name from fleet_internal.step x
		  where x.turn_id = t.turn_id and x.state = 'failed'
		  order by x.position limit 1),
		case t.state when 'restored' then 'the beginning' end);
	return b || coalesce(' is tried again from ' || s,
		' goes on; what was proved and no longer holds is done again');
end $$;
comment on function fleet.retry(bigint, text, text, bool) is
	'After a failure: run again what failed or no longer holds (or from a named step), and go on.';

create or replace function fleet.restore(rollout bigint,
	backend text default null, reason text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		restore.rollout, 'steer', 'restored');
	t fleet_internal.turn := fleet_internal.steer_at(r,
		restore.backend, '{held}', 'restored');
	b text := fleet_internal.backend_name(t.backend_id);
	fixed text;
begin
	if exists (select from fleet_internal.turn_standing x
		where x.turn_id = t.turn_id and x.undoing) then
		perform fleet_internal.fail('RD002', format(
			'%s is being put back already, and that is held', b),
			coalesce(t.message, 'A step of putting it back failed.'),
			fleet_internal.held_choices(t));
	end if;
	-- poll, wait and approve change nothing; built-in kinds bring their undo
	select string_agg(s.name, ', ' order by s.position) into fixed
	  from fleet_internal.step s
	 where s.turn_id = t.turn_id and s.state = 'passed'
	   and s.undoes is null and s.kind = 'run'
	   and nullif(s.spec->'undo', 'null') is null;
	perform fleet_internal.ask_turn(t, jsonb_build_object('verb', 'restore',
		'why', restore.reason));
	perform fleet_internal.steer_done(r, 'turn.restore', format(
		'%s: restore asked%s', b, coalesce(': ' || restore.reason, '')),
		t.turn_id, t.backend_id);
	return format('%s is put back as it was', b) || coalesce(
		E'\nnote: these cannot be taken back: ' || fixed, '');
end $$;
comment on function fleet.restore(bigint, text, text) is
	'After a failure: undo what was done in reverse, prove it again, return the backend to service.';

create or replace function fleet.skip(rollout bigint, backend text,
	reason text, accept_out bool default false)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		skip.rollout, 'steer', 'skipped');
	t fleet_internal.turn := fleet_internal.steer_at(r, skip.backend,
		'{waiting,held,restored}', 'skipped');
	why text := fleet_internal.check_reason(skip.reason);
	is_out bool;
begin
	select exists (select from fleet_internal.outage o
		where o.turn_id = t.turn_id and o.back_at is null
		  and o.accepted_at is null) into is_out;
	if is_out and not coalesce(skip.accept_out, false) then
		perform fleet_internal.fail('RD002', format(
			'%s is out of service', fleet_internal.backend_name(t.backend_id)),
			'To leave it so, somebody must take it over: it is excluded until it is included with proof.',
			fleet_internal.held_choices(t));
	end if;
	perform fleet_internal.ask_turn(t, jsonb_build_object('verb', 'skip',
		'why', why, 'accept_out', is_out));
	perform fleet_internal.steer_done(r, 'turn.skip', format(
		'%s: skip asked: %s', fleet_internal.backend_name(t.backend_id),
		why), t.turn_id, t.backend_id);
	return format('%s is left %s',
		fleet_internal.backend_name(t.backend_id), case
		when is_out then 'out; you have it now, include it when it is back'
		when t.state = 'waiting' then 'out of this rollout'
		else 'as it is' end);
end $$;
comment on function fleet.skip(bigint, text, text, bool) is
	'Leaves a backend that waits or is held; one that is out of service only with accept_out: a person takes it over.';

create or replace function fleet.settle(rollout bigint, step text, done bool,
	reason text, backend text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		settle.rollout, 'steer', 'settled');
	t fleet_internal.turn := fleet_internal.steer_at(r,
		settle.backend, '{held}', 'settled');
	why text := fleet_internal.check_reason(settle.reason);
	s fleet_internal.step;
begin
	select * into s from fleet_internal.step x
	 where x.turn_id = t.turn_id and x.name = settle.step
	   and x.state = 'unknown';
	if not found or settle.done is null then
		perform fleet_internal.fail('RD002', format(
			'the outcome of step "%s" is not in doubt', left(settle.step, 80)),
			format('Unknown are: %s.', coalesce((select string_agg(x.name, ', ')
				from fleet_internal.step x where x.turn_id = t.turn_id
				 and x.state = 'unknown'), 'none')),
			fleet_internal.held_choices(t));
	end if;
	perform fleet_internal.ask_turn(t, jsonb_build_object('verb', 'settle',
		'step', s.name, 'step_id', s.step_id, 'done', settle.done,
		'why', why));
	perform fleet_internal.steer_done(r, 'turn.settle', format(
		'%s: %s is settled as %s: %s', fleet_internal.backend_name(
		t.backend_id), s.name, case when settle.done then 'done'
		else 'not done' end, why), t.turn_id, t.backend_id);
	return format('%s counts as %s', s.name,
		case when settle.done then 'done' else 'not done' end);
end $$;
comment on function fleet.settle(bigint, text, bool, text, text) is
	'A person says whether a step happened whose outcome nobody knows.';
