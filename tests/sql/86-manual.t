#!/bin/bash
# 86-manual.t - the SQL interface as a product: sql/manual has every view, column
# and function with its words, what sql/README.md names exists, its examples and
# the README's run as they stand, and the channels carry what it says.
. ./lib.sh

guide=$top/sql/README.md

do_ "select test.running('mail-eu', 1)"
do_ "select test.take(1, 1)"

"$top/sql/manual" >"$tmp/manual"
is "the manual has every view and function" '' "
	select n from (select 'fleet.' || viewname from pg_views where schemaname = 'fleet'
	union all select distinct 'fleet.' || proname from pg_proc
	where pronamespace = 'fleet'::regnamespace) x (n)
	except select unnest('{$(sed -nE 's/^## (fleet\.[a-z_]+).*/\1/p' "$tmp/manual" | paste -sd,)}'::text[])"
is "and every column" "$(grep -c '^- `' "$tmp/manual")" \
	"select count(*) from information_schema.columns where table_schema = 'fleet'"
is "each with its words" 0 "select $(grep -cE '^- `.*: *$' "$tmp/manual" || true)"
is "every name in the guide is one" '' "
	select unnest('{$(grep -oE '\bfleet\.[a-z_]+' "$guide" "$top/README.md" -h | sort -u | grep -v '^fleet\.yaml$' | paste -sd,)}'::text[])
	except select 'fleet.' || viewname from pg_views where schemaname = 'fleet'
	except select 'fleet.' || proname from pg_proc where pronamespace = 'fleet'::regnamespace"

# the statements of a file's sql blocks, about what there is here
examples() {
	awk '/^```sql/ { on = 1; next } /^```/ { on = 0 }
		on { sub(/ *-- .*/, ""); t = t " " $0
		     if (/;[ ]*$/ && t ~ /[a-z]/) { print t; t = "" } }' "$1" |
		sed -E 's/\b17\b/1/g; s/mail02/mail-eu2/g; s/mail03/mail-eu3/g'
}

# each by an operator, and taken back
n=0
try_examples() {
	local text got

	while IFS= read -r text; do
		n=$((n + 1))
		got=$(as anna "begin; $text; rollback" || true)
		if [[ $got =~ ERROR|FATAL ]]; then
			say_not_ok "${1##*/}:${text:0:60}" "$text"$'\n'"$got"
		else
			say_ok "${1##*/}:${text:0:60}"
		fi
	done < <(examples "$1")
}
try_examples "$guide"
try_examples "$top/README.md"
if [ "$n" -ge 20 ]; then say_ok "$n examples"; else say_not_ok "$n examples"; fi

# what listeners hear
note=$(psql -X -q -A -t -U anna 2>&1 <<-'SQL'
	listen fleet_event;
	listen fleet_command;
	select fleet.pause(1, 'tea');
	SQL
)
if [[ $note =~ \"fleet_event\".*\"fleet\"\ :\ \"mail-eu\",\ \"seq\"\ :\ [0-9]+,\ \"kind\"\ :\ \"rollout.pausing\",\ \"severity\"\ :\ \"notice\",\ \"rollout\"\ :\ 1 ]]; then
	say_ok "fleet_event tells fleet, number, kind, severity, rollout"
else
	say_not_ok "fleet_event tells fleet, number, kind, severity, rollout" "$note"
fi
if [[ $note =~ \"fleet_command\"\ with\ payload\ \"1\" ]]; then
	say_ok "fleet_command wakes coordinators"
else
	say_not_ok "fleet_command wakes coordinators" "$note"
fi
