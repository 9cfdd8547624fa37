#!/bin/bash
# lab-pause.t - a pause asked in every step of the Dovecot procedures, those for
# obox, packages and configuration among them: it comes to rest in service
# before the point of no return, out of service or at the turn's end after it,
# nobody is mapped to a dead backend meanwhile, and an hour later it goes on with
# everything proved again. Where it is kept drained its sheet is followed, with
# coordinator and database gone.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

conf=/etc/dovecot/dovecot.conf
declare -A weight=([mail1]=100 [mail2]=50 [mail3]=200)

# where a pause comes to rest, in the words of its answer
declare -A told=(
	[now]='rests now'
	[in]='put back into service first'
	[stop]='after phase stop .*out of service'
	[change]='after phase change .*out of service'
	[end]='after phase return')

goes_on() {
	hour_later
	drydock -q resume "$rollout" >/dev/null
}

# Counts by what was written down, so that a step that passed twice shows.
passed() {
	sql "select count(*) from fleet.event where rollout = $rollout
		and backend = '$1' and step = '$2' and kind = 'step.passed'"
}

no_outage() {
	truth "not exists (select from fleet.outage where rollout = $rollout
		and backend = '$1' and back_at is null)"
}

logs_in() {
	local fd

	exec {fd}<>"/dev/tcp/$(address "$1")/143"
	printf 'a login %s x\r\nb logout\r\n' "$2" >&"$fd"
	timeout 20 grep -qm1 '^a OK' <&"$fd"
}

# at_rest WHERE BACKEND: as the answer said
at_rest() {
	case $1 in
	now | in | end) weighs "$2" "${weight[$2]}" && no_outage "$2" ;;
	stop | change) emptied "$2" ;;
	esac
}

# A table is lines "WHERE BACKEND STEP...": a pause is asked in each of the
# steps, and comes to rest once all of a line were.

# begins TABLE
begins() {
	local where backend steps step

	while read -r where backend steps; do
		for step in $steps; do ask_in "$backend" "$step" pause; done
	done <<<"$1"
	drydock --yes start "$rollout" >"$work/start.out"
}

# rests_told WHERE BACKEND STEP...: then is_in_STEP of the first looks closer,
# where there is such a function
rests_told() {
	local where=$1 backend=$2 step

	shift 2
	ok "$backend: asked in $*" rests 90 paused
	for step; do
		ok "$step: told where it rests" \
			was_told "$backend" "$step" "${told[$where]}"
	done
	ok "$backend rests as told ($where)" at_rest "$where" "$backend"
	[ "$(type -t "is_in_$1")" != function ] || "is_in_$1"
}

# goes_through TABLE: to the end of the rollout
goes_through() {
	local line

	while read -r -u 4 line; do
		# shellcheck disable=SC2086 # words
		rests_told $line
		goes_on
	done 4<<<"$1"
	ok "it ends well" rollout_ends succeeded 60
	ok "nothing was held, no deadline passed" nothing_was_held
	ok "each command ran once, by the agents' journals" ran_as_told
}

# left_out BACKEND: what did not pass
left_out() {
	sql "select string_agg(step, ' ' order by step) from fleet.step
		where rollout = $rollout and backend = '$1'
		and state <> 'passed'"
}

nothing_was_held() {
	truth "not exists (select from fleet.event where rollout = $rollout
		and (kind in ('turn.held', 'step.failed')
		     and message !~ 'the backend is put back'
		     or message ~ 'deadline'))"
}

# ---------------------------------------------- three backends in one rollout
is_in_baseline() { on mail1 doveadm reload; }

is_in_move-before() {
	ok "who was moved logs in elsewhere" logs_in dir2 staying
}

# While it rests somebody sets its weight: what was proved is proved again.
is_in_stop-lmtp() {
	ok "the drain was done again" test "$(passed mail2 weight-zero)" -eq 2
	on dir2 doveadm director update "$(address mail2)" 50
}

is_in_messages() {
	ok "the drain was proved again after an hour, and repaired" \
		event 'is repaired (1 of 1)'
}

# It waited for somebody, so it was no moment; nobody needs to do so again.
is_in_wait-users() {
	on dir1 doveadm director move lasting "$(address mail1)"
}

# Two share their storage, the third is obox.
three() {
	local version=2.0 table

	[ "$(package_version mail1 drydock-lab-sieve)" != 2.0 ] || version=1.0
	on mail1 cat $conf | grep -v '^# lab-pause' >"$work/new.conf"
	echo "# lab-pause $RANDOM" >>"$work/new.conf"
	on mail1 doveadm service stop imap-login # baseline waits for it
	user_stays lasting mail3
	PROCEDURE=dovecot-obox-upgrade restart_plan -e config="$work/new.conf" \
		-e "packages=drydock-lab-*=$version" -e metacache=rescan
	table="now mail1 baseline
stop mail1 move-before kick-left
change mail1 packages config still-stopped
end mail1 start-dovecot as-before listed
in mail2 weight-zero
stop mail2 stop-lmtp
end mail2 messages fetched answers
in mail3 wait-users
stop mail3 metacache-flush stop-dovecot move-after
end mail3 metacache-rescan answers-lmtp director-up weight-back"
	begins "$table"
	goes_through "$table"
	ok "each step but those for obox passed" test "$(left_out mail1)" = \
		"metacache-delete metacache-flush metacache-forget\
 metacache-rescan move-after"
	ok "of mail2 too" test "$(left_out mail2)" = "$(left_out mail1)"
	ok "and of mail3 those for obox" test "$(left_out mail3)" = \
		"kick-left metacache-delete metacache-forget move-before"
}

# The cache of obox is deleted, and nothing before it was done twice.
deletes() {
	local table="change mail3 metacache-delete metacache-forget"

	on mail3 doveadm metacache lab-fill 2>/dev/null
	restart_plan --only mail3 -e metacache=delete
	begins "$table"
	goes_through "$table"
	ok "with nothing left out but what is not for it" \
		test "$(left_out mail3)" = \
			"kick-left metacache-rescan move-before"
	ok "the cache is gone" \
		not on mail3 test -e /var/dovecot/vmail/user1/.meta/index
}

# What is in the files, and was not tried here.
untried() {
	sed -n 's/^      - name: //p' \
		"$root"/deploy/procedures/dovecot-obox-*.yaml |
		sort -u >"$work/steps"
	sql "select distinct step from asks.ask
		join fleet.step using (rollout, backend, step)
		where answer is not null and state = 'passed'" |
		sort >"$work/tried"
	[ -s "$work/steps" ] && comm -23 "$work/steps" "$work/tried"
}

# ------------------------------------------------- kept drained, with an end
over() { held pause 'stays paused until somebody resumes'; }

still_drained() {
	rollout_is paused && step_is mail1 wait-users running &&
		[[ $(director_row dir1 mail1) == "0 up "* ]]
}

# The pause began with the wait: all of the wait is still to come.
waited_after() {
	truth "(select s.ended_at - p.ended_at > '5 s'
		from fleet_internal.step s
		join fleet_internal.turn t using (turn_id)
		join fleet_internal.pause p using (rollout_id)
		where rollout_id = $rollout and s.name = 'wait-users'
		order by p.pause_id limit 1)"
}

# The sheet from the drain on, by nothing but what it says; drydock, back again,
# finds mail1 in service.
by_hand() {
	ok "its sheet is what status --sheet prints" \
		wait_until 20 "the sheet" sheet_is_same mail1
	ok "it says for how long to wait for users" \
		grep -q 'at most 10 s, then go on all the same' "$work/sheet"
	ok "and what is to be seen before they are moved" \
		grep -q 'first see that peers.in_service >= 1' "$work/sheet"
	ok "and what that is read from" grep -q \
		'peers.in_service: for how many of the other' "$work/sheet"
	ok "it can be followed to its end, by nothing else" sheet_alone mail1
	ok "of its three ways to flush that which is for this fleet" \
		test "$(grep flush "$work/done")" = \
		"doveadm director flush $(address mail1)"
	ok "the fleet is whole" wait_until 20 "the weights" weights
	user_stays waiting mail1
}

kept() {
	local table="stop mail1 director-down
end mail1 soak quiet"

	restart_plan --only mail1
	ask_in mail1 wait-users keep
	user_stays waiting mail1
	begins "$table"
	ok "kept drained: at rest where it was" rests 60 paused
	ok "told so" was_told mail1 wait-users 'stays as it is there'
	hour_later
	ok "its end comes: told, in its hold" wait_until 40 "the hold" over
	ok "and as an event" event 'the end of this pause has come'
	sleep 1
	ok "but nothing goes on by itself" still_drained
	by_hand
	drydock -q resume "$rollout" >/dev/null
	ok "drydock, back again, sees it and drains mail1 again" \
		wait_until 60 "the repair" event 'is repaired (1 of 1)'
	goes_through "$table"
	ok "the wait's clock stood still in the pause" waited_after
}

rollout_lab
trap 'lab obox off mail3 || true; asks_end; lab_stop' EXIT
lab obox claim mail3
asks_prepare
observe_start "$work/observed.json"
user_stays staying mail1
three
deletes
kept
ok "no step of these procedures was left untried" test -z "$(untried)"
ok "every weight is as before" weights
ok "never two out at one instant" observe_stop
finish
