#!/bin/bash
# lab-mouth.t - one mouth per turn: the director that has a change in its hands
# hangs, and the line to it is cut right after the change was sent.  Nobody else
# is told, and the end is proved on both.  At last it stops and is off the
# network: now the other says that it is gone, and is told instead.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

mouth='' other='' caught=0 verb=''
# shellcheck disable=SC2016 # for the host's shell
hangs='/usr/bin/doveadm "$@"; rc=$?; kill -STOP $(pgrep -x director)'
stops='systemctl stop dovecot; rc=75'

# trap_lay VERB WHAT: the next such change takes hold of its director, to which
# that happens, and has not been answered yet.  Whichever director is told; the
# trap stands before the real doveadm in the agent's PATH.
trap_lay() {
	local director

	for director in dir1 dir2; do
		on "$director" rm -f "/root/caught-$1"
		on "$director" sh -c 'cat >/usr/local/sbin/doveadm
			chmod 755 /usr/local/sbin/doveadm' <<SH
#!/bin/sh
[ "\$1 \$2" = "director $1" ] || exec /usr/bin/doveadm "\$@"
rm -f /usr/local/sbin/doveadm
$2
echo "\$*" >/root/caught-$1
while [ -e /root/caught-$1 ]; do sleep 0.1; done
exit \$rc
SH
	done
}

trap_lift() {
	local director

	for director in dir1 dir2; do
		lab heal "$director" >/dev/null 2>&1 || true
		on "$director" sh -c \
			'rm -f /usr/local/sbin/doveadm /root/caught-*'
		on "$director" pkill -CONT -x director || true
	done
}

is_caught() { [ -s "$LAB_STATE/hosts/$1/root/root/caught-$verb" ]; }
any_caught() { is_caught dir1 || is_caught dir2; }

# change_caught VERB: it has been sent, and cannot have been answered.
change_caught() {
	verb=$1
	wait_until 90 "a change" any_caught || return 1
	caught=$SECONDS
	if is_caught dir1; then mouth=dir1 other=dir2; else
		mouth=dir2 other=dir1
	fi
	echo "# $mouth: $(on "$mouth" cat "/root/caught-$verb")"
}

# hang_over SECONDS: so long since it began
hang_over() {
	while [ $((SECONDS - caught)) -lt "$1" ]; do sleep 0.2; done
	on "$mouth" pkill -CONT -x director &&
		on "$mouth" rm "/root/caught-$verb"
}

sessions_killed() {
	on "$1" pkill -KILL -f '^sshd: drydock'
}

# begun DIRECTOR [STEP]: changes of this rollout, by its own journal
begun() {
	on "$1" drydock-agent --journal | grep -F '"t":"begun"' |
		grep -cF "$uuid/mail1/${2-}" || true
}

told_one() {
	[ "$(begun "$mouth" "$1\"") $(begun "$other" "$1\"")" = "1 0" ]
}

# nobody_else STEP SECONDS: is told for as long as it hangs, and a little longer
nobody_else() {
	local told

	hang_over "$2"
	told=$(begun "$other")
	[ "$told" = 0 ] || echo "# $other was told $told changes"
	[ "$told" = 0 ] && step_is mail1 "$1" running
}

other_told() { [ "$(begun "$other" 'weight-back"')" = 1 ]; }

# Long before the 75 s of silence that prove it, too.
other_told_soon() {
	wait_until 70 "the other to be told" other_told || return 1
	echo "# told $((SECONDS - caught)) s after it stopped"
	[ $((SECONDS - caught)) -lt 75 ]
}

# By what the other said.
proved_gone() {
	local why

	why=$(sql "select why from fleet.attempt where rollout = $rollout and
		step = 'weight-back' and state = 'abandoned'
		and host = '$mouth'")
	echo "# $why"
	[[ $why == *"none lists $mouth"* ]]
}

back_again() {
	lab heal "$mouth" && on "$mouth" systemctl start dovecot &&
		on "$mouth" rm "/root/caught-$verb"
}

drained() { [[ $(director_row "$1" mail1) == "0 up "* ]]; }
drained_on_both() { drained dir1 && drained dir2; }

rollout_lab
trap 'trap_lift; lab_stop' EXIT
trap_lay update "$hangs"
rollout_start dovecot-obox-restart --only mail1 -e drain_wait=10s \
	-e settle=1s -e soak=1s
uuid=$(sql "select uuid from fleet_internal.rollout
	where rollout_id = $rollout")
ok "a director hangs with the first change in its hands" \
	change_caught update
ok "it is cut off the network right then" lab cut "$mouth"
ok "the other is told nothing" nobody_else weight-zero 20
ok "the line is healed" lab heal "$mouth"
trap_lay up "$hangs"
ok "the drain is proved on both" \
	wait_until 60 "the drain" step_is mail1 weight-zero passed
ok "and is so" drained_on_both
ok "the journals of both show one change" told_one weight-zero
first=$mouth
ok "it hangs again with the way back" change_caught up
trap_lay update "$stops"
ok "that one went the same way" test "$mouth" = "$first"
ok "its ssh sessions die right then" sessions_killed "$mouth"
ok "the other is told nothing now either" nobody_else director-up 8
ok "it stops with the weight's return in its hands" \
	change_caught update
on "$other" rm -f /usr/local/sbin/doveadm
ok "that one went the same way, too" test "$mouth" = "$first"
ok "all of the turn went one way" test "$(begun "$other")" -eq 0
ok "it is cut off the network" lab cut "$mouth"
ok "the other is told instead" other_told_soon
ok "for it said that the first is gone" proved_gone
ok "when that is back" back_again
ok "it ends well" rollout_ends succeeded 90
ok "the journals of both show one return" told_one director-up
ok "each command ran once" ran_once
ok "every weight is as before" weights
finish
