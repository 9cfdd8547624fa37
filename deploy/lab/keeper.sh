#!/bin/bash
# keeper.sh - runs one host of the lab until it ends other than by a reboot
# or a crash that was asked for.
# usage: keeper.sh DIR MACHINE HOSTNAME BRIDGE REPO MAIL
set -uo pipefail
dir=$1 machine=$2 hostname=$3 bridge=$4 repo=$5 mail=$6
echo $$ >"$dir/keeper.pid"

for cgroup in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
	[ -e "$cgroup/cgroup.procs" ] || continue
	mkdir -p "$cgroup/drydock-$machine"
	echo $$ >"$cgroup/drydock-$machine/cgroup.procs"
done

binds=("--bind-ro=$repo:/srv/repo")
case "$hostname" in
mail*) binds+=("--bind=$mail:/srv/mail") ;;
esac

# A Debian 12 host has cgroup v2 alone, whatever this machine has.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
rc=133
while [ "$rc" -eq 133 ] || [ -e "$dir/crashed" ]; do
	rm -f "$dir/crashed"
	systemd-nspawn --register=no --keep-unit --console=pipe --boot \
		-M "$machine" --hostname="$hostname" -D "$dir/root" \
		--network-bridge="$bridge" --link-journal=no \
		--resolv-conf=off --timezone=off "${binds[@]}" &
	echo $! >"$dir/nspawn.pid"
	wait $!
	rc=$?
	echo "keeper: nspawn ended with $rc"
done
