#!/bin/bash
# cli-watch.t - the live screen in a terminal of 80 by 24: repainted in place,
# no line too long, hostile text harmless, the terminal whole afterwards.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"
here=$(cd "$(dirname "$0")" && pwd)

tm() {
	tmux -S "$pg/tmux" -f /dev/null "$@"
}

# the screen until it matches, or the deadline: $screen
see() {
	local i

	for ((i = 0; i < 100; i++)); do
		screen=$(tm capture-pane -p -t w -S -200)
		grep -qE -- "$1" <<<"$screen" && return 0
		sleep 0.1
	done
	sed 's/^/# /' <<<"$screen"
	return 1
}

times() {
	grep -cE -- "$1" <<<"$screen" || true
}

cli_start
command -v tmux >/dev/null || { echo "1..0 # SKIP no tmux"; exit 0; }
"$drydock" init >/dev/null 2>&1
psql -X -q -o /dev/null -f "$here/cli-seed.sql" 2>"$pg/seed.err"
sql "select fleet.start(1)" >/dev/null
psql -X -q -o /dev/null -f "$here/cli-seed-run.sql"
# alive until this test ends, however slow this machine is
sql "update fleet_internal.coordinator
	set beat_at = clock_timestamp() + interval '1 h'"

tm new-session -d -s w -x 80 -y 24 "env PS1='ready> ' LC_ALL=C.UTF-8 \
	TERM=screen-256color bash --norc"
tm send-keys -t w "$drydock watch 1; echo code=\$?" Enter
ok "the table of backends and phases" \
	see '^BACKEND +STATE +DRAIN +STOP +VERIFY +TOTAL'
ok "a backend that is done" see '^mail01 +✓ done .* 21m 00s'
ok "one that is held" see '^mail02 +✗ held'
ok "why, and what to type" see 'type: drydock status 1 +shows what can be done'
ok "hostile words as text" see 'x1b\[31mexit 75'
sleep 3 # three frames
see 'q quit'
ok "three frames later the head stands there once" \
	test "$(times '^Rollout 1 ')" = 1
ok "and so does the last line" test "$(times 'q quit')" = 1
sql "select fleet.pause(1, 'tea')" >/dev/null
ok "what happens appears" see 'pause asked: tea'
tm resize-window -t w -x 60 -y 24
ok "a narrow terminal drops columns" see '^BACKEND +STATE +DRAIN.* TOTAL$'
tm send-keys -t w q
ok "q leaves; it is held, so nothing is said to go on" \
	see '^rollout 1 waits for a person: drydock status 1'
ok "with 0" see '^code=0'
tm send-keys -t w 'echo typed' Enter
ok "the terminal echoes again" see 'echo typed'
sql "set session_replication_role = replica; delete from fleet_internal.hold;
	update fleet_internal.turn set state = 'working' where state = 'held'"
tm send-keys -t w "$drydock watch 1; echo code=\$?" Enter
for ((i = 0; i < 100; i++)); do
	see '^Rollout 1 ' && [ "$(times '^Rollout 1 ')" -ge 2 ] && break
	sleep 0.1
done
tm send-keys -t w C-c
ok "Ctrl-C: 130" see '^code=130'
ok "and it goes on" see '^the rollout goes on: drydock watch 1'
tm kill-server
finish
