#!/bin/bash
# lab-obox.t - the branch for obox over a whole fleet, with the lab's stand-in
# for metacache: flushed before the stop, users moved right after it, the cache
# kept, scanned again or deleted; and never deleted without the evidence.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

cache=/var/dovecot/vmail/user1/.meta/index
users=/var/lib/dovecot/metacache/metacache-users

restart() {
	rollout_start dovecot-obox-restart -e drain_wait=10s -e soak=1s \
		-e settle=1s "$@"
}

# refill BACKEND: something cached, and not uploaded yet
refill() { on "$1" doveadm metacache lab-fill 2>/dev/null; }
cached() { on "$1" test -e "$cache"; }
flushed() { on "$1" sh -c "! grep -q important\$ $users"; }

# on_each COMMAND: it holds of every backend
on_each() {
	local host

	for host in mail1 mail2 mail3; do "$@" "$host" || return 1; done
}

# in_order STEP STEP: the second ended after the first, on every backend
in_order() {
	test "$(sql "select count(*) from fleet.attempt a
		join fleet.attempt b using (rollout, backend)
		where rollout = $rollout and a.step = '$1' and b.step = '$2'
		and a.ended_at < b.ended_at")" -ge 3
}

sent() {
	sql "select count(*) from fleet.attempt where rollout = $rollout
		and step = '$1'"
}

all_under_load() {
	local status=0

	load_start 300 "$work/obox.json"
	restart -e metacache=rescan && rollout_ends succeeded 240 || status=1
	kill -TERM "$loader"
	load_wait || status=1
	echo "# $(json_get "$work/obox.json" logins) logins," \
		"$(json_get "$work/obox.json" logins_failed) failed;" \
		"$(json_get "$work/obox.json" deliveries) deliveries," \
		"$(json_get "$work/obox.json" deliveries_deferred) deferred"
	return $status
}

whole_fleet() {
	ok "all three under load: it succeeds, no message lost or doubled" \
		all_under_load
	ok "nothing that was not uploaded was left" on_each flushed
	ok "flushed before the stop" in_order metacache-flush stop-dovecot
	ok "users moved after it" in_order stop-dovecot move-after
	ok "and before the mark down" in_order move-after director-down
	ok "none before it" test "$(sent move-before)" -eq 0
	ok "scanned again" on_each rescanned
	ok "the cache was kept" on_each cached
}

rescanned() { on "$1" test -e /var/lib/dovecot/metacache/rescanned; }

deleted() {
	refill mail2
	restart -e metacache=delete --only mail2
	ok "the cache of one is deleted: it succeeds" rollout_ends succeeded 120
	ok "the cache is gone" not cached mail2
	ok "its directory stays" on mail2 test -d /var/dovecot/vmail
	ok "what is known of it too" on mail2 test ! -e "$users"
	ok "nothing of it lies aside" test -z \
		"$(on mail2 ls -A /var/dovecot/vmail)"
}

# A flush that fails: users are cut off only when all is uploaded.
unflushed() {
	local before

	refill mail3
	before=$(main_pid mail3)
	on mail3 touch /run/metacache-fails
	restart -e metacache=delete -e stop_within=10s --only mail3
	ok "a flush that fails is tried again" \
		wait_until 60 "the second try" tried_twice
	drydock -q --yes abort "$rollout" --reason test >/dev/null
	ok "and in the end all is taken back" \
		wait_until 120 "mail3 to be put back" turn_is mail3 restored
	ok "Dovecot was not stopped" test "$(main_pid mail3)" = "$before"
	ok "nothing was deleted" cached mail3
	ok "LMTP answers again" wait_until 20 "LMTP" lmtp_answers mail3
	ok "every weight is as before" wait_until 20 "the weights" weights
	on mail3 rm /run/metacache-fails
	wait_until 60 "the end" ended
}

tried_twice() { test "$(sent metacache-flush)" -ge 2; }

ended() {
	truth "exists (select from fleet.rollout where rollout = $rollout
		and finished_at is not null)"
}

lmtp_answers() {
	timeout 5 bash -c "exec 3<>/dev/tcp/$(address "$1")/24 &&
		read -r -u 3 line && [[ \$line == 220* ]]"
}

# It said obox when it was taken, and says maildir when it comes to it.
no_evidence() {
	local rc=0

	refill mail1
	restart -e metacache=delete --only mail1
	wait_until 60 "the drain" step_is mail1 weight-zero passed
	lab obox on
	ok "without the evidence it is held" \
		wait_until 120 "the refusal" held turn metacache-delete
	ok "nothing was deleted" cached mail1
	drydock -q --yes restore "$rollout" mail1 >/dev/null
	ok "it is put back" wait_until 120 "mail1 to be put back" \
		turn_is mail1 restored
	drydock -q plan dovecot-obox-restart -e metacache=delete --only mail1 \
		>"$work/plan"
	drydock check "$(sed -n 's/^Plan \([0-9]*\) .*/\1/p' "$work/plan")" \
		--full >"$work/check" 2>&1 || rc=$?
	ok "a check refuses to delete where there is no obox" \
		test "$rc $(grep -c '^error NO_METACACHE mail1' "$work/check")" \
		= "5 1"
}

rollout_lab
lab obox off
lab obox claim
on mail3 rm -f /run/metacache-fails
lab reset | sed 's/^/# /'
whole_fleet
deleted
unflushed
no_evidence
ok "every weight is as before" wait_until 20 "the weights" weights
lab obox off
finish
