-- 50_lease.sql - which coordinator drives which fleet.
--
-- One heartbeat row per process. A taker watches the number of beats on its
-- own clock and takes with what it saw (epoch and beats): when either moved,
-- it came too late. PostgreSQL never judges by time.

set local role fleet_owner;

create or replace function fleet_internal.schema()
returns int language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select max(m.version) from fleet_internal.schema_migration m
$$;
comment on function fleet_internal.schema() is
	'The number of the last migration of this database.';

create or replace function fleet_internal.demand_schema(p_schema int)
returns void language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
	is_now int := fleet_internal.schema();
begin
	if p_schema is distinct from is_now then
		perform fleet_internal.fail('RD010', format(
			'the database has schema %s, this drydockd was built for %s',
			is_now, coalesce(p_schema::text, 'an older one')),
			'It writes nothing until they are the same.',
			case when p_schema > is_now then 'drydock init'
			else 'Install the drydockd of the release whose drydock init was run, and restart it.'
			end);
	end if;
end $$;
comment on function fleet_internal.demand_schema(int) is
	'RD010 for a coordinator of another release than this database.';

create or replace function fleet_internal.hello(p_name text, p_instance uuid,
	p_version text default null, p_host text default null,
	p_pid int default null, p_schema int default null)
returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	id int;
begin
	perform fleet_internal.demand(null, 'lease');
	perform fleet_internal.demand_schema(p_schema);
	insert into fleet_internal.coordinator as c (name, instance, host,
		version, pid, schema, started_at, beat_at, beats)
	values (p_name, p_instance, p_host, p_version, p_pid, p_schema,
		fleet_internal.clock(), fleet_internal.clock(), 1)
	on conflict (name) do update set instance = excluded.instance,
		host = excluded.host, version = excluded.version,
		pid = excluded.pid, schema = excluded.schema,
		started_at = excluded.started_at,
		beat_at = excluded.beat_at, beats = c.beats + 1,
		stopped_at = null, login = session_user
	returning coordinator_id into id;
	-- an older process of this name is out with its next write
	update fleet_internal.fleet set holder = null where holder = id;
	return id;
end $$;
comment on function fleet_internal.hello(text, uuid, text, text, int, int) is
	'A coordinator process begins; whatever an earlier one of its name held is free.';

create or replace function fleet_internal.beat(p_coordinator int,
	p_instance uuid)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	n bigint;
	built_for int;
begin
	perform fleet_internal.demand(null, 'lease');
	update fleet_internal.coordinator set beats = beats + 1,
		beat_at = fleet_internal.clock()
	 where coordinator_id = p_coordinator and instance = p_instance
	returning beats, schema into n, built_for;
	if not found then
		perform fleet_internal.fail('RD010',
			'another process runs under this coordinator''s name',
			'', 'Give each coordinator its own name: name = in drydockd.conf');
	end if;
	perform fleet_internal.demand_schema(built_for);
	return jsonb_build_object('beats', n,
		'now_ms', fleet_internal.ms(fleet_internal.clock()),
		'fleets', (select coalesce(jsonb_agg(jsonb_build_object(
			'fleet_id', f.fleet_id, 'name', f.name,
			'uuid', f.uuid, 'epoch', f.epoch,
			'revision', f.revision, 'holder', f.holder,
			'holder_name', c.name, 'holder_beats', c.beats,
			'holder_stopped', c.stopped_at is not null)
			order by f.fleet_id), '[]')
		   from fleet_internal.fleet f
		   left join fleet_internal.coordinator c
			on c.coordinator_id = f.holder));
end $$;
comment on function fleet_internal.beat(int, uuid) is
	'One heartbeat; answers all fleets with holder, epoch and the holder''s beats.';

create or replace function fleet_internal.take(p_coordinator int,
	p_instance uuid, p_fleet int, p_epoch bigint,
	p_holder_beats bigint default null, p_at_least bigint default 0)
returns bigint language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f fleet_internal.fleet;
	c fleet_internal.coordinator;
	e bigint;
begin
	perform fleet_internal.demand(p_fleet, 'lease');
	select * into f from fleet_internal.fleet
	 where fleet_id = p_fleet for no key update;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no fleet %s', p_fleet), '', '');
	end if;
	if not exists (select from fleet_internal.coordinator x
			where x.coordinator_id = p_coordinator
			  and x.instance = p_instance) then
		perform fleet_internal.fail('RD010',
			'another process runs under this coordinator''s name',
			'', 'Give each coordinator its own name: name = in drydockd.conf');
	end if;
	perform fleet_internal.demand_schema((select x.schema
		from fleet_internal.coordinator x
		where x.coordinator_id = p_coordinator));
	select * into c from fleet_internal.coordinator x
	 where x.coordinator_id = f.holder;
	if f.epoch <> p_epoch or (c.coordinator_id <> p_coordinator
	    and c.stopped_at is null
	    and c.beats is distinct from p_holder_beats) then
		perform fleet_internal.fail('RD010', format(
			'fleet %s has a living holder: %s', f.name, c.name),
			format('Its epoch is %s, its holder''s beats are %s.',
			       f.epoch, c.beats),
			'Watch it again.');
	end if;
	e := greatest(f.epoch, p_at_least) + 1;
	-- who had it before may have given numbers to changes without us, in a
	-- phase whose first numbers are here
	update fleet_internal.fleet set holder = p_coordinator, epoch = e,
		taken_at = fleet_internal.clock(), last_call = null,
		last_result = null, change_seq = case change_seq
			when 0 then 0 else change_seq + 1000 end
	 where fleet_id = p_fleet;
	perform fleet_internal.note(p_fleet, 'fleet.taken', 'notice',
		format('coordinator %s has fleet %s now', (select x.name
			from fleet_internal.coordinator x
			where x.coordinator_id = p_coordinator), f.name),
		p_detail => jsonb_build_object('epoch', e, 'before', c.name));
	return e;
end $$;
comment on function fleet_internal.take(int, uuid, int, bigint, bigint, bigint) is
	'Takes a fleet that is free or whose holder''s beats stand still; answers the new epoch.';

create or replace function fleet_internal.release(p_fleet int, p_epoch bigint)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(p_fleet, 'lease');
	perform fleet_internal.fence(p_fleet, p_epoch);
	update fleet_internal.fleet set holder = null where fleet_id = p_fleet;
	perform fleet_internal.note(p_fleet, 'fleet.released', 'notice',
		'its coordinator let go of it');
	perform fleet_internal.wake(p_fleet);
end $$;
comment on function fleet_internal.release(int, bigint) is
	'Lets go of a fleet, so that another coordinator takes it at once.';

create or replace function fleet_internal.goodbye(p_coordinator int,
	p_instance uuid)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(null, 'lease');
	update fleet_internal.coordinator set
		stopped_at = fleet_internal.clock()
	 where coordinator_id = p_coordinator and instance = p_instance;
end $$;
comment on function fleet_internal.goodbye(int, uuid) is
	'A coordinator process ends orderly.';
