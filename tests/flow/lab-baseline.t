#!/bin/bash
# lab-baseline.t - "as before": what a backend had before it was taken must be
# there again before it returns. Its store, packages, messages and protocols
# are taken away one after the other while it rests, stopped.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

box=

# halted_at BACKEND STEP TEXT: held there, and status says what was seen
halted_at() {
	wait_until 120 "$1 to be held at $2" held_at "$1" "$2" || true
	drydock status "$rollout" >"$work/status"
	held_at "$1" "$2" && grep -qE -- "$3" "$work/status" && return
	sed 's/^/# /' "$work/status"
	return 1
}

held_at() { turn_is "$1" held && held turn "$2"; }

retry() { drydock -q --yes retry "$rollout" "$1" >/dev/null; }

# The mount under /srv/mail is the lab's own; a second one keeps it in reach.
store_kept() { on mail2 sh -c 'mkdir -p /run/kept
	mountpoint -q /run/kept || mount --bind /srv/mail /run/kept'; }
store_away() { on mail2 umount /srv/mail; }
store_back() {
	on mail2 sh -c 'mountpoint -q /srv/mail || {
		! mountpoint -q /run/kept || mount --bind /run/kept /srv/mail; }
		! mountpoint -q /run/kept || umount /run/kept'
}

# A package set as dpkg would tell it after somebody's hand.
version_is() {
	on mail2 sed -i "/^Package: dovecot-lmtpd\$/,/^\$/s/^Version: .*/Version: $1/" \
		/var/lib/dpkg/status
}

message_back() {
	[ ! -e "$work/message" ] || mv "$work/message" "$box/$(cat "$work/name")"
}

# As many listeners as before, and not the same.
lmtp_port_is() {
	on mail2 sed -i "s/port = .*24\$/port = $1/" /etc/dovecot/dovecot.conf
}

clean_up() {
	store_back
	lmtp_port_is 24
	[ ! -e "$work/version" ] || version_is "$(cat "$work/version")"
	message_back
}

# resting: mail2 stopped, and left so until somebody types resume
resting() {
	rollout_start dovecot-obox-restart -e drain_wait=10s -e soak=1s \
		-e settle=1s --only mail2 &&
		wait_until 60 "the stop" stopping mail2 &&
		drydock -q --yes pause "$rollout" --reason "a look at it" \
			>/dev/null && wait_until 60 "the rest" rollout_is paused &&
		stopped mail2
}

taken_away() {
	package_version mail2 dovecot-lmtpd >"$work/version"
	store_kept
	lab slow mail2 4
	ok "mail2 rests, stopped" resting
	store_away
	version_is 1:0.1
	lmtp_port_is 2424
	find "$box" -type f -printf '%f\n' | head -1 >"$work/name"
	mv "$box/$(cat "$work/name")" "$work/message"
	drydock -q resume "$rollout" >/dev/null
	ok "its store is not mounted: held" \
		halted_at mail2 start-dovecot 'mounts.lines was'
	ok "Dovecot was not started over it" stopped mail2
	ok "and wrote nothing beneath" test -z "$(on mail2 ls /srv/mail)"
	on mail2 mount --bind /run/kept /srv/mail
	retry mail2
	ok "mounted again: it starts, and held for another package" \
		halted_at mail2 as-before 'packages.text was'
	ok "and for a listener that another one took the place of" \
		held turn 'it lacks 0.0.0.0:24 [::]:24; packages'
	lmtp_port_is 24
	on mail2 systemctl restart dovecot
	version_is "$(cat "$work/version")"
	retry mail2
	ok "the old set again: held for a message that is missing" \
		halted_at mail2 messages 'inbox.messages was 2'
	ok "out all the while" out_of_service dir2 mail2
	message_back
	retry mail2
	ok "the message is there: it returns" rollout_ends succeeded 90
	ok "mail2 was stopped once" test "$(sql "select count(*)
		from fleet.attempt where rollout = $rollout
		and step = 'stop-dovecot'")" -eq 1
	clean_up
}

# A configuration that is valid, and drops what users need.
protocol_dropped() {
	on mail1 cat /etc/dovecot/dovecot.conf >"$work/old.conf"
	sed 's/^protocols = .*/protocols = imap/' "$work/old.conf" \
		>"$work/new.conf"
	dovecot_start -e config="$work/new.conf" --only mail1
	ok "a protocol that is gone: held" \
		halted_at mail1 as-before 'protocols.text was imap on mail1'
	drydock -q --yes restore "$rollout" mail1 >/dev/null
	ok "restored" wait_until 90 "mail1 to be restored" \
		turn_is mail1 restored
	ok "with its configuration" test "$(cat "$work/old.conf")" = \
		"$(on mail1 cat /etc/dovecot/dovecot.conf)"
	ok "and its weight" wait_until 20 "the weights" weights
}

rollout_lab
box=$LAB_STATE/mail/probe2/cur
clean_up
lab reset | sed 's/^/# /'
taken_away
protocol_dropped
finish
