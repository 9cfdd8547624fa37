#!/bin/bash
# lab-self.t - the lab itself: what other tests stand on, and that its
# observer and its load can find fault.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "$0")/lib-lab.sh"

# read_sentence DIRECTOR USER: a login by the way users take
read_sentence() {
	/usr/bin/python3 - "$(address "$1")" "$2" "$LAB_SECRET_SENTENCE" <<'EOF'
import imaplib, sys
imap = imaplib.IMAP4(sys.argv[1], timeout=20)
imap.login(sys.argv[2], "x")
imap.select("INBOX")
text = imap.fetch("1", "(BODY[TEXT])")[1][0][1].decode()
imap.logout()
sys.exit(sys.argv[3] not in text)
EOF
}

same_uidvalidity() {
	local host seen=

	for host in mail1 mail2 mail3; do
		seen+=$(on "$host" doveadm mailbox status -u probe1 \
			uidvalidity INBOX)$'\n'
	done
	[ "$(sort -u <<<"$seen" | grep -c uidvalidity=)" -eq 1 ]
}

stays() { [ "$(lab up 2>&1 | grep -c .)" -gt 0 ] && in_service dir1 mail1 7; }

weights() {
	in_service "$1" mail1 100 && in_service "$1" mail2 50 &&
		in_service "$1" mail3 200
}

both_out() {
	on dir1 doveadm director update "$(address mail1)" 0
	on dir2 doveadm director update "$(address mail2)" 0
	sleep 0.5
	lab reset
}

one_out() {
	on dir1 doveadm director update "$(address mail1)" 0
	wait_until 5 "dir2 to know" out_of_service dir2 mail1
	lab reset
}

stop_all_for() {
	local host

	for host in mail1 mail2 mail3; do on "$host" systemctl stop dovecot; done
	sleep "$1"
	for host in mail1 mail2 mail3; do on "$host" systemctl start dovecot; done
}

port22() { timeout 1 bash -c "</dev/tcp/$(address "$1")/22" 2>/dev/null; }

upgraded() {
	on mail1 apt-get install -qq -y --no-remove drydock-lab-sieve=2.0 \
		drydock-lab-sieve-common=2.0 >/dev/null 2>&1
	[ "$(package_version mail1 drydock-lab-sieve)" = 2.0 ]
}

other_lab() { LAB=$LAB-other lab "$@" 2>&1 | sed 's/^/# /'; }

# die_out: as when this machine's power fails, all but that it stays up.
die_out() {
	lab coordinator kill
	lab database kill
	while [ -n "$(lab_processes)" ]; do
		lab_processes | xargs -r kill -KILL 2>/dev/null || true
	done
}

lab_processes() {
	find /sys/fs/cgroup -path "*/drydock-l$LAB_NET-*" -name cgroup.procs \
		-exec cat {} + 2>/dev/null
}

# It asks how a lab begins: not one that other tests have used.
[ "$(id -u)" -ne 0 ] || lab down | sed 's/^/# /'
lab_start
ok "both directors have the first weights" weights dir1
ok "the other one too" weights dir2
ok "a login through dir1 reads the mail" read_sentence dir1 probe1
ok "a login through dir2 as well" read_sentence dir2 probe2
ok "storage is shared: one UIDVALIDITY" same_uidvalidity
on dir1 doveadm director update "$(address mail1)" 7
ok "a second up changes nothing" stays
lab reset
ok "reset puts the weights back" weights dir2

observe_start "$work/one.json"
one_out
ok "one out is no violation" observe_stop
ok "and it was seen" test "$(json_get "$work/one.json" max_out)" -eq 1
observe_start "$work/two.json"
both_out
ok "two out is one" not observe_stop
on dir2 systemctl stop dovecot
observe_start "$work/blind.json"
sleep 2
ok "who does not see a director cannot say so" not observe_stop
ok "though nobody was seen out" test "$(json_get "$work/blind.json" max_out)" -eq 0
on dir2 systemctl start dovecot
wait_until 30 "the ring to be whole" weights dir2

load_start 8 "$work/load.json"
sleep 3
stop_all_for 1
ok "after a rude restart all content is there once" load_wait
ok "and the load felt it" \
	test "$(json_get "$work/load.json" deliveries_deferred)" -gt 0
ok "sessions were dropped" test "$(json_get "$work/load.json" drops)" -gt 0

lab cut mail1
ok "a cut host does not answer" not port22 mail1
lab heal mail1
ok "a healed one does" wait_until 10 "sshd of mail1" port22 mail1
before=$(boot_id mail2)
lab reboot mail2 | sed 's/^/# /'
ok "a reboot gives another boot" test "$(boot_id mail2)" != "$before"
ok "and Dovecot runs again" test "$(main_pid mail2)" -gt 0

before=$(main_pid mail1)
ok "packages are upgraded for real" upgraded
ok "and restart Dovecot, as Debian's do" test "$(main_pid mail1)" != "$before"

ok "the sentence is in mail alone" test -z "$(secret_places)"
on mail3 sh -c "logger '$LAB_SECRET_SENTENCE'"
ok "and is found where it leaks" test -n "$(secret_places)"

lab obox claim
ok "obox can be claimed" test "$(on mail1 doveconf -h mail_location 2>/dev/null |
	cut -c1-5)" = obox:
ok "and flushed" on mail1 doveadm metacache flushall -i
lab obox off
ok "and is off again" test "$(on mail1 doveconf -h mail_location)" = \
	maildir:/srv/mail/%u

ok "its number is not free to another lab" not other_lab free
ok "which cannot take it" not other_lab up
die_out
ok "when all of it is dead it can" other_lab up --backends 1 --directors 1
other_lab down
ok "nothing is left mounted of the dead one" \
	not grep -q "$LAB_STATE/" /proc/mounts

lab down | sed 's/^/# /'
ok "down leaves no bridge" not ip link show "drylab$LAB_NET"
ok "no mount" not grep -q "$LAB_STATE" /proc/mounts
ok "no control group" test -z "$(find /sys/fs/cgroup -maxdepth 2 \
	-name "drydock-l$LAB_NET-*" 2>/dev/null)"
ok "no state" not test -e "$LAB_STATE"
finish
