#!/bin/bash
# lab-kills.t - kills and cuts at the worst instants: it goes on, and every
# command ran once, by what the agents wrote down.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

STOP_TAKES=4

daemon_pid() { cat "$LAB_STATE/drydockd.pid"; }

ssh_pid() { pgrep -P "$(daemon_pid)" -x drydock-ssh; }

ssh_is_new() {
	local now

	now=$(ssh_pid) && [ "$now" != "$1" ]
}

daemon_killed() {
	lab coordinator kill
	lab coordinator start
}

# Users may leave: nothing is sent, something is kept.
killed_in_the_wait() {
	wait_until 40 "$1 to wait for its users" \
		step_is "$1" wait-users running && user_on "$1" &&
		daemon_killed && step_is "$1" wait-users running
}

killed_in_the_stop() {
	wait_until 60 "$1 to be stopped" stopping "$1" && daemon_killed &&
		wait_until 20 "the stop to go on without it" stopped "$1"
}

# Stopped, and the coordinator never heard it: frozen while it is stopped.
killed_after_the_stop() {
	wait_until 60 "$1 to be stopped" stopping "$1" || return 1
	kill -STOP "$(daemon_pid)"
	wait_until 20 "$1 to be down" stopped "$1" && lab coordinator kill &&
		not out_down "$1" && lab coordinator start &&
		within 10 "the directors to be told" out_down "$1"
}

out_down() { [[ $(director_row dir1 "$1") == *" down "* ]]; }

ssh_killed() {
	local before

	wait_until 60 "$1 to be stopped" stopping "$1" || return 1
	before=$(ssh_pid)
	kill -KILL "$before"
	wait_until 20 "another drydock-ssh" ssh_is_new "$before"
}

# Not healed before the command has ended unseen.
cut_off() {
	wait_until 60 "$1 to be stopped" stopping "$1" && lab cut "$1" &&
		wait_until 20 "the stop to go on alone" stopped "$1" &&
		lab heal "$1"
}

sshd_restarted() {
	wait_until 60 "$1 to be stopped" stopping "$1" &&
		on "$1" systemctl restart ssh && stopping "$1"
}

rollout_lab
for backend in mail1 mail2 mail3; do
	lab slow "$backend" "$STOP_TAKES"
done

observe_start "${work:?}/observed.json"
ok "a user is on the first backend" user_stays staying mail1
dovecot_start -e move_users=after_stop
ok "killed while users leave" killed_in_the_wait mail1
ok "killed while systemd stops it" killed_in_the_stop mail2
ok "killed between the stop and the directors: on in 10 s" killed_after_the_stop mail3
ok "three kills of the coordinator: it goes on" rollout_ends succeeded 90
ok "each command ran once" ran_once
ok "every weight is as before" weights

dovecot_start -e move_users=after_stop
ok "drydock-ssh is killed during a stop" ssh_killed mail1
ok "the backend is cut off during a stop" cut_off mail2
ok "sshd is restarted during a stop" sshd_restarted mail3
ok "it goes on after each" rollout_ends succeeded 90
ok "each command ran once again" ran_once
ok "every weight is as before again" weights
ok "never two out at one instant" observe_stop
finish
