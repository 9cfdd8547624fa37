#!/bin/bash
# 75-window.t - windows and forbidden spans: how they are written, when they
# are open, over midnight, the week's end and both nights of summer time.
. ./lib.sh

do_ "select test.fleet('mail', 1)"
clock() {
	do_ "insert into fleet_internal.clock_offset values (true, '$1'::timestamptz - clock_timestamp()) on conflict (only_one) do update set offset_by = excluded.offset_by"
}
# opens NAME LINES(; between) AFTER EXPECTED: the next spans in UTC, as many as
# are expected, each with how long it is
opens() {
	local n=${4//[^$'\n']}

	is "$1" "$4" "set timezone = 'UTC'; begin;
		select fleet_internal.window_set(1, to_jsonb(string_to_array('$2', ';')));
		select to_char(opens_at, 'Dy DD Mon HH24:MI') || ' ' || coalesce(round(extract(epoch from closes_at - opens_at) / 3600, 2) || ' h', 'open end')
		  from fleet.window_next('mail', ${#n}, '$3') where opens_at is not null; rollback"
}

# the fleet is in Europe/Helsinki: UTC+2, in summer UTC+3
opens "a plain night" 'Tue-Thu 01:00-05:00' '2026-11-20 12:00+02' \
'
Mon 23 Nov 23:00 4.00 h
Tue 24 Nov 23:00 4.00 h
Wed 25 Nov 23:00 4.00 h'
opens "past midnight, and the week wraps" 'Fri-Mon 23:00-05:00' '2026-11-21 12:00+02' \
'
Sat 21 Nov 21:00 6.00 h
Sun 22 Nov 21:00 6.00 h
Mon 23 Nov 21:00 6.00 h'
opens "an open one first" 'Sat,Sun 23:00-05:00' '2026-11-22 04:59+02' \
'
Sat 21 Nov 21:00 6.00 h
Sun 22 Nov 21:00 6.00 h
Sat 28 Nov 21:00 6.00 h'
opens "at its end it is over" 'Sat,Sun 23:00-05:00' '2026-11-22 05:00+02' \
'
Sun 22 Nov 21:00 6.00 h
Sat 28 Nov 21:00 6.00 h
Sun 29 Nov 21:00 6.00 h'
opens "until midnight" 'Mon 22:00-24:00' '2026-11-20 12:00+02' \
'
Mon 23 Nov 20:00 2.00 h
Mon 30 Nov 20:00 2.00 h
Mon 07 Dec 20:00 2.00 h'
opens "lines that touch are one span" 'Mon 22:00-24:00;Tue 00:00-03:00' '2026-11-20 12:00+02' \
'
Mon 23 Nov 20:00 5.00 h
Mon 30 Nov 20:00 5.00 h
Mon 07 Dec 20:00 5.00 h'
opens "lines that overlap too" 'Mon 22:00-02:00;Tue 01:00-03:00' '2026-11-20 12:00+02' \
'
Mon 23 Nov 20:00 5.00 h
Mon 30 Nov 20:00 5.00 h
Mon 07 Dec 20:00 5.00 h'
opens "whole days" 'Sat,Sun' '2026-11-20 12:00+02' \
'
Fri 20 Nov 22:00 48.00 h
Fri 27 Nov 22:00 48.00 h
Fri 04 Dec 22:00 48.00 h'
opens "the first Tuesday" 'first Tue 01:00-05:00' '2026-11-20 12:00+02' \
'
Mon 30 Nov 23:00 4.00 h
Mon 04 Jan 23:00 4.00 h
Mon 01 Feb 23:00 4.00 h'
opens "the last Friday" 'last Fri 23:00-03:00' '2026-11-20 12:00+02' \
'
Fri 27 Nov 21:00 4.00 h
Fri 25 Dec 21:00 4.00 h
Fri 29 Jan 21:00 4.00 h'
opens "a zone of its own" 'Mon 01:00-05:00 America/New_York' '2026-11-20 12:00+02' \
'
Mon 23 Nov 06:00 4.00 h
Mon 30 Nov 06:00 4.00 h
Mon 07 Dec 06:00 4.00 h'

# the end of summer time: 25 Oct 2026, 03:00-04:00 comes twice (00:00-02:00 UTC)
d=2026-10-24T12:00+03
opens "the longer night" 'Sat 23:00-05:00' $d \
'
Sat 24 Oct 20:00 7.00 h
Sat 31 Oct 21:00 6.00 h
Sat 07 Nov 21:00 6.00 h'
opens "closes when its end is first shown" 'Sun 01:00-03:30' $d '
Sat 24 Oct 22:00 2.50 h'
opens "opens when its beginning is last shown" 'Sun 03:30-06:00' $d '
Sun 25 Oct 01:30 2.50 h'
opens "inside the hour that comes twice: once" 'Sun 03:15-03:45' $d '
Sun 25 Oct 00:15 0.50 h'
opens "the whole of it" 'Sun 03:00-04:00' $d '
Sun 25 Oct 01:00 1.00 h'
opens "forbidden is forbidden both times" 'Sun 01:00-06:00;forbid Sun 03:15-03:45' '2026-10-24 12:00+03' \
'
Sat 24 Oct 22:00 2.25 h
Sun 25 Oct 01:45 2.25 h
Sat 31 Oct 23:00 2.25 h'

# its beginning: 28 Mar 2027, 03:00-04:00 does not come (01:00 UTC)
d=2027-03-27T12:00+02
opens "the shorter night" 'Sat 23:00-05:00' $d \
'
Sat 27 Mar 21:00 5.00 h
Sat 03 Apr 20:00 6.00 h
Sat 10 Apr 20:00 6.00 h'
opens "closes when the clock jumps over its end" 'Sun 01:00-03:30' $d \
'
Sat 27 Mar 23:00 2.00 h
Sat 03 Apr 22:00 2.50 h
Sat 10 Apr 22:00 2.50 h'
opens "opens when the clock jumps over its beginning" 'Sun 03:30-05:00' $d \
'
Sun 28 Mar 01:00 1.00 h
Sun 04 Apr 00:30 1.50 h
Sun 11 Apr 00:30 1.50 h'
opens "inside the hour that does not come: not that night" 'Sun 03:10-03:50' $d \
'
Sun 04 Apr 00:10 0.67 h
Sun 11 Apr 00:10 0.67 h
Sun 18 Apr 00:10 0.67 h'
opens "a midnight that does not come" 'Fri Africa/Cairo' '2027-04-29 12:00+02' \
'
Thu 29 Apr 22:00 23.00 h
Thu 06 May 21:00 24.00 h'

# forbidden spans
opens "a forbidden span over the year's end" 'Wed 01:00-05:00;forbid 24 Dec - 2 Jan' '2026-12-22 12:00+02' \
'
Tue 22 Dec 23:00 4.00 h
Tue 05 Jan 23:00 4.00 h
Tue 12 Jan 23:00 4.00 h'
opens "it is in force on its last day, whole" 'Sat 01:00-05:00;forbid 24 Dec - 2 Jan' '2027-01-01 12:00+02' \
'
Fri 08 Jan 23:00 4.00 h
Fri 15 Jan 23:00 4.00 h
Fri 22 Jan 23:00 4.00 h'
opens "one year only" 'Wed 01:00-05:00;forbid 20 Dec 2026 - 24 Dec 2026' '2026-12-19 12:00+02' \
'
Tue 29 Dec 23:00 4.00 h
Tue 05 Jan 23:00 4.00 h
Tue 12 Jan 23:00 4.00 h'
opens "it cuts a window" 'Wed 22:00-06:00;forbid 24 Dec' '2026-12-23 12:00+02' \
'
Wed 23 Dec 20:00 2.00 h
Wed 30 Dec 20:00 8.00 h
Wed 06 Jan 20:00 8.00 h'
opens "without a window the rest of the time is open" 'forbid Fri-Sun' '2026-11-20 12:00+02' \
'
Sun 22 Nov 22:00 96.00 h
Sun 29 Nov 22:00 96.00 h
Sun 06 Dec 22:00 96.00 h'
opens "and after the last forbidden day it stays open" 'forbid 20 Nov 2026' '2026-11-20 12:00+02' '
Fri 20 Nov 22:00 open end'
opens "all the time is one span" 'Mon-Sun' '2026-11-20 12:00+02' '
Thu 19 Nov 22:00 9624.00 h'
opens "29 Feb in a year without one" 'forbid 28 Feb - 29 Feb' '2027-02-28 12:00+02' '
Mon 01 Mar 22:00 8712.00 h
Tue 29 Feb 22:00 open end'

# added and removed by people
clock '2026-11-20 12:00+02'
rev=$(q "select revision from fleet.fleet")
is "no windows: any time" '' "select * from fleet.window_next('mail')"
is "and the coordinator knows" '{"any": false}' "select fleet_internal.window_now(1)"
is "add" 'window N: Tue-Thu 01:00-05:00; backends may be taken Tue 24 Nov 01:00 Europe/Helsinki to Tue 24 Nov 05:00 Europe/Helsinki' \
	"select regexp_replace(fleet.window_add('mail', 'Tue-Thu 01:00-05:00'), 'window [0-9]+', 'window N')" anna
like "with a zone" 'Sat 23:00-02:00 Europe/Berlin; ' "select fleet.window_add('mail', ' Sat  23:00-02:00', 'Europe/Berlin')" anna
like "a forbidden span" 'forbid 24 Nov; backends may be taken Sun 22 Nov 00:00' "select fleet.window_add('mail', '24 Nov', forbid => true)" anna
is "the view" 'Tue-Thu 01:00-05:00|f|Europe/Helsinki|f|2026-11-23 23:00:00+00|anna
Sat 23:00-02:00 Europe/Berlin|f|Europe/Berlin|f|2026-11-21 22:00:00+00|anna
forbid 24 Nov|t|Europe/Helsinki|f|2026-11-23 22:00:00+00|anna' \
	"set timezone = 'UTC'; select spec, forbid, zone, now_in, opens_at, added_by from fleet.window order by \"window\"" bert
is "export has them" '["Tue-Thu 01:00-05:00", "Sat 23:00-02:00 Europe/Berlin", "forbid 24 Nov"]' \
	"select fleet.export('mail')->'windows'"
is "no plan is stale for it" "$rev" "select revision from fleet.fleet"
is "import of an export keeps their numbers" t "begin;
	create temp table was on commit drop as select \"window\" from fleet.window;
	do \$\$ begin perform fleet.import(jsonb_set(fleet.export('mail'), '{windows}', fleet.export('mail')->'windows' || '\"Mon 01:00-02:00\"')); end \$\$;
	select count(*) = 3 from fleet.window join was using (\"window\"); rollback"
refused "twice" RD002 'is there already' "select fleet.window_add('mail', 'Tue-Thu 01:00-05:00')"
for w in '' Tue Tues 'Tue 01:00' 'Tue 01:00-01:00' 'Tue 24:00-01:00' 'Tue 01:60-02:00' \
	'fifth Tue 01:00-02:00' 'Mon-Tue-Wed 01:00-02:00' '30 Feb' '24 Dec 2026 - 2 Jan' \
	'2 Jan 2027 - 24 Dec 2026' '24 Dec - ' 'forbid' 'always' 'Tue 01:00-05:00 EET' \
	'Tue 01:00-05:00 Mars/Olympus'; do
	[ "$w" = Tue ] || refused "'$w' is no window" RD004 'not (understood|known)' \
		"select fleet.window_add('mail', '$w')"
done
refused "an abbreviation knows no summer time" RD004 'knows no summer time' "select fleet.window_add('mail', 'Tue 01:00-05:00', 'EET')"
refused "no such window" RD001 'no window 99' "select fleet.window_remove('mail', 99)"
do_ "select test.fleet('web', 2)"
refused "not another fleet's" RD001 'web has no window' "select fleet.window_remove('web', (select min(\"window\") from fleet.window))"
like "remove" 'is removed: forbid 24 Nov' "select fleet.window_remove('mail', (select \"window\" from fleet.window where forbid))" anna
do_ "select fleet.window_remove('mail', \"window\") from fleet.window where spec like 'Sat%'" anna
like "the last one: told what that means" 'any time' "select fleet.window_remove('mail', (select \"window\" from fleet.window))" anna
is "both are told" 'window.added|3
window.removed|3' "select kind, count(*) from fleet.event where kind like 'window.%' and actor = 'anna' group by 1 order by 1"

# what the coordinator reads
do_ "select fleet.window_add('mail', 'first Tue 01:00-05:00')"
is "further away than nine days" 'Tue 01 Dec 01:00 Europe/Helsinki' "select fleet_internal.window_now(1)->'spans'->0->>'opens'"
clock '2026-12-01 02:00+02'
is "an open one" 't|t|Tue 01 Dec 05:00 Europe/Helsinki' "select (s->>'opens_ms')::bigint <= fleet_internal.ms(fleet_internal.clock()), (s->>'closes_ms')::bigint > fleet_internal.ms(fleet_internal.clock()), s->>'closes' from (select fleet_internal.window_now(1)->'spans'->0 as s) x"
do_ "select fleet.window_add('mail', 'forbid Mon-Sun')"
is "at no time at all" '{"any": true, "spans": []}' "select fleet_internal.window_now(1)"
like "which is said" 'no time within a year' "begin; select fleet.window_add('mail', 'Wed 01:00-05:00'); rollback"
