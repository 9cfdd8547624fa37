#!/bin/bash
# lab-reboot.t - a backend loses its power in each phase: what was done is
# proved, or the rollout is held and says why. Nothing is guessed.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

ended_or_held() { rollout_is succeeded || turn_is "$1" held; }

held_why() {
	sql "select '# ' || coalesce(backend, '') || ' held: ' || why ||
		'; type: ' || type_next from fleet.hold where rollout = $rollout"
}

# crash_when BACKEND STEP: power fails while that step is in hand
crash_when() {
	wait_until 60 "$1 to be at $2" step_is "$1" "$2" running &&
		lab crash "$1" | sed 's/^/# /'
}

hold_over() { truth "exists (select from fleet_internal.hold
	where hold_id = $1 and ended_at is not null)"; }

# A held turn says what it saw; a person sets that right, and it ends well.
ends_well() {
	local tries hold

	for tries in 1 2 3 4 5 6; do
		wait_until 150 "an end or a hold" ended_or_held "$1" || return 1
		! rollout_is succeeded || return 0
		held_why
		hold=$(sql "select hold from fleet.hold where kind = 'turn'
			and rollout = $rollout")
		set_right "$1"
		drydock --yes retry "$rollout" "$1" | sed "s/^/# $tries: /"
		wait_until 15 "the hold's end" hold_over "$hold" || return 1
	done
	wait_until 60 "an end" rollout_is succeeded
}

set_right() {
	! held turn "stop-dovecot no longer holds" ||
		on "$1" systemctl stop dovecot
	settle_unknown "$1"
}

# What nobody can know a person looks at: here, the unit itself.
settle_unknown() {
	local step

	step=$(sql "select step from fleet.current_step where backend = '$1'
		and rollout = $rollout and state = 'unknown'")
	[ -n "$step" ] || return 0
	echo "# $step is unknown"
	drydock --yes settle "$rollout" "$step" --not-done \
		--reason "the power failed" | sed 's/^/# /'
	wait_until 15 "$step to be settled" not step_is "$1" "$step" unknown
}

# one_turn PHASE STEP BACKEND [ARGUMENT...]
one_turn() {
	local phase=$1 step=$2 backend=$3

	shift 3
	dovecot_start --only "$backend" "$@" || return 0
	ok "$phase: the power of $backend fails" crash_when "$backend" "$step"
	ok "$phase: proved or held, then it ends well" ends_well "$backend"
	ok "$phase: it is back in service" weights
}

rollout_lab
observe_start "${work:?}/observed.json"
user_stays staying mail1
one_turn drain wait-users mail1
lab slow mail2 6
packages=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0
# what is to be installed is fetched before anybody is drained
drydock check dovecot-obox-upgrade -e "packages=$packages" \
	-e drain_wait=10s | tail -1 | sed "s/^/# /" || true
one_turn stop stop-dovecot mail2
one_turn change packages mail3 \
	-e "packages=$packages"
SOAK=5s one_turn return soak mail1
ok "never two out at one instant" observe_stop
finish
