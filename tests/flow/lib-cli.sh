#!/bin/bash
# lib-cli.sh - for tests of `drydock`: a private PostgreSQL, and TAP.
# Sourced.  After cli_start: $drydock, $pg (its socket directory), PGHOST and
# friends point at database `drydock`; everything goes away at exit.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
drydock=${DRYDOCK_BIN:-$root/build/dev/bin}/drydock
pg_bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
# Debian's psql is Perl that looks for a cluster: 60 ms before each query.
PATH=$pg_bin:$PATH
golden=$root/tests/golden/cli
export LC_ALL=C.UTF-8 TZ=UTC
unset DRYDOCK_DATABASE DRYDOCK_FLEET NO_COLOR PGSERVICE PGDATABASE PGUSER PGPORT

count=0 bad=0

as_postgres() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid postgres --regid postgres --init-groups \
			env -C / "$@"
	else
		"$@"
	fi
}

cli_start() {
	[ -x "$drydock" ] || { echo "Bail out! no $drydock"; exit 1; }
	pg=$(mktemp -d /tmp/drydock-cli.XXXXXX)
	trap cli_stop EXIT
	if [ "$(id -u)" -eq 0 ]; then chown postgres "$pg"; fi
	as_postgres "$pg_bin/initdb" -D "$pg/data" -A trust -U postgres \
		--no-sync -E UTF8 --locale=C.UTF-8 >"$pg/initdb.log" 2>&1 ||
		{ cat "$pg/initdb.log"; exit 1; }
	pg_up
	export PGHOST=$pg PGUSER=postgres PGDATABASE=drydock
	psql -q -d postgres -c 'create database drydock'
}

pg_up() {
	as_postgres "$pg_bin/pg_ctl" -D "$pg/data" -w -t 60 -s -l "$pg/log" \
		-o "-k $pg -c listen_addresses= -c fsync=off" start \
		</dev/null >/dev/null
}

pg_down() {
	as_postgres "$pg_bin/pg_ctl" -D "$pg/data" -w -s -m fast stop \
		>/dev/null
}

cli_stop() {
	pg_down 2>/dev/null || true
	rm -rf "$pg"
}

sql() {
	psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"
}

# ok NAME COMMAND…: the command decides
ok() {
	local name=$1

	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		bad=$((bad + 1))
	fi
}

# run ARGS…: drydock with stdin closed; $out, $err, $code
run() {
	code=0
	"$drydock" "$@" >"$pg/out" 2>"$pg/err" </dev/null || code=$?
	out=$(<"$pg/out") err=$(<"$pg/err")
}

# is NAME EXPECTED-CODE [PATTERN…]: of the last run; each is an ERE searched in
# what it wrote on either side
is() {
	local name=$1 want=$2 pattern why=

	shift 2
	[ "$code" -eq "$want" ] || why="exit $code, not $want"
	for pattern in "$@"; do
		grep -qE -- "$pattern" "$pg/out" "$pg/err" ||
			why="$why; nowhere: $pattern"
	done
	ok "$name" test -z "$why"
	[ -z "$why" ] || printf '%s\n' "$why" "$out" "$err" | sed 's/^/# /'
}

# same NAME FILE: the last run's stdout is that golden file; GOLDEN=write
# writes it instead (then read the diff)
same() {
	if [ "${GOLDEN-}" = write ]; then cp "$pg/out" "$golden/$2"; fi
	diff -u "$golden/$2" "$pg/out" >"$pg/diff" 2>&1 || true
	ok "$1" test ! -s "$pg/diff"
	sed 's/^/# /' "$pg/diff"
}

finish() {
	echo "1..$count"
	exit $((bad > 0))
}
