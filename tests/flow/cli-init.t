#!/bin/bash
# cli-init.t - drydock init: twice, changed files, no right, print-sql.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"

# pg_dump marks its output with a random word
schema() {
	pg_dump -s -d "${1:-drydock}" | grep -vE '^\\(un)?restrict'
}

cli_start

run init
is "init creates the schema" 0 'schema +none -> [0-9]+ +0001_base' 'roles'
before=$(schema)
run init
is "init again has nothing to do" 0 'schema +[0-9]+, nothing to do'
ok "and the schema is the same" test "$before" = "$(schema)"

# old_database NAME ROWS: its coordinators are from before infinity was refused,
# and nobody looked through them since
old_database() {
	sql "create database $1" &&
		"$drydock" init --print-sql | awk -v rows="$2" '
	/^-- 0046_.*sql$/ { print "insert into fleet_internal.coordinator" \
		" (name, instance, started_at, beat_at) values " rows ";" }
	/^-- 0051_/ { later = 1 }
	!later' >"$pg/old.sql" && psql -X -q -v ON_ERROR_STOP=1 -o /dev/null \
		-d "dbname=$1 options='-c client_min_messages=warning'" \
		-f "$pg/old.sql"
}

# validated DATABASE: each of the constraints
validated() {
	[ "$(PGDATABASE=$1 sql "select count(*) > 20, bool_and(convalidated)
		from pg_constraint where conname ~ '_finite_check$'")" = 't|t' ]
}

good="('ops1', gen_random_uuid(), now(), now())"
old_database old "$good"
ok "an older database was not looked through" eval '! validated old'
PGDATABASE=old sql "insert into fleet_internal.fleet (name, interlock, epoch,
	holder) select 'mail', 'mail', 7, coordinator_id
	from fleet_internal.coordinator" >/dev/null
PGDATABASE=old run init
is "it is, when it is upgraded" 0 'schema .* 0052_finite_rows'
ok "every table of it" validated old
ok "and who was built for the older one is out" test '|t' = "$(PGDATABASE=old \
	sql "select holder, epoch = 8 from fleet_internal.fleet")"
old_database older "$good, ('ops''2', gen_random_uuid(), now(), 'infinity'),
	('ops3', gen_random_uuid(), '-infinity', now())"
PGDATABASE=older run init
is "an infinite time is told, with what to type" 1 'error: finite_rows: 2 rows' \
	"set beat_at = 'TIME' where coordinator_id = '2';" \
	"set started_at = 'TIME' where coordinator_id = '3';"
ok "and left as it is" test "$(PGDATABASE=older sql "select count(*)
	from fleet_internal.coordinator
	where not isfinite(beat_at) or not isfinite(started_at)")" -eq 2
ok "nor stays what came before it" test 46 -eq "$(PGDATABASE=older sql \
	"select max(version) from fleet_internal.schema_migration")"
grep -oE '(begin|update|commit)\b.*;' "$pg/err" | sed s/TIME/2026-01-02/ \
	>"$pg/typed"
ok "that can be typed" psql -X -q -v ON_ERROR_STOP=1 -d older -f "$pg/typed"
PGDATABASE=older run init
is "then it goes on" 0 'schema .* 0052_finite_rows'
ok "and looks through every table" validated older

sql "update fleet_internal.schema_migration set sha256 = repeat('0', 64)
     where version = 1"
run init
is "a changed checksum is an error" 1 'migration 0001_base is not the one' \
	'why: .*never changes'
sql "create database printed"
"$drydock" init --print-sql >"$pg/printed.sql"
ok "--print-sql loads with psql" psql -X -q -v ON_ERROR_STOP=1 -o /dev/null \
	-d "dbname=printed options='-c client_min_messages=warning'" -f "$pg/printed.sql"
ok "and makes the same schema" \
	test "$(schema printed)" = "$before"
PGDATABASE=printed run init
is "and init finds it done" 0 'nothing to do'

sql "create role anna login"
sql "create database other"
PGDATABASE=other PGUSER=anna run init
is "without rights: names --print-sql" 1 'error: ' 'hint: .*--print-sql'

"$drydock" init -d "dbname=other" >/dev/null 2>&1 &
one=$!
"$drydock" init -d "dbname=other" >/dev/null 2>&1 &
two=$!
ok "two at once: one ends well" wait "$one"
ok "and so does the other" wait "$two"

run init -d "host=$pg/nowhere"
is "no server: exit 6" 6 'error: the database cannot be reached' 'why: '

finish
