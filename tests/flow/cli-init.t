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
