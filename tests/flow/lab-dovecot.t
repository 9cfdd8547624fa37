#!/bin/bash
# lab-dovecot.t - upgrade, restart and reload as an operator sees them: what
# is on the hosts afterwards, what the views say, and what must not be anywhere.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

conf=/etc/dovecot/dovecot.conf
quick=(-e drain_wait=10s -e drain_short=known -e soak=1s -e settle=3s)
backends=(mail1 mail2 mail3)

# ------------------------------------------------------------ preparation

# Version 1.0 and nothing in the cache, whatever an earlier test did.
packages_first() {
	local host

	first_packages "${backends[@]}"
	for host in "${backends[@]}"; do
		on "$host" apt-get clean
		on "$host" systemctl start dovecot
	done
}

# plan NAME ARGUMENTS...: the number of a new plan
plan() {
	drydock plan "$@" --save 2>/dev/null |
		sed -n 's/^Plan \([0-9]*\) .*/\1/p'
}

checked() { drydock check "$1" >"$work/check" 2>&1; }

# ------------------------------------------------- while the rollout runs

# Two plans of one fleet, two sessions, one instant: sets $rollout.
start_two() {
	local a b won=0

	drydock --yes start "$1" >"$work/start.$1" 2>&1 &
	a=$!
	drydock --yes start "$2" >"$work/start.$2" 2>&1 &
	b=$!
	if wait "$a"; then rollout=$1 other=$2 won=$((won + 1)); fi
	if wait "$b"; then rollout=$2 other=$1 won=$((won + 1)); fi
	[ "$won" -eq 1 ]
}

# From the moment a backend is drained its package source is gone.
cut_repositories() {
	local host

	for host in "${backends[@]}"; do
		wait_until 150 "$host to be drained" draining "$host" ||
			return 0
		on "$host" mount -t tmpfs none /srv/repo
	done
}

draining() {
	truth "exists (select from fleet.step where rollout = $rollout
		and backend = '$1' and step = 'weight-zero'
		and state in ('running', 'passed'))"
}

mend_repositories() {
	local host

	for host in "${backends[@]}"; do
		on "$host" umount /srv/repo || true
	done
}

watch_status() {
	while sleep 0.5; do drydock status "$1"; done >"$work/status" 2>&1
}

upgrade_runs() {
	local cutter watcher status=0

	cut_repositories &
	cutter=$!
	watch_status "$rollout" &
	watcher=$!
	rollout_ends succeeded 200 || status=1
	kill "$watcher"
	wait "$cutter" || status=1
	return $status
}

refused_while_it_runs() {
	not drydock --yes start "$other" >"$work/refused" 2>&1 &&
		grep -qE "rollout $rollout\b" "$work/refused"
}

# -------------------------------------------------------------- afterwards

# on_all EXPECTED COMMAND...: every backend says exactly that
on_all() {
	local host wanted=$1

	shift
	for host in "${backends[@]}"; do
		[ "$(on "$host" "$@")" = "$wanted" ] || return 1
	done
}

# Every command that was run, with its argv, end and times.
# What is done on each member, when there is reason to, has no one host and exit.
views_whole() {
	truth "count(*) = 0 from fleet.step where rollout = $rollout
		and state <> 'skipped' and (state <> 'passed'
		or started_at is null or finished_at < started_at
		or kind = 'run' and attempt > 0 and target not like 'each %'
			and (argv is null
			or exit_code is distinct from 0 or host is null))" &&
		truth "count(*) = 0 from fleet.attempt
			where rollout = $rollout and (state not in ('ended',
			'unsent') or state = 'ended' and (ended_at < sent_at
			or took is null or exit_code is null))" &&
		truth "count(*) >= 3 from fleet.output
			where rollout = $rollout and $1"
}

# What the views say was run is what the hosts' own logs say.
views_as_hosts() {
	local host uuid

	uuid=$(sql "select uuid from fleet.rollout where rollout = $rollout")
	sql "select format('%s/%s: run %s', a.backend, a.step,
			array_to_string(a.argv, ' '))
		from fleet.attempt a where a.rollout = $rollout
		and a.state = 'ended' and a.argv is not null" |
		sort >"$work/told"
	for host in dir1 dir2 "${backends[@]}"; do
		on "$host" journalctl -q --no-pager -o cat -t drydock-agent
	done | sed -n "s|^accepted: .*: step $uuid/\(.*: run .*\)|\1|p" |
		sort >"$work/logged"
	[ -s "$work/logged" ] && diff "$work/told" "$work/logged"
}

# The package's own script wanted a restart, policy-rc.d refused, and systemd
# started Dovecot once, not before our own step told it to.
scripts_held_back() {
	local host begin started from

	for host in "${backends[@]}"; do
		from=$(sql "select extract(epoch from started_at)::bigint
			from fleet.step where rollout = $rollout
			and backend = '$host' and step = 'stop-dovecot'")
		begin=$(sql "select extract(epoch from sent_at)
			from fleet.attempt where rollout = $rollout
			and backend = '$host' and step = 'start-dovecot'")
		started=$(on "$host" journalctl -q --no-pager -o short-unix \
			-u dovecot --since "@$from" |
			sed -n 's/^\([0-9.]*\) .*Starting dovecot.*/\1/p')
		# one line, and not before
		/usr/bin/python3 -c 'import sys
sys.exit(not float(sys.argv[1]) >= float(sys.argv[2]))' "$started" "$begin" ||
			return 1
	done
}

script_tried() {
	truth "count(distinct backend) = 3 from fleet.output
		where rollout = $rollout and step = 'packages'
		and text like '%policy-rc.d returned 101%dovecot%'"
}

# The archives were there before the drain began.
downloaded_before() {
	local host drained file

	for host in "${backends[@]}"; do
		drained=$(sql "select extract(epoch from started_at)::bigint
			from fleet.step where rollout = $rollout
			and backend = '$host' and step = 'weight-zero'")
		file=/var/cache/apt/archives/drydock-lab-sieve_2.0_all.deb
		[ "$(on "$host" stat -c %Z "$file")" -le "$drained" ] ||
			return 1
	done
}

no_secret() {
	local host status=0

	pg_dump "$PGDATABASE" | secret - || status=1
	secret "$LAB_STATE"/*.log "$LAB_STATE"/hosts/*/upper || status=1
	for host in dir1 dir2 "${backends[@]}"; do
		on "$host" journalctl -q --no-pager | secret - || status=1
	done
	return $status
}

# What was freed lies there still, for the most part; what both know is found,
# so all of it was read.
memory_has_none() {
	local pid pids

	pids=$(cat "$LAB_STATE/drydockd.pid")
	pids+=" $(pgrep -P "$pids" -x drydock-ssh)" || return 1
	for pid in $pids; do
		memory "$pid" >"$work/memory" &&
			grep -qa "$(address mail1)" "$work/memory" &&
			secret "$work/memory" || return 1
	done
	rm "$work/memory"
}

# memory PID: all that it may write to
memory() {
	/usr/bin/python3 - "$1" <<'END'
import sys
pid = sys.argv[1]
with open(f"/proc/{pid}/mem", "rb", 0) as mem:
    for line in open(f"/proc/{pid}/maps"):
        if line.split()[1].startswith("rw"):
            begin, end = (int(n, 16) for n in line.split()[0].split("-"))
            mem.seek(begin)
            sys.stdout.buffer.write(mem.read(end - begin))
END
}

secret() {
	/usr/bin/python3 "$root/tests/flow/lab_secret.py" \
		"$LAB_SECRET_SENTENCE" "$@"
}

secret_would_be_seen() {
	not secret - <<<"$(base64 -w0 <<<"ab $LAB_SECRET_SENTENCE")" &&
		not secret - <<<"$(printf %s "$LAB_SECRET_SENTENCE" |
			od -An -tx1 | tr -d ' \n')"
}

# --------------------------------------------------- two fleets, one ring

# mail3 becomes a fleet of its own behind the same directors.
share_the_ring() {
	local host

	for host in dir1 dir2 mail3; do
		on "$host" sed -i '$afleet = lab2' /etc/drydock/agent.conf
	done
	sed '/name: mail3/d' "$LAB_STATE/fleet.yaml" >"$work/one.yaml"
	sed -e 's/^fleet: lab/fleet: lab2\nallow_single: true/' \
		-e '/name: mail[12],/d' "$LAB_STATE/fleet.yaml" \
		>"$work/two.yaml"
	drydock --yes import --prune "$work/one.yaml" &&
		drydock --yes import "$work/two.yaml"
} >/dev/null 2>&1

part_the_ring() {
	local host

	for host in dir1 dir2 mail3; do
		on "$host" sed -i '/^fleet = lab2$/d' /etc/drydock/agent.conf
	done
	lab reset --database | sed 's/^/# /'
}

check_finds_strangers() {
	not drydock --fleet "$1" check dovecot-obox-restart \
		>"$work/strangers" 2>&1 &&
		grep -q "STRANGER .*$(address "$2") is no backend" \
			"$work/strangers"
}

# Started all the same, it waits, and says for whom.
waits_for_strangers() {
	drydock --yes --fleet lab start dovecot-obox-restart "${quick[@]}" \
		>"$work/start.out" 2>&1
	rollout=$(sed -n 's/^rollout \([0-9]*\) is started.*/\1/p' \
		"$work/start.out")
	wait_until 30 "the gate to say so" held gate "$(address mail3)" &&
		truth "count(*) = 0 from fleet.outage
			where rollout = $rollout"
}

# ------------------------------------------------------------------- tests

rollout_lab
packages_first
on mail1 cat $conf >"$work/old.conf"
{
	grep -v '^# lab-dovecot' "$work/old.conf"
	echo "# lab-dovecot $RANDOM"
	echo "imap_idle_notify_interval = 3 mins"
} >"$work/new.conf"
before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)

observe_start "$work/observed.json"
upgrade=(dovecot-obox-upgrade "${quick[@]}" -e "config=$work/new.conf"
	-e packages=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0)
a=$(plan "${upgrade[@]}") b=$(plan "${upgrade[@]}") other=
ok "check finds nothing" checked "$a"
ok "of two starts at one instant one is refused" start_two "$a" "$b"
ok "a second rollout is refused while it runs" refused_while_it_runs
ok "the upgrade succeeds with no package source after the drain" upgrade_runs
mend_repositories
ok "every weight is as before on both directors" weights
ok "the new packages are there" on_all 2.0 \
	dpkg-query -W -f '${Version}' drydock-lab-sieve
ok "with their siblings" on_all 2.0 \
	dpkg-query -W -f '${Version}' drydock-lab-sieve-common
ok "the new configuration is there" on_all "$(cat "$work/new.conf")" cat $conf
ok "and in force" on_all "3 mins" doveconf -h imap_idle_notify_interval
ok "every Dovecot was restarted" test "$before" != \
	"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"
ok "nothing was downloaded after the drain began" downloaded_before
ok "the package's own script tried to restart Dovecot" script_tried
ok "and nothing but our step started it" scripts_held_back
ok "argv, output, exit status and times are in the views" views_whole \
	"step = 'packages' and text like '%drydock-lab-sieve%2.0%'"
ok "the views and the hosts' logs tell the same" views_as_hosts
ok "status says that a backend is settling" grep -qE \
	'now +mail1 +return +settle .*must be proved in service' "$work/status"

ok "the restart succeeds" rollout_start dovecot-obox-restart "${quick[@]}"
ok "to its end" rollout_ends succeeded 200
ok "never two out at one instant" observe_stop
ok "and one was" test "$(json_get "$work/observed.json" max_out)" -eq 1
ok "every weight is as before again" weights

before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)
ok "the reload begins" rollout_start dovecot-reload -e soak=1s \
	-e "config=$work/old.conf"
ok "and succeeds" rollout_ends succeeded 90
ok "the old configuration is back" on_all "$(cat "$work/old.conf")" cat $conf
ok "no Dovecot was restarted" test "$before" = \
	"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"

ok "a planted sentence would be seen" secret_would_be_seen
ok "mail text is in no table, no journal, no log" no_secret
ok "nor was it ever in the coordinator's memory" memory_has_none

ok "another fleet comes to share the ring" share_the_ring
wait_until 40 "a coordinator to hold it" holds lab2
ok "check refuses the first" check_finds_strangers lab mail3
ok "and the second" check_finds_strangers lab2 mail1
ok "a rollout takes nobody" waits_for_strangers
part_the_ring
finish
