# How a command gets to a host: over ssh as root, or ON=PROGRAM is called as
# PROGRAM HOST COMMAND...  FILES=DIR has the files that are copied, by sha256.
set -euo pipefail
declare -A ADDR HOSTS FORMAT COLUMNS S
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
UNDO=() SEEN=

on() {
	if [ -n "${ON-}" ]; then
		"$ON" "$@"
	else
		local host=$1
		shift
		ssh "root@${ADDR[$host]}" "$(printf '%q ' "$@")"
	fi
}

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

# What went wrong, and the way back as far as it is known.
die() {
	local i

	say "STOPPED: $*"
	[ -z "$SEEN" ] || say "seen: $SEEN"
	[ ${#UNDO[@]} -eq 0 ] || say "the way back, in this order:"
	for ((i = ${#UNDO[@]} - 1; i >= 0; i--)); do echo "    ${UNDO[i]}"; done
	exit 1
}

undo() { UNDO+=("on $1: ${*:2}"); }

# --- what hosts say ---

# A duration or a number, in seconds; false when it is neither.
seconds() {
	local text=$1 sum=0 n
	[[ $text =~ ^-?[0-9]+$ ]] && echo "$text" && return
	while [[ $text =~ ^\ *([0-9]+)\ *([a-z]+)(.*)$ ]]; do
		n=${BASH_REMATCH[1]} text=${BASH_REMATCH[3]}
		case ${BASH_REMATCH[2]} in
		s | sec | secs | second | seconds) ;;
		m | min | mins | minute | minutes) n=$((n * 60)) ;;
		h | hour | hours) n=$((n * 3600)) ;;
		d | day | days) n=$((n * 86400)) ;;
		*) return 1 ;;
		esac
		sum=$((sum + n))
	done
	[ -z "$text" ] && echo "$sum"
}

# is LEFT OP RIGHT
is() {
	local a b
	case $2 in
	'~') [[ $1 =~ $3 ]] && return || return 1 ;;
	'!~') [[ ! $1 =~ $3 ]] && return || return 1 ;;
	esac
	if [[ $1 == {*} && $3 == {*} ]]; then
		case $2 in
		'>=') has "$1" "$3" ;;
		'<=') has "$3" "$1" ;;
		==) has "$1" "$3" && has "$3" "$1" ;;
		!=) ! has "$1" "$3" || ! has "$3" "$1" ;;
		*) return 1 ;;
		esac
		return
	fi
	if a=$(seconds "$1") && b=$(seconds "$3") && [ -n "$1" ]; then
		# shellcheck disable=SC1102
		[ "$((a $2 b))" -eq 1 ] && return || return 1
	fi
	case $2 in
	==) [ "$1" = "$3" ] ;;
	!=) [ "$1" != "$3" ] ;;
	*) return 1 ;;
	esac
}

# cell FORMAT COLUMN ROWS: of the one row that fits, or how many (count)
cell() {
	sed 's/},[[:space:]]*{/}\n{/g' | awk -v form="$1" -v column="$2" \
		-v rows="$3" '
	function norm(s) { gsub(/[ -]/, "_", s); return s }
	function unquote(s) { gsub(/^"|"$/, "", s); return s }
	function json(line,    k, v) {
		while (match(line, /"[^"]*":[ ]*("[^"]*"|[^,}]*)/)) {
			k = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART + RLENGTH)
			v = k
			sub(/":.*$/, "", k); sub(/^"[^"]*":[ ]*/, "", v)
			c[norm(unquote(k))] = unquote(v)
		}
	}
	function row(    i, p) {
		for (i = 1; i <= n; i++) {
			p = index(want[i], "=")
			if (c[norm(substr(want[i], 1, p - 1))] != \
			    substr(want[i], p + 1))
				return
		}
		count++
		if (column in c)
			value = c[column]
		else
			missing = 1
	}
	BEGIN { n = split(rows, want, "\n"); if (form == "tab") FS = "\t" }
	form == "tab" && NR == 1 {
		for (i = 1; i <= NF; i++) name[i] = norm($i)
		next
	}
	form == "tab" && $0 != "" {
		for (i = 1; i <= NF; i++) c[name[i]] = $i
		row()
	}
	form == "json" && /:/ { split("", c); json($0); row() }
	form == "kv" && index($0, "=") {
		c[norm(substr($0, 1, index($0, "=") - 1))] = \
			substr($0, index($0, "=") + 1)
	}
	END {
		if (form == "kv") row()
		if (column == "count") print count + 0
		else if (count == 1 && !missing) print value
		else exit 1
	}'
}

# has SET SET: {a b c} and {a c}, the first has all of the second
has() {
	local word words set=" ${1:1:-1} "
	read -ra words <<<"${2:1:-1}"
	for word in "${words[@]}"; do
		[[ $set == *" $word "* ]] || return 1
	done
}

# value PROBE COLUMN HOST: false when nobody knows
value() {
	local rc=0
	"ask_$1" "$3" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	[ "$rc" -ne 255 ] || return 1
	case $2 in
	asked) wc -w <<<"${HOSTS[$1]}" && return ;;
	exit) echo "$rc" && return ;;
	stderr) cat "$tmp/err" && return ;;
	connected) [ "$rc" -eq 0 ] && echo true || echo false; return ;;
	esac
	case "${FORMAT[$1]} $2" in
	"text text" | "text value" | "duration "[tv]*) cat "$tmp/out" ;;
	"text lines") wc -l <"$tmp/out" ;;
	"counts lines") awk '{ print $1 }' "$tmp/out" ;;
	"counts bytes") awk '{ print $2 }' "$tmp/out" ;;
	"duration plus_"*)
		local sum
		sum=$(seconds "$(cat "$tmp/out")") || return 1
		echo "$((sum + $(seconds "${2#plus_}")))s"
		;;
	"text bytes") wc -c <"$tmp/out" ;;
	"text set_"*)
		echo "{$(awk -v n="${2#set_}" 'NF { print $n }' "$tmp/out" |
			LC_ALL=C sort -u | paste -sd ' ' -)}"
		;;
	*) cell "${FORMAT[$1]}" "$2" "$("rows_$1")" <"$tmp/out" ;;
	esac
}

# t PROBE COLUMN OP VALUE: on every host that is asked
t() {
	local host seen
	for host in ${HOSTS[$1]}; do
		seen=$(value "$1" "$2" "$host") || {
			SEEN="$1.$2 is not known on $host"
			return 1
		}
		SEEN="$1.$2 was $seen on $host, wanted $3 $4"
		is "$seen" "$3" "$4" || return 1
	done
}

# same PROBE COLUMN HOST...
same() {
	local first host seen
	first=$(value "$1" "$2" "$3") || return 1
	for host in "${@:3}"; do
		seen=$(value "$1" "$2" "$host") || return 1
		SEEN="$1.$2 is $first on $3 and $seen on $host"
		[ "$seen" = "$first" ] || return 1
	done
}

# peer NAME ADDRESS: is that one in service?
peer() {
	local address=$2 was=${HOSTS[service]} rc=0
	HOSTS[service]=${was/#$backend/$1}
	in_service || rc=1
	HOSTS[service]=$was
	return $rc
}

# peers: how many of the others are
peers() {
	local i n=0
	for ((i = 0; i < ${#PEERS[@]}; i += 2)); do
		! peer "${PEERS[@]:i:2}" || n=$((n + 1))
	done
	echo "$n"
}

# Never two out: all others serve, or this one is not taken.
peers_serve() {
	local i
	for ((i = 0; i < ${#PEERS[@]}; i += 2)); do
		peer "${PEERS[@]:i:2}" || die "${PEERS[i]} is not in service"
	done
}

# out COLUMN: of the last command
out() {
	case $1 in
	exit) echo "$rc" ;;
	text) cat "$tmp/run.out" ;;
	stderr) cat "$tmp/run.err" ;;
	lines) wc -l <"$tmp/run.out" ;;
	bytes) wc -c <"$tmp/run.out" ;;
	esac
}

tcp() {
	# shellcheck disable=SC2016
	on "$1" bash -c 'exec 3<>"/dev/tcp/$0/$1" && read -r -t 5 -u 3 line &&
		echo "$line"' "$2" "$3"
}

# keep STEP.NAME PROBE COLUMN: remembered for what comes
keep() {
	local host seen
	for host in ${HOSTS[$2]}; do
		seen=$(value "$2" "$3" "$host") || die "$2.$3 is not known on $host"
		[ "${S[$1]-$seen}" = "$seen" ] || die "$2.$3 differs: $seen on $host"
		S[$1]=$seen
	done
	say "remember $1 = ${S[$1]}"
}

# --- what is done ---

begin() { say "$backend  $1"; now=$1; }
passed() { S[$now.state]=passed; }
skip() { S[$1.state]=skipped; say "$backend  $1: left out, $2"; }
must() { cond || die "$1"; }

# await SECONDS CONFIRM: cond holds, and twice that far apart
await() {
	local until=$((SECONDS + $1))
	until cond && { [ "$2" -eq 0 ] || { sleep "$2" && cond; }; }; do
		[ $SECONDS -lt $until ] || return 1
		sleep 1
	done
}

# run HOST COMMAND...: its exit status in $rc
run() {
	rc=0
	on "$@" >"$tmp/run.out" 2>"$tmp/run.err" </dev/null || rc=$?
	say "$1: ${*:2}: exit $rc"
}

# poll SECONDS EVERY
poll() {
	local until=$((SECONDS + $1))
	until cond; do
		[ $SECONDS -lt $until ] || return 1
		sleep "$2"
	done
}

# put HOST SHA256 TO MODE; new_file is what it is called until it is checked
put() {
	local from=${FILES:-.}/$2
	sha256sum "$from" | grep -q "^$2 " || die "no $from with this sha256"
	on "$1" cp -a "$3" "$3.before" || die "$3 is not there"
	on "$1" tee "$3.new" <"$from" >/dev/null || die "$3.new"
	on "$1" chmod "$4" "$3.new" || die "$3.new"
}
