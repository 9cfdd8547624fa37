# common.sh - names, places and small helpers of the lab.
# shellcheck shell=bash disable=SC2034

LAB=${LAB:-lab}
LAB_NET=${LAB_NET:-1}
LAB_TOP=$(cd "$LAB_HERE/../.." && pwd)
LAB_STATE=$LAB_TOP/build/$LAB
LAB_CACHE=${LAB_CACHE:-/var/cache/drydock-lab}
LAB_CLAIMS=/run/drydock-lab
LAB_CLAIM=$LAB_CLAIMS/$LAB_NET
DRYDOCK_BUILD=${DRYDOCK_BUILD:-$LAB_TOP/build/dev}

# Planted in every probe user's mail. Wherever this sentence turns up outside
# the mail store (database, journal, log), mail text has leaked.
LAB_SECRET_SENTENCE="The heron keeps the spare key under the third flowerpot."

# What the backends weigh at first; a fourth and later one weighs 100.
LAB_VHOSTS=(100 50 200)

case "$LAB$LAB_NET" in
*[!a-z0-9-]*) echo "lab: LAB is [a-z0-9-], LAB_NET a number" >&2 && exit 64 ;;
esac

say() { echo "lab: $*"; }
die() { echo "lab: $*" >&2 && exit 1; }

need_root() { [ "$(id -u)" -eq 0 ] || die "needs root (containers, bridge)"; }

# setting NAME DEFAULT: what an earlier `up` was told.
setting() {
	cat "$LAB_STATE/settings/$1" 2>/dev/null || echo "$2"
}

setting_keep() {
	mkdir -p "$LAB_STATE/settings"
	while [ $# -gt 0 ]; do
		echo "$2" >"$LAB_STATE/settings/$1"
		shift 2
	done
}

# names PREFIX COUNT
names() {
	local i out=
	for ((i = 1; i <= $2; i++)); do out="$out $1$i"; done
	echo "${out# }"
}

directors() { names dir "$(setting directors 2)"; }
backends() { names mail "$(setting backends 3)"; }
hosts() { echo "$(directors) $(backends)"; }

host_number() { echo "${1//[!0-9]/}"; }

host_address() {
	case "$1" in
	dir*) echo "10.77.$LAB_NET.$((10 + $(host_number "$1")))" ;;
	mail*) echo "10.77.$LAB_NET.$((20 + $(host_number "$1")))" ;;
	*) die "no such host: $1" ;;
	esac
}

addresses() {
	local host
	for host; do host_address "$host"; done
}

known_host() {
	case " $(hosts) " in
	*" $1 "*) return 0 ;;
	esac
	die "no host '$1' in this lab: $(hosts)"
}

initial_vhosts() { echo "${LAB_VHOSTS[$(($(host_number "$1") - 1))]:-100}"; }

# wait_for SECONDS WHAT COMMAND...: polls until COMMAND succeeds.
wait_for() {
	local until=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt "$until" ] || die "waited in vain for $what"
		sleep 0.1
	done
}

port_answers() {
	timeout 1 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null
}

# is_ours PID WORD: the process lives and has WORD in its command line, so
# that a number used again by a stranger is never killed.
is_ours() {
	{ tr '\0' ' ' <"/proc/$1/cmdline" | grep -qF -- "$2"; } 2>/dev/null
}
