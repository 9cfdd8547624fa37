#!/bin/bash
# cli-watch.t - the live screen in a terminal of 80 by 24: repainted in place,
# no line too long, hostile text harmless, the terminal whole afterwards; and how
# watch and status look in terminals of 80 and 120 columns, kept in tests/golden;
# and what a tab completes in real shells.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"
here=$(cd "$(dirname "$0")" && pwd)

tm() {
	tmux -S "$pg/tmux" -f /dev/null "$@"
}

# leave SESSION: its server ends with it, and takes a session with it that is
# begun in that instant
leave() {
	local server

	server=$(tm display-message -p -t "$1" '#{pid}')
	tm kill-session -t "$1"
	while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
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

# the seeded rollout, at an instant that does not pass: a beat was a second ago
freeze() {
	psql -X -q -1 -v ON_ERROR_STOP=1 -o /dev/null \
		-f "$here/cli-seed-run.sql" -c "do \$do\$ begin
		execute format('create or replace view fleet_internal.moment
			as select %1\$L::timestamptz as now,
			%1\$L::timestamptz - interval ''60 s'' as fresh_since',
			now());
		update fleet_internal.coordinator
		   set beat_at = now() - interval '1 s';
		end \$do\$"
}

# paint NAME COLUMNS "VARIABLES" COMMAND: what stands on that screen, with its
# colours; times of day are not those of the golden file
paint() {
	local i

	tm new-session -d -s "$1" -x "$2" -y 40 "env $3 TERM=screen-256color \
		$drydock $4; exec sleep 600"
	for ((i = 0; i < 300; i++)); do
		tm capture-pane -p -e -t "$1" >"$pg/screen"
		grep -qE 'q quit|heartbeat' "$pg/screen" && break
		sleep 0.1
	done
	leave "$1"
	sed -E ':a; $!{N; ba}; s/[0-9]{2}:[0-9]{2}:[0-9]{2}/00:00:00/g; s/\n+$//' \
		"$pg/screen" >"$pg/out"
}

# looks NAME COLUMNS "VARIABLES" COMMAND: as tests/golden/cli/NAME.txt
looks() {
	paint "$@"
	same "looks right: $1" "$1.txt"
}

plain() {
	sed -E 's/\x1b\[[0-9;]*m//g' "$golden/$1.txt" | cmp -s - "$pg/out"
}

held_looks() {
	local width

	for width in 80 120; do
		looks "term-watch-$width" "$width" LC_ALL=C.UTF-8 "watch 1"
		looks "term-status-$width" "$width" LC_ALL=C.UTF-8 "status 1"
		paint bare "$width" "LC_ALL=C.UTF-8 NO_COLOR=1" "watch 1"
		ok "$width: NO_COLOR is the same without colours" \
			plain "term-watch-$width"
		paint bare "$width" "LC_ALL=C.UTF-8 NO_COLOR=1" "status 1"
		ok "$width: of status too" plain "term-status-$width"
	done
	looks term-watch-ascii 80 LC_ALL=C "watch 1"
	looks term-status-ascii 80 LC_ALL=C "status 1"
	ok "in another locale all is ASCII" \
		bash -c "! LC_ALL=C grep -q '[^ -~]' <(tr -d '\\033' <'$pg/out')"
}

times() {
	grep -cE -- "$1" <<<"$screen" || true
}

cli_start
command -v tmux >/dev/null || { echo "1..0 # SKIP no tmux"; exit 0; }
"$drydock" init >/dev/null 2>&1
psql -X -q -o /dev/null -f "$here/cli-seed.sql" 2>"$pg/seed.err"
sql "select fleet.start(1)" >/dev/null
freeze
held_looks

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

# offered TEXT: a slow machine may have no answer within the second of a tab
offered() {
	local i

	for ((i = 0; i < 30; i++)); do
		tm send-keys -t w Tab
		see "^ready> drydock $1" >"$pg/seen" && return
	done
	cat "$pg/seen"
	return 1
}

# tabbed SHELL: a command, an option and a name, at a real prompt
tabbed() {
	ok "$1: ready" see '^ready> *$'
	tm send-keys -t w 'drydock pau' Tab
	ok "$1: a tab completes a command" see '^ready> drydock pause *$'
	tm send-keys -t w -- '--keep' Tab
	ok "$1: and an option" see '^ready> drydock pause --keep-drained *$'
	tm send-keys -t w C-u 'drydock backend show mai'
	ok "$1: and what the database knows" offered 'backend show mail0'
	tm send-keys -t w C-u
	leave w
}

leave w
mkdir "$pg/fpath"
"$drydock" completion bash >"$pg/complete.bash"
"$drydock" completion zsh >"$pg/fpath/_drydock"
typed=$(dirname "$drydock"):$PATH
tm new-session -d -s w -x 80 -y 24 "env PS1='ready> ' PATH='$typed' bash --norc"
tm send-keys -t w ". $pg/complete.bash; clear" Enter
tabbed bash
for way in "fpath=($pg/fpath \$fpath); autoload -Uz compinit" \
	"autoload -Uz compinit"; do
	tm new-session -d -s w -x 80 -y 24 \
		"env PS1='ready> ' PATH='$typed' HOME='$pg' zsh -f"
	tm send-keys -t w "$way; compinit -D -u" Enter
	case $way in
	fpath*) name="zsh, by fpath" ;;
	*) name="zsh, sourced" ;;
	esac
	[[ $way == fpath* ]] ||
		tm send-keys -t w ". $pg/fpath/_drydock" Enter
	tm send-keys -t w clear Enter
	tabbed "$name"
done
finish
