-- 52_request.sql - how a coordinator answers requests.

set local role fleet_owner;

-- Whoever takes has none in hand. So one that it took before is one that it
-- knows nothing of: the answer was lost, or the fleet let go in the midst of it.
create or replace function fleet_internal.request_take(p_coordinator int,
	p_fleet int default null)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	q fleet_internal.request;
begin
	perform fleet_internal.demand(p_fleet, 'answer');
	select * into q from fleet_internal.request x
	 where x.fleet_id is not distinct from p_fleet and x.done_at is null
	 order by x.request_id limit 1 for update skip locked;
	if not found then
		return null;
	end if;
	update fleet_internal.request set taken_by = p_coordinator,
		taken_at = fleet_internal.clock()
	 where request_id = q.request_id;
	return jsonb_build_object('request_id', q.request_id, 'kind', q.kind,
		'fleet_id', q.fleet_id, 'args', q.args, 'by', q.asked_by);
end $$;
comment on function fleet_internal.request_take(int, int) is
	'The oldest open request of a fleet (or of none), for a coordinator that has none of it in hand; null = nothing.';
drop function if exists fleet_internal.request_open(int, int);

-- One of no fleet is everybody's: two may have it in hand, and the first answer
-- counts. Were it the last taker's alone, they could take it from each other for
-- ever.
create or replace function fleet_internal.request_done(p_request bigint,
	p_coordinator int, p_ok bool, p_result jsonb, p_message text,
	p_findings jsonb default '[]')
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	q fleet_internal.request;
begin
	perform fleet_internal.demand(null, 'answer');
	update fleet_internal.request set done_at = fleet_internal.clock(),
		ok = p_ok, result = p_result, message = p_message
	 where request_id = p_request and done_at is null
	   and (taken_by = p_coordinator or fleet_id is null)
	returning * into q;
	if not found then
		perform fleet_internal.fail('RD011', format(
			'request %s is not in your hands', p_request),
			'It is answered, or another coordinator has it.',
			'Take the next one.');
	end if;
	insert into fleet_internal.finding (request_id, position, code,
		severity, host, backend, message, hint, detail)
	select p_request, x.nr, x.v->>'code',
		coalesce(x.v->>'severity', 'error'), x.v->>'host',
		x.v->>'backend', x.v->>'message', x.v->>'hint',
		coalesce(x.v->'detail', '{}')
	  from jsonb_array_elements(p_findings) with ordinality x(v, nr);
	if q.kind = 'check' and q.args ? 'rollout' then
		perform fleet_internal.judge_check(q);
	end if;
	if q.kind = 'doctor' then
		perform fleet_internal.residue_put(p_result);
	end if;
	if exists (select from fleet_internal.schedule s
			where s.request_id = p_request) then
		perform fleet_internal.wake(q.fleet_id);
	end if;
	perform pg_notify('fleet_event', json_build_object('kind',
		'request.done', 'request', p_request)::text);
end $$;
comment on function fleet_internal.request_done(bigint, int, bool, jsonb, text, jsonb) is
	'Answers a request, with findings [{"code","severity","host","backend","message","hint","detail"}].';

create or replace function fleet_internal.load_procedure(p_sha256 text)
returns text language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(null, 'answer');
	return (select p.text from fleet_internal.procedure p
		 where p.sha256 = p_sha256);
end $$;
comment on function fleet_internal.load_procedure(text) is
	'The text of a procedure; null = not stored.';

create or replace function fleet_internal.load_content(p_sha256 text)
returns bytea language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(null, 'answer');
	return (select c.bytes from fleet_internal.content c
		 where c.sha256 = p_sha256);
end $$;
comment on function fleet_internal.load_content(text) is
	'The bytes of a stored file; null = not stored.';

create or replace function fleet_internal.load_inventory(p_fleet int)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(p_fleet, 'answer');
	return fleet_internal.inventory(p_fleet);
end $$;
comment on function fleet_internal.load_inventory(int) is
	'The inventory as it was imported, for planning.';

-- a plan as it was pinned, for checks of it
create or replace function fleet_internal.load_plan(p_rollout bigint)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(null, 'answer');
	return (select fleet_internal.rollout_json(r) || jsonb_build_object(
		'fleet_id', r.fleet_id, 'vars', r.vars, 'files', r.files,
		'turns', (select coalesce(jsonb_agg(
			fleet_internal.turn_json(t, false)
			|| jsonb_build_object('plan', t.plan)
			order by t.position), '[]')
		  from fleet_internal.turn t
		 where t.rollout_id = r.rollout_id))
	  from fleet_internal.rollout r where r.rollout_id = p_rollout);
end $$;
comment on function fleet_internal.load_plan(bigint) is
	'A rollout with the pinned plan of each turn.';

-- Retention, a slice at a time: outputs and samples by age, plans that were
-- never started after 7 days. Events and outages stay.
create or replace function fleet_internal.tidy(p_output_age interval,
	p_sample_age interval, p_limit int default 1000)
returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	n int;
	total int := 0;
	old bigint[];
	fleets int[];
begin
	perform fleet_internal.demand(null, 'lease');
	delete from fleet_internal.output o where o.ctid = any (array(
		select x.ctid from fleet_internal.output x
		 where x.at < fleet_internal.clock() - p_output_age
		 limit p_limit));
	get diagnostics n = row_count;
	total := n;
	delete from fleet_internal.sample s where s.ctid = any (array(
		select x.ctid from fleet_internal.sample x
		 where x.at < fleet_internal.clock() - p_sample_age
		 limit p_limit));
	get diagnostics n = row_count;
	total := total + n;
	select array_agg(x.rollout_id), array_agg(x.fleet_id) into old, fleets
	  from (select r.rollout_id, r.fleet_id from fleet_internal.rollout r
		 where r.state = 'planned'
		   and r.created_at < fleet_internal.clock() - interval '7 days'
		 limit 10) x;
	-- as whoever makes turns does, before their backends are written to
	perform from fleet_internal.fleet f where f.fleet_id = any (fleets)
	  order by f.fleet_id for no key update;
	delete from fleet_internal.rollout r
	 where r.rollout_id = any (old) and r.state = 'planned';
	get diagnostics n = row_count;
	return total + n;
end $$;
comment on function fleet_internal.tidy(interval, interval, int) is
	'Removes a slice of what is too old to keep; answers how many rows.';
