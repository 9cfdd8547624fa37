-- 46_pull.sql - long outputs: a result brings the beginning, the rest is pulled.

set local role fleet_owner;

-- A host that is silent does not stand in the way of others.  After a day the
-- agent may have forgotten it.
create or replace function fleet_internal.pull_next(p_fleet int)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(p_fleet, 'advance');
	return (select jsonb_build_object('attempt', o.attempt_id,
		'stream', o.stream, 'host', h.name, 'bytes', o.bytes,
		'from', octet_length(o.head))
	  from fleet_internal.output o
	  join fleet_internal.attempt a using (attempt_id)
	  join fleet_internal.step s using (step_id)
	  join fleet_internal.turn t using (turn_id)
	  join fleet_internal.host h on h.host_id = a.host_id
	 where t.fleet_id = p_fleet and o.pulled_at is null
	   and o.head is not null and o.bytes > octet_length(o.head)
	   and h.why_silent is null
	   and o.at > fleet_internal.clock() - interval '1 day'
	 order by o.at, o.stream desc limit 1);
end $$;
comment on function fleet_internal.pull_next(int) is
	'The oldest long output of a fleet whose rest is still on its host; null = none.';

create or replace function fleet_internal.pull_done(p_fleet int,
	p_epoch bigint, p_attempt uuid, p_stream text, p_rest bytea,
	p_why text)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	o fleet_internal.output;
	whole bool;
	lies bool;
	x record;
begin
	perform fleet_internal.demand(p_fleet, 'advance');
	perform fleet_internal.fence(p_fleet, p_epoch);
	select * into o from fleet_internal.output
	 where attempt_id = p_attempt and stream = p_stream
	   and pulled_at is null for update;
	if not found then
		return;
	end if;
	whole := octet_length(o.head) + octet_length(coalesce(p_rest, ''))
		= o.bytes;
	lies := p_why is null and (case when whole
		then encode(sha256(o.head || coalesce(p_rest, '')), 'hex')
			is distinct from o.sha256
		else not o.cut end);
	update fleet_internal.output set pulled_at = fleet_internal.clock(),
		rest = case when not lies then p_rest end,
		pull_why = case when lies
			then 'what the host kept is not what it counted'
			when p_why is not null then left(p_why, 500)
			when not whole then 'the host stopped keeping it' end
	 where attempt_id = p_attempt and stream = p_stream;
	if lies then
		select t.rollout_id, t.turn_id, t.backend_id, s.step_id, s.name
		  into x from fleet_internal.attempt a
		  join fleet_internal.step s using (step_id)
		  join fleet_internal.turn t using (turn_id)
		 where a.attempt_id = p_attempt;
		perform fleet_internal.note(p_fleet, 'output.differs',
			'warning', format('%s: what its host kept of std%s is '
			'not what it counted; only the beginning is stored',
			x.name, p_stream), x.rollout_id, x.turn_id,
			x.backend_id, x.step_id);
	end if;
end $$;
comment on function fleet_internal.pull_done(int, bigint, uuid, text, bytea, text) is
	'Stores the rest of an output, if with the beginning it has the sha256 that the agent told.';
