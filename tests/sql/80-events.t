#!/bin/bash
# 80-events.t - events: numbered without gaps in the order of commits, by many
# writers at once; never changed; who is told.
. ./lib.sh

do_ "select test.running('mail', 1)"
refused "update" RD005 'UPDATE of event' "update fleet_internal.event set message = 'x'"
refused "delete" RD005 'DELETE of event' "delete from fleet_internal.event"
refused "truncate" RD005 'TRUNCATE of event' "truncate fleet_internal.event cascade"

# 4 writers of 100 transactions, every fifth rolled back, and one who steers
writer() {
	local i end

	for ((i = 1; i <= 100; i++)); do
		end=commit
		[ $((i % 5)) -ne 0 ] || end=rollback
		echo "begin; select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"event\",\"kind\":\"w.x\",\"message\":\"$1-$i\"},{\"op\":\"event\",\"kind\":\"w.y\",\"message\":\"$1-$i\"}]'); $end;"
	done | psql -X -q -o /dev/null -U drydockd
}
steerer() {
	local i

	for ((i = 1; i <= 20; i++)); do
		echo "select fleet.pause(1, 'p $i'); select fleet.resume(1);"
	done | psql -X -q -o /dev/null -U anna
}
before=$(q "select max(seq) from fleet.event")
for w in 1 2 3 4; do
	writer $w &
done
steerer &
wait
is "4 writers and a person: $((4 * 160 + 40)) events" $((4 * 160 + 40)) \
	"select count(*) from fleet.event where seq > $before"
is "no number is missing or doubled" t \
	"select count(*) = max(seq) and count(distinct seq) = max(seq) and max(seq) = (select last_event from fleet.fleet) from fleet.event"
is "their times never go back" t \
	"select bool_and(at >= before) from (select at, lag(at, 1, at) over (order by seq) as before from fleet.event) x"
is "what belongs together stands together" t \
	"select bool_and(next = message) from (select kind, message, lead(message) over (order by seq) as next from fleet.event) x where kind = 'w.x'"

# a reader who remembers the last number misses nothing
open_ late
tell late "begin; select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"event\",\"kind\":\"l.x\",\"message\":\"late\"}]') is not null"
hear late >/dev/null
seen=$(q "select max(seq) from fleet.event")
open_ quick
tell quick "select fleet_internal.advance(1, 1, null, null, '[{\"op\":\"event\",\"kind\":\"q.x\",\"message\":\"quick\"}]') is not null"
blocked quick || true
tell late "commit"
hear late >/dev/null
hear quick >/dev/null
is "the one that began first has the lower number" 'late,quick' \
	"select string_agg(message, ',' order by seq) from fleet.event where seq > $seen"
shut late
shut quick

# who is told
listen() {
	psql -X -q -A -t -c "listen fleet_event; listen fleet_command" -c "$1" \
		-c "select 1" | grep -c "notification \"$2\"" || true
}
# a session hears its own notifications after its statement
[ "$(listen "select test.take(1, 1)" fleet_event)" -ge 1 ] &&
	say_ok "turns are told" || say_not_ok "turns are told"
[ "$(listen "select test.adv(1, jsonb_build_array(test.step_op(1, 1, 'count', 'pending', 'running'), test.step_op(1, 1, 'count', 'running', 'passed')))" fleet_event)" -eq 0 ] &&
	say_ok "steps are not" || say_not_ok "steps are not"
[ "$(listen "select fleet.pause(1, 'x')" fleet_command)" -ge 1 ] &&
	say_ok "a command wakes the coordinator" || say_not_ok "a command wakes the coordinator"
is "last_events: oldest of the last first" 'turn.working,outage.opened' \
	"select string_agg(kind, ',') from (select kind from fleet.last_events(6) where kind in ('turn.working', 'outage.opened')) x"

# each filter, and several, are those of the view
do_ "select test.running('web', 9)"
while IFS='|' read -r args where; do
	is "last_events of $args" t "select count(*) > 0 and array_agg(seq) = (
		select array_agg(seq order by at, seq) from (select e.* from fleet.event e
			where $where order by at desc, seq desc limit 2) y)
		from fleet.last_events(2, $args)"
done <<-'LIST'
	1|rollout = 1
	2|rollout = 2
	fleet => 'web'|fleet = 'web'
	backend => 'mail1'|backend = 'mail1'
	step => 'count'|step = 'count'
	after => 3|seq > 3
	1, 'mail', 'mail1', 'count', 1|fleet = 'mail' and rollout = 1 and backend = 'mail1' and step = 'count' and seq > 1
LIST
is "none of a rollout in another fleet" 0 \
	"select count(*) from fleet.last_events(9, 1, 'web')"

# what a listener is told: enough to know whether it is of its business
told() {
	psql -X -q -A -t -c "listen fleet_event" -c "$1" -c "select 1" |
		sed -n 's/.*"fleet_event" with payload "\(.*\)" received.*/\1/p' |
		sed -n "/\"kind\" : \"$2\"/h; \${x; p}"
}
payload=$(told "select test.take(2, 1)" turn.working)
is "a turn's notification names its backend, and no step before there is one" 'web|2|web1|' \
	"select x->>'fleet', x->>'rollout', x->>'backend', x->>'step' from (select '$payload'::json as x) y"
payload=$(told "select test.hold(2, 1, 'count')" turn.held)
is "a held one's the step that failed, under its number" 'web|web1|count|t' \
	"select x->>'fleet', x->>'backend', x->>'step', exists (select from fleet.event where fleet = 'web' and seq = (x->>'seq')::bigint and kind = 'turn.held' and backend = 'web1') from (select '$payload'::json as x) y"
payload=$(told "select fleet.abort(2, 'r')" rollout.aborting)
is "a rollout's none" '2||' \
	"select x->>'rollout', x->>'backend', x->>'step' from (select '$payload'::json as x) y"
