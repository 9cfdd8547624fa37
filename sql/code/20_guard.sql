-- 20_guard.sql - triggers: what no writer may do, whoever it is.

set local role fleet_owner;

-- It asks itself whether the state changes: PostgreSQL parses a trigger's WHEN
-- anew for each statement.
create or replace function fleet_internal.guard_state()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if tg_op = 'INSERT' then
		if fleet_internal.sentence(tg_argv[0], '', new.state) is null then
			perform fleet_internal.fail('RD012', format(
				'a %s cannot begin as %s', tg_argv[0], new.state),
				'Only the first state of the machine is possible.',
				'This is a bug of drydock or a change by hand; nothing was written.');
		end if;
	elsif new.state <> old.state and fleet_internal.sentence(tg_argv[0],
			old.state, new.state) is null then
		perform fleet_internal.fail('RD012', format(
			'a %s cannot go from %s to %s', tg_argv[0],
			old.state, new.state),
			'The state machine has no such edge.',
			'This is a bug of drydock or a change by hand; nothing was written.');
	end if;
	return new;
end $$;
comment on function fleet_internal.guard_state() is
	'Refuses a change of state that is not an edge of the machine.';

create or replace function fleet_internal.guard_history()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.fail('RD005', format('%s of %I is refused',
		tg_op, tg_table_name),
		'This table is evidence: rows are added, never changed or removed.',
		'Nothing was written. What is wrong here is corrected by a later row.');
	return null;
end $$;
comment on function fleet_internal.guard_history() is
	'Refuses changes of tables that are only added to.';

-- A person answers for it that fewer stay up while this one is out.
create or replace function fleet_internal.min_up_lifted(p_backend int)
returns bool language sql stable set search_path = pg_catalog, pg_temp as $$
	select exists (select from fleet_internal.override_ o
		  join fleet_internal.rollout r using (rollout_id)
		 where o.backend_id = p_backend and o.gate = 'min_up'
		   and o.ended_at is null and r.state = 'running'
		   and (o.until is null or o.until > fleet_internal.clock()))
$$;
comment on function fleet_internal.min_up_lifted(int) is
	'Whether an override of min_up is in force for a backend.';

-- Which of the others were seen in service, by these readings. Whatever was
-- lifted, one of them is needed where one is.
create or replace function fleet_internal.survey_judge(fleet int, spared int,
	readings jsonb, out others int, out seen int, out needed int,
	out missing text)
language sql stable set search_path = pg_catalog, pg_temp as $$
	select count(*) filter (where x.other),
	       count(*) filter (where x.other and x.up),
	       least(fleet_internal.min_up_count(min(f.min_up), count(*)::int),
			case when fleet_internal.min_up_lifted(spared)
				then 1 end),
	       string_agg(x.name, ', ' order by x.position)
			filter (where x.other and not x.up)
	  from fleet_internal.fleet f,
	       lateral (select b.name, b.position,
			b.backend_id <> spared and b.excluded_at is null as other,
			exists (select from jsonb_array_elements(readings) r
				where r->'backend' = to_jsonb(b.backend_id)
				  and r->'in_service' = 'true') as up
		  from fleet_internal.backend b
		 where b.fleet_id = f.fleet_id and b.removed_at is null) x
	 where f.fleet_id = survey_judge.fleet
$$;
comment on function fleet_internal.survey_judge(int, int, jsonb) is
	'Holds readings against the list of backends: others, seen in service, needed, missing.';

create or replace function fleet_internal.guard_survey()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	j record;
	clear bool;
begin
	perform from fleet_internal.fleet f
	  where f.fleet_id = new.fleet_id for no key update;
	j := fleet_internal.survey_judge(new.fleet_id, new.spared, new.readings);
	clear := j.seen = j.others and j.seen >= j.needed;
	new.needed := j.needed;
	new.in_service := j.seen;
	if not clear then
		new.why := concat_ws('; ', 'not seen in service: ' || j.missing,
			case when j.seen < j.needed then format(
				'%s in service, %s must stay up',
				j.seen, j.needed) end);
	end if;
	if new.clear and not clear then
		perform fleet_internal.fail('RD005',
			'this survey is not clear', new.why,
			'Nothing was written. Look again when all others are in service.');
	end if;
	new.clear := coalesce(new.clear, clear);
	if new.at > fleet_internal.clock() then
		perform fleet_internal.fail('RD005', 'this survey is of the future',
			format('It says %s, the database''s clock is behind that.', new.at),
			'Nothing was written. Compare the clocks.');
	end if;
	return new;
end $$;
comment on function fleet_internal.guard_survey() is
	'A survey is clear when its readings say so, not when its writer says so.';

create or replace function fleet_internal.guard_outage_open()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	f fleet_internal.fleet;
	j record;
	s jsonb;
begin
	select * into f from fleet_internal.fleet t
	 where t.fleet_id = new.fleet_id for no key update;
	select v.readings into s from fleet_internal.survey v
	 where v.survey_id = new.survey_id;
	j := fleet_internal.survey_judge(new.fleet_id, new.backend_id, s);
	-- the list may have changed since the survey
	if j.seen <> j.others or j.seen < j.needed then
		perform fleet_internal.fail('RD005',
			'the survey does not clear all others',
			format('Not seen in service: %s; %s seen, %s must stay up.',
			       coalesce(j.missing, 'none'), j.seen, j.needed),
			'Nothing was written. Look again when all others are in service.');
	end if;
	if exists (select from fleet_internal.backend b
		    where b.backend_id = new.backend_id
		      and b.excluded_at is not null) then
		perform fleet_internal.fail('RD005',
			'an excluded backend is not taken out',
			'Exclude leaves it out of all rollouts.',
			format('Nothing was written. To take it back: select fleet.include(%L, %L);',
			       f.name, fleet_internal.backend_name(new.backend_id)));
	end if;
	if new.interlock is distinct from f.interlock then
		perform fleet_internal.fail('RD005', format(
			'the slot "%s" is not the one of this fleet', new.interlock),
			format('Fleet %s has the interlock "%s".', f.name, f.interlock),
			'Nothing was written.');
	end if;
	if num_nonnulls(new.back_at, new.proof_id, new.accepted_at) > 0 then
		perform fleet_internal.fail('RD005',
			'an outage begins open', 'This one has its end already.',
			'Nothing was written.');
	end if;
	new.out_since := fleet_internal.clock();
	return new;
end $$;
comment on function fleet_internal.guard_outage_open() is
	'An outage opens now, in its fleet''s own slot, on a survey that clears the present list.';

create or replace function fleet_internal.guard_outage_change()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if (old.outage_id, old.fleet_id, old.interlock, old.backend_id,
	    old.turn_id, old.survey_id, old.survey_at, old.survey_clear,
	    old.out_since) is distinct from
	   (new.outage_id, new.fleet_id, new.interlock, new.backend_id,
	    new.turn_id, new.survey_id, new.survey_at, new.survey_clear,
	    new.out_since)
	   or (old.back_at is not null and (old.proof_id, old.back_at)
		is distinct from (new.proof_id, new.back_at))
	   or (old.accepted_at is not null and
		(old.accepted_at, old.accepted_by, old.accepted_why)
		is distinct from
		(new.accepted_at, new.accepted_by, new.accepted_why)) then
		perform fleet_internal.fail('RD005',
			'what an outage says is not changed afterwards',
			'It can be closed by a proof and accepted by a person, each once.',
			'Nothing was written.');
	elsif old.back_at is null and new.back_at not between
		fleet_internal.clock() - interval '30 s'
		and fleet_internal.clock() then
		perform fleet_internal.fail('RD005',
			'the proof is not of now',
			format('It is of %s; at most 30 s are allowed.', new.back_at),
			'Nothing was written. Look at its service and try again.');
	elsif old.accepted_at is null and new.accepted_at is not null
	   and not exists (select from fleet_internal.backend b
			where b.backend_id = new.backend_id and b.accepted_out) then
		perform fleet_internal.fail('RD005',
			'a backend that a person takes over is excluded first',
			'Otherwise it would leave the slot and still be taken for one that works.',
			'Use: select fleet.exclude(FLEET, BACKEND, REASON, accept_out => true);');
	end if;
	return new;
end $$;
comment on function fleet_internal.guard_outage_change() is
	'An outage is closed once, by a proof of now, and accepted once; nothing else of it changes.';

-- At commit: a turn does not end while its backend is out and nobody has
-- accepted that; an outage does not close unless its turn ends with it (an
-- accepted one closes when its backend is included again). At commit nobody's
-- function is on the stack any more, hence security definer.
create or replace function fleet_internal.guard_turn_outage()
returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	t record;
begin
	select n.state, b.name, exists (select from fleet_internal.outage o
			where o.turn_id = n.turn_id and o.back_at is null
			  and o.accepted_at is null) as out
	  into t from fleet_internal.turn n
	  join fleet_internal.backend b using (backend_id)
	 where n.turn_id = new.turn_id;
	if t.out <> (t.state not in ('done', 'restored', 'skipped'))
	   and (t.out or tg_table_name = 'outage') then
		perform fleet_internal.fail('RD005', format(
			'the turn of %s is %s but its outage is %s', t.name,
			t.state, case when t.out then 'open' else 'closed' end),
			'An outage closes in the transaction that makes the turn done or restored, with the proof.',
			'Nothing was written.');
	end if;
	return null;
end $$;
comment on function fleet_internal.guard_turn_outage() is
	'At commit: a turn ends and its outage closes together.';

create or replace function fleet_internal.guard_interlock()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if exists (select from fleet_internal.outage o
		    where o.fleet_id = new.fleet_id and o.back_at is null
		      and o.accepted_at is null) then
		perform fleet_internal.fail('RD005',
			'the interlock cannot change while a backend is out',
			format('Fleet %s has an open outage under "%s".',
			       new.name, old.interlock),
			'Wait until it is back: select * from fleet.outage where takes_slot;');
	end if;
	return new;
end $$;
comment on function fleet_internal.guard_interlock() is
	'A fleet keeps its slot while one of its backends is out.';

create or replace function fleet_internal.guard_rollout_delete()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if old.state not in ('planned', 'cancelled') then
		perform fleet_internal.fail('RD005', format(
			'rollout %s is history and stays', old.rollout_id),
			format('It is %s.', old.state),
			'Only plans that were never started are removed.');
	end if;
	return old;
end $$;
comment on function fleet_internal.guard_rollout_delete() is
	'Only plans that were never started can be removed.';
