#!/bin/bash
# lab-sheet.t - the break-glass sheet of a backend that rests in a pause,
# followed by hand, with coordinator and database gone: the fleet comes back
# whole, and drydock, back again, sees what was done and goes on from there.
# Those of backends that an abort leaves out are followed by lab-abort.t.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

rests() {
	rollout_start dovecot-obox-restart -e drain_wait=10s -e soak=1s \
		-e settle=1s --only mail2 &&
		wait_until 90 "the stop" stopping mail2 &&
		drydock -q --yes pause "$rollout" --reason "a look" >/dev/null &&
		wait_until 60 "the rest" rollout_is paused && stopped mail2
}

rollout_lab
lab reset | sed 's/^/# /'
lab slow mail2 4
ok "mail2 rests, stopped" rests
ok "its sheet is what status --sheet prints" \
	wait_until 20 "the sheet" sheet_is_same mail2
ok "the sheet can be followed to its end, by nothing else" sheet_alone mail2
ok "it speaks of nothing that was not planned" \
	not grep -q metacache "$work/to-do"
ok "the fleet is whole" wait_until 20 "the weights" weights
ok "mail2 runs" not stopped mail2
drydock -q resume "$rollout" >/dev/null
ok "drydock, back again, sees that it was started" \
	wait_until 60 "mail2 to be held" held turn 'stop-dovecot no longer holds'
drydock -q --yes restore "$rollout" mail2 >/dev/null
ok "and proves that it is back" wait_until 120 "mail2 to be restored" \
	turn_is mail2 restored
ok "every weight is as before" wait_until 20 "the weights" weights
ok "there is nothing to finish any more" \
	wait_until 30 "the sheet to go" not sheet mail2
finish
