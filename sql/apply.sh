#!/bin/bash
# apply.sh - creates or upgrades the schema with psql; safe to repeat.
# usage: sql/apply.sh [CONNINFO]     (default: libpq's environment)
#
# Each migration runs once, in its own transaction, and is recorded with its
# checksum; then all of code/ is applied again in one transaction. The lock is
# polled: waiting inside pg_advisory_lock would deadlock with concurrent
# index builds.
set -euo pipefail
export LC_ALL=C PGOPTIONS="${PGOPTIONS:-} -c client_min_messages=warning"

here=$(cd "$(dirname "$0")" && pwd)
conn=${1:-}
lock=7233401

die() {
	echo "apply.sh: error: $*" >&2
	exit 1
}

sql() {
	psql -X -q -v ON_ERROR_STOP=1 -At ${conn:+-d "$conn"} "$@"
}

hold_lock() {
	coproc LOCK { psql -X -q -At ${conn:+-d "$conn"} 2>&1; }
	local got i
	for ((i = 0; i < 600; i++)); do
		echo "select pg_try_advisory_lock($lock);" >&"${LOCK[1]}"
		read -r -t 10 got <&"${LOCK[0]}" || die "the database does not answer"
		case $got in
		t) return ;;
		f) sleep 0.1 ;;
		*) die "$got" ;;
		esac
	done
	die "another upgrade has held the lock for 60 s"
}

recorded() {
	sql -c "select case when to_regclass('fleet_internal.schema_migration')
		is not null then 'yes' end" | grep -q yes || return 0
	sql -v v="$1" <<< "select sha256 from fleet_internal.schema_migration
		where version = :v"
}

migrate() {
	local file=$1 base version name sum known
	base=$(basename "$file" .sql)
	version=$((10#${base%%_*}))
	name=${base#*_}
	sum=$(sha256sum < "$file" | cut -d' ' -f1)
	known=$(recorded "$version")
	if [ -n "$known" ]; then
		[ "$known" = "$sum" ] ||
			die "$base.sql changed after it was applied ($known -> $sum)"
		return 0
	fi
	{
		cat "$file"
		echo "insert into fleet_internal.schema_migration
			(version, name, sha256) values (:v, :'n', :'s');"
	} | sql -1 -o /dev/null -v v="$version" -v n="$name" -v s="$sum"
	echo "applied $base"
}

hold_lock
for file in "$here"/migrations/[0-9]*.sql; do
	migrate "$file"
done
cat "$here"/code/*.sql | sql -1 -o /dev/null -f -
echo "code applied"
