-- 79_summary.sql - the last event of every rollout: what it did, what it left.

set local role fleet_owner;

-- Users of a backend are what the last series of its drain began and ended
-- with: those who went by themselves, and those who were still there.
create or replace function fleet_internal.summary_users(p_rollout bigint,
	out moved bigint, out cut bigint)
language sql stable set search_path = pg_catalog, pg_temp as $$
	select sum(x.first - x.last)::bigint, sum(x.last)::bigint from (
		select distinct on (s.turn_id)
			first_value(s.value) over w as first, last_value(s.value)
			over (w range between unbounded preceding
			      and unbounded following) as last
		  from fleet_internal.turn t
		  join fleet_internal.sample s using (turn_id)
		 where t.rollout_id = p_rollout and s.metric ~ '(^|\.)users$'
		window w as (partition by s.turn_id order by s.at)) x
$$;
comment on function fleet_internal.summary_users(bigint) is
	'Users that left a backend while it drained, and users still there at its end; null = not recorded.';

create or replace function fleet_internal.summary_left(p_rollout bigint)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $$
	select coalesce(jsonb_agg(x.what order by x.position), '[]') from (
		select t.position, fleet_internal.backend_name(t.backend_id)
			|| case when o.outage_id is not null
				then ' is out of service'
				else ' was left out: ' || t.state end as what
		  from fleet_internal.turn t
		  left join fleet_internal.outage o on o.turn_id = t.turn_id
			and o.back_at is null
		 where t.rollout_id = p_rollout and (o.outage_id is not null
			or t.state in ('waiting', 'skipped', 'restored'))) x
$$;
comment on function fleet_internal.summary_left(bigint) is
	'What a rollout leaves behind, in words.';

-- Whoever is still sent to a backend after the first step without return meets
-- a dead one, until the phase that began with it has moved everybody.
create or replace function fleet_internal.summary_dead(p_rollout bigint)
returns bigint language sql stable set search_path = pg_catalog, pg_temp as $$
	select sum(fleet_internal.ms(coalesce(p.ended_at, fleet_internal.clock())
		- x.began))::bigint
	  from (select s.turn_id, min(s.started_at) as began,
			(array_agg(s.phase order by s.started_at))[1] as phase
		  from fleet_internal.turn t
		  join fleet_internal.step s using (turn_id)
		 where t.rollout_id = p_rollout and s.started_at is not null
		   and (s.spec->>'no_return')::bool
		 group by s.turn_id) x
	  join fleet_internal.turn_phase p on p.turn_id = x.turn_id
	   and p.name = x.phase
$$;
comment on function fleet_internal.summary_dead(bigint) is
	'Milliseconds, at most, in which users met a dead backend; null = no step without return was begun.';

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
		'took_ms', fleet_internal.ms(r.finished_at - r.started_at),
		'backends', t.backends, 'users_moved', u.moved,
		'users_cut', u.cut, 'vars', r.vars,
		'dead_ms_at_most', fleet_internal.summary_dead(p_rollout),
		'versions', fleet_internal.summary_versions(p_rollout),
		'out_ms', (select sum(fleet_internal.ms(coalesce(o.back_at,
				fleet_internal.clock()) - o.out_since))
			  from fleet_internal.outage o
			  join fleet_internal.turn x using (turn_id)
			 where x.rollout_id = p_rollout),
		'left_over', fleet_internal.summary_left(p_rollout))
	  from fleet_internal.rollout r
	  join fleet_internal.procedure p using (procedure_id)
	 cross join lateral fleet_internal.summary_users(p_rollout) u
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
		format('rollout %s %s: %s of %s backends done in %s', r,
			s->>'state', s#>>'{backends,done}',
			s#>>'{backends,total}',
			fleet_internal.words((s->>'took_ms')::numeric))
		|| coalesce('; ' || (s->>'users_moved') || ' users left by themselves, '
			|| (s->>'users_cut') || ' were cut', '')
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
