#!/bin/bash
# lab-sheet.t - the break-glass sheet followed by hand, with coordinator and
# database gone: the fleet comes back whole, and drydock, back again, sees what
# was done and goes on from there.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

sheet() { on mail2 cat /var/lib/drydock/SHEET; }

# to_do: "HOST<tab>COMMAND" of every line that is not [x]
to_do() {
	awk '/^Or back/ { exit }
	/^  \[[ ?]\] / {
		host = $0
		sub(/^.*, /, "", host)
		sub(/:$/, "", host)
		getline command
		sub(/^ +/, "", command)
		if (command !~ /^wait /)
			print (host == "here" ? "mail2" : host) "\t" command
	}' "$work/sheet"
}

followed() {
	local host command

	to_do >"$work/to-do"
	sed 's/^/# /' "$work/to-do"
	while IFS=$'\t' read -r -u 3 host command; do
		on "$host" sh -c "$command" >/dev/null || return 1
		sleep 1.2
	done 3<"$work/to-do"
}

rests() {
	rollout_start dovecot-obox-restart -e drain_wait=10s -e soak=1s \
		-e settle=1s --only mail2 &&
		wait_until 90 "the stop" stopping mail2 &&
		drydock -q --yes pause "$rollout" --reason "a look" >/dev/null &&
		wait_until 60 "the rest" rollout_is paused && stopped mail2
}

same_sheet() {
	drydock status "$rollout" --sheet >"$work/status"
	sheet >"$work/sheet"
	cmp "$work/status" "$work/sheet"
}

rollout_lab
lab reset | sed 's/^/# /'
lab slow mail2 4
ok "mail2 rests, stopped" rests
ok "its sheet is what status --sheet prints" \
	wait_until 20 "the sheet" same_sheet
lab coordinator stop
lab database stop
ok "the sheet can be followed to its end" followed
ok "it speaks of nothing that was not planned" \
	not grep -q metacache "$work/to-do"
ok "the fleet is whole" wait_until 20 "the weights" weights
ok "mail2 runs" not stopped mail2
lab database start
lab coordinator start
wait_until 40 "a coordinator to hold the fleet" holds lab
drydock -q resume "$rollout" >/dev/null
ok "drydock, back again, sees that it was started" \
	wait_until 60 "mail2 to be held" held turn 'stop-dovecot no longer holds'
drydock -q --yes restore "$rollout" mail2 >/dev/null
ok "and proves that it is back" wait_until 120 "mail2 to be restored" \
	turn_is mail2 restored
ok "every weight is as before" wait_until 20 "the weights" weights
ok "there is nothing to finish any more" \
	wait_until 30 "the sheet to go" not sheet
finish
