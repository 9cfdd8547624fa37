#!/bin/bash
# lab-abort.t - abort asked in every phase of the Dovecot procedures: it comes to
# rest where it says, weights, LMTP and services are proved, nothing is left; the
# sheet of what rests out of service brings it back without drydock.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

# abort_in BACKEND STEP [ARGUMENTS]: told what, once it is over
abort_in() {
	local backend=$1 step=$2

	shift 2
	restart_plan --only "$backend" "$@"
	ask_in "$backend" "$step" abort
	drydock --yes start "$rollout" >"$work/start.out"
	ok "$step: aborted" rollout_ends aborted 120
}

# Nothing runs, waits or is on its way any more.
at_rest() {
	truth "not exists (select from fleet.step where rollout = $rollout
			and state in ('running', 'unknown'))
		and not exists (select from fleet.attempt
			where rollout = $rollout and state = 'sent')
		and not exists (select from fleet.hold)"
}

all_serve() {
	local backend

	for backend in mail1 mail2 mail3; do
		serving "$backend" && lmtp_answers "$backend" || return 1
	done
	weights
}

serving() {
	[ "$(on "$1" systemctl show -p ActiveState --value dovecot)" = active ]
}

slot_is_free() {
	truth "not exists (select from fleet.outage where back_at is null)"
}

# rests_in BACKEND STEP TEXT
rests_in() {
	ok "$2: told so" was_told "$1" "$2" "$3"
	ok "$2: in service, all of them, and they take mail" all_serve
	ok "$2: nothing is left of it" at_rest
	ok "$2: the slot is free" slot_is_free
}

# rests_out BACKEND STEP TEXT CHECK...: then its sheet is followed, by hand and
# with neither coordinator nor database, and it is proved
rests_out() {
	local backend=$1 step=$2 text=$3

	shift 3
	ok "$step: told so" was_told "$backend" "$step" "$text"
	ok "$step: at rest out of service" turn_is "$backend" out
	ok "$step: it is as the phase left it" "$@"
	ok "$step: nothing is left of it" at_rest
	ok "$step: include waits for the proof" included "$backend" not within 3
	ok "$step: and status says so" waits_in_status "$backend"
	[ "$step" != as-before ] || answers_again "$backend"
	ok "$step: its sheet is what status --sheet prints" \
		wait_until 20 "the sheet" sheet_is_same "$backend"
	ok "$step: the sheet can be followed" sheet_alone "$backend"
	ok "$step: included when that has put it right" included "$backend" wait_until 40
	ok "$step: all serve again, and take mail" all_serve
}

waits_in_status() {
	drydock status >"$work/status" && grep -qE "^  WAITING +$1 " \
		"$work/status" && grep -q 'waits for the proof' "$work/status"
}

# included BACKEND HOW SECONDS: asked for, and waited for in that way
included() {
	drydock -q include "$1" >/dev/null 2>&1 || true
	"${@:2}" "$1 to be included" slot_is_free
}

out_both() { out_of_service dir1 "$1" && out_of_service dir2 "$1"; }

# runs_out BACKEND: Dovecot runs, and nobody is sent there
runs_out() {
	serving "$1" && out_both "$1"
}

# answers_not BACKEND: after its next start a listener is missing, so that
# verify has something to wait for
answers_not() {
	local dir=/run/systemd/system/dovecot.service.d

	on "$1" mkdir -p "$dir"
	on "$1" sh -c "cat >$dir/mute.conf" <<'UNIT'
[Service]
ExecStartPost=/bin/sh -c "until doveadm service stop imap-login; do sleep 0.1; done"
UNIT
	on "$1" systemctl daemon-reload
}

answers_again() {
	on "$1" rm -f /run/systemd/system/dovecot.service.d/mute.conf
	on "$1" systemctl daemon-reload
	on "$1" doveadm reload
}

# What a change of packages leaves that is killed with its host, by its own
# commands.
mask_left() {
	on "$1" systemctl --runtime mask dovecot.socket
	on "$1" sh -c 'echo dovecot.socket >/var/lib/drydock/held
		printf "#!/bin/sh\n%s\nexit 101\n" "# drydock-agent: no service\
 starts during a package change" >/usr/sbin/policy-rc.d
		chmod 755 /usr/sbin/policy-rc.d'
} >/dev/null 2>&1

mask_is_told() {
	local status=0

	drydock doctor >"$work/doctor" 2>&1 || status=$?
	[ "$status" -eq 5 ] &&
		grep -A1 "LEFT_MASK $1: dovecot.socket is masked" \
			"$work/doctor" | grep -q 'drydock doctor --fix' && return
	sed 's/^/# /' "$work/doctor"
	return 1
}

mask_is_gone() {
	drydock -q doctor --fix >"$work/doctor" 2>&1 &&
		! on "$1" systemctl is-enabled dovecot.socket |
		grep -q masked &&
		on "$1" sh -c '! test -e /usr/sbin/policy-rc.d &&
			! test -e /var/lib/drydock/held' && return
	sed 's/^/# /' "$work/doctor"
	return 1
}

doctor_is_clean() {
	drydock doctor >"$work/doctor" 2>&1 && return
	sed 's/^/# /' "$work/doctor"
	return 1
}

rollout_lab
trap 'answers_again mail3; asks_end; lab_stop' EXIT
asks_prepare
observe_start "$work/observed.json"
abort_in mail1 baseline
rests_in mail1 baseline 'comes to rest in service'
user_stays staying mail2
abort_in mail2 wait-users
rests_in mail2 wait-users 'put back as it was and comes to rest in service'
abort_in mail3 stop-lmtp
rests_out mail3 stop-lmtp 'carried to its end.*OUT of service' \
	emptied mail3
PROCEDURE=dovecot-obox-upgrade abort_in mail1 still-stopped
rests_out mail1 still-stopped 'comes to rest OUT of service' out_both mail1
abort_in mail2 start-dovecot
rests_out mail2 start-dovecot 'comes to rest OUT of service' runs_out mail2
answers_not mail3
abort_in mail3 as-before
rests_out mail3 as-before 'comes to rest OUT of service' runs_out mail3
abort_in mail1 director-up
rests_in mail1 director-up 'is finished; it comes to rest in service'
ok "its turn is done" turn_is mail1 done
ok "never two out at one instant" observe_stop
answers_again mail3
mask_left mail2
ok "a mask of ours is told, and what takes it away" mask_is_told mail2
ok "doctor --fix does" mask_is_gone mail2
ok "no residue: doctor, asking every host, finds nothing" doctor_is_clean
finish
