# net.sh - the lab's bridge, and taking one host off it.
# shellcheck shell=bash

NET_BRIDGE=drylab$LAB_NET
NET_GATE=10.77.$LAB_NET.1 # this machine's own address in the lab

net_up() {
	if ! ip link show "$NET_BRIDGE" >/dev/null 2>&1; then
		ip link add "$NET_BRIDGE" type bridge
		# No learning pause: a host that boots answers at once.
		ip link set "$NET_BRIDGE" type bridge stp_state 0 forward_delay 0
	fi
	ip addr replace "$NET_GATE/24" dev "$NET_BRIDGE"
	ip link set "$NET_BRIDGE" up
}

net_down() {
	ip link del "$NET_BRIDGE" 2>/dev/null || true
}

# net_port HOST: this machine's end of the host's pair, named by nspawn.
net_port() { echo "vb-$(host_machine "$1")"; }

# The host keeps its address without a carrier (host_network), so nothing
# inside notices but by silence.
net_cut() { ip link set "$(net_port "$1")" down && touch "$(host_dir "$1")/cut"; }

net_heal() { ip link set "$(net_port "$1")" up && rm -f "$(host_dir "$1")/cut"; }

net_state() {
	[ -e "$(host_dir "$1")/cut" ] && echo cut || echo ok
}
