#!/bin/bash
# lab-guards.t - what keeps drydock's hands off: an address that is another
# host's, a person's hold, another fleet in the same slot, packages that would
# take others with them.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

ELSEWHERE=10.77.$LAB_NET.31
TABLE=drydock-lab-$LAB_NET
PACKAGES=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0

# import SED: the lab's inventory, changed
import() {
	sed "$@" "$LAB_STATE/fleet.yaml" >"$work/fleet.yaml"
	drydock --yes import --prune "$work/fleet.yaml" >"$work/import.out" 2>&1 || {
		sed 's/^/# /' "$work/import.out"
		return 1
	}
}

import_refused() {
	! import "$1" >"$work/refused" && grep -q "$2" "$work/refused"
}

# moved: the inventory has mail1 at an address where mail2 answers
moved() {
	import "s/address: $(address mail1),/address: $ELSEWHERE,/
		s/strangers: refuse/strangers: ignore/"
}

# answers HOST: who is reached under that address
answers() {
	nft -f - <<-EOF
		table ip $TABLE
		delete table ip $TABLE
		table ip $TABLE {
			chain out {
				type nat hook output priority -100;
				ip daddr $ELSEWHERE dnat to $(address "$1")
			}
		}
	EOF
}

answers_nobody() { nft delete table ip "$TABLE" 2>/dev/null || true; }

pin() {
	drydock --yes host pin "$1" --from-file \
		"$LAB_STATE/host-keys/$2" >/dev/null
}

# check_says CODE TEXT [ARGUMENT...]: findings, and exit code 5 for them
check_says() {
	local code=$1 text=$2 status=0

	shift 2
	drydock check dovecot-obox-upgrade --only mail1 -e drain_wait=10s \
		-e drain_short=known "$@" \
		>"$work/check.out" 2>&1 || status=$?
	[ "$status" -eq 5 ] && grep "^error $code" "$work/check.out" |
		grep -m1 -- "$text" | cut -c1-200 | sed 's/^/# /' | grep .
}

# started all the same: not one command is sent, and it says why
waits_for() {
	wait_until 30 "a hold about $1" truth "exists (select from fleet.hold
		where rollout = $rollout and why ~ '$1')" &&
		sql "select '# hold: ' || why from fleet.hold
			where rollout = $rollout"
}

given_up() {
	[ "$rollout" = 0 ] || rollout_is planned ||
		drydock --yes abort "$rollout" --reason test >/dev/null
	wait_until 20 "the end of it" truth "not exists (select from
		fleet.rollout where state = 'running')"
}

# Nothing was ever sent to any host for it.
nothing_ran() {
	truth "not exists (select from fleet.attempt)" && weights
}

status_tells() { drydock status 2>&1 | grep -qF "$1"; }

hold_put() { on "$1" tee /etc/drydock/hold <<<"$2" >/dev/null; }

nothing_sent() {
	truth "not exists (select from fleet.attempt where rollout = $rollout)"
}

check_passes() {
	drydock check dovecot-obox-upgrade --only mail1 -e drain_wait=10s \
		-e drain_short=known \
		-e "packages=$1" >"$work/check.out" 2>&1 ||
		{ sed 's/^/# /' "$work/check.out"; return 1; }
}

versions() {
	[ "$(package_version "$1" drydock-lab-sieve)" = "$2" ] &&
		[ "$(package_version "$1" drydock-lab-sieve-common)" = "$2" ]
}

# apt's own log: how many transactions had sieve in them
transactions() {
	on "$1" cat /var/log/apt/history.log |
		grep -cE '^(Install|Upgrade|Downgrade|Remove|Purge): .*sieve' ||
		true
}

# Both names in the last transaction, nothing in the way of a removal.
last_transaction() {
	on "$1" cat /var/log/apt/history.log |
		grep -E '^(Install|Upgrade|Downgrade|Remove|Purge): ' | tail -1 |
		grep -E "^$2: " | grep -F 'drydock-lab-sieve:' |
		grep -qF 'drydock-lab-sieve-common:'
}

# One transaction more than before, both packages in it, nothing removed.
one_transaction() {
	echo "# $(on mail1 tail -4 /var/log/apt/history.log | tr '\n' '|')"
	[ "$(transactions mail1)" -eq $((done_before + 1)) ] &&
		last_transaction mail1 "$1"
}

# The repository is empty from now on, and apt cannot fetch a thing.
repo_goes() { on "$1" mount -t tmpfs none /srv/repo; }
repo_back() {
	! on "$1" grep -q ' /srv/repo tmpfs ' /proc/mounts ||
		on "$1" umount /srv/repo
}
fetches() { on "$1" apt-get -qq download drydock-lab-sieve 2>/dev/null; }

# second FLEET BACKEND: a fleet of its own for it, in the same slot
second_fleet() {
	sed "s/^fleet: .*/fleet: $1\ninterlock: ring\nallow_single: yes/
		s/strangers: refuse/strangers: ignore/
		/{name: mail[^$2]/d" "$LAB_STATE/fleet.yaml" >"$work/$1.yaml"
	drydock --yes import "$work/$1.yaml" >"$work/import.out" 2>&1 || {
		sed 's/^/# /' "$work/import.out"
		return 1
	}
	for host in dir1 dir2 "mail$2"; do
		on "$host" tee -a /etc/drydock/agent.conf <<<"fleet = $1" \
			>/dev/null
	done
	wait_until 40 "a coordinator to hold $1" holds "$1"
}

agents_serve_one() {
	for host in dir1 dir2 mail1 mail2 mail3; do
		on "$host" sed -i "/^fleet = $1\$/d" /etc/drydock/agent.conf
	done
}

other_waits() {
	wait_until 20 "the other fleet's hold" truth "exists (select from
		fleet.hold where fleet = '$1' and rollout = $rollout
		and why like '%lab%' and why like '%mail1%')" &&
		sql "select '# hold: ' || why from fleet.hold
			where fleet = '$1'"
}

rollout_lab
answers_nobody
agents_serve_one second
for host in mail1 mail2; do # what an earlier test left
	repo_back "$host"
	first_packages "$host"
done

echo "# an address that is another host's"
ok "the inventory refuses the address of another of its hosts" import_refused \
	"s/address: $(address mail1),/address: $(address mail2),/" \
	"has the address of"
ok "an address nobody knows, where mail2 answers" moved
answers mail2
ok "mail2's key gives it away" wait_until 30 "that finding" \
	check_says AGENT_REACHABLE "not pinned"
pin mail1 mail2
ok "with that key pinned, its name does" wait_until 30 "that finding" \
	check_says HOST_NAME "another host answered"
dovecot_start --only mail1
ok "a rollout started all the same waits" waits_for "another host answered"
given_up
pin mail1 mail1
answers mail1
ok "mail1 itself, but it does not have that address" wait_until 40 \
	"that finding" check_says ADDRESS "$ELSEWHERE"
dovecot_start --only mail1
ok "a rollout waits for that as well" waits_for "$ELSEWHERE"
given_up
ok "nothing was drained, nothing was sent" nothing_ran
answers_nobody
ok "the inventory is repaired" import ''

echo "# a person's hold"
hold_put mail2 "kernel work until noon, ask Ben"
dovecot_start --only mail2
ok "status shows the person's words" wait_until 20 "the text" \
	status_tells "kernel work until noon, ask Ben"
ok "nothing was sent to any host" nothing_sent
ok "and nothing was drained" weights
on mail2 rm /etc/drydock/hold
ok "without the file it goes on by itself" rollout_ends succeeded 90

echo "# packages"
on mail1 apt-get clean
ok "the set is fetched before anybody is drained" check_passes "$PACKAGES"
done_before=$(transactions mail1)
user_stays late mail1
dovecot_start --only mail1 -e "packages=$PACKAGES"
ok "a set is about to go up" wait_until 40 "mail1 to be drained" \
	step_is mail1 wait-users running
repo_goes mail1
ok "from here on nothing can be fetched" not fetches mail1
ok "it goes up nevertheless" rollout_ends succeeded 60
repo_back mail1
ok "to the new versions" versions mail1 2.0
ok "in one transaction" one_transaction Upgrade
done_before=$(transactions mail1)
ok "one package back alone would remove its sibling: refused" \
	wait_until 20 "that finding" \
	check_says PACKAGE removed -e packages=drydock-lab-sieve-common=1.0
ok "both together are not refused" check_passes "${PACKAGES//2.0/1.0}"
dovecot_start --only mail1 -e "packages=${PACKAGES//2.0/1.0}"
ok "and back down" rollout_ends succeeded 60
ok "to the old versions" versions mail1 1.0
ok "in one transaction as well" one_transaction Downgrade

echo "# two fleets in one slot"
ok "the first fleet gives a backend away" import \
	"s/^fleet: lab/&\ninterlock: ring/; /{name: mail3/d
	s/strangers: refuse/strangers: ignore/"
ok "the second one has it" second_fleet second 3
observe_start "${work:?}/observed.json"
user_stays staying mail1
DRAIN=20s dovecot_start --only mail1
first=$rollout
ok "the first has a backend out" wait_until 40 "mail1 to wait" \
	step_is mail1 wait-users running
export DRYDOCK_FLEET=second
dovecot_start
ok "the second waits, and says for whom" other_waits second
ok "its status says so too" status_tells mail1
second=$rollout rollout=$first
ok "the first ends well" rollout_ends succeeded 60
rollout=$second
# with one backend it goes no further than the drain: none would be in service
ok "then the second takes its own" wait_until 40 "mail3's turn" \
	turn_is mail3 working
drydock --yes abort "$rollout" --reason "seen enough" >/dev/null || true
ok "and gives it back" rollout_ends aborted 40
ok "never two out at one instant" observe_stop
agents_serve_one second
finish
