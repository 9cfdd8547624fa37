-- 70_steer.sql - what all steering has in common.
--
-- A steering function locks fleet, then rollout, looks again under the lock,
-- refuses with what to type, or writes what the person wants, raises the
-- rollout's revision and wakes the coordinator, which acts on it.

set local role fleet_owner;

create or replace function fleet_internal.steer_begin(p_rollout bigint,
	p_verb text)
returns fleet_internal.rollout language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
	r fleet_internal.rollout;
begin
	select * into r from fleet_internal.rollout x
	 where x.rollout_id = p_rollout;
	if not found then
		perform fleet_internal.demand(null, p_verb);
		perform fleet_internal.fail('RD001', format(
			'there is no rollout %s', coalesce(p_rollout::text, '(none named)')),
			format('The last one is %s.', coalesce((select
				max(x.rollout_id)::text from fleet_internal.rollout x),
				'not made yet')),
			'See: select * from fleet.rollout order by rollout desc limit 10;');
	end if;
	perform fleet_internal.demand(r.fleet_id, p_verb);
	perform from fleet_internal.fleet f
	  where f.fleet_id = r.fleet_id for no key update;
	select * into r from fleet_internal.rollout x
	 where x.rollout_id = p_rollout for no key update;
	return r;
end $$;
comment on function fleet_internal.steer_begin(bigint, text) is
	'Finds a rollout, asks may(), locks fleet and rollout, reads it again.';

create or replace function fleet_internal.history_hint(f int)
returns text language sql stable as $$
	select format('See: select * from fleet.rollout where fleet = %L order by rollout desc limit 10;',
		x.name) from fleet_internal.fleet x where x.fleet_id = f
$$;
comment on function fleet_internal.history_hint(int) is
	'How to see the rollouts of a fleet.';

create or replace function fleet_internal.plan_hint(r fleet_internal.rollout)
returns text language sql stable as $$
	select format('Plan again: select fleet.plan(%L, %L%s);', f.name, p.name,
		case when r.vars <> '{}' then format(', %L', r.vars) end)
	  from fleet_internal.fleet f, fleet_internal.procedure p
	 where f.fleet_id = r.fleet_id and p.procedure_id = r.procedure_id
$$;
comment on function fleet_internal.plan_hint(fleet_internal.rollout) is
	'How to plan the same again.';

create or replace function fleet_internal.steer_running(p_rollout bigint,
	p_verb text, p_word text)
returns fleet_internal.rollout language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
	r fleet_internal.rollout := fleet_internal.steer_begin(p_rollout, p_verb);
begin
	if r.state <> 'running' then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is %s, so it cannot be %s', r.rollout_id,
			r.state, p_word),
			case when r.finished_at is not null then
				format('It ended at %s.', r.finished_at)
			     else 'It has not begun.' end,
			case when r.finished_at is null
				then fleet_internal.rollout_choices(r.rollout_id)
			     else fleet_internal.history_hint(r.fleet_id) end);
	end if;
	return r;
end $$;
comment on function fleet_internal.steer_running(bigint, text, text) is
	'steer_begin for what only a running rollout can be.';

create or replace function fleet_internal.refuse_ending(
	r fleet_internal.rollout, p_word text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if r.ending is not null then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is being aborted, so it cannot be %s',
			r.rollout_id, p_word),
			format('Asked by %s at %s: %s', r.ending_by, r.ending_at,
			       r.ending_why), format(
			'Watch it come to rest: select * from fleet.progress where rollout = %s;',
			r.rollout_id));
	end if;
end $$;
comment on function fleet_internal.refuse_ending(fleet_internal.rollout, text) is
	'RD002 while an abort is coming to rest.';

create or replace function fleet_internal.steer_done(
	r fleet_internal.rollout, p_kind text, p_message text,
	p_turn bigint default null, p_backend int default null,
	p_detail jsonb default null)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.rollout set revision = revision + 1
	 where rollout_id = r.rollout_id;
	perform fleet_internal.note(r.fleet_id, p_kind, 'notice', p_message,
		r.rollout_id, p_turn, p_backend, null, p_detail);
	perform fleet_internal.wake(r.fleet_id);
end $$;
comment on function fleet_internal.steer_done(fleet_internal.rollout, text, text, bigint, int, jsonb) is
	'Raises the revision, adds the event, wakes the coordinator.';

-- The turn a person means: the named backend's, else the one in hand.
create or replace function fleet_internal.steer_turn(r fleet_internal.rollout,
	p_backend text)
returns fleet_internal.turn language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
	t fleet_internal.turn;
	b fleet_internal.backend;
begin
	if p_backend is null then
		select * into t from fleet_internal.turn x
		 where x.rollout_id = r.rollout_id
		   and x.state in ('working', 'held', 'restoring')
		 order by x.position limit 1;
		if not found then
			perform fleet_internal.fail('RD002', format(
				'rollout %s has no backend in hand', r.rollout_id),
				'No turn is working, held or restoring.',
				fleet_internal.rollout_choices(r.rollout_id));
		end if;
		return t;
	end if;
	b := fleet_internal.find_backend(r.fleet_id, p_backend);
	select * into t from fleet_internal.turn x
	 where x.rollout_id = r.rollout_id and x.backend_id = b.backend_id;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'%s is not part of rollout %s', p_backend, r.rollout_id),
			format('It has: %s.', (select string_agg(y.name, ', '
				order by x.position) from fleet_internal.turn x
				join fleet_internal.backend y using (backend_id)
				where x.rollout_id = r.rollout_id)),
			format('See: select * from fleet.turn where rollout = %s;',
			       r.rollout_id));
	end if;
	return t;
end $$;
comment on function fleet_internal.steer_turn(fleet_internal.rollout, text) is
	'The turn of the named backend, else the one in hand.';

create or replace function fleet_internal.backend_name(p_backend int)
returns text language sql stable as $$
	select b.name from fleet_internal.backend b
	 where b.backend_id = p_backend
$$;
comment on function fleet_internal.backend_name(int) is 'A backend''s name.';

-- What can be typed about a turn that does not wait for a person.
create or replace function fleet_internal.unheld_choices(t fleet_internal.turn)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
begin
	return case when t.state = 'working' then format(
			'Let it come to rest first: select fleet.pause(%s, ''reason'');',
			t.rollout_id)
		when t.state = 'waiting' then format(
			'To leave it out of this rollout: select fleet.skip(%s, %L, ''reason'');',
			t.rollout_id, fleet_internal.backend_name(t.backend_id))
		when t.state in ('out', 'restored')
			then fleet_internal.held_choices(t)
		else format('See: select * from fleet.turn where rollout = %s;',
			t.rollout_id) end;
end $$;
comment on function fleet_internal.unheld_choices(fleet_internal.turn) is
	'What can be typed about a turn that is not held.';

create or replace function fleet_internal.steer_at(r fleet_internal.rollout,
	p_backend text, p_states text[], p_word text)
returns fleet_internal.turn language plpgsql
set search_path = pg_catalog, pg_temp as $$
declare
	t fleet_internal.turn := fleet_internal.steer_turn(r, p_backend);
begin
	if t.state <> all (p_states) then
		perform fleet_internal.fail('RD002', format(
			'the turn of %s is %s, so it cannot be %s',
			fleet_internal.backend_name(t.backend_id), t.state, p_word),
			coalesce('It is at work: ' || (select s.name
					from fleet_internal.step s
				 where s.turn_id = t.turn_id
				   and s.state = 'running' limit 1) || '.',
				t.message,
				'Only a held turn waits for a person.'),
			case when t.state = 'held' then fleet_internal.held_choices(t)
			else fleet_internal.unheld_choices(t) end);
	elsif t.asked is not null then
		perform fleet_internal.fail('RD002', format(
			'%s was asked already', fleet_internal.backend_name(t.backend_id)),
			format('%s by %s; the coordinator has not answered yet.',
			       t.asked->>'verb', t.asked->>'by'),
			'See whether one is alive: select * from fleet.coordinator;');
	end if;
	return t;
end $$;
comment on function fleet_internal.steer_at(fleet_internal.rollout, text, text[], text) is
	'The turn of a backend, which must be in one of the states and not asked already.';

create or replace function fleet_internal.ask_turn(t fleet_internal.turn,
	p_asked jsonb)
returns void language sql as $$
	update fleet_internal.turn set asked = jsonb_strip_nulls(p_asked
		|| jsonb_build_object('by', session_user,
			'at_ms', fleet_internal.ms(fleet_internal.clock())))
	 where turn_id = t.turn_id
$$;
comment on function fleet_internal.ask_turn(fleet_internal.turn, jsonb) is
	'Writes what a person wants of a turn; the coordinator turns it into edges.';
