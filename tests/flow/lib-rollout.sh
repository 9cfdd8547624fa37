#!/bin/bash
# lib-rollout.sh - rollouts of shipped procedures on the lab, for tests.
#
# Sourced. rollout_lab brings a lab in order with a database of its own,
# whatever an earlier test left behind; rollout_start sets $rollout.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib-lab.sh"

rollout=0

rollout_lab() {
	local program procedure

	for program in drydock drydockd drydock-ssh drydock-agent; do
		[ -x "$DRYDOCK_BUILD/bin/$program" ] || {
			echo "1..0 # SKIP no $program in $DRYDOCK_BUILD/bin"
			exit 0
		}
	done
	lab_start
	lab reset --database | sed 's/^/# /'
	for procedure in "$root"/deploy/procedures/*.yaml; do
		drydock -q procedure add "$procedure" >/dev/null
	done
	wait_until 40 "a coordinator to hold the fleet" holds lab
}

sql() { psql -XqAt -c "$1"; }

truth() { [ "$(sql "select $1")" = t ]; }

# holds FLEET: somebody alive steers it
holds() {
	truth "exists (select from fleet_internal.fleet where name = '$1'
		and holder is not null)"
}

# rollout_start ARGUMENTS OF drydock start: short waits, whatever is tested; a
# drain_wait is shorter than a director needs, and that is known. What its check
# found (exit 5) is shown; the rollout waits then.
rollout_start() {
	local status=0

	[[ $* != *drain_wait=* || $* == *drain_short=* ]] ||
		set -- "$@" -e drain_short=known
	drydock --yes start "$@" >"$work/start.out" 2>&1 || status=$?
	[ "$status" -eq 0 ] || sed 's/^/# /' "$work/start.out"
	[ "$status" -eq 0 ] || [ "$status" -eq 5 ] || return 1
	rollout=$(sed -n 's/^rollout \([0-9]*\) is started.*/\1/p' \
		"$work/start.out")
}

dovecot_start() {
	rollout_start dovecot-obox-upgrade -e "drain_wait=${DRAIN:-10s}" \
		-e settle=1s -e "soak=${SOAK:-1s}" "$@"
}

# restart_plan ARGUMENTS: planned, not started; $rollout
restart_plan() {
	drydock plan "${PROCEDURE:-dovecot-obox-restart}" \
		-e "drain_wait=${DRAIN:-10s}" -e drain_short=known \
		-e settle=1s -e "soak=${SOAK:-1s}" "$@" >"$work/plan.out" 2>&1
	rollout=$(sql "select max(rollout) from fleet.rollout")
}

rollout_is() {
	truth "exists (select from fleet.rollout where rollout = $rollout
		and state = '$1')"
}

turn_is() {
	truth "exists (select from fleet.turn where rollout = $rollout
		and backend = '$1' and state = '$2')"
}

# step_is BACKEND STEP STATE
step_is() {
	truth "exists (select from fleet.step where rollout = $rollout
		and backend = '$1' and step = '$2' and state = '$3')"
}

# held KIND TEXT: such a hold stands, its reason has the text
held() {
	truth "exists (select from fleet.hold where rollout = $rollout
		and kind = '$1' and why like '%$2%')"
}

# event TEXT: some event of the rollout says so
event() {
	truth "exists (select from fleet.event where rollout = $rollout
		and message like '%$1%')"
}

# stopping BACKEND: systemd is at it
stopping() {
	[ "$(on "$1" systemctl show -p ActiveState --value dovecot)" = \
		deactivating ]
}

stopped() {
	[ "$(on "$1" systemctl show -p ActiveState --value dovecot)" = inactive ]
}

# user_stays NAME BACKEND: connected through dir1 until Dovecot stops there
user_stays() {
	local fd

	on dir1 doveadm director move "$1" "$(address "$2")"
	exec {fd}<>"/dev/tcp/$(address dir1)/143"
	printf 'a login %s x\r\n' "$1" >&"$fd"
	timeout 20 grep -qm1 '^a OK' <&"$fd"
}

user_on() {
	local row

	row=$(director_row dir1 "$1") && [[ $row != *" 0" ]]
}

# rollout_ends STATE SECONDS: else what happened, for whoever reads it
rollout_ends() {
	wait_until "$2" "rollout $rollout to be $1" rollout_is "$1" && return
	sql "select format('# %s %s %s', to_char(at, 'HH24:MI:SS'), kind,
		left(message, 110)) from fleet.event where rollout = $rollout
		order by seq"
	sql "select '# hold ' || kind || ': ' || why from fleet.hold"
	return 1
}

# ran_once [ROLLOUT]: by the agents' own journals, compared with the rows
ran_once() {
	/usr/bin/python3 "$root/tests/flow/lab_journal.py" once \
		"${1:-$rollout}"
}

# ran_again: the same, where what was lost or failed may have been begun again
ran_again() {
	/usr/bin/python3 "$root/tests/flow/lab_journal.py" again "$rollout"
}

# ran_as_told: each attempt once, by the agents' journals, and nothing else; and
# nobody was stopped twice, whatever was drained again after a pause
ran_as_told() {
	local journal=$root/tests/flow/lab_journal.py

	/usr/bin/python3 "$journal" told "$rollout" &&
		/usr/bin/python3 "$journal" times "$rollout" stop-dovecot \
			>"$work/stops" && [ -s "$work/stops" ] &&
		[ -z "$(cut -d' ' -f1 "$work/stops" | sort | uniq -d)" ]
}

weights() {
	local director

	for director in dir1 dir2; do
		in_service "$director" mail1 100 &&
			in_service "$director" mail2 50 &&
			in_service "$director" mail3 200 || return 1
	done
}

# asks_prepare: from now on ask_in works in this lab's database. What it asks is
# asked in the very transaction in which the step begins: no race, no waiting.
asks_prepare() {
	psql -Xq -v ON_ERROR_STOP=1 <<'SQL'
grant fleet_operator to drydockd;
create schema asks;
create table asks.ask (nr serial, rollout bigint, backend text, step text,
	verb text, answer text);
create function asks.now(r bigint, verb text, step text) returns text
language plpgsql as $$
begin
	if exists (select from fleet_internal.pause p
			where p.rollout_id = r and p.ended_at is null) then
		perform fleet.resume(r);
	end if;
	return case verb when 'abort' then fleet.abort(r, 'asked in ' || step)
		when 'keep' then fleet.pause(r, 'asked in ' || step,
			'keep_drained', '30 min')
		else fleet.pause(r, 'asked in ' || step) end;
end $$;
create function asks.begun() returns trigger language plpgsql
security definer as $$
declare
	a asks.ask;
	r bigint;
	b text;
begin
	select t.rollout_id, x.name into r, b from fleet_internal.turn t
	  join fleet_internal.backend x using (backend_id)
	 where t.turn_id = new.turn_id;
	select * into a from asks.ask y where y.rollout = r and y.backend = b
	   and y.step = new.name and y.answer is null;
	if found then
		update asks.ask y set answer = asks.now(r, a.verb, new.name)
		 where y.nr = a.nr;
	end if;
	return null;
end $$;
create trigger asks after update of state on fleet_internal.step
	for each row when (new.state = 'running' and old.state = 'pending')
	execute function asks.begun();
SQL
}

# Roles outlive the database.
asks_end() { sql "revoke fleet_operator from drydockd"; }

# ask_in BACKEND STEP pause|keep|abort: while that step runs, once
ask_in() {
	sql "insert into asks.ask (rollout, backend, step, verb)
		values ($rollout, '$1', '$2', '$3')"
}

# was_told BACKEND STEP TEXT: what the person who asked was answered
was_told() {
	truth "exists (select from asks.ask where rollout = $rollout
		and backend = '$1' and step = '$2' and answer ~ '$3')" && return
	sql "select '# ' || coalesce(answer, 'not asked') from asks.ask
		where rollout = $rollout and backend = '$1' and step = '$2'"
	return 1
}

# rests SECONDS STATE: the rollout comes to rest in that state
rests() { rollout_ends "$2" "$1"; }

# An hour later, for all that reads the database's clock.
hour_later() {
	sql "insert into fleet_internal.clock_offset (offset_by) values ('1 h')
		on conflict (only_one) do update
		set offset_by = clock_offset.offset_by + '1 h'"
}

# weighs BACKEND WEIGHT: in service with it, on both
weighs() { in_service dir1 "$1" "$2" && in_service dir2 "$1" "$2"; }

# emptied BACKEND: stopped, marked down, and nobody is mapped to it
emptied() {
	local director row

	stopped "$1" || return 1
	for director in dir1 dir2; do
		row=$(director_row "$director" "$1") &&
			[[ $row == "0 down 0" ]] && continue
		echo "# $1 on $director: $row"
		return 1
	done
}

# sheet BACKEND: how to finish by hand
sheet() { on "$1" cat /var/lib/drydock/SHEET; }

sheet_is_same() {
	drydock status "$rollout" --sheet >"$work/status"
	sheet "$1" >"$work/sheet"
	cmp "$work/status" "$work/sheet"
}

# sheet_to_do BACKEND: "HOST<tab>COMMAND<tab>ONLY-WHEN" of every line that is
# not [x]
sheet_to_do() {
	sheet "$1" | awk -v here="$1" '
	function put() {
		if (command != "" && command !~ /^wait /)
			print (host == "here" ? here : host) "\t" command \
				"\t" when
		command = when = ""
	}
	/^Or back/ { exit }
	/^  \[.\] / { put() }
	/^  \[[ ?]\] / {
		host = $0
		sub(/^.*, /, "", host)
		sub(/:$/, "", host)
		getline command
		sub(/^ +/, "", command)
	}
	/^        only when / { when = substr($0, 19) }
	END { put() }'
}

# sheet_back BACKEND: the same of its other half, which undoes what was begun
sheet_back() {
	sheet "$1" | awk -v here="$1" '
	/^What the names/ { exit }
	/^      undo of / {
		host = $0
		sub(/^.*, /, "", host)
		sub(/:$/, "", host)
		getline command
		sub(/^ +/, "", command)
		print (host == "here" ? here : host) "\t" command "\t"
	}'
}

# sheet_applies BACKEND CONDITION: read there by the command that the sheet
# names for it; 2 when a person would not know
sheet_applies() {
	local command found

	[ -n "$2" ] || return 0
	[[ $2 =~ ^([a-z-]+)\.text\ (!?)~\ \"(.*)\"$ ]] || return 2
	command=$(sheet "$1" | grep -A1 "^  ${BASH_REMATCH[1]}, here:$" |
		sed -n 's/^        //p')
	[ -n "$command" ] || return 2
	found=$(on "$1" sh -c "$command" | grep -cE -- "${BASH_REMATCH[3]}") ||
		true
	case ${BASH_REMATCH[2]} in
	!) [ "$found" -eq 0 ] ;;
	*) [ "$found" -gt 0 ] ;;
	esac
}

# sheet_followed BACKEND sheet_to_do|sheet_back: what was done is in $work/done.
sheet_followed() {
	local hosts host command when status

	"$2" "$1" >"$work/to-do"
	sed 's/^/# /' "$work/to-do"
	[ -s "$work/to-do" ] || return 1
	: >"$work/done"
	while IFS=$'\t' read -r -u 3 hosts command when; do
		status=0
		sheet_applies "$1" "$when" || status=$?
		[ "$status" -ne 2 ] || return 1
		[ "$status" -eq 0 ] || continue
		for host in ${hosts#on each of }; do
			on "$host" sh -c "$command" >/dev/null || return 1
		done
		echo "$command" >>"$work/done"
		sleep 1.2
	done 3<"$work/to-do"
}

# sheet_alone BACKEND [sheet_back]: followed, to its end or back, while there is
# neither coordinator nor database
sheet_alone() {
	local status=0

	lab coordinator stop
	lab database stop
	sheet_followed "$1" "${2:-sheet_to_do}" || status=1
	lab database start
	lab coordinator start
	wait_until 40 "a coordinator to hold the fleet" holds lab
	return "$status"
}
