-- 90_grants.sql - who may call what. Last: it speaks of everything above.

set local role fleet_owner;

revoke all on all functions in schema fleet, fleet_internal from public;
revoke all on all tables in schema fleet, fleet_internal from public;
grant usage on schema fleet to fleet_reader;
grant usage on schema fleet_internal to fleet_coordinator;

-- what views call is checked for the one who reads
grant execute on function fleet_internal.clock(),
	fleet_internal.ms(interval), fleet_internal.ms(timestamptz),
	fleet_internal.span(numeric), fleet_internal.min_up_count(text, int)
	to fleet_reader;

grant execute on function
	fleet_internal.advance(int, bigint, bigint, bigint, jsonb, uuid),
	fleet_internal.hello(text, uuid, text, text, int),
	fleet_internal.beat(int, uuid),
	fleet_internal.take(int, uuid, int, bigint, bigint, bigint),
	fleet_internal.release(int, bigint),
	fleet_internal.goodbye(int, uuid),
	fleet_internal.load_fleet(int), fleet_internal.load_work(int)
	to fleet_coordinator;
