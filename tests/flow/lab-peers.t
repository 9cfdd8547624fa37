#!/bin/bash
# lab-peers.t - another backend stops in every phase of a turn: never a second
# one is taken; before the point of no return the one in hand goes back at once,
# after it it is finished, and then a person says go on, also when the other is
# back by then.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

# What stops is marked down by the monitor of its directors; here by hand.
peer_stops() {
	on "$1" systemctl stop dovecot
	on dir1 doveadm director down "$(address "$1")"
}

peer_is_back() {
	on "$1" systemctl start dovecot
	on dir1 doveadm director up "$(address "$1")"
	wait_until 20 "$1 to be up on both" up_on_both "$1"
}

up_on_both() {
	[[ $(director_row dir1 "$1") == *" up "* ]] &&
		[[ $(director_row dir2 "$1") == *" up "* ]]
}

goes_on() { drydock -q resume "$rollout" >/dev/null; }

# No turn but that of this backend is under way, and none out but it.
alone() {
	truth "not exists (select from fleet.turn where rollout = $rollout
		and backend <> '$1' and state in ('working', 'held',
			'restoring', 'out'))"
}

halted_after() { turn_is "$1" restored && rollout_is halted; }

others_taken() { ! alone mail1 || ! halted_after mail1; }

# The mark outlives the peer's return.
noted() { event "another backend fails while $1 is out"; }

waits_for_a_person() {
	held approval "another backend failed while $1 was out"
}

# freezes BACKEND STEP: the rollout stands at that step until goes_on
freezes() {
	ok "$1 stands at $2" wait_until 120 "$1 to stand there" \
		stands "$1" "$2"
}

stands() {
	rollout_is paused && held pause "asked in $2" &&
		was_told "$1" "$2" 'stays as it is'
}

before_the_drain() {
	freezes mail1 baseline
	on mail1 doveadm reload
	peer_stops mail3
	sleep 11 # what was read before counts for 10 s
	goes_on
	ok "a peer stops before the drain: it is not taken out" \
		wait_until 40 "the gate" held gate 'mail1 is not taken out%mail3'
	ok "nobody was taken out" truth "not exists (select from fleet.outage)"
	peer_is_back mail3
}

in_the_drain() {
	freezes mail1 wait-users
	peer_stops mail3
	ok "a peer stops in the drain: mail1 goes back at once" \
		wait_until 60 "mail1 to be back" turn_is mail1 restored
	ok "with its weight on both" weighs mail1 100
	goes_on
	ok "no other is taken" wait_until 20 "the halt" halted_after mail1
	peer_is_back mail3
	ok "nor when the peer is back" not within 6 "another" others_taken
	drydock --yes retry "$rollout" mail1 >/dev/null
}

in_the_stop() {
	wait_until 90 "mail1 to be stopped" stopping mail1 || return 1
	peer_stops mail3
	ok "a peer stops in the stop: finished, but noted" \
		wait_until 60 "the note" noted mail1
	peer_is_back mail3
	ok "mail1 is finished" wait_until 90 "mail1" turn_is mail1 done
	ok "no other is taken although the peer is back" \
		wait_until 20 "the hold" waits_for_a_person mail1
	ok "nor somewhat later" alone mail1
	drydock -q approve "$rollout" >/dev/null
}

finished_alone() {
	ok "$1 is finished" wait_until 90 "$1" turn_is "$1" done
	ok "no other is taken out" alone "$1"
}

seen_out() {
	truth "exists (select from fleet.backend where fleet = 'lab'
		and backend = '$1' and not in_service)"
}

# stops_at BACKEND STEP PEER COMMAND...: which tells that it was seen
stops_at() {
	local backend=$1 step=$2 peer=$3

	shift 3
	freezes "$backend" "$step"
	wait_until 40 "$peer to be seen as it is" not seen_out "$peer"
	peer_stops "$peer"
	ok "a peer stops in $step: seen" wait_until 40 "the look" "$@"
	ok "and no other is taken" alone "$backend"
}

# One turn, three phases: the peer is back each time but the last. A pause rests
# behind a command; as-before is none, so it is kept waiting.
change_start_verify() {
	stops_at mail2 config mail3 noted mail2
	peer_is_back mail3
	goes_on
	stops_at mail2 start-dovecot mail3 seen_out mail3
	peer_is_back mail3
	on mail2 doveadm service stop imap-login
	goes_on
	stops_at mail2 as-before mail3 seen_out mail3
	on mail2 doveadm reload
	goes_on
	finished_alone mail2
	peer_is_back mail3
	ok "a person is asked again" \
		wait_until 30 "the hold" waits_for_a_person mail2
	drydock -q approve "$rollout" >/dev/null
}

# By our own spans: a peer that stops is out too, and not because of us.
one_outage_at_a_time() {
	truth "not exists (select from fleet_internal.outage a
		join fleet_internal.outage b on a.outage_id < b.outage_id
		and b.out_since < coalesce(a.back_at, 'infinity'))"
}

rollout_lab
trap 'asks_end; lab_stop' EXIT
asks_prepare
lab slow mail1 4
{
	on mail1 grep -v '^# new' /etc/dovecot/dovecot.conf
	echo '# new'
} >"${work:?}/new.conf"
PROCEDURE=dovecot-obox-upgrade restart_plan -e config="$work/new.conf"
ask_in mail1 baseline keep
ask_in mail1 wait-users keep
ask_in mail2 config keep
ask_in mail2 start-dovecot keep
ask_in mail2 as-before keep
ask_in mail3 weight-back keep
on mail1 doveadm service stop imap-login # baseline waits for it
drydock --yes start "$rollout" >"$work/start.out"
before_the_drain
in_the_drain
in_the_stop
change_start_verify
stops_at mail3 weight-back mail1 noted mail3
goes_on
finished_alone mail3
peer_is_back mail1
ok "the last one leaves nobody to be asked for" rollout_ends succeeded 60
ok "each is done" truth "(select bool_and(state = 'done') from fleet.turn
	where rollout = $rollout)"
ok "every weight is as before" weights
ok "never two out because of us" one_outage_at_a_time
lab slow mail1 0
finish
