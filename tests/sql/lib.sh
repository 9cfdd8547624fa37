# lib.sh - words for SQL tests. Sourced by *.t; database and server come from
# the environment that run sets.
# shellcheck shell=bash disable=SC2154,SC2015,SC2001,SC2028
set -euo pipefail

nr=0

say_ok() {
	nr=$((nr + 1))
	echo "ok $nr - $1"
}

say_not_ok() {
	nr=$((nr + 1))
	echo "not ok $nr - $1"
	sed 's/^/  # /' <<< "${2-}"
}

# as USER SQL...: each in its own psql, terse; errors with their SQLSTATE
as() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -U "$1" \
		-c "$2" 2>&1
}

q() {
	as postgres "$1"
}

# do_ SQL [USER]: quiet when it works, ends the test when not
do_() {
	local got

	if ! got=$(as "${2-postgres}" "$1"); then
		say_not_ok "needed for what follows" "$1"$'\n'"got: $got"
		exit 1
	fi
}

# is NAME EXPECTED SQL [USER]
is() {
	local got

	got=$(as "${4-postgres}" "$3") || true
	if [ "$got" = "$2" ]; then
		say_ok "$1"
	else
		say_not_ok "$1" "expected: $2"$'\n'"got: $got"
	fi
}

# like NAME REGEX SQL [USER]
like() {
	local got

	got=$(as "${4-postgres}" "$3") || true
	if [[ $got =~ $2 ]]; then
		say_ok "$1"
	else
		say_not_ok "$1" "expected: $2"$'\n'"got: $got"
	fi
}

# refused NAME SQLSTATE REGEX SQL [USER]: fails with that code, the text
# (message, detail, hint) matches; our own codes carry DETAIL and HINT
refused() {
	local got

	if got=$(as "${5-postgres}" "$4"); then
		say_not_ok "$1" "it was accepted: $got"
	elif ! [[ $got =~ (ERROR|FATAL):\ +$2: ]] || ! [[ $got =~ $3 ]]; then
		say_not_ok "$1" "expected: $2 $3"$'\n'"got: $got"
	elif [[ $2 == RD* ]] && ! [[ $got =~ DETAIL:\ +[^$'\n'].*HINT:\ +[^$'\n'] ]]; then
		say_not_ok "$1" "no DETAIL and HINT: $got"
	else
		say_ok "$1"
	fi
}

# A session that stays: open_ NAME [USER], tell NAME SQL (does not wait),
# hear NAME (waits for what was told until now), shut NAME
declare -A to from
open_() {
	local user=${2-postgres}

	mkfifo "$tmp/$1.in"
	psql -X -q -A -t -v VERBOSITY=verbose -U "$user" \
		<"$tmp/$1.in" >"$tmp/$1.out" 2>&1 &
	exec {fd}>"$tmp/$1.in"
	to[$1]=$fd
	from[$1]=0
	tell "$1" "set application_name = '$1'"
	hear "$1" >/dev/null
}

tell() {
	echo "$2;" >&"${to[$1]}"
}

hear() {
	local mark="mark-$RANDOM-$RANDOM" i

	echo "\\echo $mark" >&"${to[$1]}"
	for ((i = 0; i < 600; i++)); do
		if grep -q "$mark" "$tmp/$1.out"; then
			tail -n "+$((from[$1] + 1))" "$tmp/$1.out" |
				grep -v "^mark-" || true
			from[$1]=$(wc -l <"$tmp/$1.out")
			return
		fi
		sleep 0.05
	done
	echo "session $1 does not answer"
}

shut() {
	local fd=${to[$1]}

	exec {fd}>&-
	rm -f "$tmp/$1.in" "$tmp/$1.out"
}

# waits until the session waits for a lock
blocked() {
	local i

	for ((i = 0; i < 200; i++)); do
		if [ "$(q "select count(*) from pg_stat_activity
			where application_name = '$1'
			  and wait_event_type = 'Lock'")" = 1 ]; then
			return
		fi
		sleep 0.05
	done
	return 1
}
