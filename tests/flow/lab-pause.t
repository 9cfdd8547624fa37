#!/bin/bash
# lab-pause.t - a pause asked in every step of the Dovecot procedure: it comes
# to rest in service before the point of no return, out of service or at the
# turn's end after it, nobody is mapped to a dead backend meanwhile, and an
# hour later it goes on with everything proved again. Where it is kept drained
# its sheet is followed, with coordinator and database gone.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

restarted='baseline weight-zero wait-users move-before stop-lmtp stop-dovecot
director-down start-dovecot as-before listed messages fetched answers
answers-lmtp director-up weight-back soak quiet'

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
		and backend = '$1')"
}

logs_in() {
	local fd

	exec {fd}<>"/dev/tcp/$(address "$1")/143"
	printf 'a login %s x\r\nb logout\r\n' "$2" >&"$fd"
	timeout 20 grep -qm1 '^a OK' <&"$fd"
}

# rests_out BACKEND STEP: asked there, at rest at the end of its phase
rests_out() {
	ok "$2: told that it rests out of service" was_told "$1" "$2" \
		'after phase stop .*out of service'
	ok "$2: at rest, stopped, down, nobody mapped to it" emptied "$1"
}

# In the last stretch there is no place to rest but its end.
rests_at_the_end() {
	local backend=$1 step

	shift
	for step; do
		ok "$step: told that it rests at the end" \
			was_told "$backend" "$step" 'after phase return'
	done
}

every_step_passed() {
	local step

	for step in $restarted; do
		step_is "$1" "$step" passed || {
			echo "# $1: $step did not pass"
			return 1
		}
	done
}

nothing_was_held() {
	truth "not exists (select from fleet.event where rollout = $rollout
		and (kind in ('turn.held', 'step.failed')
		     and message !~ 'the backend is put back'
		     or message ~ 'deadline'))"
}

# ---------------------------------------------- three backends in one rollout
three() {
	restart_plan
	ask_in mail1 baseline pause
	ask_in mail1 move-before pause
	ask_in mail1 start-dovecot pause
	ask_in mail1 as-before pause
	ask_in mail1 listed pause
	ask_in mail2 weight-zero pause
	ask_in mail2 stop-lmtp pause
	ask_in mail2 messages pause
	ask_in mail2 fetched pause
	ask_in mail2 answers pause
	ask_in mail3 wait-users pause
	ask_in mail3 stop-dovecot pause
	ask_in mail3 answers-lmtp pause
	ask_in mail3 director-up pause
	ask_in mail3 weight-back pause
	on mail1 doveadm service stop imap-login # baseline waits for it
	drydock --yes start "$rollout" >"$work/start.out"
	mail1_rests
	mail2_rests
	mail3_rests
	ok "the rollout ends well" rollout_ends succeeded 60
	ok "nothing was held, no deadline passed" nothing_was_held
	ok "each step of each passed" every_step_passed mail1
	ok "of mail2 too" every_step_passed mail2
	ok "and of mail3" every_step_passed mail3
}

mail1_rests() {
	ok "asked in baseline" rests 60 paused
	ok "baseline: told so" was_told mail1 baseline 'rests now'
	ok "baseline: nothing was taken out" no_outage mail1
	on mail1 doveadm reload
	goes_on
	ok "asked in move-before, after a baseline that did not fail" \
		rests 90 paused
	rests_out mail1 move-before
	ok "who was moved logs in elsewhere" logs_in dir2 staying
	goes_on
	ok "asked at the end" rests 90 paused
	rests_at_the_end mail1 start-dovecot as-before listed
	ok "mail1 is back in service" weighs mail1 100
	goes_on
}

# While it rests somebody sets its weight: what was proved is proved again.
mail2_rests() {
	ok "asked in weight-zero" rests 60 paused
	ok "weight-zero: told so" was_told mail2 weight-zero \
		'put back into service first'
	ok "weight-zero: in service with its weight" weighs mail2 50
	goes_on
	ok "asked in stop-lmtp" rests 90 paused
	ok "the drain was done again" test "$(passed mail2 weight-zero)" -eq 2
	rests_out mail2 stop-lmtp
	on dir2 doveadm director update "$(address mail2)" 50
	goes_on
	ok "the drain is proved again after an hour, and repaired" \
		wait_until 60 "the repair" event 'is repaired (1 of 1)'
	ok "asked at the end" rests 90 paused
	rests_at_the_end mail2 messages fetched answers
	ok "mail2 is back in service" weighs mail2 50
	goes_on
}

mail3_rests() {
	ok "asked in wait-users" rests 60 paused
	ok "wait-users: told so" was_told mail3 wait-users \
		'put back into service first'
	ok "wait-users: in service with its weight" weighs mail3 200
	goes_on
	ok "asked in stop-dovecot" rests 90 paused
	rests_out mail3 stop-dovecot
	goes_on
	ok "asked at the end" rests 90 paused
	rests_at_the_end mail3 answers-lmtp director-up weight-back
	ok "mail3 is back in service" weighs mail3 200
	goes_on
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
	restart_plan --only mail1
	ask_in mail1 wait-users keep
	ask_in mail1 director-down pause
	ask_in mail1 soak pause
	ask_in mail1 quiet pause
	user_stays waiting mail1
	drydock --yes start "$rollout" >"$work/start.out"
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
	ok "asked in director-down" rests 90 paused
	ok "the wait's clock stood still in the pause" waited_after
	rests_out mail1 director-down
	goes_on
	ok "asked at the end" rests 90 paused
	rests_at_the_end mail1 soak quiet
	goes_on
	ok "it ends well" rollout_ends succeeded 60
	ok "each step of it passed" every_step_passed mail1
	ok "nothing was held here either" nothing_was_held
}

rollout_lab
trap 'asks_end; lab_stop' EXIT
asks_prepare
observe_start "$work/observed.json"
user_stays staying mail1
three
ok "each command ran once, as the agents' journals have it" ran_as_told
kept
ok "and those of the second rollout" ran_as_told
ok "every weight is as before" weights
ok "never two out at one instant" observe_stop
finish
