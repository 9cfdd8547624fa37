#!/bin/bash
# install.t - what `cmake --install` puts where, and that it fits together:
# drydockd finds drydock-ssh, the units are clean and closed, the example
# configuration is the truth.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"

build=$(cd "$(dirname "$drydock")/.." && pwd)
# `systemd-analyze security`: 1.3 is what the network it needs costs
exposed_at_most=1.3

cache() {
	sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"
}

installed() {
	DESTDIR=$top cmake --install "$build" >"$top/log" 2>&1
}

# behind its first paragraph, which is for people
example_keys() {
	sed -e '1,/^$/d' -e '/^#fleet = /d' -e '/^#hook\./d' "$example"
}

told_keys() {
	"$to/sbin/drydockd" -c "$top/empty.conf" -p |
		sed -E -e 's/^([a-z_]+ =)/#\1/' -e 's/ +$//'
}

# all of its lines in force at once
example_whole() {
	sed -E 's/^#([a-z_.]+ =)/\1/' "$example" >"$top/whole.conf"
	"$to/sbin/drydockd" -c "$top/whole.conf" -p >/dev/null
}

# their text, with the paths of the programs as they are here
units_here() {
	local unit

	for unit in drydockd.service drydock-ssh@.service drydock-ssh.socket; do
		sed "s,$prefix/,$to/,g" "$to/lib/systemd/system/$unit" \
			>"$top/$unit"
	done
	ln "$top/drydock-ssh@.service" "$top/drydock-ssh@1.service"
}

unit_clean() {
	local said

	said=$(systemd-analyze verify --recursive-errors=no \
		"$top/$1" 2>&1) && [ -z "$said" ] && return
	echo "# $said"
	return 1
}

unit_closed() {
	local level

	level=$(systemd-analyze security --offline=true --no-pager \
		"$top/$1" 2>&1 |
		sed -n 's/.*exposure level for .*: \([0-9.]*\) .*/\1/p')
	echo "# exposure level $level"
	awk -v is="$level" -v most=$exposed_at_most \
		'BEGIN { exit !(is != "" && is <= most) }'
}

user_known() {
	local user

	user=$(sed -n 's/^User=//p' "$top/$1")
	grep -qE "^u $user " "$to/lib/sysusers.d/drydockd.conf"
}

# where drydockd looks for it, and only it may come
socket_known() {
	local path

	path=$("$to/sbin/drydockd" -c "$top/empty.conf" -p |
		sed -n 's/^ssh_socket = //p')
	[ -n "$path" ] && grep -qx "ListenStream=$path" "$top/drydock-ssh.socket" &&
		grep -qx "SocketUser=$(sed -n 's/^User=//p' \
			"$top/drydockd.service")" "$top/drydock-ssh.socket" &&
		grep -qx SocketMode=0600 "$top/drydock-ssh.socket"
}

# where drydockd looks for it
state_known() {
	local path

	path=$("$to/sbin/drydockd" -c "$top/empty.conf" -p |
		sed -n 's/^state = //p')
	[ -n "$path" ] && grep -qx "StateDirectory=${path#/var/lib/}" \
		"$top/drydockd.service"
}

key_apart() {
	grep -q '^LoadCredential=ssh-key:' "$top/drydock-ssh@.service" &&
		! grep -q LoadCredential "$top/drydockd.service"
}

has_programs() {
	test -x "$to/bin/drydock" && test -x "$to/sbin/drydockd" &&
		test -x "$to/sbin/drydock-agent"
}

finds_ssh() {
	local path

	path=$("$to/sbin/drydockd" -c "$top/empty.conf" -p |
		sed -n 's/^ssh_program = //p')
	test -x "$top$path" || { echo "# no $path"; return 1; }
}

# before any host sees it; a program that is started by hand says it too
ssh_refuses() {
	local ssh said status=0

	ssh=$top$("$to/sbin/drydockd" -c "$top/empty.conf" -p |
		sed -n 's/^ssh_program = //p')
	said=$("$ssh" -k "$1" 2>&1 </dev/null) || status=$?
	echo "# $said"
	[ "$status" -eq 2 ] && [[ $said == *"ssh key: $1: $2"* ]]
}

page_whole() {
	local page=$top/page topic

	sed -e 's/\\-/-/g' -e 's/^\\&//' -e 's/\\e/\\/g' \
		"$to/share/man/man1/drydock.1" >"$page"
	[ "$(grep -c '^\.SS ' "$page")" -gt 40 ] || return 1
	diff <(grep -A1 '^\.SS ' "$page" | grep -vx -e --) \
		<("$drydock" help | sed -e '/^$/,$d' -e 's/…/.../g' \
			-e 's/^drydock \(.*\)\t/.SS \1\n/') || return 1
	for topic in $("$drydock" help | sed -n 's/^  \([a-z-]*\) .*/\1/p'); do
		[ ! -e "$to/share/man/man5/drydock-$topic.5" ] || continue
		diff <(sed -n "/^\.SH $(tr 'a-z-' 'A-Z ' <<<"$topic")\$/,/^\.fi/p" \
			"$page" | sed -e 1,3d -e '$d') \
			<("$drydock" help "$topic" | sed 's/…/.../g') || return 1
	done
}

words() {
	sed 's/…/.../g' | tr -s ' \n' '\n'
}

# between its name and what else there is to see: what help says, word by word
file_page() {
	diff <(sed -e '1,/^\.SH DESCRIPTION/d' -e '/^\.SH SEE ALSO/,$d' \
		-e '/^\.\(TP\|PP\|nf\|fi\)$/d' -e 's/^\.SH //' \
		-e 's/\\-/-/g' -e 's/^\\&//' -e 's/\\e/\\/g' \
		"$to/share/man/man5/drydock-$1.5" | words) \
		<("$drydock" help "$1" | words) &&
		grep -qF ".BR drydock\\-$2 (5)" \
			"$to/share/man/man5/drydock-$1.5"
}

has_schemas() {
	local topic

	for topic in procedure fleet; do
		"$drydock" help schema "$topic" |
			cmp - "$to/share/drydock/schema/$topic.schema.json" ||
			return 1
	done
}

page_clean() {
	local said

	said=$(for page in "$to"/share/man/man*/*; do
		groff -k -ww -mandoc -Tutf8 -z "$page" 2>&1
	done)
	echo "# $said"
	[ -z "$said" ]
}

completes() {
	PATH=$to/bin:$PATH bash -c '. "$1"; COMP_WORDS=(drydock pau); COMP_CWORD=1
		_drydock; [ "${COMPREPLY[*]}" = pause ]' - \
		"$to/share/bash-completion/completions/drydock" &&
		grep -qx '#compdef drydock' "$to/share/zsh/site-functions/_drydock"
}

top=$(mktemp -d /tmp/drydock-install.XXXXXX)
trap 'rm -rf "$top"' EXIT
: >"$top/empty.conf"
prefix=$(cache CMAKE_INSTALL_PREFIX)
to=$top$prefix
example=$to/share/drydock/drydockd.conf

ok "cmake --install" installed
ok "the programs are where people look" has_programs
ok "drydock-ssh is where drydockd looks" finds_ssh
ssh-keygen -q -t ed25519 -N '' -f "$top/key"
ln -s key "$top/link"
chmod 644 "$top/key"
ok "13 and takes no key that others may read" \
	ssh_refuses "$top/key" 'others may read'
ok "14 nor one behind a link" ssh_refuses "$top/link" 'a symbolic link'
ok "14 nor a device" ssh_refuses /dev/zero 'not a regular file'
ok "nothing is put into /etc" test ! -e "$top/etc"
ok "the example configuration has every key, as it is" \
	diff <(told_keys) <(example_keys)
ok "and can be read whole" example_whole
ok "the shipped procedures are there" test -s \
	"$to/share/drydock/procedures/dovecot-obox-restart.yaml"
ok "and the schemas for editors, as help prints them" has_schemas
ok "and the hooks, which can be run" test -x "$to/share/drydock/hooks/mail"
ok "and what journalctl -x says" test -s \
	"$to/lib/systemd/catalog/drydock.catalog"
ok "the manual page has every command and topic, as help says them" page_whole
ok "that of procedures says what help says" file_page procedure fleet
ok "and that of fleets" file_page fleet procedure
ok "and roff takes them" page_clean
ok "a shell completes commands from what is installed" completes
ok "the manual of the database is there" \
	cmp "$to/share/drydock/sql.md" "$root/sql/README.md"
units_here
for unit in drydockd.service drydock-ssh@1.service; do
	ok "$unit is clean" unit_clean "$unit"
	ok "and closed" unit_closed "$unit"
	ok "its user comes with it" user_known "$unit"
done
ok "drydock-ssh.socket is clean" unit_clean drydock-ssh.socket
ok "and is where drydockd looks" socket_known
ok "drydockd has its state directory" state_known
ok "only drydock-ssh is given the key" key_apart
finish
