-- 45_plan.sql - the coordinator stores a plan: a rollout in state planned.

set local role fleet_owner;

-- What a step took lately, by its name; null where it never passed.
create or replace function fleet_internal.learned_ms(p_fleet int,
	p_procedure text)
returns table (name text, ms bigint) language sql stable as $$
	with late as (
		select t.turn_id from fleet_internal.turn t
		  join fleet_internal.rollout r using (rollout_id)
		  join fleet_internal.procedure p using (procedure_id)
		 where t.fleet_id = p_fleet and p.name = p_procedure
		   and t.state = 'done'
		 order by t.turn_id desc limit 20)
	select s.name, percentile_cont(0.5) within group (order by greatest(
		fleet_internal.ms(s.ended_at - s.started_at) - s.paused_ms,
		0))::bigint
	  from fleet_internal.step s
	 where s.turn_id in (select turn_id from late)
	   and s.state = 'passed' and s.undoes is null
	   and s.started_at is not null
	 group by s.name
$$;
comment on function fleet_internal.learned_ms(int, text) is
	'Median time of each step, without its pauses, in the last 20 turns of a procedure in a fleet.';

create or replace function fleet_internal.learned_turn(p_fleet int,
	p_procedure text, out low_ms bigint, out high_ms bigint)
language sql stable as $$
	select percentile_cont(0.1) within group (order by x.took_ms)::bigint,
		percentile_cont(0.9) within group (order by x.took_ms)::bigint
	  from (select t.took_ms from fleet_internal.turn t
		  join fleet_internal.rollout r using (rollout_id)
		  join fleet_internal.procedure p using (procedure_id)
		 where t.fleet_id = p_fleet and p.name = p_procedure
		   and t.state = 'done' and t.took_ms is not null
		 order by t.turn_id desc limit 20) x
$$;
comment on function fleet_internal.learned_turn(int, text) is
	'What nine of the last ten turns of a procedure in a fleet took at least, and at most; null = none is known.';

-- Steps that are skipped by the plan itself are expected to take no time.
create or replace function fleet_internal.plan_steps(p_turn bigint,
	p_plan jsonb, p_learned jsonb)
returns void language sql as $$
	insert into fleet_internal.step (turn_id, position, phase, name, kind,
		target, spec, expected_ms)
	select p_turn, x.nr, x.s->>'phase', x.s->>'name', x.s->>'kind',
		coalesce(x.s->>'target', 'backend'), x.s,
		case when x.s->>'skip' is not null then 0
		else coalesce((p_learned->>(x.s->>'name'))::bigint,
			(x.s->>'expected_ms')::bigint,
			(x.s->'poll'->>'at_most_ms')::bigint,
			(x.s->>'wait_ms')::bigint, 5000) end
	  from jsonb_array_elements(p_plan->'steps') with ordinality x(s, nr);
	insert into fleet_internal.turn_phase (turn_id, position, name,
		takes_out, no_pause, proves, rest, deadline_ms, expected_ms)
	select p_turn, x.nr, x.p->>'name',
		coalesce((x.p->>'takes_out')::bool, false),
		coalesce((x.p->>'no_pause')::bool, false),
		coalesce((x.p->>'proves')::bool, false),
		coalesce(x.p->>'rest', 'none'), (x.p->>'deadline_ms')::bigint,
		coalesce((select sum(s.expected_ms) from fleet_internal.step s
			   where s.turn_id = p_turn
			     and s.phase = x.p->>'name'), 0)
	  from jsonb_array_elements(p_plan->'phases') with ordinality x(p, nr);
	update fleet_internal.turn set
		steps_total = (select count(*) from fleet_internal.step s
				where s.turn_id = p_turn),
		expected_ms = (select coalesce(sum(s.expected_ms), 0)
			from fleet_internal.step s where s.turn_id = p_turn)
			+ (select coalesce((r.strategy->>'settle_ms')::bigint,
				0) from fleet_internal.rollout r
			    where r.rollout_id = turn.rollout_id)
	 where turn_id = p_turn;
$$;
comment on function fleet_internal.plan_steps(bigint, jsonb, jsonb) is
	'Makes the phases and steps of one turn from its plan.';

create or replace function fleet_internal.plan_turns(p_rollout bigint,
	p_turns jsonb, p_learned jsonb)
returns void language plpgsql as $$
declare
	t record;
	b int;
	id bigint;
	f int;
begin
	select fleet_id into f from fleet_internal.rollout
	 where rollout_id = p_rollout;
	for t in select x.v, x.nr from jsonb_array_elements(p_turns)
			with ordinality x(v, nr) loop
		select b2.backend_id into b from fleet_internal.backend b2
		 where b2.fleet_id = f and b2.removed_at is null
		   and b2.name = t.v->>'backend';
		if not found then
			perform fleet_internal.fail('RD001', format(
				'there is no backend "%s"', t.v->>'backend'),
				'The plan names it.', 'Plan again.');
		end if;
		insert into fleet_internal.turn (rollout_id, fleet_id,
			backend_id, position, plan)
		values (p_rollout, f, b, t.nr, t.v->'plan')
		returning turn_id into id;
		perform fleet_internal.plan_steps(id, t.v->'plan', p_learned);
	end loop;
end $$;
comment on function fleet_internal.plan_turns(bigint, jsonb, jsonb) is
	'Makes the turns of a plan in their order.';

-- doc: {"procedure_sha256","fleet_revision","vars","files","only","except",
--  "strategy","stop_after","note","change_ref","by",
--  "turns":[{"backend":NAME,"plan":{…}}]}
create or replace function fleet_internal.plan_save(p_fleet int,
	p_epoch bigint, p_request bigint, p_doc jsonb)
returns bigint language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f fleet_internal.fleet;
	p fleet_internal.procedure;
	id bigint;
	learned jsonb;
begin
	perform fleet_internal.demand(p_fleet, 'answer');
	f := fleet_internal.fence(p_fleet, p_epoch);
	select * into p from fleet_internal.procedure
	 where sha256 = p_doc->>'procedure_sha256';
	if not found then
		perform fleet_internal.fail('RD001', 'the procedure is not stored',
			p_doc->>'procedure_sha256',
			'Store it: drydock procedure add FILE');
	end if;
	insert into fleet_internal.rollout (fleet_id, procedure_id, vars,
		files, only_, except_, strategy, stop_after, fleet_revision,
		change_ref, note, created_by, created_at)
	values (p_fleet, p.procedure_id, coalesce(p_doc->'vars', '{}'),
		coalesce(p_doc->'files', '{}'), coalesce(p_doc->'only', '[]'),
		coalesce(p_doc->'except', '[]'),
		coalesce(p_doc->'strategy', '{}'),
		nullif(coalesce((p_doc->>'stop_after')::int,
			(p_doc->'strategy'->>'canary')::int), 0),
		coalesce((p_doc->>'fleet_revision')::bigint, f.revision),
		p_doc->>'change_ref', p_doc->>'note',
		coalesce((select q.asked_by from fleet_internal.request q
			   where q.request_id = p_request),
			 p_doc->>'by', session_user), fleet_internal.clock())
	returning rollout_id into id;
	select jsonb_object_agg(l.name, l.ms) into learned
	  from fleet_internal.learned_ms(p_fleet, p.name) l;
	perform fleet_internal.plan_turns(id, coalesce(p_doc->'turns', '[]'),
		coalesce(learned, '{}'));
	update fleet_internal.turn t set low_ms = l.low_ms,
		high_ms = l.high_ms
	  from fleet_internal.learned_turn(p_fleet, p.name) l
	 where t.rollout_id = id and l.high_ms is not null;
	perform fleet_internal.note(p_fleet, 'rollout.planned', 'info', format(
		'rollout %s is planned: %s over %s', id, p.name,
		fleet_internal.counted(
			jsonb_array_length(coalesce(p_doc->'turns', '[]')),
			'backend', 'backends')), id);
	return id;
end $$;
comment on function fleet_internal.plan_save(int, bigint, bigint, jsonb) is
	'Stores a plan made for a request; answers the rollout''s number.';
