#!/bin/bash
# 10-install.t - installing: twice, changed, two at once; what must be true of
# every object.
. ./lib.sh

schema() {
	pg_dump -s -n fleet -n fleet_internal "$1" | grep -vE '^\\(un)?restrict'
}
apply() {
	"$top/sql/apply.sh" "dbname=$1" 2>&1
}

is "migrations ran once" "$(find "$top/sql/migrations" -name '[0-9]*.sql' | wc -l)" \
	"select count(*) from fleet_internal.schema_migration"
is "the second run only applied code" 'code applied' \
	"select '$(cat "$tmp/second")'"
before=$(schema template)
createdb -T template again
got=$(apply again)
[ "$(schema again)" = "$before" ] && [ "$got" = "code applied" ] &&
	say_ok "a third run changes nothing" ||
	say_not_ok "a third run changes nothing" "$got"
PGDATABASE=again q "update fleet_internal.schema_migration
	set sha256 = repeat('0', 64) where version = 2"
got=$(apply again) && say_not_ok "a changed migration is an error" "$got" ||
	{ [[ $got =~ 0002_inventory.sql\ changed ]] &&
		say_ok "a changed migration is an error" ||
		say_not_ok "a changed migration is an error" "$got"; }

createdb two
apply two >"$tmp/a" & one=$!
apply two >"$tmp/b" & other=$!
wait $one && wait $other && [ "$(schema two)" = "$before" ] &&
	say_ok "two at once: one waits, both succeed" ||
	say_not_ok "two at once: one waits, both succeed" "$(cat "$tmp/a" "$tmp/b")"
is "and each migration ran once" 1 \
	"select count(*) from (values ('$(sort "$tmp/a" "$tmp/b" | grep -c 0001_base)')) v where column1 = '1'"


# an administrator who is no superuser, where the roles are there or not
q "create role dba login createrole" >/dev/null
createdb -O dba third
got=$(PGUSER=dba apply third) && [ "$(schema third)" = "$before" ] &&
	say_ok "an administrator who is no superuser installs the same" ||
	say_not_ok "an administrator who is no superuser installs the same" "$got"
is "and is not an operator by that" f \
	"select pg_has_role('dba', 'fleet_operator', 'member')"

is "every relation and column has a comment" '' "
	select c.oid::regclass || coalesce('.' || a.attname, '') from pg_class c
	  join pg_namespace n on n.oid = c.relnamespace
	  left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
	 where n.nspname in ('fleet', 'fleet_internal') and c.relkind in ('r', 'v', 'm', 'p')
	   and (obj_description(c.oid) is null or col_description(c.oid, a.attnum) is null)"
is "every function and schema has a comment" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname in ('fleet', 'fleet_internal') and obj_description(p.oid) is null
	union all select nspname from pg_namespace where nspname like 'fleet%' and obj_description(oid) is null"
is "everything belongs to fleet_owner" '' "
	select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
	 where n.nspname in ('fleet', 'fleet_internal') and c.relowner <> 'fleet_owner'::regrole
	union all select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname in ('fleet', 'fleet_internal') and p.proowner <> 'fleet_owner'::regrole"
is "nothing is callable or readable by everybody" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname in ('fleet', 'fleet_internal') and has_function_privilege('mallory', p.oid, 'execute')
	union all select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
	 where n.nspname in ('fleet', 'fleet_internal') and c.relkind in ('r', 'v')
	   and has_table_privilege('mallory', c.oid, 'select, insert, update, delete, truncate')"
is "nobody but the owner touches a table" '' "
	select r || ' ' || c.oid::regclass from unnest(array['anna', 'bert', 'drydockd']) r, pg_class c
	  join pg_namespace n on n.oid = c.relnamespace
	 where n.nspname in ('fleet', 'fleet_internal') and c.relkind in ('r', 'v')
	   and (has_table_privilege(r, c.oid, 'insert, update, delete, truncate')
	     or (n.nspname = 'fleet_internal' and has_table_privilege(r, c.oid, 'select')))"
is "every public function is security definer with a pinned path" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname = 'fleet' and (not p.prosecdef or not
		coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false))"
is "and so is all that the coordinator may call" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname = 'fleet_internal' and has_function_privilege('drydockd', p.oid, 'execute')
	   and not has_function_privilege('bert', p.oid, 'execute')
	   and (not p.prosecdef or not
		coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false))"
is "no definer function without a pinned path" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	 where n.nspname like 'fleet%' and p.prosecdef and p.proconfig is null"
is "PostgreSQL compiles every function's body" '' "
	select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	  join pg_language l on l.oid = p.prolang
	 where n.nspname like 'fleet%' and l.lanname not in ('plpgsql', 'sql')"
