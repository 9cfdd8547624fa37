#!/bin/bash
# cli-look.t - status, watch, wait, log and steering over seeded rows: words,
# exit codes, hostile text, a silent coordinator, a database that goes away.
# Numbers in names are those of the classes of bad input.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"
here=$(cd "$(dirname "$0")" && pwd)

# no byte of the last run moves a cursor, hides or reorders text
harmless() {
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xff' \
		"$pg/out" "$pg/err"
}

is_json() {
	python3 -c 'import json, sys; json.loads(sys.stdin.read())' <"$pg/out"
}

# holds TEXT: some string of the JSON (one document, or one a line) is or has it
holds() {
	python3 -c '
import json, sys
def strings(x):
    if isinstance(x, str):
        yield x
    for y in x.values() if isinstance(x, dict) else x if isinstance(x, list) else []:
        yield from strings(y)
docs = [json.loads(line) for line in sys.stdin.read().split("\n") if line]
sys.exit(not any(sys.argv[1] in s for d in docs for s in strings(d)))' \
		"$1" <"$pg/out"
}

# cell TEXT: the CSV is a table, and one cell of it is this
cell() {
	python3 -c '
import csv, sys
rows = list(csv.reader(open(sys.argv[2], newline=""), strict=True))
assert len({len(r) for r in rows}) == 1, rows
sys.exit(not any(sys.argv[1] == c for r in rows[1:] for c in r))' \
		"$1" "$pg/out"
}

# the rows as somebody else left them; no trigger stands in the way
force() {
	sql "set session_replication_role = replica; $1"
}

# a heartbeat so many seconds ago; below 0: still to come, so that a coordinator
# is alive however slow this machine is
beat() {
	sql "update fleet_internal.coordinator set beat_at = clock_timestamp()
		- interval '${1:-0} s'"
}

seed() {
	psql -X -q -o /dev/null -f "$here/cli-seed.sql" 2>"$pg/seed.err" ||
		{ cat "$pg/seed.err"; exit 1; }
}

planned() {
	run status
	is "a plan says how to start it" 0 'PLANNED' 'drydock start 1'
	run plan 1
	is "a plan is shown, equal backends folded" 0 \
		'doveadm director update 10.0.0.11 0' 'no return from here' \
		'mail02, mail03: the same steps' 'until service.users == 0'
	run plan 1 --full
	is "in full too" 0 '^  mail03   4 steps'
	run plan 1 -o json
	ok "and as JSON" is_json
	run history
	is "history shows the plan" 0 '1 .* planned .* restart'
	run start 1 --yes
	is "start: without a coordinator nobody checks it" 7 \
		'rollout 1 is started' 'no coordinator has taken the check'
	beat
	run start 1 --yes
	is "start again is refused" 1 'cannot be started'
	run status --exit-status
	is "it runs" 0 'RUNNING' 'next +mail01, mail02, mail03'
	run wait --timeout 1s
	is "wait --timeout ran out" 124 'goes on'
}

held() {
	run status
	is "status says why, since when, what to type" 0 HALTED \
		'HELD +mail02 +mailbox-status +since 3m' \
		'choose one:' 'drydock retry 1 mail02' 'drydock restore 1 mail02' \
		'drydock skip 1 mail02 --accept-out' \
		'1 of 3 backends' 'out: mail02' 'FAILED' 'next +mail03'
	run status --exit-status
	is "exit 4: a person is needed" 4
	run wait
	is "wait returns then too" 4 HALTED
	run wait --for held
	is "unless that was waited for" 0
	run wait --for backend=mail01
	is "a hold is told to who waits for a backend" 4
	run wait --for backend=mail99 --timeout 1s
	is "or for one that is not in it" 4
	run resume
	is "resume of a held turn names what can be done" 1 'mail02 is held' \
		'drydock retry 1' 'drydock skip 1 mail02 --reason'
	run log -n 3
	is "log" 0 'rollout 1 is started'
	run log --severity error --since 1h
	is "log of what is severe" 0
	ok "and of nothing else" bash -c "! grep -q 'is started' '$pg/out'"
	run log --severity notice --since "2001-01-01 00:00+00"
	is "log since a time" 0 'rollout 1 is started'
	run log --severity loud
	is "a severity that is none" 2 'no severity "loud"' 'debug, info'
	run log --output
	is "what the command printed" 0 'mailbox-status +attempt 1 +err' \
		'exit 75' '\| Error: .x1b]0;owned.x07.x0d<script>'
	run log --output -n 1 --since "2001-01-01 00:00+00" -o json
	is "the last of it, since a time" 0 '"stream":"err"'
	ok "and that alone" test 1 -eq "$(grep -c '"stream"' "$pg/out")"
	run log --output --since "2101-01-01 00:00+00"
	is "nothing of later" 0 'nothing was printed'
	run log --output --severity error
	is "what it printed has no severity" 2 'has no severity'
	run backend list
	is "backend list" 0 'mail02 +○ out'
	run host list
	is "host list" 0 'dir1 +10.0.0.1 +director'
	run fleet list
	is "fleet list" 0 'mail-eu +3 +0 +mail02'
	beat
	run -o csv backend list
	is "CSV: a line of names, then the rows" 0 '^fleet,backend,state,' \
		'^mail-eu,mail02,out,'
	run -o csv status
	is "CSV is for lists" 2 'csv is for lists'
	run coordinator list
	is "coordinator list" 0 'ops1 +yes'
}

hostile() {
	local command said

	for command in "status" "wait --for held" "log -n 100" "log --output" \
		"backend list" "backend show mail02" "host list" "history" \
		"plan 1"; do
		# shellcheck disable=SC2086
		run $command
		ok "$command: nothing raw" harmless
		[[ $command == "log -n"* ]] && continue
		# shellcheck disable=SC2086
		run $command -o json
		ok "$command as JSON: nothing raw" harmless
		ok "$command as JSON: is JSON" is_json
		[[ $command =~ list|history ]] || continue
		# shellcheck disable=SC2086
		run $command -o csv
		ok "$command as CSV: nothing raw" eval \
			'tr -d "\r" <"$pg/out" >"$pg/lf"; mv "$pg/lf" "$pg/out"; harmless'
	done
	code=0
	timeout -s INT 2 "$drydock" watch >"$pg/out" 2>"$pg/err" </dev/null ||
		code=$?
	ok "watch in a pipe: one line per event" grep -q 'is started' "$pg/out"
	ok "interrupted, it says for whom it waits" grep -q 'waits for a person' "$pg/err"
	ok "watch: nothing raw" harmless
	beat
	said=$'\e]0;owned\a %s%n '"'); drop table x; --"$'\n"a",\\b\u202e'
	run pause --reason "$said"
	is "51 a hostile reason is stored" 0 'rollout 1: rests now'
	run status -o json
	ok "51 in JSON it is the same text, escaped" holds "$said"
	ok "51 nothing raw in it" harmless
	run log -n 1 -o json
	ok "51 in the log's JSON too" holds "$said"
	ok "51 nothing raw in that" harmless
	run status
	is "51 and shown as text" 0 PAUSING "x1b]0;owned.x07 %s%n '\); drop table"
	ok "nothing raw" harmless
	LC_ALL=C run status
	is "another locale: only ASCII" 0
	ok "indeed" bash -c "! LC_ALL=C grep -qP '[^\\x00-\\x7f]' '$pg/out'"
	run resume
	is "resume is refused, the turn is held" 1
}

steering() {
	beat -3600
	run skip mail02 --reason x --yes
	is "skip of one that is out wants more" 1 'is out of service' \
		'hint: .*--accept-out'
	run skip mail02 --reason x --accept-out
	is "50 and the fleet's name" 2 'hint: drydock skip mail02 --reason x --accept-out --confirm mail-eu'
	run skip mail02 --reason x --accept-out --confirm mail-us
	is "50 the right one" 2 'is not the fleet'
	run settle mailbox-status --done --reason seen
	is "49 settle of what is not in doubt" 1 'is not in doubt'
	run approve
	is "approve of no question" 1 'does not wait for an approval'
	run retry 1 mail02 --from nothing
	is "retry from no step" 1 'no step "nothing"'
	run override target_in --backend mail03 --reason 'it is down' \
		--expires 2h
	is "a gate is lifted" 0 'target_in is lifted for mail03 until'
	run retry
	is "retry" 0 'mail02 is tried again from mailbox-status'
	run retry
	is "twice is refused" 1 'asked already' 'hint: .*coordinator list'
	run -o json exclude mail03 --reason $'disk replaced,\n"b"\e[2J'
	is "exclude, as JSON" 0 '"told":"mail03 is excluded"'
	run -o csv backend list
	ok "51 in CSV it is one cell, escaped" \
		cell 'disk replaced,\x0a"b"\x1b[2J'
	run backend list
	is "it says why" 0 'mail03 .*excluded.*disk replaced'
	force "update fleet_internal.backend set excluded_why = '=HYPERLINK(1)'
		where name = 'mail03'"
	run -o csv backend list
	ok "51 nor is a formula one, in CSV" cell "'=HYPERLINK(1)"
}

# what a tab offers; a slow machine may have nothing to say within the second
tab() {
	local i

	for ((i = 0; i < 60; i++)); do
		run completion words -- "$@"
		[ -z "$out" ] || break
	done
}

tabs() {
	tab skip =mail0
	is "completion of backends" 0 '^mail01$' '^mail03$'
	tab skip 1 =mail02
	ok "only what begins so" test "$out" = mail02
	tab status =
	is "completion of rollouts" 0 '^1$'
	PGHOST=/nowhere run completion words -- skip =
	ok "no database: nothing, and no word" test -z "$out$err"
	run completion bash
	ok "bash asks for it" test "$(PATH=$(dirname "$drydock"):$PATH bash -c '
		. "$1"
		COMP_WORDS=(drydock pau) COMP_CWORD=1
		_drydock; echo "${COMPREPLY[*]}"' - "$pg/out")" = pause
}

nobody() {
	beat 40
	run status
	is "a silent coordinator is told" 0 'SILENT: nothing moves' \
		'heartbeat ([4-9][0-9]s|[0-9]m [0-9]+s) ago' \
		'coordinator ops1 is silent; its last heartbeat was' \
		'type: systemctl start drydockd .*if it runs already'
	run status -o json
	is "in JSON too" 0 '"coordinator_silent":true'
	run abort --reason 'nobody home' --yes
	is "a command that nobody takes is stored: exit 7" 7 \
		'comes to rest OUT' 'it is stored, but no coordinator' \
		'why: coordinator ops1 is silent'
	ok "it is stored" test "$(sql "select ending from fleet.rollout")" \
		= abort
	run check 1
	is "a check that nobody takes: exit 7" 7 \
		'no coordinator has taken the check'
	ok "the request stays" test "$(sql "select state from fleet.request
		where kind = 'check' and not args ? 'start'")" = open
	sql "update fleet_internal.fleet set holder = null"
	run status
	is "no coordinator at all is told" 0 'NO COORDINATOR' \
		'coordinator ops1 is silent' 'systemctl start drydockd'
}

rights() {
	sql "create role rita login; grant fleet_reader to rita"
	PGUSER=rita run status
	is "a reader may look" 0 'Rollout 1'
	PGUSER=rita run pause --reason x
	is "but not steer" 1 'may not|permission denied' 'fleet_operator'
	sql "create role nora login"
	PGUSER=nora run status
	is "a stranger may not look" 1 'permission denied' 'fleet_reader'
}

# the database goes away under a wait and comes back: not a failed rollout
away() {
	"$drydock" wait 1 --timeout 40s >"$pg/wait.out" 2>"$pg/wait.err" \
		</dev/null &
	local waiter=$! status=0 i

	pg_down
	run status
	is "no database: exit 6" 6 'cannot be reached' \
		'nothing is known about the rollout'
	for ((i = 0; i < 100; i++)); do
		grep -q 'cannot be reached' "$pg/wait.err" && break
		sleep 0.1
	done
	pg_up
	force "update fleet_internal.hold set ended_at = now();
		update fleet_internal.rollout set state = 'aborted',
		finished_at = now()"
	wait "$waiter" || status=$?
	ok "wait saw it come back and the end: exit 3" test "$status" = 3
	ok "and told both" grep -q 'the database is back' "$pg/wait.err"
}

ended() {
	local told

	run status --exit-status
	is "aborted: exit 3" 3 ABORTED
	among_others
	told=$(sql "select max(seq) from fleet.event")
	run resume
	is "49 no resume of what was aborted" 1 'cannot be resumed'
	run watch --exit-status
	is "watch of one that ended prints its events" 3 'rollout 1 is started'
	force "update fleet_internal.rollout set state = 'succeeded'"
	run wait
	is "succeeded: exit 0" 0 SUCCEEDED
	run pause --reason x
	is "49 no pause of what has ended" 1 'is succeeded, so it cannot be paused'
	run resume
	is "49 no resume either" 1 'cannot be resumed'
	ok "49 and no event of it" \
		test "$(sql "select max(seq) from fleet.event")" = "$told"
}

# what status asks is sent at once: one question fails, or all end there
among_others() {
	sql "alter view fleet.turn rename to turns"
	run status
	is "one question of many fails: it alone is told" 1 \
		'relation "fleet.turn" does not exist' 'hint: .*drydock init'
	ok "and nothing is shown" test ! -s "$pg/out"
	sql "create view fleet.turn as select * from fleet.turns
		where pg_terminate_backend(pg_backend_pid())"
	run status
	is "the connection ends among them: exit 6" 6 \
		'the connection to the database broke' \
		'nothing is known about the rollout'
	sql "drop view fleet.turn; alter view fleet.turns rename to turn"
	run status --exit-status
	is "and is well again" 3 ABORTED
}

cli_start
run status
is "without a schema: what to type" 1 'hint: .*drydock init'
run init
is "init" 0
run status
is "without a fleet" 1 'drydock import fleet.yaml'
seed
beat -3600
planned
psql -X -q -o /dev/null -f "$here/cli-seed-run.sql"
held
hostile
steering
tabs
nobody
rights
away
ended
finish
