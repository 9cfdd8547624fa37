#!/bin/bash
# lab-preflight.t - what a check finds of a fleet before anybody is taken: a
# ring in two halves, storage that is not shared, monitors, empty test users.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

# check_says STATUS [OPTION...]: a new plan, its check; findings in $work/check
check_says() {
	local want=$1

	shift
	check_plan "$want" dovecot-obox-restart -e drain_wait=12s -e soak=1s \
		-e settle=1s "$@"
}

# check_plan STATUS ARGUMENTS OF drydock plan
check_plan() {
	local want=$1 plan rc=0

	shift
	drydock -q plan "$@" >"$work/plan"
	plan=$(sed -n 's/^Plan \([0-9]*\) .*/\1/p' "$work/plan")
	drydock check "$plan" --full >"$work/check" 2>&1 || rc=$?
	[ "$rc" -eq "$want" ] && return
	sed 's/^/# /' "$work/check"
	return 1
}

# found CODE TEXT [HINT]: such an error, and what to do; fine CODE: no error of that code, and some ok
found() {
	grep -E -A1 "^ *error +$1 " "$work/check" >"$work/found"
	grep -qE -- "^ *error .*$2" "$work/found" &&
		grep -qE -- "^ *hint: .*${3-}" "$work/found"
}
fine() {
	! grep -qE "^ *error +$1 " "$work/check" &&
		grep -qE "^ *ok +$1 " "$work/check"
}

# process HOST NAME: something of that name runs there
process() {
	on "$1" cp /bin/sleep "/run/$2"
	on "$1" mount -o remount,exec /run 2>/dev/null || true
	on "$1" systemd-run -q --collect --unit "lab-$2" "/run/$2" 600
	wait_until 10 "$2 on $1" on "$1" pgrep -a "$2"
}

process_gone() {
	on "$1" systemctl stop "lab-$2" 2>/dev/null || true
	on "$1" rm -f "/run/$2"
}

# A store of its own on one backend, as if its mount were another one: the
# same users, the same number of messages.
own_store() {
	local user

	on "$1" mkdir -p /run/own
	for user in probe1 "probe${1#mail}"; do
		on "$1" cp -a "/srv/mail/$user" /run/own/
		on "$1" sh -c "rm -f /run/own/$user/dovecot*"
	done
	on "$1" chown -R vmail: /run/own
	on "$1" mount --bind /run/own /srv/mail
}

own_store_gone() {
	! on "$1" test -d /run/own || on "$1" umount /srv/mail
	on "$1" rm -rf /run/own
}

# apart: the directors cannot reach each other, all others reach both
apart() {
	on dir1 ip route add unreachable "$(address dir2)"
	on dir2 ip route add unreachable "$(address dir1)"
	on dir1 systemctl restart dovecot
	on dir2 systemctl restart dovecot
	wait_until 90 "each to be its own ring" alone
}

together() {
	on dir1 ip route del unreachable "$(address dir2)" 2>/dev/null || true
	on dir2 ip route del unreachable "$(address dir1)" 2>/dev/null || true
}

ring() { on "$1" doveadm -f tab director ring status | cut -f3,5; }

alone() {
	local host

	for host in dir1 dir2; do
		ring "$host" | grep -q '^self.ring synced' &&
			! ring "$host" | grep -qE '^(left|right)' || return 1
	done
}

whole() {
	ring dir1 | grep -q '^self.ring synced' && ring dir1 | grep -q '^left' &&
		ring dir2 | grep -q '^self.ring synced' &&
		ring dir2 | grep -q '^left'
}

# Dovecot as its socket starts it, at the first connection, and as it does. It
# hangs up what it does not listen on, which ends the socket: just what it does.
by_socket() {
	on "$1" mkdir -p /run/systemd/system/dovecot.socket.d
	on "$1" tee /run/systemd/system/dovecot.socket.d/lab.conf >/dev/null \
		<<-'EOF'
		[Socket]
		ListenStream=
		ListenStream=0.0.0.0:143
		ListenStream=[::]:143
	EOF
	on "$1" systemctl daemon-reload
	on "$1" systemctl stop dovecot
	on "$1" systemctl start dovecot.socket
	on "$1" systemctl start dovecot
}

by_itself() {
	! on "$1" systemctl -q is-active dovecot.socket || {
		on "$1" systemctl stop dovecot.socket dovecot
		on "$1" systemctl start dovecot
	}
}

probe2=
clean_up() {
	local host name

	for host in dir1 dir2; do
		for name in poolmon dovemon; do process_gone $host $name; done
	done
	by_itself mail1
	on dir2 pkill -CONT -x director || true
	own_store_gone mail3
	together
	[ ! -d "$work/probe2" ] || mv "$work/probe2"/* "$probe2/"
	rm -rf "$work/probe2"
}

many_at_once() {
	process dir2 poolmon
	process dir1 dovemon
	own_store mail3
	by_socket mail1
	mkdir "$work/probe2"
	mv "$probe2"/* "$work/probe2/"
	ok "a check finds all of it" check_says 5 -e stop_timeout=24h \
		-e stop_within=1h
	ok "poolmon, and on which director" found POOLMON_RUNS \
		'poolmon.exit was 0 on dir2'
	ok "dovemon" found DOVEMON_RUNS 'dovemon.exit was 0 on dir1'
	ok "systemd's limit" found STOP_LIMIT_TOO_SHORT 'limit.value was 1m30s'
	ok "a wait that is shorter than a director's memory" found \
		DRAIN_TOO_SHORT 'expire.plus_30s was 40s on dir1, wanted <= 12s' \
		'give -e drain_wait= that, or -e drain_short=known'
	ok "a socket that would start it" found SOCKET_ACTIVATED \
		'mail1: socket.ActiveState was active on mail1' \
		'systemctl disable --now dovecot.socket'
	ok "an empty test user" found TEST_USER_EMPTY 'mail2.*messages was 0'
	ok "storage that is not shared: both backends, both values" \
		found STORAGE_NOT_SHARED \
		'mail1: shared.uidvalidity is [0-9]+ on mail1 and [0-9]+ on mail3'
	ok "the ring is whole" fine RING_SPLIT
	ok "its members agree" fine DIRECTORS_DIFFER
	clean_up
	process dir1 dovemon
	ok "repaired, with a dovemon that its watchers know of: it would start" \
		check_says 0 -e dovemon=known -e drain_short=known
	clean_up
}

# A director that stands still: the other one has a change that it knows not of.
half_a_change() {
	on dir2 pkill -STOP -x director
	on dir1 timeout 5 doveadm director update "$(address mail3)" 200 \
		2>/dev/null || true
	ok "a check refuses a ring that is not in sync" \
		check_says 5 -e drain_short=known
	ok "and says what the ring says" found RING_NOT_SYNCED \
		'ring.status was "ring (syncing|handshaking).* on dir1' \
		'doveadm reload on ONE director'
	on dir2 pkill -CONT -x director
	ok "it is whole again" wait_until 120 "one ring" whole
}

# What the light procedure asks for.
not_running() {
	on mail3 systemctl stop dovecot
	ok "a check refuses to reload what does not run" \
		check_plan 5 dovecot-reload --only mail3
	ok "and says so" found NOT_RUNNING \
		'mail3: unit.ActiveState was inactive on mail3, wanted active' \
		'a reload needs a running dovecot'
	on mail3 systemctl start dovecot
}

two_halves() {
	apart
	on dir2 doveadm director update "$(address mail3)" 90
	ok "a check refuses it" check_says 5 -e drain_short=known
	ok "a director without neighbours" found RING_SPLIT \
		'left.count was 0 on dir1'
	ok "although each says of itself that it is in sync" fine RING_NOT_SYNCED
	ok "directors that differ: both, with both values" found \
		DIRECTORS_DIFFER 'service.vhosts is [0-9]+ on dir1 and 90 on dir2'
	ok "the others do not differ" test "$(grep -cE \
		'^ *error +DIRECTORS_DIFFER ' "$work/check")" -eq 1
	together
	ok "the halves meet again" wait_until 120 "one ring" whole
	lab reset | sed 's/^/# /'
}

# The gate before each backend asks the same: what was true at the start need
# not be true any more.
at_the_gate() {
	rollout_start dovecot-obox-restart -e drain_wait=12s -e soak=1s \
		-e settle=1s --except mail3
	ok "the first backend is taken" wait_until 60 "mail1 at work" \
		turn_is mail1 working
	own_store mail3
	ok "the second is not, while the third has a store of its own" \
		wait_until 120 "the gate" held gate 'shared.uidvalidity is'
	ok "the first is back" turn_is mail1 done
	own_store_gone mail3
	ok "repaired: it goes on by itself" rollout_ends succeeded 120
}

rollout_lab
probe2=$LAB_STATE/mail/probe2/cur
clean_up
lab reset | sed 's/^/# /'
ok "a healthy fleet passes" check_says 0 -e drain_short=known
many_at_once
at_the_gate
not_running
half_a_change
two_halves
ok "every weight is as before" wait_until 20 "the weights" weights
finish
