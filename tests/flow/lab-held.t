#!/bin/bash
# lab-held.t - what must halt a rollout: a backend that only seems to work, one
# that does not start, one that could not start; and the way out of each, of the
# first one by its sheet, too, with coordinator and database gone.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

untouched() { in_service dir1 "$1" "$2" && in_service dir2 "$1" "$2"; }

# out_on_both BACKEND WEIGHT-FREE: nobody is sent there by either director
out_on_both() { out_of_service dir1 "$1" && out_of_service dir2 "$1"; }

stopped() { test "$(main_pid "$1")" -eq 0; }

# plan_new CONFIG [OPTION...]: its number
plan_new() {
	local config=$1

	shift
	drydock -o json plan dovecot-obox-upgrade -e config="$config" \
		-e settle=1s -e soak=1s -e drain_wait=12s \
		-e drain_short=known "$@" \
		>"$work/plan.json"
	psql -XqAtc 'select max(rollout) from fleet.rollout'
}

# wait_rc ROLLOUT SECONDS: 0 succeeded, 4 halted; anything else is wrong
wait_rc() {
	local rc=0

	timeout "$2" drydock wait "$1" >"$work/wait" 2>&1 || rc=$?
	echo "$rc"
}

status_says() { grep -qE -- "$1" "$work/status"; }

status_take() {
	drydock status "$1" >"$work/status"
	sed 's/^/# /' "$work/status"
}

# The three commands of the manual, as they are typed there.
manual_verify() {
	on "$1" doveadm mailbox list -u probe2 &&
		on "$1" doveadm mailbox status -u probe2 messages '*' &&
		on "$1" doveadm fetch -u probe2 text all
} >/dev/null 2>&1

# Storage goes while Dovecot stands still: nobody but the proof can notice.
storage_away() { on "$1" mount -t tmpfs -o mode=000 none /srv/mail; }
storage_back() { on "$1" umount /srv/mail; }

# Under it is the lab's own mount, which must stay.
storage_is_back() {
	! on "$1" grep -q ' /srv/mail tmpfs ' /proc/mounts || storage_back "$1"
}

# attempts ROLLOUT BACKEND STEP: how often it was sent
attempts() {
	psql -XqAt -v r="$1" -v b="$2" -v s="$3" <<'SQL'
select count(*) from fleet.attempt
 where rollout = :r and backend = :'b' and step = :'s';
SQL
}

# sheet_reads NAME COMMAND ROW: three lines that follow each other
sheet_reads() {
	grep -A2 -x -F "$1" "$work/sheet" | grep -A1 -F "$2" | grep -q -F "$3"
}

# Held in verify, and returned by its sheet alone.
by_hand() {
	local pid

	pid=$(main_pid mail2)
	ok "its sheet is what status --sheet prints" \
		wait_until 20 "the sheet" sheet_is_same mail2
	ok "it can be followed to its end, by nothing else" sheet_alone mail2
	ok "it says what is to be seen before it returns" \
		grep -q 'wait until list.count == 1' "$work/sheet"
	ok "and what that is read from" sheet_reads \
		'  list, here:' 'doveadm -f tab mailbox list -u' \
		'of the row whose mailbox is INBOX'
	ok "and starts nothing again" test "$(main_pid mail2)" = "$pid"
	ok "the fleet is whole" wait_until 20 "the weights" weights
}

lies() {
	local rollout before

	rollout=$(plan_new "$work/new.conf")
	before=$(main_pid mail3)
	drydock --yes start "$rollout"
	ok "mail2 is stopped for the change" \
		wait_until 60 "mail2 to be stopped" stopped mail2
	storage_away mail2
	ok "unreadable mail halts it" test "$(wait_rc "$rollout" 120)" -eq 4
	ok "although the manual's three commands exit 0" manual_verify mail2
	status_take "$rollout"
	ok "status says what was seen" status_says 'Permission d'
	ok "that mail2 is out" status_says 'out: mail2'
	ok "and what to type" status_says "drydock retry $rollout mail2"
	ok "mail2 stays out on both directors" out_on_both mail2
	ok "mail1 is in service" untouched mail1 100
	ok "mail3 too" untouched mail3 200
	ok "and was not touched" test "$(main_pid mail3)" = "$before"
	storage_back mail2
	by_hand
	drydock --yes retry "$rollout" mail2
	ok "after the repair retry goes on to the end" \
		test "$(wait_rc "$rollout" 120)" -eq 0
	ok "it saw what was done by hand" event 'weight-zero no longer holds'
	ok "from there: mail2 was stopped once" \
		test "$(attempts "$rollout" mail2 stop-dovecot)" -eq 1
	ok "its weight is back on both" untouched mail2 50
	ok "mail3 has the new file" on mail3 grep -q '^# new' \
		/etc/dovecot/dovecot.conf
}

# exit_is STATUS COMMAND...: its output is in $work/said
exit_is() {
	local want=$1 rc=0

	shift
	timeout 180 "$@" >"$work/said" 2>&1 || rc=$?
	sed 's/^/# /' "$work/said"
	test "$rc" -eq "$want"
}

invalid() {
	local rollout before

	before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)
	on mail3 sh -c 'echo "no_such_setting = 1" >>/etc/dovecot/dovecot.conf'
	rollout=$(plan_new "$work/new.conf")
	ok "check refuses what is invalid on mail3" \
		exit_is 5 drydock check "$rollout"
	ok "naming it" grep -q 'CONFIG_INVALID mail3' "$work/said"
	ok "start refuses it as well" exit_is 5 drydock --yes start "$rollout"
	ok "naming it, too" grep -q 'CONFIG_INVALID mail3' "$work/said"
	ok "the rollout waits" wait_until 20 "the gate" waits_for_check \
		"$rollout"
	status_take "$rollout"
	ok "and says for what" status_says 'CONFIG_INVALID mail3'
	ok "and what to type" status_says "drydock check $rollout"
	ok "nobody is taken" not taken "$rollout"
	ok "nothing was restarted" test "$before" = \
		"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"
	ok "all are in service" all_in
	on mail3 sed -i /no_such_setting/d /etc/dovecot/dovecot.conf
	ok "after the repair it goes on by itself" \
		wait_until 60 "the first to be taken" taken "$rollout"
	drydock --yes abort "$rollout" --reason test >/dev/null
	ok "it can be ended" wait_until 60 "the abort" rollout_over "$rollout"
	ok "and all are back" wait_until 20 "all to be in service" all_in
}

waits_for_check() {
	test "$(psql -XqAt -v r="$1" <<<"select r.state from fleet.rollout r
		join fleet.hold h using (rollout) where rollout = :r
		and gate = 'check' and why like '%CONFIG_INVALID%'")" = waiting
}

taken() {
	test "$(psql -XqAt -v r="$1" <<<'select count(*) from fleet.outage
		where rollout = :r')" -gt 0
}

rollout_over() {
	test "$(psql -XqAt -v r="$1" <<<'select finished_at is not null
		from fleet.rollout where rollout = :r')" = t
}

restored() {
	test "$(psql -XqAt -v r="$1" <<<"select count(*) from fleet.event
		where rollout = :r and message like '%was put back%'")" -gt 0
}

all_in() { untouched mail1 100 && untouched mail2 50 && untouched mail3 200; }

port_taken() { on "$1" ss -Hltn 'sport = :10143' | grep -q LISTEN; }

# A file that every check of the configuration finds good.
does_not_start() {
	local rollout before

	before=$(on mail1 sha256sum /etc/dovecot/dovecot.conf)
	{
		cat "$work/new.conf"
		printf 'service imap-login {\n  inet_listener other {\n'
		printf '    port = 10143\n  }\n}\n'
	} >"$work/taken.conf"
	on mail1 systemd-run -q --unit lab-other /usr/sbin/sshd -D -p 10143
	wait_until 10 "the port to be taken" port_taken mail1
	rollout=$(plan_new "$work/taken.conf" --only mail1)
	ok "check finds the file good" exit_is 0 drydock check "$rollout"
	drydock --yes start "$rollout"
	ok "Dovecot does not start: halted" \
		test "$(wait_rc "$rollout" 120)" -eq 4
	status_take "$rollout"
	ok "told: the step" status_says 'start-dovecot failed'
	ok "and the way back" status_says "drydock restore $rollout mail1"
	ok "mail1 stays out on both directors" out_on_both mail1
	ok "the others serve" untouched mail3 200
	drydock --yes restore "$rollout" mail1
	ok "restore ends" wait_until 60 "mail1 to be restored" \
		restored "$rollout"
	ok "the old file is back" test "$before" = \
		"$(on mail1 sha256sum /etc/dovecot/dovecot.conf)"
	ok "mail1 is up with its weight on both" untouched mail1 100
	ok "and takes mail" lmtp_answers mail1
	drydock --yes abort "$rollout" --reason test >/dev/null
	on mail1 systemctl stop lab-other
}

lab_start
storage_is_back mail2
on mail3 sed -i /no_such_setting/d /etc/dovecot/dovecot.conf
on mail1 systemctl stop lab-other 2>/dev/null || true
lab reset --database | sed 's/^/# /'
drydock procedure add "$root/deploy/procedures/dovecot-obox-upgrade.yaml" |
	sed 's/^/# /'
{
	on mail1 cat /etc/dovecot/dovecot.conf | grep -v '^# new'
	echo '# new'
} >"${work:?}/new.conf"
lies
invalid
does_not_start
finish
