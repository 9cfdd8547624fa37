#!/bin/bash
# 40-roles.t - who may do what, and as whom; hostile paths. 41-every.t tries all.
. ./lib.sh

do_ "select test.running('mail', 1); select fleet.pin('mail1', '{}')"

# function, call, class (reader, operator)
calls() {
	cat <<-'LIST'
	reader export fleet.export('mail')
	reader version fleet.version()
	reader window_next fleet.window_next('mail')
	reader last_events fleet.last_events()
	operator import fleet.import(fleet.export('mail'))
	operator put_content fleet.put_content('abc')
	operator add_procedure fleet.add_procedure('procedure: other')
	operator pin fleet.pin('mail1', '{}')
	operator request fleet.request('check', 'mail')
	operator plan fleet.plan('mail', 'restart')
	operator start fleet.start(1)
	operator cancel fleet.cancel(1)
	operator pause fleet.pause(1, 'r')
	operator resume fleet.resume(1)
	operator abort fleet.abort(1, 'r')
	operator retry fleet.retry(1)
	operator restore fleet.restore(1)
	operator skip fleet.skip(1, 'mail1', 'r')
	operator settle fleet.settle(1, 's', true, 'r')
	operator exclude fleet.exclude('mail', 'mail3', 'r')
	operator include fleet.include('mail', 'mail3')
	operator approve fleet.approve(1)
	operator hook_test fleet.hook_test('mail')
	operator schedule_add fleet.schedule_add('mail', 'Mon 01:00', 'restart')
	operator schedule_remove fleet.schedule_remove('mail', 1)
	operator window_add fleet.window_add('mail', 'Mon 01:00-02:00')
	operator window_remove fleet.window_remove('mail', 1)
	operator override fleet.override(1, 'window', 'r')
	LIST
}

is "this list has every public function" '' "
	select p.proname from pg_proc p where p.pronamespace = 'fleet'::regnamespace
	except select unnest('{$(calls | cut -d' ' -f2 | paste -sd,)}'::text[])"
while read -r class name call; do
	refused "$name: not without a role" 42501 'permission denied' \
		"select $call" mallory
	if [ "$class" = reader ]; then
		is "$name: a reader may" t \
			"select count(*) >= 0 from (select $call) x" bert
	else
		refused "$name: not a reader" 42501 'permission denied' \
			"select $call" bert
		refused "$name: not the coordinator" 42501 'permission denied' \
			"select $call" drydockd
	fi
	# allowed = at most its own refusal of the present state
	got=$(as anna "begin; select $call; rollback" || true)
	if [[ $got =~ 42501|RD003 ]]; then
		say_not_ok "$name: an operator may" "$got"
	else
		say_ok "$name: an operator may"
	fi
done < <(calls)

refused "granted by mistake, may() still says no" RD003 'This needs a member of fleet_operator' \
	"begin; grant usage on schema fleet to mallory;
	 grant execute on function fleet.pause(bigint, text, text, interval) to mallory;
	 set local session authorization mallory; select fleet.pause(1, 'x')"
do_ "select fleet.pause(1, 'for the record')" anna
is "the actor is the user of the session" anna \
	"select actor from fleet.event where kind = 'rollout.pausing'"
do_ "create role carl login in role anna"
do_ "set role anna; select fleet.resume(1)" carl
is "even under set role" carl \
	"select actor from fleet.event where kind = 'rollout.resumed'"
refused "a view is not written" 42501 'permission denied' \
	"update fleet.error set name = 'x'" anna
refused "a table is not read" 42501 'permission denied' \
	"select * from fleet_internal.rollout" anna
refused "the clock is not moved" 42501 'permission denied' \
	"insert into fleet_internal.clock_offset values (true, '1 day')" anna

# by the catalog, so that what is new is refused until somebody decides
rights() {
	echo "select coalesce(string_agg(format('%s %s', c.oid::regclass, p), ', '), '')
		from pg_class c, unnest('{select,insert,update,delete,truncate,references,trigger}'::text[]) p
		where c.relkind in ('r', 'v', 'p', 'm') and c.relnamespace in
		('fleet'::regnamespace, 'fleet_internal'::regnamespace)
		and not (p = 'select' and c.relnamespace = 'fleet'::regnamespace and '$1' <> 'mallory')
		and has_table_privilege('$1', c.oid, p)"
}
for user in mallory bert anna drydockd; do
	is "$user has no right to any table, and at most reads views" '' \
		"$(rights $user)"
done
is "nobody outside has anything" '' "select coalesce(string_agg(p.oid::regprocedure::text, ', '), '')
	from pg_proc p where p.pronamespace in ('fleet'::regnamespace, 'fleet_internal'::regnamespace)
	and has_function_privilege('mallory', p.oid, 'execute')"
is "a reader runs nothing that writes" '' "select coalesce(string_agg(p.oid::regprocedure::text, ', '), '')
	from pg_proc p where p.pronamespace in ('fleet'::regnamespace, 'fleet_internal'::regnamespace)
	and p.prorettype <> 'trigger'::regtype and p.provolatile = 'v'
	and p.proname not in ('clock')
	and has_function_privilege('bert', p.oid, 'execute')"
is "an operator has no inner function that a reader has not" '' "select coalesce(string_agg(p.oid::regprocedure::text, ', '), '')
	from pg_proc p where p.pronamespace = 'fleet_internal'::regnamespace
	and has_function_privilege('anna', p.oid, 'execute')
	and not has_function_privilege('bert', p.oid, 'execute')"
is "what runs with its owner's rights looks names up nowhere else" '' "select coalesce(string_agg(p.oid::regprocedure::text, ', '), '')
	from pg_proc p where p.pronamespace in ('fleet'::regnamespace, 'fleet_internal'::regnamespace)
	and p.prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)"
is "everything has a comment" '' "select coalesce(string_agg(what, ', '), '') from (
	select c.oid::regclass::text as what from pg_class c where c.relnamespace in
		('fleet'::regnamespace, 'fleet_internal'::regnamespace)
		and c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null
	union all select c.oid::regclass || '.' || a.attname from pg_class c
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relnamespace in ('fleet'::regnamespace, 'fleet_internal'::regnamespace)
		and c.relkind in ('r', 'v') and col_description(c.oid, a.attnum) is null
	union all select p.oid::regprocedure::text from pg_proc p where p.pronamespace in
		('fleet'::regnamespace, 'fleet_internal'::regnamespace)
		and obj_description(p.oid, 'pg_proc') is null) x"

# a schema with the same names in front, and temporary objects
do_ "create schema evil authorization mallory; grant all on schema evil to public"
do_ "create function evil.btrim(text) returns text language plpgsql as
	\$\$ begin raise exception 'evil was called'; end \$\$;
     create function evil.clock_timestamp() returns timestamptz language plpgsql as
	\$\$ begin raise exception 'evil was called'; end \$\$;
     create function evil.format(text, variadic \"any\") returns text language internal as 'text_format';
     create function evil.same(text, text) returns bool language plpgsql as
	\$\$ begin raise exception 'evil was called'; end \$\$;
     create operator evil.= (leftarg = text, rightarg = text, function = evil.same);
     create function evil.fail(text, text, text, text) returns void language sql as ''" 
is "a hostile search_path has no effect" paused_ok \
	"set search_path = evil, pg_catalog, fleet;
	 create temp table rollout (rollout_id bigint, state text);
	 create temp table fleet (fleet_id int);
	 create temp table pg_class (oid oid);
	 create function pg_temp.check_reason(text) returns text language sql as 'select null::text';
	 do \$\$ begin perform fleet.pause(1, 'hostile'); end \$\$;
	 select 'paused_ok'" anna
is "and the pause is there" hostile "select pause_reason from fleet.rollout"
is "views neither" running_ok "set search_path = evil, pg_catalog;
	 select base_state || '_ok' from fleet.rollout where rollout operator(pg_catalog.=) 1" bert
is "the coordinator's door neither" ok "set search_path = evil, pg_catalog;
	 do \$\$ begin perform fleet_internal.advance(1, 1, null, null, '[{\"op\":\"event\",\"kind\":\"x.y\",\"message\":\"m\"}]'); end \$\$;
	 select 'ok'" drydockd
is "nor triggers, for the owner" ok "set search_path = evil, pg_catalog;
	 update fleet_internal.turn set state = 'skipped' where turn_id operator(pg_catalog.=) 1;
	 select 'ok'"
