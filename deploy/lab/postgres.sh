# postgres.sh - the lab's own PostgreSQL: a Unix socket, no port, fsync on.
# shellcheck shell=bash

PG_DATA=$LAB_STATE/pg
# Not under the state folder: a socket's path is limited to 107 bytes.
PG_SOCKET=$LAB_CLAIM/pg
PG_DATABASE=fleet

pg_bin() {
	local dir
	dir=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1)
	[ -n "$dir" ] || die "no PostgreSQL server here: apt-get install postgresql"
	echo "$dir"
}

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

postgres_up() {
	install -d -o postgres -g postgres -m 0755 "$PG_SOCKET"
	[ -e "$PG_DATA/PG_VERSION" ] || postgres_make
	postgres_runs && return
	(
		cd /
		as_postgres "$(pg_bin)/pg_ctl" -D "$PG_DATA" -l "$PG_DATA/log" \
			-w -t 60 start >/dev/null 9>&-
	)
	postgres_psql -qtAc "select 1 from pg_database where datname = 'fleet'" |
		grep -q 1 || postgres_psql -qc "create database fleet"
}

postgres_make() {
	install -d -o postgres -g postgres -m 0700 "$PG_DATA"
	(
		cd /
		as_postgres "$(pg_bin)/initdb" -D "$PG_DATA" --no-sync -U postgres \
			--auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
	)
	cat >>"$PG_DATA/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$PG_SOCKET'
fsync = on
max_connections = 60
shared_buffers = 64MB
log_min_duration_statement = 500
timezone = 'UTC'
EOF
}

postgres_psql() {
	PGOPTIONS='' psql -X -h "$PG_SOCKET" -U postgres -d postgres "$@"
}

postgres_runs() {
	as_postgres "$(pg_bin)/pg_ctl" -D "$PG_DATA" status >/dev/null 2>&1
}

# postgres_lives DATA: the server of that cluster, whoever may ask.
postgres_lives() {
	local pid
	pid=$(head -1 "$1/postmaster.pid" 2>/dev/null) && is_ours "$pid" postgres
}

postgres_down() {
	if [ -e "$PG_DATA/postmaster.pid" ] && postgres_runs; then
		(
			cd /
			as_postgres "$(pg_bin)/pg_ctl" -D "$PG_DATA" -m immediate \
				-w stop >/dev/null
		)
	fi
}

# postgres_kill: as the kernel would, when memory is short: all its processes
# at one instant. What they had not flushed is gone.
postgres_kill() {
	local pid
	pid=$(head -1 "$PG_DATA/postmaster.pid" 2>/dev/null) || return 0
	is_ours "$pid" postgres || return 0
	# shellcheck disable=SC2046 # a list of numbers
	kill -KILL "$pid" $(cat "/proc/$pid/task/$pid/children")
	# not before it is reaped: pg_ctl takes a zombie for a server
	wait_for 20 "PostgreSQL to be gone" postgres_gone
}

postgres_gone() { ! postgres_runs; }

postgres_renew() {
	postgres_psql -qc "drop database if exists $PG_DATABASE with (force)" \
		-c "create database $PG_DATABASE"
}

postgres_command() {
	case "$1" in
	start) postgres_up ;;
	stop) postgres_down ;;
	kill) postgres_kill ;;
	*) die "usage: lab database start|stop|kill" ;;
	esac
}

postgres_print() {
	postgres_runs && echo "-- database: host=$PG_SOCKET dbname=$PG_DATABASE" ||
		echo "-- database: down"
}
