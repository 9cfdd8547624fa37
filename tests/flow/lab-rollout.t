#!/bin/bash
# lab-rollout.t - three real Dovecot backends, one after the other, under
# live users, with the coordinator killed on the way: never two out.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "$0")/lib-lab.sh"

rolling() { /usr/bin/python3 "${root:?}/tests/flow/lab_rollout.py" "$@"; }

weights() {
	in_service "$1" mail1 100 && in_service "$1" mail2 50 &&
		in_service "$1" mail3 200
}

# The worst moment: a backend is out, nobody steers.
kill_when_stopped() {
	wait_until 60 "$1 to be stopped" test_pid "$1" -eq 0 || return 1
	lab coordinator kill
	lab coordinator start
}

test_pid() { test "$(main_pid "$1")" "$2" "$3"; }

for program in drydock drydockd drydock-ssh drydock-agent; do
	[ -x "$DRYDOCK_BUILD/bin/$program" ] || {
		echo "1..0 # SKIP no $program in $DRYDOCK_BUILD/bin"
		exit 0
	}
done
lab_start
lab reset --database | sed 's/^/# /' # whatever an earlier test left
before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)

observe_start "${work:?}/observed.json"
load_start 95 "$work/load.json"
rollout=$(rolling plan)
rolling start "$rollout"
ok "the coordinator is killed while mail2 is stopped" kill_when_stopped mail2
ok "the rollout succeeds" rolling wait "$rollout" 150
ok "never two out at one instant" observe_stop
ok "and one was" test "$(json_get "$work/observed.json" max_out)" -eq 1
ok "all content is there once" load_wait
ok "no login failed" test "$(json_get "$work/load.json" logins_failed)" -eq 0
ok "no delivery was deferred" \
	test "$(json_get "$work/load.json" deliveries_deferred)" -eq 0
ok "every weight is as before" weights dir1
ok "on the other director too" weights dir2
ok "every Dovecot was restarted" test "$before" != \
	"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"
ok "mail text is in mail alone" test -z "$(secret_places)"
finish
