#!/bin/bash
# lab-database.t - the database dies: in the worst second the phase is carried
# to its end without it; before that phase begins, nothing is sent.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

AWAY=60 # seconds
killed=0

now_ms() { date +%s%3N; }

database_gone() {
	lab database kill
	killed=$SECONDS
}

# database_away SECONDS: since it was killed
database_back() {
	while [ $((SECONDS - killed)) -lt "$1" ]; do sleep 0.2; done
	lab database start
	echo "# the database was away for $((SECONDS - killed)) s"
}

killed_in_the_stop() {
	wait_until 60 "$1 to be stopped" stopping "$1" && database_gone
}

# On every director: marked down, and nobody is sent there any more.
all_down() {
	local director row

	for director in dir1 dir2; do
		row=$(director_row "$director" "$1") &&
			[[ $row == *" down 0" ]] || return 1
	done
}

down_in_time() {
	wait_until 20 "$1 to be down and empty" all_down "$1" || return 1
	echo "# down and empty $((SECONDS - killed)) s after the kill"
	[ $((SECONDS - killed)) -le 20 ]
}

journal_has() {
	lab exec "$1" drydock-agent --journal | grep -F '"t":"begun"' |
		grep -F "$rollout_uuid" | grep -qF "$2"
}

flushed_in_time() {
	within $((20 - SECONDS + killed)) "the flush on dir1" \
		journal_has dir1 '"flush","-F"'
}

# The rows of what happened without it: state, exit, both ends.
rows_are_there() {
	local step

	for step in stop-dovecot director-down move-after; do
		truth "exists (select from fleet.attempt a
			where a.rollout = $rollout and a.backend = '$1'
			and a.step = '$step' and a.state = 'ended'
			and a.exit_code is not null and a.took is not null
			and a.ended_at between a.sent_at and now() - '4 s'::interval
			and a.result ? 'started_wall_ms')" ||
			return 1
	done
}

# systemctl grumbles about a drop-in that is newer than what it has read.
stop_will_speak() {
	on "$1" touch /run/systemd/system/dovecot.service.d/slow.conf
}

what_it_said() {
	truth "exists (select from fleet.output where rollout = $rollout
		and backend = '$1' and step = 'stop-dovecot'
		and stream = 'err' and text like '%changed on disk%')"
}

happened_then() {
	truth "exists (select from fleet.event where rollout = $rollout
		and backend = '$1' and step = 'director-down'
		and happened_at < at - interval '3 s')"
}

count_begun() {
	/usr/bin/python3 "$root/tests/flow/lab_journal.py" count "$rollout"
}

killed_in_the_wait() {
	wait_until 40 "$1 to wait for its users" \
		step_is "$1" wait-users running && database_gone
}

# The wait is over long before: what comes next needs the database.
nothing_is_sent() {
	while [ $((SECONDS - killed)) -lt 16 ]; do
		if journal_has "$1" '"argv"' || ! serving "$1"; then
			return 1
		fi
		sleep 0.5
	done
}

serving() {
	[ "$(on "$1" systemctl show -p ActiveState --value dovecot)" = active ]
}

rollout_lab
lab slow mail1 3
stop_will_speak mail1
user_stays staying mail1
dovecot_start --only mail1 -e move_users=after_stop
rollout_uuid=$(sql "select uuid from fleet_internal.rollout
	where rollout_id = $rollout")
ok "all of PostgreSQL is killed while mail1 is stopped" \
	killed_in_the_stop mail1
ok "both directors have it down and empty within 20 s" down_in_time mail1
ok "its users were flushed by then" flushed_in_time
ok "the database comes back" database_back "$AWAY"
ok "the rollout ends well" rollout_ends succeeded 60
ok "attempts and times are there" rows_are_there mail1
ok "and what a command said meanwhile" what_it_said mail1
ok "events tell when it happened" happened_then mail1
ok "each command ran once" ran_once
ok "every weight is as before" weights

user_stays waiting mail2
dovecot_start --only mail2
rollout_uuid=$(sql "select uuid from fleet_internal.rollout
	where rollout_id = $rollout")
ok "it is killed before the phase begins" killed_in_the_wait mail2
ok "the phase does not begin" nothing_is_sent mail2
ok "the database comes back once more" database_back 16
ok "it goes on and ends well" rollout_ends succeeded 60
ok "each command ran once in this one" ran_once
ok "every weight is as before in the end" weights
finish
