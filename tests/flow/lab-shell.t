#!/bin/bash
# lab-shell.t - `plan --as-shell`: a whole turn of the upgrade, then one of the
# restart, typed by a script, while coordinator and database are gone; and what
# it refuses to do.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

script=
# typed: what it says is in $work/typed
typed() {
	local rc=0

	ON=$work/on FILES=$work/files timeout 200 bash "$script" \
		>"$work/typed" 2>&1 || rc=$?
	[ "$rc" -eq "$1" ] && return
	sed 's/^/# /' "$work/typed"
	return 1
}

# by_head COMMAND: with the script's own words for what hosts say
by_head() {
	bash -c "$(sed '/^# --- the fleet/,$d' "$script")
$1"
}

reads() {
	local tab

	tab=$(printf 'mail server ip\tuse-d\n10.0.0.1\t7\n10.0.0.2\t8\n')
	test "$(by_head 'cell tab use_d "mail server ip=10.0.0.2"' <<<"$tab")" \
		= 8 &&
		test "$(by_head 'cell tab count ""' <<<"$tab")" = 2 &&
		! by_head 'cell tab use_d ""' <<<"$tab" &&
		! by_head 'cell tab other "use_d=7"' <<<"$tab" &&
		test "$(by_head 'cell json vhosts "a b=x"' \
			<<<'[{"a b":"y","vhosts":1},{"a b":"x","vhosts":20}]')" \
			= 20 && test "$(by_head 'cell kv A ""' <<<A=b=c)" = b=c
}

compares() {
	by_head 'is 10 ">" 9 && is "1min 30s" ">=" 90s && is "15 mins" == 15m &&
		is "ring synced" "~" "^ring s" && is "" == "" &&
		! is "" == 0 && ! is x "<" 9 && ! is imap == "imap lmtp" &&
		! is 0 "!~" 0'
}

recognised() {
	drydock check "$1" >"$work/check" 2>&1 && return
	sed 's/^/# /' "$work/check"
	return 1
}

rollout_lab
lab reset | sed 's/^/# /'
script=$work/by-hand.sh
mkdir -p "$work/files"
printf '#!/bin/sh\nexec "%s" exec "$@"\n' "$root/deploy/lab/lab" >"$work/on"
chmod +x "$work/on"
{
	on mail2 cat /etc/dovecot/dovecot.conf | grep -v '^# by hand'
	echo '# by hand'
} >"$work/new.conf"
packages=drydock-lab-sieve=2.0,drydock-lab-sieve-common=2.0
[ "$(package_version mail2 drydock-lab-sieve)" = 1.0 ] ||
	on mail2 apt-get install -qq -y --allow-downgrades \
		drydock-lab-sieve=1.0 drydock-lab-sieve-common=1.0 >/dev/null
drydock -q plan dovecot-obox-upgrade -e config="$work/new.conf" \
	-e "packages=$packages" \
	-e drain_wait=10s -e drain_short=known -e soak=1s --only mail2 \
	>"$work/plan"
plan=$(sed -n 's/^Plan \([0-9]*\) .*/\1/p' "$work/plan")
drydock -q plan "$plan" --as-shell >"$script"
restart_plan --only mail3
drydock -q plan "$rollout" --as-shell >"$work/restart.sh"
cp "$work/new.conf" "$work/files/$(sha256sum <"$work/new.conf" | cut -d' ' -f1)"
ok "the script is one" bash -n "$script"
ok "it reads what hosts print" reads
ok "it compares as drydock does" compares

before=$(main_pid mail2)
lab coordinator stop
lab database stop
on dir1 doveadm director update "$(address mail3)" 0
ok "another backend is not in service: it stops before anything" typed 1
ok "and says so" grep -q 'STOPPED: mail3 is not in service' "$work/typed"
ok "nothing was touched" test "$(main_pid mail2)" = "$before"
ok "nor its weight" in_service dir2 mail2 50
sleep 1.1
on dir1 doveadm director update "$(address mail3)" 200
ok "all in service: it goes to its end" typed 0
ok "mail2 was restarted" test "$(main_pid mail2)" != "$before"
ok "with the new file" test "$(tail -1 "$work/new.conf")" = \
	"$(on mail2 tail -1 /etc/dovecot/dovecot.conf)"
ok "and the new packages" \
	test "$(package_version mail2 drydock-lab-sieve)" = 2.0
ok "every weight is as before" weights
script=$work/restart.sh before=$(main_pid mail3)
ok "the restart's goes to its end, too" typed 0
ok "mail3 was restarted" test "$(main_pid mail3)" != "$before"
ok "every weight is as before after that" weights
lab database start
lab coordinator start
wait_until 40 "a coordinator to hold the fleet" holds lab
ok "drydock, back again, finds a whole fleet" recognised "$plan"
ok "for either plan" recognised "$rollout"
finish
