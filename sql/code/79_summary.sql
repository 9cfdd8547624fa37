-- 79_summary.sql - the last event of every rollout: what it did, what it left.

set local role fleet_owner;

-- What users felt of each turn, once for the summary and for people.
--
-- Users of a backend are what the last series of its drain began and ended
-- with: those who went by themselves, and those who were still there.  Whoever
-- is still sent to a backend after the first step without return meets a dead
-- one, until the phase that began with it has moved everybody.
create or replace view fleet_internal.impact as
select t.rollout_id, t.turn_id, t.position, t.backend_id,
	(u.first - u.last)::bigint as users_moved, u.last::bigint as users_cut,
	d.ms as dead_ms, o.ms as out_ms
  from fleet_internal.turn t
 cross join lateral (select
		(array_agg(s.value order by s.at))[1] as first,
		(array_agg(s.value order by s.at desc))[1] as last
	  from fleet_internal.sample s
	 where s.turn_id = t.turn_id and s.metric ~ '(^|\.)users$') u
  left join lateral (select fleet_internal.ms(fleet_internal.elapsed(
			s.started_at, coalesce(p.ended_at,
			fleet_internal.clock()))) as ms
	  from fleet_internal.step s
	  join fleet_internal.turn_phase p on p.turn_id = s.turn_id
	   and p.name = s.phase
	 where s.turn_id = t.turn_id and s.started_at is not null
	   and (s.spec->>'no_return')::bool
	 order by s.started_at limit 1) d on true
 cross join lateral (select sum(fleet_internal.ms(fleet_internal.elapsed(
			x.out_since, coalesce(x.back_at,
			fleet_internal.clock()))))::bigint as ms
	  from fleet_internal.outage x where x.turn_id = t.turn_id) o;
select fleet_internal.describe('fleet_internal.impact', $$
What users felt of a turn.
rollout_id: the rollout
turn_id: the turn
position: order in the rollout
backend_id: the backend
users_moved: users that left while it drained; null = not recorded
users_cut: users still there at the end of the drain
dead_ms: milliseconds, at most, in which users met a dead backend; null = no step without return was begun
out_ms: milliseconds out of service so far; null = it was not taken out
$$);

drop function if exists fleet_internal.summary_users(bigint);
drop function if exists fleet_internal.summary_dead(bigint);

create or replace view fleet.impact as
select i.rollout_id as rollout, f.name as fleet, b.name as backend,
	sum(i.users_moved)::bigint as users_moved,
	sum(i.users_cut)::bigint as users_cut,
	fleet_internal.span(sum(i.dead_ms)) as dead_at_most,
	fleet_internal.span(sum(i.out_ms)) as out_for
  from fleet_internal.impact i
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.fleet f using (fleet_id)
 group by grouping sets ((i.rollout_id, f.name, i.position, b.name),
	(i.rollout_id, f.name))
 order by i.rollout_id, i.position nulls last;
select fleet_internal.describe('fleet.impact', $$
What users felt of a rollout, by backend and, with backend null, in all. A drain's readings are kept for a time only; the event rollout.summary has the sums for good.
rollout: the rollout
fleet: the fleet
backend: the backend; null = the sum of all
users_moved: users that left while it drained; null = not recorded
users_cut: users still there at the end of the drain
dead_at_most: how long, at most, users met a dead backend; null = no step without return was begun
out_for: how long it was out of service so far; null = it was not taken out
$$);

-- Of what hosts keep, only what a doctor heard after the turn had ended: before
-- that it is work in hand.  What goes by itself is not left.  (plpgsql, since
-- fleet.residue is made later.)
create or replace function fleet_internal.summary_left(p_rollout bigint)
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
	return (select coalesce(jsonb_agg(x.what order by x.position, x.what),
			'[]') from (
		select t.position, fleet_internal.backend_name(t.backend_id)
			|| case when o.outage_id is not null
				then ' is out of service'
				else ' was left out: ' || t.state end as what
		  from fleet_internal.turn t
		  left join fleet_internal.outage o on o.turn_id = t.turn_id
			and o.back_at is null
		 where t.rollout_id = p_rollout and (o.outage_id is not null
			or t.state in ('waiting', 'skipped', 'restored'))
		union all
		select t.position, r.host || ' keeps a ' || r.what || ': '
			|| left(r.name, 80)
		  from fleet_internal.turn t
		  join fleet_internal.backend b using (backend_id)
		  join fleet_internal.host h using (host_id)
		  join fleet.residue r on r.rollout = t.rollout_id
			and r.host = h.name and r.seen_at
			> coalesce(t.ended_at, t.state_since)
		 where t.rollout_id = p_rollout and r.ours
		   and r.what not in ('out', 'kept')) x);
end $$;
comment on function fleet_internal.summary_left(bigint) is
	'What a rollout leaves behind, in words.';

create or replace function fleet_internal.summary_versions(p_rollout bigint)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $$
	select coalesce(jsonb_agg(distinct v), '[]')
	  from fleet_internal.turn t
	  join fleet_internal.step s on s.turn_id = t.turn_id
		and s.kind = 'package' and s.state = 'passed'
	  join fleet_internal.attempt a on a.step_id = s.step_id
		and a.state = 'ended'
	 cross join lateral jsonb_array_elements(case
		when jsonb_typeof(a.result#>'{data,packages}') = 'array'
		then a.result#>'{data,packages}' else '[]' end) v
	 where t.rollout_id = p_rollout
$$;
comment on function fleet_internal.summary_versions(bigint) is
	'What packages were and became: [{"name","old","new"}].';

create or replace function fleet_internal.summary(p_rollout bigint)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $$
	select jsonb_build_object('state', r.state,
		'done', r.state = 'succeeded', 'procedure', p.name,
		'sha256', p.sha256, 'started_at', r.started_at,
		'took_ms', fleet_internal.ms(fleet_internal.elapsed(
			r.started_at, r.finished_at)),
		'backends', t.backends, 'users_moved', u.moved,
		'users_cut', u.cut, 'vars', r.vars,
		'dead_ms_at_most', u.dead_ms,
		'versions', fleet_internal.summary_versions(p_rollout),
		'out_ms', u.out_ms,
		'left_over', fleet_internal.summary_left(p_rollout))
	  from fleet_internal.rollout r
	  join fleet_internal.procedure p using (procedure_id)
	 cross join lateral (select sum(i.users_moved)::bigint as moved,
			sum(i.users_cut)::bigint as cut,
			sum(i.dead_ms)::bigint as dead_ms,
			sum(i.out_ms) as out_ms
		  from fleet_internal.impact i
		 where i.rollout_id = r.rollout_id) u
	 cross join lateral (select jsonb_build_object('total', count(*),
			'done', count(*) filter (where x.state = 'done'))
			as backends
		  from fleet_internal.turn x
		 where x.rollout_id = r.rollout_id) t
	 where r.rollout_id = p_rollout
$$;
comment on function fleet_internal.summary(bigint) is
	'What a rollout did: its end, backends, users, what is left over.';

create or replace function fleet_internal.note_summary(f int, r bigint)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	s jsonb := fleet_internal.summary(r);
begin
	perform fleet_internal.note(f, 'rollout.summary',
		case when (s->>'done')::bool then 'notice' else 'warning' end,
		format('rollout %s %s: %s of %s done in %s', r,
			s->>'state', s#>>'{backends,done}',
			fleet_internal.counted(
				(s#>>'{backends,total}')::numeric, 'backend',
				'backends'),
			fleet_internal.words((s->>'took_ms')::numeric))
		|| coalesce('; ' || fleet_internal.counted(
			(s->>'users_moved')::numeric, 'user left by itself',
			'users left by themselves') || ', '
			|| fleet_internal.counted((s->>'users_cut')::numeric,
				'was cut', 'were cut'), '')
		|| case when s->>'dead_ms_at_most' is null then ''
		else '; users met a dead backend for at most '
			|| fleet_internal.words((s->>'dead_ms_at_most')::numeric)
			end
		|| case when s->'left_over' = '[]' then '; nothing is left over'
		else '; left over: ' || (select string_agg(x, ', ')
			from jsonb_array_elements_text(s->'left_over') x) end,
		r, p_detail => s);
end $$;
comment on function fleet_internal.note_summary(int, bigint) is
	'The last event of a rollout.';
