#!/bin/bash
# debian.t - the Debian packages of what is committed: each file in one of them,
# installed, used, removed and purged on this machine's root with a layer above
# it that is thrown away.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"

packages="drydock drydock-agent drydockd"

built() {
	"$root/deploy/build-deb" "$top/deb" >"$top/log" 2>&1 && return
	sed 's/^/# /' "$top/log"
	return 1
}

# all that cmake installs, and nothing in two packages
each_file_once() {
	local package

	for package in $packages; do
		dpkg-deb --fsys-tarfile "$top/deb/${package}_"*.deb | tar -t
	done | sed -n -e '/\/$/d' -e '/\/doc\//d' -e 's/\.gz$//' \
		-e 's,^\./\(usr/\)\?,,p' | sort >"$top/packed"
	DESTDIR=$top/all cmake --install "$build" >"$top/log" 2>&1
	(cd "$top/all/$prefix" && find . ! -type d) |
		sed 's,^\./,,' | sort >"$top/installed"
	[ -s "$top/installed" ] && diff "$top/installed" "$top/packed"
}

# A root of its own, in a mount namespace that ends with its first process.
debian_start() {
	mkdir "$top/layer" "$top/root"
	unshare -m bash -c '
		set -e
		mount -t tmpfs none "$1/layer"
		mkdir "$1/layer/upper" "$1/layer/work"
		mount -t overlay -o "lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work" \
			none "$1/root"
		mount -t proc proc "$1/root/proc"
		mount --rbind /dev "$1/root/dev"
		cp "$1"/deb/*.deb "$1/root/root"
		printf "#!/bin/sh\nexit 101\n" >"$1/root/usr/sbin/policy-rc.d"
		chmod 755 "$1/root/usr/sbin/policy-rc.d"
		echo up
		read -r _' - "$top" <"$top/end" >"$top/said" &
	debian=$!
	exec {end}<>"$top/end"
	for _ in {1..200}; do
		grep -qx up "$top/said" 2>/dev/null && return
		kill -0 "$debian" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}

# within COMMAND...: on it
within() {
	LC_ALL=C nsenter -t "$debian" -m chroot "$top/root" "$@"
}

named() {
	within find /etc /lib/systemd /usr /var/lib -xdev -name '*drydock*' \
		! -path '/usr/src/*' | sort
}

installs() {
	within sh -c 'dpkg -i /root/*.deb' >"$top/log" 2>&1 && return
	sed 's/^/# /' "$top/log"
	return 1
}

same_version() {
	local version

	version=$(within drydock --version | sed -n '1s/^drydock //p')
	[ -n "$version" ] &&
		[ "$(within drydockd -V)" = "drydockd $version" ] &&
		[ "$(within dpkg-query -W -f '${Version}' drydockd)" = \
			"$version" ]
}

ssh_is_there() {
	within touch /root/empty.conf
	within test -x "$(within drydockd -c /root/empty.conf -p |
		sed -n 's/^ssh_program = //p')"
}

not_enabled() {
	! within find /etc/systemd -name 'drydock*' | grep .
}

key_let_in() {
	within /usr/share/drydock/agent-install --key /root/key.pub \
		--name mail1 --fleet lab 2>/dev/null | sed 's/^/# /'
	within test -s /etc/sudoers.d/drydock-agent && within id -u drydock >/dev/null
}

key_taken_out() {
	within /usr/share/drydock/agent-install --remove >/dev/null &&
		within test -x /usr/sbin/drydock-agent
}

agent_removed() {
	within touch /var/lib/drydock/journal
	within dpkg -r drydock-agent >/dev/null 2>&1 &&
		! within id drydock >/dev/null 2>&1 &&
		within test ! -e /etc/sudoers.d/drydock-agent &&
		within test -e /var/lib/drydock/journal
}

nothing_left() {
	# shellcheck disable=SC2086 # words
	within dpkg -P $packages >/dev/null 2>&1 &&
		diff "$top/before" <(named)
}

build=$(cd "$(dirname "$drydock")/.." && pwd)
prefix=$(sed -n 's/^CMAKE_INSTALL_PREFIX:[A-Z]*=//p' "$build/CMakeCache.txt")
top=$(mktemp -d /tmp/drydock-deb.XXXXXX)
mkfifo "$top/end"
trap 'rm -rf --one-file-system "$top"' EXIT

ok "packages are built of what is committed" built
ok "each file is in one of them" each_file_once
ok "a Debian of its own is there" debian_start
named >"$top/before"
ok "they are installed, with what they depend on" installs
ok "the programs and the package are of one version" same_version
ok "drydock-ssh is where drydockd looks" ssh_is_there
ok "the coordinator's two users are there" \
	within getent passwd drydockd drydock-ssh
ok "but nothing is started unasked" not_enabled
ssh-keygen -q -t ed25519 -N '' -f "$top/key"
within tee /root/key.pub <"$top/key.pub" >/dev/null
ok "agent-install lets a key in" key_let_in
ok "and takes it out, but not what is the package's" key_taken_out
key_let_in >/dev/null
ok "who removes the agent removes its login; the journal stays" agent_removed
ok "purged: nothing is left" nothing_left
exec {end}>&-
wait "$debian" || true
finish
