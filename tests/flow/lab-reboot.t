#!/bin/bash
# lab-reboot.t - a backend loses its power in each phase: what was done is
# proved, or the rollout is held and says why. Nothing is guessed.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

held_why() {
	sql "select '# ' || coalesce(backend, '') || ' held: ' || why ||
		'; type: ' || type_next from fleet.hold where rollout = $rollout"
}

# stalls HOST PROGRAM PATTERN: called like that it stands still, and says so;
# a power failure ends both.
stalls() {
	on "$1" tee "/usr/local/bin/$2" >/dev/null <<EOF
#!/bin/sh
case "\$*" in
$3) [ ! -e /etc/stalls ] || { touch /run/stalled; exec sleep 100; } ;;
esac
exec /usr/bin/$2 "\$@"
EOF
	on "$1" chmod 755 "/usr/local/bin/$2"
	echo "/usr/local/bin/$2" | on "$1" tee /etc/stalls >/dev/null
}

stalled() { on "$1" test -e /run/stalled; }

# crash BACKEND: its power fails, and what stood still does not any more
crash() {
	! stalled "$1" ||
		on "$1" sh -c 'rm -f "$(cat /etc/stalls)" /etc/stalls'
	lab crash "$1" | sed 's/^/# /'
}

hold_over() { truth "exists (select from fleet_internal.hold
	where hold_id = $1 and ended_at is not null)"; }

either() { turn_is "$1" held || "${@:2}"; }

# helped BACKEND COMMAND...: in the end it holds. A held turn says what it saw;
# a person sets that right, and it goes on.
helped() {
	local backend=$1 tries hold

	shift
	for tries in 1 2 3 4 5 6; do
		wait_until 150 "$* or a hold" either "$backend" "$@" || return 1
		! "$@" || return 0
		held_why
		hold=$(sql "select hold from fleet.hold where kind = 'turn'
			and rollout = $rollout")
		set_right "$backend"
		drydock --yes retry "$rollout" "$backend" |
			sed "s/^/# $tries: /"
		wait_until 15 "the hold's end" hold_over "$hold" || return 1
	done
	wait_until 60 "$*" "$@"
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

# crashes PHASE BACKEND COMMAND...: when that holds its power fails
crashes() {
	local phase=$1 backend=$2

	shift 2
	ok "$phase: it is in the middle of it" helped "$backend" "$@"
	ok "$phase: the power of $backend fails" crash "$backend"
}

# What was done twice was asked for: the first was lost, and its check said no,
# or a person did.
ends_well() {
	ok "proved or held, then it ends well" helped "$1" rollout_is succeeded
	ok "it is back in service" weights
	ok "no command ran twice but those that were lost" ran_again
}

rollout_lab
first_packages mail3
observe_start "${work:?}/observed.json"
packages=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0

# it takes a moment: held at its end
asks_prepare
PROCEDURE=dovecot-obox-upgrade restart_plan --only mail1
ask_in mail1 baseline keep
drydock --yes start "$rollout" >"$work/start.out"
crashes baseline mail1 rollout_is paused
ok "a user is there again" wait_until 30 "a user" user_stays staying mail1
drydock -q resume "$rollout" >/dev/null
crashes drain mail1 step_is mail1 wait-users running
ends_well mail1

lab slow mail2 6
stalls mail2 systemctl 'start\ dovecot'
dovecot_start --only mail2
crashes stop mail2 step_is mail2 stop-dovecot running
crashes start mail2 stalled mail2
ends_well mail2

# what is to be installed is fetched before anybody is drained
stalls mail3 doveadm '*mailbox\ list*'
SOAK=5s dovecot_start --only mail3 -e "packages=$packages"
crashes change mail3 step_is mail3 packages running
crashes verify mail3 stalled mail3
crashes return mail3 step_is mail3 soak running
ends_well mail3

ok "never two out at one instant" observe_stop
asks_end
finish
