# coordinator.sh - env, inventory, agents and drydockd of the lab.
#
# Where the programs are not built yet the lab is still whole: env and
# inventory are written, and `up` says what it left out.
# shellcheck shell=bash disable=SC2046

COORDINATOR_BIN=$DRYDOCK_BUILD/bin

coordinator_up() {
	env_write
	fleet_write >"$LAB_STATE/fleet.yaml"
	[ -e "$LAB_STATE/key" ] || ssh-keygen -q -t ed25519 -N '' \
		-C "coordinator@$LAB" -f "$LAB_STATE/key"
	if [ -x "$COORDINATOR_BIN/drydock" ]; then
		coordinator_prepare || return 0
	else
		say "no coordinator in $COORDINATOR_BIN: not started"
	fi
	if [ -x "$COORDINATOR_BIN/drydock-agent" ]; then
		agents_install
	else
		say "no drydock-agent in $COORDINATOR_BIN: agents not installed"
	fi
	! [ -x "$COORDINATOR_BIN/drydockd" ] || coordinator_start
}

env_write() {
	cat >"$LAB_STATE/env" <<EOF
# . this file: drydock and psql speak with the lab's database.
export LAB=$LAB LAB_NET=$LAB_NET
export LAB_STATE='$LAB_STATE'
# not exported: no program's memory is to have it
LAB_SECRET_SENTENCE='$LAB_SECRET_SENTENCE'
export PATH='$COORDINATOR_BIN:$LAB_HERE':"\$PATH"
export PGHOST='$PG_SOCKET' PGDATABASE=$PG_DATABASE PGUSER=postgres
export DRYDOCK_DATABASE='host=$PG_SOCKET dbname=$PG_DATABASE user=postgres'
export DRYDOCK_BUILD='$DRYDOCK_BUILD'
export DRYDOCK_FLEET=lab
EOF
}

# fleet_write: the inventory of this lab on standard output.
fleet_write() {
	local host
	cat <<EOF
# The lab's fleet; made by \`lab up\`.
fleet: lab
timezone: UTC
min_up: all but 1
ssh: {user: drydock, port: 22}
service:
  from: each director
  run: [doveadm, -f, json, director, status]
  format: json
  key: mail server ip
  in: state == up and vhosts > 0
  strangers: refuse
groups:
  director:
    members:
EOF
	for host in $(directors); do
		echo "      - {name: $host, address: $(host_address "$host")}"
	done
	fleet_ring_rules $(directors | wc -w)
	echo "backends:"
	for host in $(backends); do
		printf '  - {name: %s, address: %s, ' "$host" \
			"$(host_address "$host")"
		printf 'labels: {rack: a, test_user: probe%s, ' \
			"$(host_number "$host")"
		echo 'shared_user: probe1}}'
	done
}

# A single director has no ring to be ready.
fleet_ring_rules() {
	if [ "$1" -gt 1 ]; then
		cat <<'EOF'
    ready:
      run: [doveadm, -f, tab, director, ring, status]
      format: tab
      row: {type: self}
      in: status ~ "^ring synced"
      lists: {key: director ip, up: 'type ~ "^(left|right|in|out)$"'}
EOF
	fi
	cat <<'EOF'
    min_gap: 1100ms
    confirm: 2s
EOF
}

# agents_install: what a user does on each host, done here on each.
agents_install() {
	local host
	[ -x "$COORDINATOR_BIN/drydock-agent" ] ||
		die "no agent: build $COORDINATOR_BIN/drydock-agent"
	allow_lists
	for host in $(hosts); do agent_put "$host"; done
	say "agents: installed on $(hosts)"
}

# allow_lists: per role what the shipped procedures need, as their user makes
# it, and what the lab itself adds.
allow_lists() {
	local role file to
	for role in backend director; do
		to=$LAB_STATE/allow-$role
		cp "$LAB_HERE/allow-$role" "$to"
		[ -e "$LAB_STATE/prepared" ] || continue
		for file in "$LAB_HERE"/../procedures/dovecot-*.yaml; do
			(
				# shellcheck source=/dev/null
				. "$LAB_STATE/env"
				drydock procedure allow "$file" "$role"
			) >>"$to" || die "no allow list from $file"
		done
	done
}

agent_allow() {
	case "$1" in
	dir*) cat "$LAB_STATE/allow-director" ;;
	*) cat "$LAB_STATE/allow-backend" ;;
	esac
}

agent_put() {
	local to host
	to=$(host_dir "$1")/root/opt/lab
	mkdir -p "$to" "$to/../../etc/drydock"
	install -m 755 "$LAB_HERE/../agent-install" \
		"$COORDINATOR_BIN/drydock-agent" "$to"
	install -m 644 "$LAB_STATE/key.pub" "$to/key.pub"
	agent_allow "$1" >"$to/allow"
	for host in $(backends); do echo "probe$(host_number "$host")"; done \
		>"$to/../../etc/drydock/probe-users"
	host_exec "$1" /opt/lab/agent-install --key /opt/lab/key.pub \
		--agent /opt/lab/drydock-agent --allow /opt/lab/allow \
		--name "$1" --fleet lab >>"$LAB_STATE/agents.log" ||
		die "$1: the agent was not installed"
}

# coordinator_prepare: schema, inventory, host keys, shipped procedures.
coordinator_prepare() {
	local host file
	(
		# shellcheck source=/dev/null
		. "$LAB_STATE/env"
		drydock init && coordinator_role &&
			drydock import "$LAB_STATE/fleet.yaml" || exit
		for host in $(hosts); do
			drydock --yes host pin "$host" \
				--from-file "$LAB_STATE/host-keys/$host" || exit
		done
		for file in "$LAB_HERE"/../procedures/*.yaml; do
			drydock procedure add "$file" || exit
		done
	) >"$LAB_STATE/prepare.log" 2>&1 9>&- &&
		touch "$LAB_STATE/prepared" && return
	say "coordinator not started: $(tail -1 "$LAB_STATE/prepare.log")"
	return 1
}

# coordinator_role: it logs in as itself, with a coordinator's rights alone.
coordinator_role() {
	psql -Xq -v ON_ERROR_STOP=1 <<'EOF'
select 'create role drydockd login' where to_regrole('drydockd') is null \gexec
grant fleet_coordinator to drydockd;
EOF
}

coordinator_pid() {
	local pid
	pid=$(cat "$LAB_STATE/drydockd.pid" 2>/dev/null) || return 1
	is_ours "$pid" drydockd && echo "$pid"
}

coordinator_start() {
	! coordinator_pid >/dev/null || return 0
	cat >"$LAB_STATE/drydockd.conf" <<EOF
database = host=$PG_SOCKET dbname=$PG_DATABASE user=drydockd
name = lab1
state = $LAB_STATE/drydockd.state
$(coordinator_transport)
EOF
	setsid "$COORDINATOR_BIN/drydockd" -c "$LAB_STATE/drydockd.conf" \
		</dev/null >>"$LAB_STATE/drydockd.log" 2>&1 9>&- &
	echo $! >"$LAB_STATE/drydockd.pid"
	disown
	sleep 0.3
	coordinator_pid >/dev/null ||
		die "drydockd ended at once: $(tail -2 "$LAB_STATE/drydockd.log")"
}

# coordinator_transport: drydock-ssh; OpenSSH in its place when LAB_OPENSSH=1
# (to tell a fault of the transport from one of the engine) or not built.
coordinator_transport() {
	if [ "${LAB_OPENSSH:-0}" != 1 ] &&
		[ -x "$COORDINATOR_BIN/drydock-ssh" ]; then
		echo "ssh_key = $LAB_STATE/key"
		echo "ssh_program = $COORDINATOR_BIN/drydock-ssh"
		return
	fi
	known_hosts_write
	printf 'agent_exec = ssh -T -F none -i %s -o UserKnownHostsFile=%s' \
		"$LAB_STATE/key" "$LAB_STATE/known_hosts"
	echo " -o BatchMode=yes -o ConnectTimeout=5 drydock@%a"
}

known_hosts_write() {
	local host
	for host in $(hosts); do
		echo "$(host_address "$host") $(cat "$LAB_STATE/host-keys/$host")"
	done >"$LAB_STATE/known_hosts"
}

coordinator_gone() { ! coordinator_pid; }

# coordinator_stop SIGNAL
coordinator_stop() {
	local pid
	pid=$(coordinator_pid) || return 0
	kill "-$1" "$pid"
	if ! (wait_for 70 "drydockd to end" coordinator_gone); then
		kill -KILL "$pid"
	fi
}

coordinator_command() {
	case "$1" in
	start) coordinator_start ;;
	stop) coordinator_stop TERM ;;
	kill) coordinator_stop KILL ;;
	*) die "usage: lab coordinator start|stop|kill" ;;
	esac
}

coordinator_print() {
	local pid
	if pid=$(coordinator_pid); then
		echo "-- coordinator: pid $pid, log $LAB_STATE/drydockd.log"
	else
		echo "-- coordinator: not running"
	fi
}
