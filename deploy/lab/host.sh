# host.sh - one host: overlay, first configuration, boot, reboot, end.
#
# A keeper process per host runs systemd-nspawn and starts it again when it
# ends with 133, which is how a reboot inside looks from outside. Each host
# has a control group of its own: hosts that shared one would see each
# other's services as theirs.
# shellcheck shell=bash

HOST_CGROUPS=()
for cgroup in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
	[ -e "$cgroup/cgroup.procs" ] && HOST_CGROUPS+=("$cgroup")
done

host_dir() { echo "$LAB_STATE/hosts/$1"; }
host_machine() { echo "l$LAB_NET-$1"; }

# host_leader HOST: the pid, out here, of the host's own pid 1.
host_leader() {
	local nspawn leader
	nspawn=$(cat "$(host_dir "$1")/nspawn.pid" 2>/dev/null) || return 1
	is_ours "$nspawn" "$(host_machine "$1")" || return 1
	# No newline ends this file, so read(1) would call it a failure.
	leader=$(cat "/proc/$nspawn/task/$nspawn/children" 2>/dev/null)
	leader=${leader%% *}
	[ -n "$leader" ] && echo "$leader"
}

host_exec() {
	local leader
	leader=$(host_leader "$1") || die "$1 is not running"
	shift
	nsenter -t "$leader" -a env -i HOME=/root LANG=C.UTF-8 TERM=dumb \
		PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

host_exec_replace() {
	local leader
	known_host "$1"
	leader=$(host_leader "$1") || die "$1 is not running"
	shift
	exec nsenter -t "$leader" -a env -i HOME=/root LANG=C.UTF-8 \
		"TERM=${TERM:-dumb}" PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

host_state() { (host_exec "$1" systemctl is-system-running 2>/dev/null) || true; }

# host_room: each systemd takes a dozen of inotify's instances, which root has
# 128 of; a host that gets none boots in minutes, or not. The limit stays up.
host_room() {
	local limit=/proc/sys/fs/inotify/max_user_instances
	[ "$(cat $limit)" -ge 2048 ] || echo 2048 >$limit
}

hosts_up() {
	local host started=
	host_room
	for host in $(hosts); do
		host_leader "$host" >/dev/null && continue
		host_mount "$host"
		host_first "$host"
		host_start "$host"
		started="$started $host"
	done
	for host in $started; do host_wait "$host"; done
	case "$started" in
	*dir*) touch "$LAB_STATE/settings/ring-is-new" ;;
	esac
}

host_mount() {
	local d lower=$BASE/base
	d=$(host_dir "$1")
	mkdir -p "$d/upper" "$d/work" "$d/root"
	mountpoint -q "$d/root" && return
	case "$1" in
	mail*) lower=$BASE/mail:$lower ;;
	esac
	mount -t overlay drydock-lab -o \
		"lowerdir=$lower,upperdir=$d/upper,workdir=$d/work" "$d/root"
}

# host_first HOST: what makes the overlay this host and no other.
host_first() {
	local root address other
	[ -e "$(host_dir "$1")/first" ] && return
	root=$(host_dir "$1")/root
	address=$(host_address "$1")
	tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
	echo "$1" >"$root/etc/hostname"
	{
		echo "127.0.0.1 localhost"
		for other in $(hosts); do
			echo "$(host_address "$other") $other"
		done
	} >"$root/etc/hosts"
	host_network "$root" "$address"
	host_keys "$1" "$root"
	dovecot_configure "$1" "$root"
	touch "$(host_dir "$1")/first"
}

host_network() {
	cat >"$1/etc/systemd/network/10-lab.network" <<EOF
[Match]
Name=host0

[Network]
Address=$2/24
Gateway=$NET_GATE
LinkLocalAddressing=no
IPv6AcceptRA=no
IgnoreCarrierLoss=yes
ConfigureWithoutCarrier=yes
EOF
}

host_keys() {
	rm -f "$2"/etc/ssh/ssh_host_*
	ssh-keygen -q -t ed25519 -N '' -C "root@$1" \
		-f "$2/etc/ssh/ssh_host_ed25519_key"
	mkdir -p "$LAB_STATE/host-keys"
	cut -d' ' -f1,2 "$2/etc/ssh/ssh_host_ed25519_key.pub" \
		>"$LAB_STATE/host-keys/$1"
}

host_start() {
	local d
	d=$(host_dir "$1")
	rm -f "$d/cut"
	setsid bash "$LAB_HERE/keeper.sh" "$d" "$(host_machine "$1")" "$1" \
		"$NET_BRIDGE" "$BASE/repo" "$LAB_STATE/mail" \
		</dev/null >>"$d/log" 2>&1 9>&- &
	disown
}

host_ready() {
	port_answers "$(host_address "$1")" 22 &&
		[ "$(host_state "$1")" = running ]
}

host_wait() { wait_for 60 "$1 to boot (see $(host_dir "$1")/log)" host_ready "$1"; }

host_boot_id() { host_exec "$1" cat /proc/sys/kernel/random/boot_id; }

host_rebooted() {
	local now
	now=$(host_boot_id "$1" 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$2" ]
}

host_reboot() {
	host_restart "$1" host_exec "$1" systemctl reboot
}

# host_crash HOST: as if the power had failed; nothing inside is asked.
host_crash() {
	touch "$(host_dir "$1")/crashed"
	host_restart "$1" kill -KILL "$(host_leader "$1")"
}

# host_restart HOST COMMAND...
host_restart() {
	local before
	before=$(host_boot_id "$1")
	rm -f "$(host_dir "$1")/cut" # nspawn makes a new pair
	"${@:2}" || true
	wait_for 120 "$1 to reboot" host_rebooted "$1" "$before"
	host_wait "$1"
	say "$1 is back, boot $(host_boot_id "$1")"
}

# hosts_down: by control group, not by pid file, so that a host of an `up`
# that was cut short ends as well.
hosts_down() {
	local d
	for d in $(host_cgroups); do host_kill "$d"; done
	for d in $(host_cgroups); do
		wait_for 20 "the processes in $d" host_cgroup_empty "$d"
	done
	hosts_clear "$LAB_STATE"
}

hosts_live() {
	local d
	for d in $(host_cgroups); do
		[ -z "$(host_processes "$d")" ] || return 0
	done
	return 1
}

# hosts_clear STATE: what hosts leave behind when none of them runs.
hosts_clear() {
	local d
	for d in $(host_cgroups); do find "$d" -depth -type d -exec rmdir {} +; done
	for d in "$1"/hosts/*/root; do
		! mountpoint -q "$d" || umount "$d"
	done
	rm -rf "/run/systemd/nspawn/propagate/l$LAB_NET"-*
}

host_cgroups() {
	local top
	for top in "${HOST_CGROUPS[@]}"; do
		find "$top" -maxdepth 1 -name "drydock-l$LAB_NET-*"
	done
}

host_processes() { find "$1" -name cgroup.procs -exec cat {} + | sort -nu; }

# The keeper is the lowest pid of its group in most cases, not in all: once
# more until nothing is left to start a host again.
host_kill() {
	local pid
	host_processes "$1" |
		while read -r pid; do kill -KILL "$pid" 2>/dev/null || true; done
}

host_cgroup_empty() {
	host_kill "$1"
	[ -z "$(host_processes "$1")" ]
}
