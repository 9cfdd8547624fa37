#!/bin/bash
# 51-crowd.t - many people steer at once: no call is lost, none is half done,
# each has its event, in order; of two that contradict each other both are told.
. ./lib.sh

people=10 calls=10

do_ "select test.running('mail', 1)"
for ((p = 1; p <= people; p++)); do
	do_ "create role p$p login in role fleet_operator"
done
was=$(q "select revision || '|' || (select last_event from fleet.fleet) from fleet.rollout")

# what person $1 types: every fourth call has another verb
types() {
	local n verbs=(
		"fleet.pause(1, '%s')" "fleet.resume(1, '%s')"
		"fleet.exclude('mail', 'mail3', '%s')"
		"fleet.include('mail', 'mail3')"
	)

	for ((n = 0; n < calls; n++)); do
		# shellcheck disable=SC2059
		printf "select ${verbs[($1 + n) % 4]};\n" "p$1-$n"
	done
}

for ((p = 1; p <= people; p++)); do
	types "$p" | psql -X -q -A -t -v VERBOSITY=verbose -U "p$p" \
		>"$tmp/said$p" 2>&1 &
	pids[p]=$!
done
wait "${pids[@]}"
cat "$tmp"/said* >"$tmp/said"

said() {
	grep -cE "$1" "$tmp/said" || true
}

paused=$(said '^rollout 1: rests') resumed=$(said '^rollout 1 goes on')
excluded=$(said '^mail3 is excluded') included=$(said '^mail3 takes part')
refused=$(said '^(psql:.*)?ERROR:  RD002')
all=$((paused + resumed + excluded + included))
is "each of the $((people * calls)) calls has its answer" \
	"$((people * calls))" "select $all + $refused"
is "of every kind some were done: $paused $resumed $excluded $included" t \
	"select least($paused, $resumed, $excluded, $included) > 0"
is "each that was done raised the revision once" $((${was%|*} + all)) \
	"select revision from fleet.rollout"
is "and has its event, once, by who typed it" \
	"$paused|$resumed|$excluded|$included" "select
	count(distinct message) filter (where kind = 'rollout.pausing' and message like 'pause asked: ' || actor || '-%'),
	count(distinct message) filter (where kind = 'rollout.resumed' and message like 'resumed: ' || actor || '-%'),
	count(distinct message) filter (where kind = 'backend.excluded' and actor ~ '^p[0-9]+$'),
	count(*) filter (where kind = 'backend.include' and actor ~ '^p[0-9]+$')
	from fleet.event"
is "events have no gap" t "select max(seq) = count(*) from fleet.event"
is "their times follow their numbers" 0 "select count(*) from (select at,
	lag(at) over (order by seq) as before from fleet.event) x where at < before"
is "no pause was taken while one stood" 0 "select count(*) from (select kind,
	lag(kind) over (order by seq) as before from fleet.event
	where kind in ('rollout.pausing', 'rollout.resumed')) x
	where kind = before"
is "what stands is what was done last" t "select (paused_by is not null) =
	((select kind from fleet.event where kind in ('rollout.pausing', 'rollout.resumed')
	order by seq desc limit 1) = 'rollout.pausing') from fleet.rollout"

# resume and abort at the same instant, in either order
open_ one p1
open_ two p2
open_ lock
together() {
	tell lock "begin; select from fleet_internal.fleet for update"
	hear lock >/dev/null
	tell one "$1"
	blocked one || true
	tell two "$2"
	blocked two || true
	tell lock commit
	hear lock >/dev/null
	first=$(hear one)
	second=$(hear two)
}

says() {
	if [[ $2 =~ $3 ]]; then say_ok "$1"; else say_not_ok "$1" "$2"; fi
}

do_ "select fleet.pause(1, 'lunch') from fleet.rollout where paused_by is null"
together "select fleet.resume(1)" "select fleet.abort(1, 'enough')"
says "resume before abort: it goes on" "$first" 'rollout 1 goes on'
says "and then ends" "$second" 'rollout 1 ends: no backend is in hand'
do_ "select test.adv(1, '[{\"op\": \"rollout\", \"to\": \"aborted\"}]')"
do_ "select fleet.start(test.plan('mail'))"
do_ "select fleet.pause(2, 'lunch')"
together "select fleet.abort(2, 'enough')" "select fleet.resume(2)"
says "abort before resume: it ends" "$first" 'rollout 2 ends'
says "and who would go on is told by whom and why" "$second" \
	'RD002: rollout 2 is being aborted, so it cannot be resumed.*Asked by p1 at .*: enough'
is "one intent stands" 'abort|p1|' "select ending, ending_by, paused_by from fleet.rollout where rollout = 2"

# and all of them at once, each for one and then for the other
do_ "select test.adv(2, '[{\"op\": \"rollout\", \"to\": \"aborted\"}]')"
do_ "select fleet.start(test.plan('mail'))"
do_ "select fleet.pause(3, 'lunch')"
begun=$(q "select last_event from fleet.fleet")
for ((p = 1; p <= people; p++)); do
	calls=("select fleet.resume(3);" "select fleet.abort(3, 'p$p');")
	printf '%s\n' "${calls[p % 2]}" "${calls[1 - p % 2]}" |
		psql -X -q -A -t -v VERBOSITY=verbose -U "p$p" \
			>"$tmp/said$p" 2>&1 &
	pids[p]=$!
done
wait "${pids[@]}"
cat "$tmp"/said* >"$tmp/said"
resumed=$(said '^rollout 3 goes on') ended=$(said '^rollout 3 ends')
is "of many aborts one counts, and at most one goes on before" t \
	"select $ended = 1 and $resumed <= 1"
is "everybody else is told why not" "$((2 * people - ended - resumed))" \
	"select $(said 'ERROR:  RD002')"
is "most of them by whom it is being aborted" t "select $(said \
	'^DETAIL:  Asked by p[0-9]+ at .*: p[0-9]+') >= $((people - 1))"
is "the intent is of the one whose event there is" t "select count(*) = 1
	and bool_and(e.actor = r.ending_by and e.message like 'abort asked: ' || r.ending_by || ';%')
	from fleet.event e join fleet.rollout r using (rollout)
	where e.seq > $begun and e.kind like 'rollout.abort%'"
is "nobody went on after it" t "select coalesce(max(seq) filter
	(where kind = 'rollout.resumed'), 0) < max(seq) filter
	(where kind like 'rollout.abort%') from fleet.event where seq > $begun"
