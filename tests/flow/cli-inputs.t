#!/bin/bash
# cli-inputs.t - files and words that are wrong: each is refused with a
# sentence and its exit code, and nothing in the database changes.
#
# A name begins with the number of its class of bad input; tests/README.md says
# where the others are tried.
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
	refused "48 unknown command" 2 'did you mean: drydock status' statsu
	refused "48 unknown option" 2 'did you mean --reason' pause --reson x
	refused "48 missing value" 2 '--reason wants a value' pause --reason
	refused "48 empty fleet" 2 '--fleet wants a value' status --fleet ''
	refused "48 option twice" 2 '--yes is given twice' start 1 --yes --yes
	refused "48 option of another command" 2 'takes no --prune' status --prune
	refused "48 one word too many" 2 'one word too many' status 1 2
	refused "48 too few words" 2 'wants more' start
	refused "48 empty word" 2 'argument is empty' start ''
	refused "48 format" 2 'no format "yaml"' -o yaml status
	refused "48 rollout that is no number" 2 'not a rollout' status 0x10
	refused "48 rollout 0" 2 'not a rollout' status 0
	refused "48 huge rollout" 2 'not a rollout' status 99999999999999999999
	refused "48 number" 2 'number from 1' history --limit 0
	refused "48 duration" 2 'duration is' wait 1 --timeout 15
	refused "48 wait for what" 2 'does not know' wait 1 --for ever
	refused "48 group alone" 2 'wants one of its commands' backend
	refused "48 help topic" 2 'hint: drydock help exit-codes$' help exit-code
	refused "48 words that are none" 2 'no command|unknown' $'\e[2J'
	refused "48 a fleet twice" 2 '--fleet is given twice' \
		status --fleet mail-eu --fleet mail-eu
}

# number, name, what the sentence says
bad_files() {
	cat <<-'LIST'
	1 empty is empty
	1 comment is empty
	2 unknown unknown key "backend"
	3 twice "fleet" stands here twice
	4 nul control character at byte 15
	4 bom byte order mark
	4 latin byte 12 is not UTF-8
	5 line larger than 1048576 bytes
	5 large larger than 1048576 bytes
	6 port between 1 and 65535
	6 port0 between 1 and 65535
	7 unit a duration has a unit
	7 zone not a time zone
	8 address mail02 has the address of mail01
	8 name mail01 has two addresses
	9 none fleet of 0 backends
	9 single fleet of 1 backend
	10 option not a host's name
	10 dollar not a host's name
	10 newline not a host's name
	10 syntax did not find expected
	LIST
}

make_bad_files() {
	: >empty.yaml
	echo '# fleet: mail-eu' >comment.yaml
	printf 'fleet: a\nfleet: b\n' >twice.yaml
	printf 'fleet: [a\n' >syntax.yaml
	sed '1a backend: []' "$pg/fleet.yaml" >unknown.yaml
	head -c 2000000 /dev/zero | tr '\0' a >large.yaml
	{ printf 'fleet: '; head -c 10485760 /dev/zero | tr '\0' a; } >line.yaml
	printf 'fleet: mail-eu\0\n' >nul.yaml
	printf 'fleet: mail\377\n' >latin.yaml
	{ printf '\xef\xbb\xbf'; cat "$pg/fleet.yaml"; } >bom.yaml
	sed 's/10.0.0.12/10.0.0.11/' "$pg/fleet.yaml" >address.yaml
	sed 's/name: mail02/name: mail01/' "$pg/fleet.yaml" >name.yaml
	sed 's/name: mail02/name: "-oProxyCommand=x"/' "$pg/fleet.yaml" \
		>option.yaml
	# shellcheck disable=SC2016
	sed 's/name: mail02/name: $(x)/' "$pg/fleet.yaml" >dollar.yaml
	sed 's/name: mail02/name: "mail\\n02"/' "$pg/fleet.yaml" >newline.yaml
	sed '/mail0[23]/d' "$pg/fleet.yaml" >single.yaml
	sed '/mail0[123]/d; s/^backends:/& []/' "$pg/fleet.yaml" >none.yaml
	sed 's/port: 22}/port: 65536}/' "$pg/fleet.yaml" >port.yaml
	sed 's/port: 22}/port: 0}/' "$pg/fleet.yaml" >port0.yaml
	sed 's/1100ms/1100/' "$pg/fleet.yaml" >unit.yaml
	sed 's/: UTC/: ":\/etc\/passwd"/' "$pg/fleet.yaml" >zone.yaml
}

inventory() {
	local dir=$pg/in row file says

	mkdir -p "$dir"
	(cd "$dir" && make_bad_files)
	while read -r row file says; do
		refused "$row import $file.yaml" 2 "$says" \
			import "$dir/$file.yaml"
	done < <(bad_files)
	# CR LF is no mistake
	sed 's/$/\r/' "$pg/fleet.yaml" >"$dir/crlf.yaml"
	run import "$dir/crlf.yaml"
	is "4 import with CR LF" 0 'nothing to change'
	refused "import of no file" 2 'No such file' import "$dir/no.yaml"
	refused "import of a folder" 2 'not a regular file' import "$dir"
	refused "import of a device" 2 'not a regular file' import /dev/zero
	mkfifo "$dir/fifo"
	refused "import of a FIFO nobody writes" 2 . import "$dir/fifo"
	refused "prune without an answer" 2 'hint: drydock import .* --prune --yes' \
		import "$dir/two.yaml" --prune
}

# number, what drydockd is given as its file, what it says
bad_conf() {
	cat <<-'LIST'
	1||add a line "database
	1|# nothing|add a line "database
	2|databse = x|drydockd.conf:1: unknown key "databse"
	3|name = a\nname = b|drydockd.conf:2: a second line for "name"
	4|name = a\0b|drydockd.conf:1: not a line of text in UTF-8
	4|\nname = \377|drydockd.conf:2: not a line of text in UTF-8
	4|\xef\xbb\xbfname = a|drydockd.conf:1: begins with a byte order mark
	7|heartbeat = 2|is not a duration such as|
	7|heartbeat = -1s|heartbeat: |
	7|heartbeat = 0s|heartbeat must be
	7|lease = 15min|lease: |
	7|lease = 3s|at most half of lease
	7|lease = 400d|lease at most 1h
	7|lease = 1000000000s|lease: |
	7|ssh_silence = 0s|ssh_silence must be
	7|ssh_silence = 2h|ssh_silence must be
	64|database = host=/x\nstate = /proc/x/y|state directory /proc/x/y: No such
	64|database = host=/x\nstate = /dev/null|state directory /dev/null: Not a dir
	LIST
}

# it has no answer to a wrong file but its end; none is changed by it
daemon() {
	local conf=$pg/drydockd.conf before row text says

	before=$(state)
	while IFS='|' read -r row text says _; do
		# shellcheck disable=SC2059
		printf "$text\n" >"$conf"
		run_daemon
		is "$row drydockd with \"${text:0:24}\"" 2 "$says"
	done < <(bad_conf)
	head -c 10485760 /dev/zero | tr '\0' a >"$conf"
	run_daemon
	is "5 drydockd with a line of 10 MiB" 2 'larger than 1048576 bytes'
	echo 'name = a' >"$conf"
	chmod 646 "$conf"
	run_daemon
	is "15 drydockd with a file that others may write" 2 "chmod go-w $conf"
	ok "drydockd changed nothing" test "$before" = "$(state)"
}

run_daemon() {
	code=0
	timeout 60 "$(dirname "$drydock")/drydockd" -c "$pg/drydockd.conf" \
		>"$pg/out" 2>"$pg/err" </dev/null || code=$?
	out=$(<"$pg/out") err=$(<"$pg/err")
}


keys() {
	local key=$pg/key

	refused "pin from nowhere" 2 'where are the keys' host pin mail01
	refused "pin of an unknown host" 1 'no host mail99' \
		host pin mail99 --from-file "$key.pub"
	ssh-keygen -q -t rsa -b 2048 -N '' -f "$key-rsa"
	refused "12 pin RSA" 2 'rsa-sha2' \
		host pin mail01 --from-file "$key-rsa.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$key"
	cut -c1-60 "$key.pub" >"$key-cut"
	refused "11 pin half a key" 2 'cut' host pin mail01 --from-file "$key-cut"
	sed 's/^/mail02 /' "$key.pub" >"$key-other"
	refused "11 pin another host's key" 2 'only other hosts' \
		host pin mail01 --from-file "$key-other"
	sed 's/^/@revoked mail01 /' "$key.pub" >"$key-revoked"
	refused "11 pin a revoked key" 2 '@revoked' \
		host pin mail01 --from-file "$key-revoked"
	sed 's/^/|1|c2FsdA==|aGFzaA== /' "$key.pub" >"$key-hashed"
	refused "11 pin a hashed name" 2 'hashed' \
		host pin mail01 --from-file "$key-hashed"
	sed 's/AAAA/AA!A/' "$key.pub" >"$key-base64"
	refused "11 pin what is no base64" 2 'base64' \
		host pin mail01 --from-file "$key-base64"
	sed 's/ssh-ed25519/ssh-dss/' "$key.pub" >"$key-type"
	refused "11 pin an unknown type" 2 'ssh-dss' \
		host pin mail01 --from-file "$key-type"
	refused "11 pin the private key" 2 "line 2: a type" \
		host pin mail01 --from-file "$key"
	: >"$key-empty"
	refused "11 pin an empty file" 2 'no key in it' \
		host pin mail01 --from-file "$key-empty"
	refused "11 pin a device" 2 'not a regular file' \
		host pin mail01 --from-file /dev/zero
	refused "11 pin a FIFO" 2 . host pin mail01 --from-file "$pg/in/fifo"
	run host pin mail01 --from-file "$key.pub"
	is "pin the right key" 0 'mail01: 1 key pinned' 'SHA256:'
	ok "and it is there" test "$(sql "select host_keys from fleet.host
		where host = 'mail01'")" = 1
}

# of two stored texts, the older one named by its sum, and of a file
differences() {
	local name=generic-service-restart old

	old=$(sql "select left(sha256, 8) from fleet.procedure
		where procedure = '$name'")
	sed 's/^procedure: .*/&\n# the second/' \
		"$root/deploy/procedures/$name.yaml" >"$pg/in/second.yaml"
	run procedure diff "$name" "$name"
	ok "diff of the same: exit 0, not a word" test "$code:$out$err" = 0:
	run procedure add "$pg/in/second.yaml"
	run procedure diff "$name@$old" "$name"
	is "diff of two stored texts: exit 1" 1 "^--- $name@$old" \
		"^\+\+\+ $name@[0-9a-f]{12}$" '^\+# .*the second' '^@@ '
	run procedure diff "$pg/in/second.yaml" "$name@$old"
	is "of a file, the other way" 1 "^--- $pg/in/second.yaml$" \
		'^-# .*the second'
	run procedure diff "$name" "$pg/in/second.yaml" -o json
	is "as JSON" 0 '"same":true,"diff":""'
	run procedure diff "$name" nothing
	is "one that is not there: exit 2, as diff has it" 2 \
		'no procedure nothing'
	run procedure diff /nowhere.yaml "$name"
	is "a file that is not there" 2 '/nowhere.yaml cannot be read'
}

procedures() {
	local file

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
	for file in empty nul bom latin large line syntax; do
		refused "1-5 procedure add $file.yaml" 2 'was not added|1048576 bytes' \
			procedure add "$pg/in/$file.yaml"
	done
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
	refused "51 pause without a reason" 2 'a reason is needed' pause 1
	refused "51 empty reason" 2 'reason is empty' pause 1 --reason '  '
	refused "51 long reason" 2 '2001 bytes' pause 1 --reason "$long"
	refused "51 as long as an argument may be" 2 '120000 bytes' \
		pause 1 --reason "$(head -c 120000 /dev/zero | tr '\0' a)"
	refused "51 reason that is no UTF-8" 2 'not UTF-8' \
		pause 1 --reason $'\xff'
	refused "49 pause of none" 1 'no rollout 99' pause 99 --reason x
	refused "49 resume of none" 1 'no rollout 99' resume 99
	refused "49 status of none" 1 'no rollout 99' status 99
	refused "keep drained without end" 2 'needs an end' \
		pause 1 --reason x --keep-drained
	refused "49 settle without an answer" 2 'did the step happen' \
		settle 1 stop --reason x
	refused "49 settle without a reason" 2 'a reason is needed' \
		settle 1 stop --done
	refused "override of nothing" 2 'one gate, or one value' \
		override 1 --backend mail01 --reason x
	refused "override of a value that is none" 2 '--value does not know' \
		override 1 --backend mail01 --reason x --value vhosts=1
	refused "override of two things" 2 'one gate, or one value' override \
		1 target_in --backend mail01 --reason x --value a.b=1
	refused "exclude of nobody" 1 'no backend' exclude mail99 --reason x
	refused "50 start without an answer" 2 'hint: drydock start 1 --yes$' start 1
	refused "51 SQL in a name" 1 'no backend' \
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
daemon
keys
procedures
differences
steering

run import "$pg/in/two.yaml" --prune --yes
is "prune removes" 0 '- backend mail03' '1 removed'
finish
