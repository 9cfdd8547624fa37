#!/bin/bash
# lab-users.t - what a whole rollout costs those who use the mail: moved before
# the stop, moved after it, and the same commands typed by hand.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

# What the manual calls 15 minutes: the directors here forget after 10 s.
EXPIRE=10

# under_load NAME COMMAND...: with live users from before its begin to after
# its end; the command decides, $work/NAME.json has what they suffered.
under_load() {
	local name=$1 status=0

	shift
	load_start 300 "$work/$name.json"
	sleep 3
	"$@" || status=1
	sleep 2
	kill -TERM "$loader"
	load_wait || status=1
	return $status
}

rolled() {
	rollout_start dovecot-obox-restart -e drain_wait=${EXPIRE}s -e soak=1s \
		-e settle=1s -e "move_users=$1" &&
		rollout_ends succeeded 240
}

# on(), and a second until the next command is typed: a fast person.
typed() {
	on "$@" >/dev/null
	sleep 1
}

# The seed's order, one backend after the other. Without the pauses Dovecot is
# back before a waiting login gives up (4 s): no person and no upgrade is that
# fast.
by_hand() {
	local row host ip

	for row in mail1:100 mail2:50 mail3:200; do
		host=${row%:*} ip=$(address "$host")
		typed dir1 doveadm director update "$ip" 0
		sleep "$EXPIRE"
		typed dir1 doveadm director status
		typed "$host" doveadm service stop lmtp
		typed "$host" systemctl stop dovecot
		typed dir1 doveadm director down "$ip"
		typed dir1 doveadm director flush "$ip"
		typed "$host" systemctl start dovecot
		typed "$host" doveadm fetch -u "probe${host#mail}" text all
		typed dir1 doveadm director update "$ip" "${row#*:}"
		typed dir1 doveadm director up "$ip"
	done
}

cost() {
	echo $(($(json_get "$work/$1.json" logins_failed) +
		$(json_get "$work/$1.json" deliveries_deferred)))
}

# figures NAME: for whoever reads the log
figures() {
	local key

	printf '# %-12s' "$1:"
	for key in logins logins_failed logins_over_1s slowest_login_s \
		deliveries deliveries_deferred drops content.accepted; do
		printf ' %s %s' "${key#content.}" \
			"$(json_get "$work/$1.json" "$key")"
	done
	echo
}

# Nobody was dropped twice while one backend was out, or without a reason.
drops_have_a_reason() {
	sql "select extract(epoch from out_since), extract(epoch from back_at)
		from fleet.outage where rollout = $rollout" >"$work/outages"
	/usr/bin/python3 - "$work/$1.json" "$work/outages" <<'PY'
import json, sys
drops = json.load(open(sys.argv[1]))["drops_of"]
spans = [[float(x) for x in line.split("|")] for line in open(sys.argv[2])]
bad = 0
for user, times in drops.items():
    of = [[i for i, (a, b) in enumerate(spans) if a <= t <= b + 1]
          for t in times]
    known = [i[0] for i in of if i]
    if len(known) != len(times) or len(set(known)) != len(known):
        bad += 1
        print("#", user, "dropped at", times, "outages", spans)
print("# %d drops of %d long users in %d outages" % (
    sum(map(len, drops.values())), len(drops), len(spans)))
sys.exit(bad > 0 or len(spans) != 3)
PY
}

# Forced, a director forgets its users and leaves their sessions where they are.
waiting_for_users() { step_is mail1 wait-users running; }

sessions() {
	on dir1 doveadm -f tab proxy list | grep -cwF "$(address mail1)"
}

forgotten() {
	user_stays forgotten mail1
	rollout_start dovecot-obox-restart --only mail1 -e drain_wait=15s \
		-e soak=1s -e settle=1s -e move_users=before_stop
	wait_until 60 "the wait for users" waiting_for_users || return 1
	on dir1 doveadm director flush -F "$(address mail1)"
	ok "a session that directors have forgotten is still there" \
		test "$(sessions)" -ge 1
	ok "it does not keep the rollout from its end" rollout_ends succeeded 90
	ok "it was cut before the stop" truth "(select count(*) = 2 and
		max(a.ended_at) < (select min(started_at) from fleet.step
			where rollout = $rollout and step = 'stop-dovecot')
		from fleet.attempt a where rollout = $rollout
		and step = 'kick-left')"
}

rollout_lab
forgotten

ok "users moved before the stop: it succeeds, no message lost or doubled" \
	under_load before rolled before_stop
figures before
ok "no login failed" test "$(json_get "$work/before.json" logins_failed)" -eq 0
ok "no delivery was deferred" \
	test "$(json_get "$work/before.json" deliveries_deferred)" -eq 0
ok "a long session drops once per time that its user had to move" \
	drops_have_a_reason before

ok "users moved after the stop: it succeeds, no message lost or doubled" \
	under_load after rolled after_stop
figures after
ok "a long session drops once per time that its user had to move" \
	drops_have_a_reason after

ok "the same by hand: no message lost or doubled" under_load hand by_hand
figures hand
ok "moving after the stop costs less than by hand ($(cost after) < $(cost hand))" \
	test "$(cost after)" -lt "$(cost hand)"
ok "every weight is as before" weights
finish
