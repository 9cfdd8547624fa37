-- 90_grants.sql - who may call what. Last: it speaks of everything above.

-- One that somebody dropped; else nothing here wants more than fleet_owner.
set local role none;
do $$
declare
	r text;
begin
	foreach r in array array['fleet_reader', 'fleet_operator',
			'fleet_coordinator'] loop
		if to_regrole(r) is null then
			execute format('create role %I nologin', r);
		end if;
		if r <> 'fleet_reader'
				and not pg_has_role(r, 'fleet_reader', 'member') then
			execute format('grant fleet_reader to %I', r);
		end if;
	end loop;
end $$;

set local role fleet_owner;

revoke all on all functions in schema fleet, fleet_internal from public;
revoke all on all tables in schema fleet, fleet_internal from public;
grant usage on schema fleet to fleet_reader;
grant usage on schema fleet_internal to fleet_coordinator;

-- what views call is checked for the one who reads
grant execute on function fleet_internal.clock(),
	fleet_internal.ms(interval), fleet_internal.ms(timestamptz),
	fleet_internal.elapsed(timestamptz, timestamptz),
	fleet_internal.span(numeric), fleet_internal.words(numeric),
	fleet_internal.shell_word(text),
	fleet_internal.min_up_count(text, int),
	fleet_internal.safe_text(bytea), fleet_internal.window_openings(),
	fleet_internal.hold_next(text, text, bigint, text),
	fleet_internal.turn_commands(bigint, text),
	fleet_internal.choices_of(bigint), fleet_internal.settling_of(bigint),
	fleet_internal.silent_next(text, text, text, int)
	to fleet_reader;
grant select on all tables in schema fleet to fleet_reader;
grant execute on function fleet.export(text), fleet.version(),
	fleet.window_next(text, int, timestamptz),
	fleet.last_events(int, bigint, text, text, text, bigint)
	to fleet_reader;

grant execute on function fleet.import(jsonb, bool, bool),
	fleet.put_content(bytea), fleet.add_procedure(text),
	fleet.pin(text, text[]), fleet.request(text, text, jsonb),
	fleet.plan(text, text, jsonb, text[], text[], jsonb),
	fleet.schedule_add(text, text, text, jsonb, text, text, text[], text[],
		jsonb, bool, int, text, bool),
	fleet.schedule_remove(text, int, text),
	fleet.start(bigint, timestamptz, bool, int, text, bool, text),
	fleet.window_add(text, text, text, bool),
	fleet.window_remove(text, int),
	fleet.cancel(bigint, text),
	fleet.pause(bigint, text, text, interval),
	fleet.resume(bigint, text), fleet.abort(bigint, text),
	fleet.retry(bigint, text, text, bool),
	fleet.restore(bigint, text, text),
	fleet.skip(bigint, text, text, bool),
	fleet.settle(bigint, text, bool, text, text),
	fleet.exclude(text, text, text, bool), fleet.include(text, text),
	fleet.approve(bigint, text), fleet.hook_test(text),
	fleet.override(bigint, text, text, text, text, jsonb, interval)
	to fleet_operator;

grant execute on function
	fleet_internal.advance(int, bigint, bigint, bigint, jsonb, uuid),
	fleet_internal.hello(text, uuid, text, text, int, int),
	fleet_internal.beat(int, uuid),
	fleet_internal.take(int, uuid, int, bigint, bigint, bigint),
	fleet_internal.release(int, bigint),
	fleet_internal.goodbye(int, uuid),
	fleet_internal.load_fleet(int), fleet_internal.load_work(int),
	fleet_internal.load_detail(int, bigint),
	fleet_internal.load(int, bigint, bigint),
	fleet_internal.load_inventory(int), fleet_internal.load_plan(bigint),
	fleet_internal.load_procedure(text), fleet_internal.load_content(text),
	fleet_internal.plan_save(int, bigint, bigint, jsonb),
	fleet_internal.request_take(int, int),
	fleet_internal.schedule_tick(int),
	fleet_internal.request_done(bigint, int, bool, jsonb, text, jsonb),
	fleet_internal.hook_offer(int, jsonb), fleet_internal.hook_take(int),
	fleet_internal.hook_done(bigint, int, int, bool, int, text, text),
	fleet_internal.remind(int), fleet_internal.pull_next(int),
	fleet_internal.pull_done(int, bigint, uuid, text, bytea, text),
	fleet_internal.tidy(interval, interval, int)
	to fleet_coordinator;
