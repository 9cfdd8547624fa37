#!/bin/bash
# cli-inputs.t - files and words that are wrong: each is refused with a
# sentence and its exit code, and nothing in the database changes.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"

# all rows, without the sequences, which a refused insert moves too
state() {
	pg_dump -a -n fleet_internal 2>"$pg/dump.err" | grep -vE 'setval|^\\(un)?restrict' |
		sha256sum
}

# refused NAME CODE PATTERN ARGS…: exit code, message, and nothing changed
refused() {
	local name=$1 want=$2 pattern=$3 before

	shift 3
	before=$(state)
	run "$@"
	is "$name" "$want" "^drydock: error: |: error: " "$pattern"
	[ "$before" = "$(state)" ] || ok "$name: changed nothing" false
}

usage() {
	refused "unknown command" 2 'did you mean: drydock status' statsu
	refused "unknown option" 2 'did you mean --reason' pause --reson x
	refused "missing value" 2 '--reason wants a value' pause --reason
	refused "empty fleet" 2 '--fleet wants a value' status --fleet ''
	refused "option twice" 2 '--yes is given twice' start 1 --yes --yes
	refused "option of another command" 2 'takes no --prune' status --prune
	refused "one word too many" 2 'one word too many' status 1 2
	refused "too few words" 2 'wants more' start
	refused "empty word" 2 'argument is empty' start ''
	refused "format" 2 'no format "yaml"' -o yaml status
	refused "rollout that is no number" 2 'not a rollout' status 0x10
	refused "rollout 0" 2 'not a rollout' status 0
	refused "huge rollout" 2 'not a rollout' status 99999999999999999999
	refused "number" 2 'number from 1' history --limit 0
	refused "duration" 2 'duration is' wait 1 --timeout 15
	refused "wait for what" 2 'does not know' wait 1 --for ever
	refused "group alone" 2 'wants one of its commands' backend
	refused "help topic" 2 'exit-codes' help exit-code
}

inventory() {
	local dir=$pg/in

	mkdir -p "$dir"
	: >"$dir/empty.yaml"
	printf 'fleet: a\nfleet: b\n' >"$dir/twice.yaml"
	printf 'fleet: [a\n' >"$dir/syntax.yaml"
	printf 'fleet: mail-eu\nbackend: []\n' >"$dir/unknown.yaml"
	head -c 2000000 /dev/zero | tr '\0' a >"$dir/large.yaml"
	printf 'fleet: mail-eu\0\n' >"$dir/nul.yaml"
	printf 'fleet: mail\377\n' >"$dir/latin.yaml"
	sed 's/10.0.0.12/10.0.0.11/' "$pg/fleet.yaml" >"$dir/address.yaml"
	sed 's/name: mail02/name: mail01/' "$pg/fleet.yaml" >"$dir/name.yaml"
	sed 's/name: mail02/name: "-oProxyCommand=x"/' "$pg/fleet.yaml" \
		>"$dir/option.yaml"
	sed '/mail0[23]/d' "$pg/fleet.yaml" >"$dir/single.yaml"
	sed 's/port: 22}/port: 65536}/' "$pg/fleet.yaml" >"$dir/port.yaml"
	sed 's/1100ms/1100/' "$pg/fleet.yaml" >"$dir/unit.yaml"
	for file in empty twice syntax unknown large nul latin address name \
		option single port unit; do
		refused "import $file.yaml" 2 . import "$dir/$file.yaml"
	done
	refused "import of no file" 2 'No such file' import "$dir/none.yaml"
	refused "import of a folder" 2 'not a regular file' import "$dir"
	refused "import of a device" 2 'not a regular file' import /dev/zero
	mkfifo "$dir/fifo"
	refused "import of a FIFO nobody writes" 2 . import "$dir/fifo"
	refused "prune without an answer" 2 'hint: add --yes' \
		import "$dir/two.yaml" --prune
}

keys() {
	local key=$pg/key

	refused "pin from nowhere" 2 'where are the keys' host pin mail01
	refused "pin of an unknown host" 1 'no host mail99' \
		host pin mail99 --from-file "$key.pub"
	ssh-keygen -q -t rsa -b 2048 -N '' -f "$key-rsa"
	refused "pin RSA" 2 'rsa-sha2' \
		host pin mail01 --from-file "$key-rsa.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$key"
	cut -c1-60 "$key.pub" >"$key-cut"
	refused "pin half a key" 2 'cut' host pin mail01 --from-file "$key-cut"
	sed 's/^/mail02 /' "$key.pub" >"$key-other"
	refused "pin another host's key" 2 'only other hosts' \
		host pin mail01 --from-file "$key-other"
	sed 's/^/@revoked mail01 /' "$key.pub" >"$key-revoked"
	refused "pin a revoked key" 2 '@revoked' \
		host pin mail01 --from-file "$key-revoked"
	refused "pin the private key" 2 "line 2: a type" \
		host pin mail01 --from-file "$key"
	run host pin mail01 --from-file "$key.pub"
	is "pin the right key" 0 'mail01: 1 key pinned' 'SHA256:'
	ok "and it is there" test "$(sql "select host_keys from fleet.host
		where host = 'mail01'")" = 1
}

procedures() {
	cd "$golden"
	run procedure lint lint-bad.yaml
	is "lint of a broken procedure: exit 2" 2
	same "lint shows place, line and caret" lint-bad.txt
	cd - >/dev/null
	run procedure allow generic-service-restart backend
	is "the allow file of a procedure" 0 'change systemctl stop'
	refused "allow of no role" 2 'no group "nobody"' \
		procedure allow generic-service-restart nobody
	refused "allow of a broken file" 2 'no allow file' \
		procedure allow "$golden/lint-bad.yaml"
	refused "add of a broken procedure" 2 'was not added' \
		procedure add "$golden/lint-bad.yaml"
	refused "procedure that is not there" 1 'no procedure nothing' \
		procedure show nothing
	refused "plan of one that is not there" 1 'no procedure nothing' \
		plan nothing
	refused "variable without a value" 2 'no name or no value' \
		plan generic-service-restart -e x
	refused "variable twice" 2 'given twice' \
		plan generic-service-restart -e x=1 -e x=2
}

steering() {
	local long

	long=$(printf 'a%.0s' {1..2001})
	refused "pause without a reason" 2 'a reason is needed' pause 1
	refused "empty reason" 2 'reason is empty' pause 1 --reason '  '
	refused "long reason" 2 '2001 bytes' pause 1 --reason "$long"
	refused "reason that is no UTF-8" 2 'not UTF-8' \
		pause 1 --reason $'\xff'
	refused "pause of none" 1 'no rollout 99' pause 99 --reason x
	refused "resume of none" 1 'no rollout 99' resume 99
	refused "status of none" 1 'no rollout 99' status 99
	refused "keep drained without end" 2 'needs an end' \
		pause 1 --reason x --keep-drained
	refused "settle without an answer" 2 'did the step happen' \
		settle 1 stop --reason x
	refused "override of nothing" 2 'one gate, or one value' \
		override 1 --backend mail01 --reason x
	refused "override of a value that is none" 2 '--value does not know' \
		override 1 --backend mail01 --reason x --value vhosts=1
	refused "override of two things" 2 'one gate, or one value' override \
		1 target_in --backend mail01 --reason x --value a.b=1
	refused "exclude of nobody" 1 'no backend' exclude mail99 --reason x
	refused "start without an answer" 2 'hint: add --yes' start 1
	refused "SQL in a name" 1 'no backend' \
		exclude "x'); drop table fleet_internal.host; --" --reason x
	refused "unknown fleet" 1 "no fleet 'none'" \
		--fleet none exclude mail01 --reason x
}

cli_start
run init
is "init" 0
cat >"$pg/fleet.yaml" <<'X'
fleet: mail-eu
timezone: UTC
min_up: all but 1
ssh: {user: drydock, port: 22}
service: {from: each director, run: [doveadm, -f, json, director, status], format: json, key: mail server ip, in: "state == up and vhosts > 0", strangers: refuse}
groups:
  director:
    members: [{name: dir1, address: 10.0.0.1}, {name: dir2, address: 10.0.0.2}]
    min_gap: 1100ms
backends:
  - {name: mail01, address: 10.0.0.11, labels: {rack: a}}
  - {name: mail02, address: 10.0.0.12}
  - {name: mail03, address: 10.0.0.13}
X
mkdir -p "$pg/in"
sed '/mail03/d' "$pg/fleet.yaml" >"$pg/in/two.yaml"

run import "$pg/fleet.yaml" --dry-run
is "a dry run shows" 0 '\+ backend mail02 10.0.0.12' 'nothing was changed'
ok "and changes nothing" test "$(sql 'select count(*) from fleet.fleet')" = 0
run import "$pg/fleet.yaml"
is "import" 0 '\+ fleet mail-eu' '7 added'
run export
is "export" 0 'fleet: mail-eu'
cp "$pg/out" "$pg/export.yaml"
run import "$pg/export.yaml"
is "what was exported changes nothing" 0 'nothing to change'
run export
ok "and is exported the same" cmp -s "$pg/out" "$pg/export.yaml"
"$drydock" import - <"$pg/export.yaml" >"$pg/out" 2>"$pg/err"
ok "import from standard input" grep -q 'nothing to change' "$pg/err"
run import "$pg/in/two.yaml"
is "what is not listed stays" 0 'mail03 is not listed and stays'
run procedure add "$root/deploy/procedures/generic-service-restart.yaml"
is "procedure add" 0 'added'
run procedure add "$root/deploy/procedures/generic-service-restart.yaml"
is "again: it is there already" 0 'is there already'
run procedure show generic-service-restart
ok "show gives it back byte by byte" cmp -s "$pg/out" \
	"$root/deploy/procedures/generic-service-restart.yaml"

usage
inventory
keys
procedures
steering

run import "$pg/in/two.yaml" --prune --yes
is "prune removes" 0 '- backend mail03' '1 removed'
finish
