#!/bin/bash
# hook-journal.t - the hook that writes events into the journal: a journald of
# its own, in namespaces of its own, shows the fields and explains them.
# shellcheck source=tests/flow/lib-cli.sh
. "$(dirname "$0")/lib-cli.sh"

hook=$root/deploy/hooks/journal
catalog=$root/deploy/catalog/drydock.catalog

if [ "${1-}" != inside ]; then
	exec unshare -m -p -f --mount-proc --propagation private "$0" inside
fi

# journald is not told of this machine's kernel, nor of its other journals
begin() {
	local n

	mount -t tmpfs tmpfs /run
	mount -t tmpfs tmpfs /var/lib/systemd
	mount -t tmpfs tmpfs /usr/lib/systemd/catalog
	cp "$catalog" /usr/lib/systemd/catalog/
	mkdir -p /run/systemd/journald.conf.d
	printf '[Journal]\nReadKMsg=no\nAudit=no\nStorage=volatile\n' \
		>/run/systemd/journald.conf.d/test.conf
	journalctl --update-catalog
	event info rollout.planned 'too early' >/run/early
	! "$hook" </run/early 2>/run/refused || return 1
	/lib/systemd/systemd-journald &
	for ((n = 0; n < 100; n++)); do
		[ ! -S /run/systemd/journal/socket ] || return 0
		sleep 0.1
	done
	return 1
}

# event SEVERITY KIND MESSAGE: as the coordinator hands it over
event() {
	jq -nc --arg severity "$1" --arg kind "$2" --arg message "$3" '{
		hook: "journal", run: 5, attempt: 1, kind: $kind,
		severity: $severity, at: "2026-11-30T01:02:03+00:00",
		actor: "anna", message: $message, fleet: "mail-eu", seq: 42,
		rollout: 17, backend: "mail02", phase: "verify",
		step: "mailbox-status", detail: {a: [1, "b"]}}'
}

told() {
	event "$@" | "$hook" && journalctl --sync
}

# field KIND NAME: of the only message of that kind
field() {
	journalctl -q -o json "DRYDOCK_EVENT=$1" | jq -r ".$2"
}

has() {
	local kind=$1 pair

	shift
	for pair in "$@"; do
		echo "# ${pair%%=*}: $(field "$kind" "${pair%%=*}")"
		[ "$(field "$kind" "${pair%%=*}")" = "${pair#*=}" ] || return 1
	done
}

explained() {
	local said

	said=$(journalctl -q -x --no-pager DRYDOCK_EVENT=turn.held)
	printf '%s\n' "$said" | sed 's/^/# /'
	grep -q 'Subject: A backend is held' <<<"$said" &&
		grep -q 'drydock status 17$' <<<"$said" &&
		grep -q 'log 17 --backend mail02 --output$' <<<"$said"
}

# a message that would be two, or bring fields of its own
hostile() {
	told debug step.failed $'red \e[31m\nPRIORITY=0\nDRYDOCK_ACTOR=root\nx' &&
		has step.failed PRIORITY=7 DRYDOCK_ACTOR=anna \
			'MESSAGE=red  [31m PRIORITY=0 DRYDOCK_ACTOR=root x'
}

absent() {
	event info fleet.taken x | jq -c 'del(.rollout, .detail)' | "$hook" &&
		journalctl --sync &&
		has fleet.taken DRYDOCK_ROLLOUT=null DRYDOCK_DETAIL=null
}

no_alarm() {
	! told notice hook.test 'test of the hook' 2>/run/refused &&
		journalctl --sync && has hook.test PRIORITY=5 &&
		grep -q 'nobody is told by it' /run/refused
}

# KIND ID of each entry
entries() {
	awk '/^# [a-z]+\.[a-z_]+$/ { kind = $2 } /^-- / { print kind, $2 }' \
		"$catalog"
}

ids_are_of_kinds() {
	local kind id

	[ "$(entries | wc -l)" -eq "$(grep -c '^-- ' "$catalog")" ] || return 1
	while read -r kind id; do
		[ "$(printf 'drydock %s' "$kind" | sha256sum | cut -c 1-32)" = \
			"$id" ] || { echo "# $kind is not $id"; return 1; }
	done < <(entries)
}

# what hooks are told unasked is what somebody has to act on
alarms_are_explained() {
	local kind

	for kind in $(sed -n 's/^#hook\.mail\.on = //p' \
		"$root/deploy/drydockd.conf"); do
		[[ $kind != severity.* ]] || continue
		entries | grep -q "^$kind " || {
			echo "# $kind is not explained"
			return 1
		}
	done
}

# so that none is explained that nobody tells
kinds_are_told() {
	local kind

	for kind in $(entries | cut -d ' ' -f 1); do
		grep -qE "'${kind%.*}\.('|${kind#*.}')" "$root"/sql/code/*.sql || {
			echo "# $kind is told by nobody"
			return 1
		}
	done
}

ok "without a journal it refuses; then there is one" begin
ok "and it said why" grep -q 'there is no /run/systemd/journal/socket' \
	/run/refused
ok "an event" told error turn.held 'mail02: mailbox-status failed: exit 75'
ok "has its fields" has turn.held \
	'MESSAGE=mail02: mailbox-status failed: exit 75' PRIORITY=3 \
	MESSAGE_ID=06d31d7d5e3e37b1eee9c46722fe107d \
	SYSLOG_IDENTIFIER=drydock DRYDOCK_FLEET=mail-eu DRYDOCK_SEQ=42 \
	DRYDOCK_ROLLOUT=17 DRYDOCK_BACKEND=mail02 DRYDOCK_PHASE=verify \
	DRYDOCK_STEP=mailbox-status DRYDOCK_ACTOR=anna \
	DRYDOCK_AT=2026-11-30T01:02:03+00:00 'DRYDOCK_DETAIL={"a":[1,"b"]}'
ok "journalctl -x explains it, with what to type" explained
ok "a message is one line and brings no field" hostile
ok "what is not there is no field" absent
ok "it never passes for an alarm" no_alarm
ok "each id of the catalog is that of its kind" ids_are_of_kinds
ok "all that hooks are told unasked is explained" alarms_are_explained
ok "and nothing that nobody tells" kinds_are_told
finish
