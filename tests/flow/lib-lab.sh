#!/bin/bash
# lib-lab.sh - for tests on a real fleet: the lab, an observer, TAP.
#
# Sourced. After lab_start the lab is up, its env is in force ($LAB_STATE,
# PGHOST, PATH with the build), and it goes away at exit unless LAB_KEEP=1.
# A lab of its own, so that a test never meets the one you work with.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LAB=${LAB:-flow} LAB_NET=${LAB_NET:-9}
export DRYDOCK_BUILD=${DRYDOCK_BUILD:-$root/build/dev}
export LC_ALL=C.UTF-8 TZ=UTC
unset DRYDOCK_DATABASE DRYDOCK_FLEET NO_COLOR PGSERVICE PGDATABASE PGUSER PGPORT

count=0 bad=0
observer='' loader=''

lab() { "$root/deploy/lab/lab" "$@"; }

# lab_start [ARGUMENTS OF lab up]
lab_start() {
	[ "$(id -u)" -eq 0 ] || {
		echo "1..0 # SKIP the lab needs root"
		exit 0
	}
	trap lab_stop EXIT
	lab up "$@" | sed 's/^/# /'
	# shellcheck source=/dev/null
	. "$root/build/$LAB/env"
	# Debian's psql is Perl that looks for a cluster: 60 ms each time.
	PATH=${PG_BIN:-/usr/lib/postgresql/15/bin}:$PATH
	work=$LAB_STATE/test
	mkdir -p "$work"
}

lab_stop() {
	[ -z "$observer" ] || kill "$observer" 2>/dev/null || true
	[ -z "$loader" ] || kill "$loader" 2>/dev/null || true
	[ "${LAB_KEEP-}" = 1 ] || lab down | sed 's/^/# /'
}

# within SECONDS WHAT COMMAND...: false, with a line, when time is over.  For
# what is promised to be so quick.
within() {
	local what=$2 until=$((SECONDS + $1))

	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$until" ]; then
			echo "# waited in vain for $what"
			return 1
		fi
		sleep 0.1
	done
}

# wait_until SECONDS WHAT COMMAND...: what takes so long on a good day.  On a
# slow machine it comes later, and is as true then.
wait_until() {
	within $(($1 * 4)) "${@:2}"
}

# on HOST COMMAND...: the administrator's own door, never the agent's.
on() { lab exec "$@"; }

address() {
	case "$1" in
	dir*) echo "10.77.$LAB_NET.$((10 + ${1#dir}))" ;;
	mail*) echo "10.77.$LAB_NET.$((20 + ${1#mail}))" ;;
	*) echo "$1" ;;
	esac
}

# director_row DIRECTOR BACKEND (name or address): "VHOSTS STATE USERS"
director_row() {
	on "$1" doveadm -f tab director status |
		awk -F '\t' -v ip="$(address "$2")" \
			'$1 == ip { print $3, $4, $6; n++ } END { exit n != 1 }'
}

# in_service DIRECTOR BACKEND VHOSTS: up with exactly that weight
in_service() {
	local row

	row=$(director_row "$1" "$2") && [[ $row == "$3 up "* ]]
}

out_of_service() {
	local row

	row=$(director_row "$1" "$2") && [[ $row == "0 "* || $row == *" down "* ]]
}

boot_id() { on "$1" cat /proc/sys/kernel/random/boot_id; }

# main_pid HOST: Dovecot's, 0 when stopped; another one after a restart
main_pid() { on "$1" systemctl show -p MainPID --value dovecot; }

lmtp_answers() {
	timeout 5 bash -c "exec 3<>/dev/tcp/$(address "$1")/24 &&
		read -r -u 3 line && [[ \$line == 220* ]]"
}

package_version() {
	on "$1" dpkg-query -W -f '${Version}' "$2"
}

# first_packages HOST...: the first version, whatever an earlier test left
first_packages() {
	local host

	for host in "$@"; do
		[ "$(package_version "$host" drydock-lab-sieve)" = 1.0 ] ||
			on "$host" apt-get install -qq -y --allow-downgrades \
				drydock-lab-sieve=1.0 \
				drydock-lab-sieve-common=1.0 >/dev/null 2>&1
	done
}

# observe_start FILE; observe_stop fails when two were out at one instant, or
# when the observer saw too little to say so.
observe_start() {
	rm -f "$1"
	"$root/deploy/lab/lab" observe "$1" &
	observer=$! observed=$1
	wait_until 10 "the observer's first look" test -s "$1"
}

observe_stop() {
	local looks status=0

	kill -TERM "$observer"
	wait "$observer" || status=$?
	observer=
	# a reading is of one director: one that is never read is half of them
	looks=$(json_get "$observed" looks)
	[ "$looks" -gt 0 ] && [ "$looks" -ge \
		$((4 * $(json_get "$observed" unanswered))) ] || status=1
	json_print "$observed" violations
	return $status
}

# load_start SECONDS FILE; load_wait fails when content was not whole
load_start() {
	"$root/deploy/lab/lab" load "$1" "$2" &
	loader=$!
}

load_wait() {
	local status=0

	wait "$loader" || status=$?
	loader=
	return $status
}

# The users go home before their time; then the same.
load_end() {
	kill -TERM "$loader"
	load_wait
}

# json_get FILE KEY[.KEY]...: a scalar, or the length of a list
json_get() {
	/usr/bin/python3 -c '
import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[key]
print(len(value) if isinstance(value, (list, dict)) else value)' "$1" "$2"
}

# json_print FILE KEY: a list as TAP comments
json_print() {
	/usr/bin/python3 -c '
import json, sys
for item in json.load(open(sys.argv[1]))[sys.argv[2]]:
    print("#", json.dumps(item))' "$1" "$2"
}

# secret_places: files that hold the planted sentence and are not mail. The
# database, logs, journals of hosts, whatever the agent keeps.
secret_places() {
	local found=$work/secret host journal

	: >"$found"
	[ ! -e "$LAB_STATE/pg" ] || psql -Xqc checkpoint
	grep -rlaF -- "$LAB_SECRET_SENTENCE" "$LAB_STATE/pg" \
		"$LAB_STATE"/*.log "$LAB_STATE"/hosts/*/upper \
		2>/dev/null >>"$found" || true
	for host in "$LAB_STATE"/hosts/*; do
		host=${host##*/} journal=$work/journal-$host
		on "$host" journalctl -q --no-pager -o cat >"$journal" 2>&1
		! grep -qaF -- "$LAB_SECRET_SENTENCE" "$journal" ||
			echo "journal of $host" >>"$found"
		rm -f "$journal"
	done
	cat "$found"
}

# ok NAME COMMAND...: the command decides
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

not() { ! "$@"; }

finish() {
	echo "1..$count"
	exit $((bad > 0))
}
