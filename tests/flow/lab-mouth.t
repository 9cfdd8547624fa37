#!/bin/bash
# lab-mouth.t - one mouth per turn: the director that has a change in its hands
# hangs for 20 s, and the line to it is cut right after the change was sent.
# Nobody else is told, and the end is proved on both.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

HANGS=20 # seconds
mouth='' other='' caught=0

# trap_lay: the next change of a weight takes hold of its director, which stops
# in that instant, and has not been answered yet.  Whichever director is told;
# the trap stands before the real doveadm in the agent's PATH.
trap_lay() {
	local director

	for director in dir1 dir2; do
		on "$director" rm -f /root/caught
		on "$director" sh -c 'cat >/usr/local/sbin/doveadm
			chmod 755 /usr/local/sbin/doveadm' <<'SH'
#!/bin/sh
[ "$1 $2" = "director update" ] || exec /usr/bin/doveadm "$@"
rm -f /usr/local/sbin/doveadm
/usr/bin/doveadm "$@"
rc=$?
kill -STOP $(pgrep -x director)
echo "$*" >/root/caught
while [ -e /root/caught ]; do sleep 0.1; done
exit $rc
SH
	done
}

trap_lift() {
	local director

	for director in dir1 dir2; do
		on "$director" rm -f /usr/local/sbin/doveadm /root/caught
		on "$director" pkill -CONT -x director || true
	done
}

is_caught() { [ -s "$LAB_STATE/hosts/$1/root/root/caught" ]; }
any_caught() { is_caught dir1 || is_caught dir2; }

# It has been sent, and cannot have been answered.
change_caught() {
	wait_until 90 "a change of a weight" any_caught || return 1
	caught=$SECONDS
	if is_caught dir1; then mouth=dir1 other=dir2; else
		mouth=dir2 other=dir1
	fi
	echo "# $mouth: $(on "$mouth" cat /root/caught)"
}

hang_over() {
	while [ $((SECONDS - caught)) -lt "$HANGS" ]; do sleep 0.2; done
	on "$mouth" pkill -CONT -x director && on "$mouth" rm /root/caught
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

# Nobody else is told for as long as it hangs, and a little longer.
nobody_else() {
	local told

	hang_over
	told=$(begun "$other")
	[ "$told" = 0 ] || echo "# $other was told $told changes"
	[ "$told" = 0 ] && step_is mail1 "$1" running
}

drained() { [[ $(director_row "$1" mail1) == "0 up "* ]]; }
drained_on_both() { drained dir1 && drained dir2; }

rollout_lab
trap 'trap_lift; lab_stop' EXIT
trap_lay
rollout_start dovecot-obox-restart --only mail1 -e drain_wait=10s \
	-e settle=1s -e soak=1s
uuid=$(sql "select uuid from fleet_internal.rollout
	where rollout_id = $rollout")
ok "a director hangs with the first change in its hands" change_caught
ok "it is cut off the network right then" lab cut "$mouth"
ok "the other is told nothing" nobody_else weight-zero
ok "the line is healed" lab heal "$mouth"
ok "the drain is proved on both" \
	wait_until 60 "the drain" step_is mail1 weight-zero passed
ok "and is so" drained_on_both
ok "the journals of both show one change" told_one weight-zero
first=$mouth
trap_lay
ok "it hangs again with the weight's return" change_caught
ok "that one went the same way" test "$mouth" = "$first"
ok "its ssh sessions die right then" sessions_killed "$mouth"
ok "the other is told nothing now either" nobody_else weight-back
ok "it ends well" rollout_ends succeeded 90
ok "the journals of both show one return" told_one weight-back
ok "all of the turn went one way" test "$(begun "$other")" -eq 0
ok "each command ran once" ran_once
ok "every weight is as before" weights
finish
