# base.sh - the Debian base that all hosts are overlays of, made once.
#
# It is kept outside the build tree under the hash of what it is made of, so
# `down` does not throw away a minute of debootstrap. Two layers: `base`, and
# `mail` over it with what only backends have.
# shellcheck shell=bash

BASE_SUITE=bookworm # the last Debian whose Dovecot has the director
BASE_PACKAGES=systemd,systemd-sysv,dbus,openssh-server,dovecot-core
BASE_PACKAGES+=,dovecot-imapd,dovecot-lmtpd,sudo,iproute2,procps
BASE_PACKAGES+=,libjson-c5,libmd0

BASE_HASH=$(cat "$LAB_HERE/base.sh" "$LAB_HERE/repo.sh" | sha256sum | cut -c1-12)
BASE=$LAB_CACHE/$BASE_HASH

# base_mirror: the mirror that this machine's own apt uses.
base_mirror() {
	[ -z "${LAB_MIRROR:-}" ] || { echo "$LAB_MIRROR" && return; }
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' |
		awk -v s="$BASE_SUITE" '$2 == s && $3 == "main" { print $1; exit }'
}

base_ensure() {
	[ -e "$BASE/ready" ] && return
	mkdir -p "$LAB_CACHE"
	(
		flock 8
		[ -e "$BASE/ready" ] || base_make
	) 8>"$LAB_CACHE/lock" 9>&-
}

base_make() {
	local mirror proxy=
	mirror=$(base_mirror)
	[ -n "$mirror" ] || die "apt knows no $BASE_SUITE mirror: set LAB_MIRROR"
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	say "base: debootstrap, about a minute, once"
	base_mail_unmount # one that was cut short
	rm -rf --one-file-system "$BASE"
	mkdir -p "$BASE"
	${proxy:+env http_proxy="$proxy"} debootstrap --variant=minbase \
		--include="$BASE_PACKAGES" "$BASE_SUITE" "$BASE/base" \
		"$mirror" >"$BASE/debootstrap.log" 2>&1 ||
		die "debootstrap failed: $BASE/debootstrap.log"
	base_tidy "$BASE/base"
	repo_make "$BASE/repo"
	base_mail_layer
	touch "$BASE/ready"
}

# base_tidy ROOT: nothing that two hosts must not share, nothing that wakes
# up by itself.
base_tidy() {
	local root=$1 unit
	: >"$root/etc/machine-id"
	rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname"
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
	rm -f "$root/var/lib/dbus/machine-id" "$root/etc/resolv.conf"
	echo 'deb [trusted=yes] copy:/srv/repo ./' >"$root/etc/apt/sources.list"
	chroot "$root" useradd --uid 5000 --user-group \
		--home-dir /srv/mail --shell /usr/sbin/nologin vmail
	for unit in apt-daily.timer apt-daily-upgrade.timer fstrim.timer \
		dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
		console-getty.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	chroot "$root" systemctl enable -q systemd-networkd
	# A director binds its own address: Debian's unit starts it after
	# network-online.target, but nothing on a host asks for that target.
	mkdir -p "$root/etc/systemd/system/dovecot.service.d"
	printf '[Unit]\nWants=network-online.target\n' \
		>"$root/etc/systemd/system/dovecot.service.d/lab.conf"
	mkdir -p "$root/etc/systemd/journald.conf.d" "$root/srv/mail" "$root/srv/repo"
	# A ring that does not synchronise logs 200 MB a minute.
	printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\n' \
		>"$root/etc/systemd/journald.conf.d/lab.conf"
}

# base_mail_layer: backends begin with version 1.0 of the lab's packages.
base_mail_layer() {
	local m=$BASE/mnt
	mkdir -p "$BASE/mail" "$BASE/work" "$m"
	mount -t overlay drydock-lab -o \
		"lowerdir=$BASE/base,upperdir=$BASE/mail,workdir=$BASE/work" "$m"
	mount --bind "$BASE/repo" "$m/srv/repo"
	printf '#!/bin/sh\nexit 101\n' >"$m/usr/sbin/policy-rc.d"
	chmod 755 "$m/usr/sbin/policy-rc.d"
	{
		chroot "$m" apt-get update
		DEBIAN_FRONTEND=noninteractive chroot "$m" apt-get install -y \
			drydock-lab-sieve=1.0 drydock-lab-sieve-common=1.0
	} >"$BASE/mail.log" 2>&1 || base_mail_failed
	rm "$m/usr/sbin/policy-rc.d"
	base_mail_unmount
	rm -rf "$BASE/work" "$m"
}

base_mail_unmount() {
	local d
	for d in "$BASE/mnt/srv/repo" "$BASE/mnt"; do
		! mountpoint -q "$d" || umount "$d"
	done
}

base_mail_failed() {
	base_mail_unmount
	die "the backends' layer failed: $BASE/mail.log"
}
