# dovecot.sh - what Dovecot is on each host: directors, backends, mail.
# shellcheck shell=bash disable=SC2046

LAB_PROBE_MESSAGES=3

# mail_ensure: the one mail store that all backends share, with a probe user
# per backend. Fixed file names and dates: the same mail in every lab.
mail_ensure() {
	local host
	[ -d "$LAB_STATE/mail" ] && return
	mkdir -p "$LAB_STATE/mail"
	for host in $(backends); do
		mail_seed "probe$(host_number "$host")"
	done
	chown -R 5000:5000 "$LAB_STATE/mail"
}

mail_seed() {
	local box=$LAB_STATE/mail/$1 i
	mkdir -p "$box/cur" "$box/new" "$box/tmp"
	for ((i = 1; i <= LAB_PROBE_MESSAGES; i++)); do
		cat >"$box/cur/170000000$i.M${i}P1.lab:2,S" <<EOF
From: Lab <lab@localhost>
To: $1@localhost
Subject: Canary $i
Date: Tue, 14 Nov 2023 22:13:2$i +0000
Message-ID: <canary-$i-$1@lab>

Message $i of $1.
$LAB_SECRET_SENTENCE
EOF
	done
}

dovecot_configure() {
	case "$1" in
	dir*) dovecot_director "$1" ;;
	mail*) dovecot_backend ;;
	esac >"$2/etc/dovecot/dovecot.conf"
	chmod 644 "$2/etc/dovecot/dovecot.conf"
}

dovecot_common() {
	cat <<'EOF'
protocols = imap lmtp
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
EOF
}

dovecot_director() {
	local servers
	servers=$(addresses $(directors) | xargs)
	dovecot_common
	cat <<EOF
director_servers = $servers
director_mail_servers = $(addresses $(backends) | xargs)
director_user_expire = 10s
lmtp_proxy = yes
protocol lmtp {
  auth_socket_path = director-userdb
}
service director {
  unix_listener login/director {
    mode = 0666
  }
  fifo_listener login/proxy-notify {
    mode = 0666
  }
  unix_listener director-userdb {
    mode = 0600
  }
  inet_listener {
    address = $(host_address "$1")
    port = 9090
  }
}
service imap-login {
  executable = imap-login director
}
passdb {
  driver = static
  args = proxy=y nopassword=y
}
EOF
}

dovecot_backend() {
	dovecot_common
	cat <<EOF
login_trusted_networks = 10.77.$LAB_NET.0/24
mail_location = maildir:/srv/mail/%u
mail_fsync = always
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/srv/mail/%u allow_all_users=yes
}
EOF
}

dovecot_state() {
	(host_exec "$1" systemctl is-active dovecot 2>/dev/null) || true
}

# ring_row: doveadm on one director, for people and scripts.
director_status() { host_exec "$1" doveadm -f tab director status; }

ring_synced() {
	host_exec "$1" doveadm -f tab director ring status |
		awk -F '\t' '$3 == "self" && $5 == "ring synced" { ok = 1 }
			END { exit !ok }'
}

# ring_ensure: only when a director was started here, so that a second `up` in
# the midst of work changes nothing, and waits for nothing that was stopped.
ring_ensure() {
	local host
	[ -e "$LAB_STATE/settings/ring-is-new" ] || return 0
	for host in $(directors); do
		wait_for 60 "the ring of $host" ring_synced "$host"
	done
	for host in $(hosts); do
		wait_for 30 "IMAP on $host" port_answers "$(host_address "$host")" 143
	done
	ring_weights
	probes_open
	rm "$LAB_STATE/settings/ring-is-new"
}

ring_weights() {
	local host
	for host in $(backends); do
		host_exec dir1 doveadm director update \
			"$(host_address "$host")" "$(initial_vhosts "$host")"
	done
}

# probes_open: the first opening gives a mailbox its UIDVALIDITY.
probes_open() {
	local host
	for host in $(backends); do
		host_exec mail1 doveadm mailbox status -u \
			"probe$(host_number "$host")" uidvalidity INBOX >/dev/null
	done
}

# ring_reset: Dovecot runs everywhere, everyone up, weights as at first. The
# pause between two changes of one backend is what keeps a ring sane.
ring_reset() {
	local host
	for host in $(hosts); do
		[ "$(net_state "$host")" = ok ] || net_heal "$host"
		host_exec "$host" rm -f /etc/drydock/hold
		dovecot_slow "$host" 0
		host_exec "$host" systemctl unmask --runtime -q dovecot dovecot.socket
		host_exec "$host" systemctl start dovecot
	done
	for host in $(directors); do
		wait_for 60 "the ring of $host" ring_synced "$host"
	done
	for host in $(backends); do
		host_exec dir1 doveadm director up "$(host_address "$host")"
	done
	sleep 1.1
	ring_weights
}

# dovecot_slow HOST SECONDS: so that a test can do something meanwhile.
dovecot_slow() {
	local dir=/run/systemd/system/dovecot.service.d
	if [ "$2" = 0 ]; then
		! host_exec "$1" test -e "$dir/slow.conf" && return
		host_exec "$1" rm "$dir/slow.conf"
	else
		host_exec "$1" mkdir -p "$dir"
		host_exec "$1" tee "$dir/slow.conf" >/dev/null <<EOF
[Service]
ExecStop=
ExecStop=/bin/sleep $2
ExecStop=/usr/bin/doveadm stop
EOF
	fi
	host_exec "$1" systemctl daemon-reload
}

ring_print() {
	local host
	for host in $(directors); do
		echo "-- $host"
		(director_status "$host" 2>&1) | cut -f1,3,4,6 || true
	done
}

# obox exists in Dovecot Pro alone. `on` answers `doveadm metacache ...` on
# the backends and nothing else; `claim` also answers `doveconf -h
# mail_location` with obox:, so that branches that ask for it are taken. The
# mail stays maildir either way, as `doveconf -n` goes on to say.
obox_switch() {
	local host
	for host in ${2:-$(backends)}; do
		case "$1" in
		on) obox_on "$host" && obox_truth "$host" ;;
		claim) obox_on "$host" && obox_claim "$host" ;;
		off) obox_truth "$host" && obox_off "$host" ;;
		*) die "usage: lab obox on|claim|off [HOST]" ;;
		esac
	done
}

obox_divert() {
	host_exec "$1" dpkg-divert --local --rename --quiet \
		--divert "/usr/bin/$2.real" --add "/usr/bin/$2"
	host_exec "$1" tee "/usr/bin/$2" <"$LAB_HERE/standin-$2" >/dev/null
	host_exec "$1" chmod 755 "/usr/bin/$2"
}

obox_undivert() {
	host_exec "$1" test -e "/usr/bin/$2.real" || return 0
	host_exec "$1" rm "/usr/bin/$2"
	host_exec "$1" dpkg-divert --local --rename --quiet --remove "/usr/bin/$2"
}

obox_on() {
	obox_divert "$1" doveadm
	host_exec "$1" doveadm metacache lab-fill 2>/dev/null
}

obox_off() {
	obox_undivert "$1" doveadm
	host_exec "$1" rm -rf /var/lib/dovecot/metacache /var/dovecot
}

obox_claim() { obox_divert "$1" doveconf; }
obox_truth() { obox_undivert "$1" doveconf; }
