#!/bin/bash
# lab-service.t - the units under a real systemd: installed on a host of the lab
# as its administrator would, started, reloaded, hung, stopped; the key comes as
# a credential to drydock-ssh alone, and hooks work inside the sandbox.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "$0")/lib-lab.sh"
root=${root:?}

host=dir1
relay=

# Our libraries that Debian's base does not have; this machine is of the same
# release, or there is nothing to be shown.
libraries() {
	local file

	install -D /usr/bin/jq "$there/usr/local/bin/jq" # hooks want it
	for file in $(ldd "$DRYDOCK_BUILD"/bin/{drydockd,drydock-ssh} \
		/usr/bin/jq |
		awk '/=> \// { print $3 }' | sort -u); do
		[ -e "$there$file" ] || [ -e "$there/usr$file" ] ||
			install -D "$(readlink -f "$file")" \
				"$there/usr/local/lib/${file##*/}"
	done
	on "$host" ldconfig
}

# The lab's PostgreSQL has a socket only: a way to it on the lab's own bridge.
relay_start() {
	/usr/bin/python3 - "10.77.$LAB_NET.1" "$PGHOST/.s.PGSQL.5432" <<'EOF' &
import socket, sys, threading
def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
with socket.create_server((sys.argv[1], 5432)) as server:
    while True:
        client, _ = server.accept()
        pg = socket.socket(socket.AF_UNIX)
        pg.connect(sys.argv[2])
        for pair in ((client, pg), (pg, client)):
            threading.Thread(target=pump, args=pair, daemon=True).start()
EOF
	relay=$!
}

conf() {
	{
		echo "database = host=10.77.$LAB_NET.1 dbname=$PGDATABASE user=drydockd"
		echo "name = service1"
		printf '%s\n' "$@"
	} >"$there/etc/drydock/drydockd.conf"
}

installed() {
	DESTDIR=$there cmake --install "$DRYDOCK_BUILD" >"$work/install.log" &&
		install -m 600 "$LAB_STATE/key" "$there/etc/drydock/id_ed25519" &&
		libraries &&
		printf '#!/bin/sh\ncat >/dev/null; id -un\nls /root /home\necho x >/etc/x\nexit 0\n' \
			>"$there/etc/drydock/hook" &&
		chmod 755 "$there/etc/drydock/hook" &&
		on "$host" systemd-sysusers &&
		on "$host" chown root:drydockd /etc/drydock/drydockd.conf &&
		# the shipped minute is too long to wait for
		mkdir -p "$there/etc/systemd/system/drydockd.service.d" &&
		printf '[Service]\nWatchdogSec=10\n' \
			>"$there/etc/systemd/system/drydockd.service.d/test.conf" &&
		on "$host" systemctl daemon-reload
}

show() { on "$host" systemctl show -p "$1" --value drydockd; }
show_is() { [ "$(show "$1")" = "$2" ]; }
status_like() { [[ $(show StatusText) =~ $1 ]]; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -c "$1"; }
sql_is() { [ "$(sql "$2")" = "$1" ]; }

closed() {
	local level

	level=$(on "$host" systemd-analyze security --no-pager "$1" |
		sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
	echo "# exposure level $level"
	awk -v is="$level" 'BEGIN { exit !(is != "" && is <= 2.0) }'
}

# ssh_unit: the one there is
ssh_unit() {
	on "$host" systemctl list-units --plain --no-legend 'drydock-ssh@*' |
		awk '{ print $1; n++ } END { exit n != 1 }'
}

ssh_pid() {
	on "$host" systemctl show -p MainPID --value "$(ssh_unit)"
}

# confined PID USER: what the running process may do
confined() {
	on "$host" grep -qE '^NoNewPrivs:\s+1$' "/proc/$1/status" &&
		on "$host" grep -qE '^Seccomp:\s+2$' "/proc/$1/status" &&
		on "$host" grep -qE '^CapEff:\s+0+$' "/proc/$1/status" &&
		on "$host" grep -qE '^Max core file size +0 ' "/proc/$1/limits" &&
		on "$host" grep -qE \
			"^Uid:\s+$(on "$host" id -u "$2")\s" "/proc/$1/status"
}

# key_apart: neither the file nor the credential can be had by drydockd
key_apart() {
	not on "$host" runuser -u drydockd -- \
		cat /etc/drydock/id_ed25519 2>/dev/null &&
		not on "$host" grep -qz CREDENTIALS "/proc/$(show MainPID)/environ" &&
		[ "$(on "$host" stat -c '%U %a' /run/drydock-ssh.sock)" = \
			"drydockd 600" ]
}

# drydock-ssh, with the credential's key, on every host
greets() {
	local q

	q=$(sql "select fleet.request('greet', 'lab', '{}')") &&
		wait_until 60 "the hosts to be greeted" sql_is t \
			"select done_at is not null from fleet.request where request = $q" &&
		sql_is t "select bool_and((h->>'up')::bool) and count(*) >= 3
			from fleet.request, jsonb_array_elements(result->'hosts') h
			where request = $q"
}

hook_sandboxed() {
	wait_until 30 "the hook to be offered" sql_is 1 \
		"select count(*) from fleet.hook where hook = 'try'" &&
		drydock hook test try >"$work/hook" 2>&1
	sed 's/^/# /' "$work/hook"
	sql_is drydockd "select split_part(output, E'\n', 1) from fleet.hook_run
		where hook = 'try' and state = 'done' order by run desc limit 1" &&
		grep -qi 'read-only' "$work/hook" &&
		[ ! -e "$there/etc/x" ]
}

# journal_has KIND FIELD=VALUE…: written by a child of drydockd, which may be
# gone before journald looks whose unit it is
journal_has() {
	local kind=$1

	shift
	wait_until 60 "$kind in the journal" journal_says "$kind" "$@"
}

journal_says() {
	local said pair

	said=$(on "$host" journalctl -q -n 1 -o json "DRYDOCK_EVENT=$1")
	shift
	for pair in "$@"; do
		[ "$(jq -r ".${pair%%=*}" <<<"$said")" = "${pair#*=}" ] ||
			return 1
	done
}

explained() {
	on "$host" journalctl --update-catalog &&
		on "$host" journalctl --list-catalog |
		grep 'drydock: A backend is held' >/dev/null
}

hung_is_restarted() {
	local pid

	pid=$(show MainPID)
	show_is NRestarts 0 || return
	on "$host" kill -STOP "$pid"
	wait_until 90 "systemd to notice" not show_is MainPID "$pid" &&
		wait_until 60 "it to be back" show_is ActiveState active &&
		on "$host" journalctl -u drydockd -o cat |
			grep 'Watchdog timeout' >/dev/null && holds
}

holds() {
	wait_until 60 "the fleet to be its" sql_is service1 \
		"select coordinator from fleet.fleet where fleet = 'lab'" &&
		wait_until 30 "its status" status_like '^lab: '
}

# promised are 5 s; what a loaded machine adds is not the unit's
stops() {
	local began

	began=$(date +%s%N)
	on "$host" systemctl stop drydockd &&
		began=$((($(date +%s%N) - began) / 1000000)) &&
		echo "# it took $began ms" && [ "$began" -lt 10000 ] &&
		show_is ActiveState inactive &&
		on "$host" journalctl -u drydockd -o cat |
			grep 'Deactivated successfully' >/dev/null &&
		wait_until 10 "drydock-ssh to end" not ssh_unit >/dev/null &&
		sql_is t "select coordinator is null from fleet.fleet where fleet = 'lab'"
}

bad_conf() {
	conf 'nonsense = 1'
	not on "$host" systemctl start drydockd 2>/dev/null &&
		show_is ExecMainStatus 2 && show_is ActiveState failed &&
		on "$host" journalctl -u drydockd -o cat | grep 'nonsense' >/dev/null
}

clean_up() {
	on "$host" systemctl stop drydockd drydock-ssh.socket 2>/dev/null || true
	rm -rf "$there/etc/systemd/system/drydockd.service.d" \
		"$there/etc/drydock/drydockd.conf" "$there/etc/drydock/id_ed25519"
	sql "delete from fleet_internal.hook" || true
	[ -z "$relay" ] || kill "$relay" 2>/dev/null || true
	lab_stop
}

lab_start
there=$LAB_STATE/hosts/$host/root
lab coordinator stop
trap clean_up EXIT
relay_start
conf
ok "installed as an administrator does" installed
ok "the units are clean for this systemd" on "$host" \
	systemd-analyze verify --recursive-errors=no drydockd.service \
	drydock-ssh.socket drydock-ssh@1.service
ok "it is ready when systemctl start returns" on "$host" \
	systemctl start drydockd
ok "the fleet is its, and systemctl status says so" holds
ok "the unit is closed" closed drydockd
ok "and so is the process" confined "$(show MainPID)" drydockd
ok "the key works: every host is greeted" greets
ok "drydock-ssh's unit is closed" closed "$(ssh_unit)"
ok "and so is its process" confined "$(ssh_pid)" drydock-ssh
ok "drydockd cannot have the key" key_apart
conf 'hook.try = /etc/drydock/hook' \
	'hook.journal = /usr/local/share/drydock/hooks/journal' \
	'hook.journal.on = fleet.*'
ok "systemctl reload" on "$host" systemctl reload drydockd
ok "a hook runs, in the same sandbox" hook_sandboxed
ok "that of the journal is no alarm" not drydock hook test journal
ok "but its event is in the journal" journal_has hook.test \
	DRYDOCK_ACTOR=postgres PRIORITY=5
ok "which knows what to say of the others" explained
ok "one that hangs is ended and begins anew" hung_is_restarted
ok "which the journal has" journal_has fleet.taken DRYDOCK_FLEET=lab \
	DRYDOCK_ACTOR=drydockd
ok "it stops in order, at once" stops
ok "a wrong configuration is told, and not tried again" bad_conf
finish
