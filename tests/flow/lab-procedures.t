#!/bin/bash
# lab-procedures.t - the shipped Dovecot procedures on a real ring, typed as a
# person types them: an upgrade under live users, a reload, and a configuration
# that is wrong and must change nothing.
# shellcheck source=tests/flow/lib-rollout.sh
. "$(dirname "$0")/lib-rollout.sh"

for program in drydock drydockd drydock-ssh drydock-agent; do
	[ -x "$DRYDOCK_BUILD/bin/$program" ] || {
		echo "1..0 # SKIP no $program in $DRYDOCK_BUILD/bin"
		exit 0
	}
done
conf=/etc/dovecot/dovecot.conf
# The waits of a site, made short.
quick="-e soak=2s"

weights() {
	in_service "$1" mail1 100 && in_service "$1" mail2 50 &&
		in_service "$1" mail3 200
}

# plan PROCEDURE ARGUMENTS...: the new plan's number
plan() {
	# shellcheck disable=SC2086
	drydock plan "$@" $quick 2>"$work/plan" | sed -n 's/^Plan \([0-9]*\) .*/\1/p'
}

# roll NUMBER SECONDS: start it and wait until it succeeded
roll() {
	drydock --yes start "$1" >"$work/wait" 2>&1 &&
		drydock wait "$1" --timeout "$2s" >"$work/wait" 2>&1 && return
	{
		cat "$work/wait"
		drydock status "$1"
		drydock log "$1" -n 12
	} 2>&1 | sed 's/^/# /'
	return 1
}

# on_all COMMAND...: its output on every backend, all must agree
on_all() {
	for host in mail1 mail2 mail3; do on "$host" "$@"; done | sort -u
}

permitted() { drydock check "$1" >"$work/check" 2>&1; }
refused() {
	local status=0

	drydock check "$1" >"$work/check" 2>&1 || status=$?
	[ "$status" -eq 5 ]
}

# Only the last line differs from what is there.
conf_make() {
	on mail1 cat $conf | grep -v 'lab-procedures' >"$work/$1"
	echo "$2" >>"$work/$1"
}

# What the Dovecot that runs says, whatever is in its file.
greets() {
	timeout 5 bash -c "exec 3<>/dev/tcp/$(address "$1")/143 &&
		read -r line <&3 && [[ \$line == *'$2'* ]]"
}

soaking() {
	soaks=$(sql "select backend from fleet.step where rollout = $rollout
		and step = 'soak' and state = 'running'")
	[ -n "$soaks" ]
}

# A process of Dovecot dies as by a bug while the backend soaks; nothing else
# shows it than the log.
crash_in_soak() {
	drydock --yes start "$rollout" >/dev/null 2>&1 &&
		wait_until 90 "a soak" soaking &&
		on "$soaks" pkill -SEGV -x anvil &&
		wait_until 60 "a hold" held turn 'quiet no longer holds' &&
		drydock --yes abort "$rollout" --reason "seen" >/dev/null &&
		rollout_ends aborted 60
}

rollout_lab
# What the agents may do is what `drydock procedure allow` prints.
lab agents | sed 's/^/# /'
version=2.0
[ "$(package_version mail1 drydock-lab-sieve)" != 2.0 ] || version=1.0
conf_make new.conf '# lab-procedures was here'
conf_make reloaded.conf 'login_greeting = lab-procedures was here again'
conf_make bad.conf 'nonsense_setting = yes'
before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)

observe_start "$work/observed.json"
load_start 125 "$work/load.json"
upgrade=$(plan dovecot-obox-upgrade -e drain_wait=15s \
	-e drain_short=known -e settle=2s -e "packages=drydock-lab-*=$version" \
	-e "config=$work/new.conf")
ok "every agent permits every command of the plan" permitted "$upgrade"
ok "the upgrade succeeds" roll "$upgrade" 200
ok "never two out at one instant" observe_stop
ok "all content is there once" load_wait
ok "no login failed" test "$(json_get "$work/load.json" logins_failed)" -eq 0
ok "no delivery was deferred" \
	test "$(json_get "$work/load.json" deliveries_deferred)" -eq 0
ok "the packages are new on every backend" test "$version" = \
	"$(on_all dpkg-query -W -f "\${Version}\n" drydock-lab-sieve)"
ok "so is the configuration" test "$(tail -1 "$work/new.conf")" = \
	"$(on_all tail -1 $conf)"
ok "every weight is as before" weights dir1
ok "on the other director too" weights dir2
ok "every Dovecot was restarted" test "$before" != \
	"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"

before=$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)
ok "the reload succeeds" roll \
	"$(plan dovecot-reload -e "config=$work/reloaded.conf")" 60
ok "its configuration is in place" test "$(tail -1 "$work/reloaded.conf")" = \
	"$(on_all tail -1 $conf)"
ok "no Dovecot was restarted" test "$before" = \
	"$(main_pid mail1)$(main_pid mail2)$(main_pid mail3)"
ok "and it is what runs" greets mail3 'lab-procedures was here again'

quick="-e soak=50s"
rollout=$(plan dovecot-reload)
ok "a crash that only the log shows ends a soak" crash_in_soak
bad_plan=$(plan dovecot-reload -e "config=$work/bad.conf")
ok "a wrong configuration is found by check" refused "$bad_plan"
ok "check says why" grep -q 'not valid: doveconf ended with 89' "$work/check"
ok "nothing was changed" test "$(tail -1 "$work/reloaded.conf")" = \
	"$(on_all tail -1 $conf)"
ok "mail text is in mail alone" test -z "$(secret_places)"
finish
