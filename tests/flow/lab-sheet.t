#!/bin/bash
# lab-sheet.t - the break-glass sheet of a backend that rests in a pause,
# followed by hand to its end, then once more the way back, with coordinator and
# database gone: packages and configuration are what they were to become, the
# fleet comes back whole, and drydock, back again, sees what was done and goes on
# from there.
# Those of backends that an abort leaves out are followed by lab-abort.t.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

packages=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0

rests() {
	on "$1" cat /etc/dovecot/dovecot.conf >"$work/old.conf"
	{ cat "$work/old.conf"; echo '# by hand'; } >"$work/new.conf"
	dovecot_start --only "$1" -e config="$work/new.conf" \
		-e "packages=$packages" &&
		wait_until 90 "the stop" stopping "$1" &&
		drydock -q --yes pause "$rollout" --reason "a look" >/dev/null &&
		wait_until 60 "the rest" rollout_is paused && stopped "$1"
}

# followed BACKEND HALF
followed() {
	ok "$1 rests, stopped" rests "$1"
	ok "its sheet is what status --sheet prints" \
		wait_until 20 "the sheet" sheet_is_same "$1"
	ok "the sheet can be followed by nothing else: $2" sheet_alone "$1" "$2"
	ok "the fleet is whole" wait_until 20 "the weights" weights
	ok "$1 runs" not stopped "$1"
	ok "and takes mail" wait_until 20 "LMTP" lmtp_answers "$1"
}

# seen BACKEND: what somebody did by hand, by drydock
seen() {
	drydock -q resume "$rollout" >/dev/null
	ok "drydock, back again, sees that it was started" \
		wait_until 60 "$1 to be held" held turn \
		'stop-dovecot no longer holds'
	drydock -q --yes restore "$rollout" "$1" >/dev/null
	ok "and proves that it is back" wait_until 120 "$1 to be restored" \
		turn_is "$1" restored
	ok "every weight is as before" wait_until 20 "the weights" weights
	ok "there is nothing to finish any more" \
		wait_until 30 "the sheet to go" not sheet "$1"
}

rollout_lab
lab reset | sed 's/^/# /'
first_packages mail2
lab slow mail2 4
followed mail2 sheet_to_do
ok "it speaks of nothing that was not planned" \
	not grep -q metacache "$work/to-do"
ok "the packages are those of the plan" \
	test "$(package_version mail2 drydock-lab-sieve)" = 2.0
ok "and so is the configuration" test '# by hand' = \
	"$(on mail2 tail -1 /etc/dovecot/dovecot.conf)"
on mail2 tee /etc/dovecot/dovecot.conf <"$work/old.conf" >/dev/null
seen mail2
drydock -q --yes abort "$rollout" --reason "the other half" >/dev/null
ok "the rollout ends" rollout_ends aborted 60
followed mail2 sheet_back
ok "the way back undoes each step that was begun, the last one first" \
	diff "$work/done" - <<UNDONE
doveadm director up $(address mail2)
systemctl start dovecot
doveadm reload
doveadm director update $(address mail2) 50
UNDONE
seen mail2
finish
