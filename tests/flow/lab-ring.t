#!/bin/bash
# lab-ring.t - the ring beside a rollout: somebody changes what was drained,
# directors forget, stop, or hang with a change in their hands.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "$0")/lib-lab.sh"

stayer=''

# stay_start: a user of mail2 who does not leave by himself, and comes back.
stay_start() {
	on dir1 doveadm director move stay1 "$(address mail2)" >/dev/null 2>&1
	/usr/bin/python3 - "$(address dir1)" <<'PY' &
import imaplib, os, sys, time
parent = os.getppid()
while os.getppid() == parent:
    try:
        imap = imaplib.IMAP4(sys.argv[1], timeout=20)
        imap.login("stay1", "x")
        while os.getppid() == parent:
            imap.noop()
            time.sleep(1)
    except (OSError, imaplib.IMAP4.error):
        time.sleep(0.5)
PY
	stayer=$!
	wait_until 20 "a user of mail2" has_user mail2
}

stay_stop() {
	[ -z "$stayer" ] || kill "$stayer" 2>/dev/null || true
	stayer=''
}

has_user() {
	local row

	row=$(director_row dir1 "$1") && [ "${row##* }" -gt 0 ]
}

# ask SQL: :r is the rollout in hand
ask() { psql -XqAt -v r="$rollout" <<<"$1"; }

# events TEXT: how many of the rollout's say so
events() {
	psql -XqAt -v r="$rollout" -v m="$1" <<<"select count(*)
		from fleet.event where rollout = :r and message ~ :'m'"
}

says_event() { test "$(events "$1")" -gt 0; }

plan_new() {
	drydock plan dovecot-obox-restart -e settle=1s -e soak=1s \
		-e drain_wait="$1" -e drain_short=known --only mail2 >/dev/null
	rollout=$(psql -XqAtc 'select max(rollout) from fleet.rollout')
}

running() {
	test "$(ask "select count(*) from fleet.current_step
		where rollout = :r and step = '$1'")" -gt 0
}

state_is() {
	[ "$(ask 'select state from fleet.rollout where rollout = :r')" = "$1" ]
}

said() {
	drydock status "$rollout" >"$work/status" 2>&1
	grep -qE -- "$1" "$work/status"
}

status_says() {
	wait_until "$1" "status to say $2" said "$2" || {
		sed 's/^/# /' "$work/status"
		return 1
	}
}

both_in() { in_service dir1 mail2 50 && in_service dir2 mail2 50; }
both_out() { out_of_service dir1 mail2 && out_of_service dir2 mail2; }

weight_back() { on "$1" doveadm director update "$(address mail2)" 100; }

# Twice is no accident: the second time a person decides.
somebody_else() {
	plan_new 60s
	stay_start
	drydock --yes start "$rollout"
	ok "users are waited for" \
		wait_until 60 "the wait" running wait-users
	weight_back dir2
	ok "a weight set by somebody else is noticed" wait_until 40 "the event" \
		says_event 'repaired \(1 of 1\).*vhosts was 100.*wanted (== )?0'
	ok "and repaired on both" wait_until 20 "the repair" both_out
	sleep 2
	weight_back dir2
	ok "the second time it is held" \
		wait_until 40 "the hold" state_is halted
	ok "and told" status_says 5 'weight-zero no longer holds'
	stay_stop
	drydock --yes restore "$rollout" mail2
	ok "restore brings the first weight back" \
		wait_until 40 "the weight" both_in
	wait_until 20 "the proof" says_event 'was put back'
	drydock --yes abort "$rollout" --reason test >/dev/null
	wait_until 20 "its end" state_is aborted
}

# Two at once: one alone learns from the other what it forgot.
forget() {
	local verb host

	for verb in stop start; do
		for host in dir1 dir2; do on "$host" systemctl "$verb" dovecot; done
	done
}

drained_again() { both_out && ! running weight-zero; }

# Once it is repaired; the second time a person decides, whose retry does it
# again. The third time is no other than the second.
directors_forget() {
	local forgot='vhosts was [1-9][0-9]* on dir1.*wanted 0'

	ok "users are still waited for" running wait-users
	forget
	ok "directors that forgot the weight are noticed" \
		wait_until 90 "the event" says_event \
		"^weight-zero no longer holds and is repaired .1 of 1.: .*$forgot"
	ok "and it is repaired on both" \
		wait_until 30 "the repair" drained_again
	forget
	ok "the second time it is held" \
		wait_until 90 "the hold" state_is halted
	ok "and told with both values" \
		status_says 5 "weight-zero no longer holds: .*$forgot"
	ok "and what to type" status_says 5 "drydock retry $rollout mail2"
	stay_stop
	drydock --yes retry "$rollout" mail2 >"$work/said"
	ok "which says what is done" finding 'no longer holds is done again'
	ok "and does it: the rollout goes on" \
		wait_until 120 "its success" state_is succeeded
	ok "with nothing repaired by itself twice" \
		test "$(events 'is repaired')" -eq 1
	ok "to the weight that was there before" both_in
}

finding() { grep -qE -- "$1" "$work/said"; }

check_rc() {
	local rc=0

	timeout 90 drydock check "$rollout" >"$work/said" 2>&1 || rc=$?
	sed 's/^/# /' "$work/said"
	test "$rc" -eq "$1"
}

taken() {
	test "$(ask 'select count(*) from fleet.outage where rollout = :r')" -gt 0
}

# begun DIRECTOR STEP: so often, by its own journal
begun() {
	on "$1" drydock-agent --journal | grep '"t":"begun"' |
		grep -c "/mail2/$2\"" || true
}

begun_all() { echo $(($(begun dir1 "$1") + $(begun dir2 "$1"))); }

sent() {
	test "$(ask "select count(*) from fleet.attempt
		where rollout = :r and step = '$1'")" -gt 0
}

# hang DIRECTOR SECONDS: its director process, for so long
hang() {
	on "$1" sh -c 'pids=$(pgrep -x director); kill -STOP $pids
		sleep "$1"; kill -CONT $pids' hang "$2"
}

one_stopped() {
	plan_new 12s
	on dir2 systemctl stop dovecot
	# A reading counts for 10 s, and the turn before left some.
	sleep 11
	ok "check refuses while dir2 is stopped" check_rc 5
	ok "and names it" finding 'dir2'
	drydock --yes start "$rollout" >"$work/said" 2>&1 || true
	ok "start takes nobody" not within 5 "a backend to be taken" taken
	ok "status names it too" status_says 20 'dir2'
	drains=$(begun_all weight-zero)
	on dir2 systemctl start dovecot
}

# The first change of the turn is in the hands of a director that hangs.
two_mouths() {
	local mouth other

	ok "it begins when dir2 is back" \
		wait_until 90 "the first change" sent weight-zero
	mouth=$(ask "select host from fleet.attempt where rollout = :r
		and step = 'weight-zero' limit 1")
	hang "$mouth" 20 &
	[ "$mouth" = dir1 ] && other=dir2 || other=dir1
	ok "the drain is proved on both" \
		wait_until 60 "the drain" both_out
	wait $! || true
	ok "the journals of both show one change" \
		test "$(begun_all weight-zero)" -eq $((drains + 1))
	# what is done on each (sessions are cut) tells the ring nothing
	ok "none through $other" test "$(ask "select count(*) from fleet.attempt
		where rollout = :r and host = '$other'
		and step not in (select step from fleet.step where rollout = :r
			and target like 'each %')")" -eq 0
	ok "and sent once" test "$(ask "select count(*) from fleet.attempt
		where rollout = :r and step = 'weight-zero'")" -eq 1
	stay_stop
	ok "it goes on to its end" \
		wait_until 120 "its success" state_is succeeded
	ok "in service on both" both_in
}

held_gate() {
	test "$(psql -XqAt -v r="$rollout" -v m="$1" <<<"select count(*)
		from fleet.hold where rollout = :r and kind = 'gate'
		and why ~ :'m'")" -gt 0
}

# While users are waited for the other one dies, and comes back knowing nothing.
one_dies() {
	local mouth other died

	plan_new 5m
	stay_start
	drydock --yes start "$rollout"
	wait_until 60 "the wait" running wait-users
	mouth=$(ask "select host from fleet.attempt where rollout = :r
		and step = 'weight-zero' limit 1")
	[ "$mouth" = dir1 ] && other=dir2 || other=dir1
	on "$other" systemctl stop dovecot
	died=$SECONDS
	ok "status names the one that died, and what waits for it" \
		status_says 45 "whether weight-zero still holds.*$other"
	echo "# named after $((SECONDS - died)) s"
	on "$other" systemctl start dovecot
	ok "back alone it learns from the other" \
		wait_until 60 "the drain on both" both_out
	ok "and not waited for any more" \
		wait_until 60 "the hold to end" not held_gate "$other"
	ok "nothing was held for a person" not state_is halted
	ok "and the weights it began with were no reason for a repair" \
		not says_event 'is repaired'
}

lab_start
trap 'stay_stop; lab_stop' EXIT
lab reset --database | sed 's/^/# /'
drydock procedure add "${root:?}/deploy/procedures/dovecot-obox-restart.yaml" |
	sed 's/^/# /'
rollout=0 drains=0
somebody_else
one_stopped
two_mouths
one_dies
directors_forget
lab reset | sed 's/^/# /' # they have forgotten the others' weights, too
finish
