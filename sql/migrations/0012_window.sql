-- 0012_window.sql - windows with a zone of their own, forbidden spans, dates;
-- and how long turns take, to know whether one fits.

set local role fleet_owner;

alter table fleet_internal.window_
	alter column days drop not null,
	alter column opens drop not null,
	alter column closes drop not null,
	add column forbid bool not null default false,
	add column zone text,
	add column nth int check (nth in (-1, 1, 2, 3, 4)),
	add column first_day int[],
	add column last_day int[],
	add column added_by text not null default session_user,
	add column added_at timestamptz not null default clock_timestamp(),
	add check ((days is null) = (opens is null)
		and (days is null) = (closes is null)
		and (days is null) = (first_day is not null)
		and (days is null) = (last_day is not null)),
	add unique (fleet_id, spec);
select fleet_internal.describe('fleet_internal.window_', $$
When backends may be taken, or may not, one row per line of the inventory; no window that opens = any time that no span forbids.
window_id: number
fleet_id: the fleet
spec: as written, for people and export
days: on which it opens, 1 is Monday; null = a span of dates
opens: wall clock
closes: not after opens = on the next day
forbid: no backend is taken in it, whatever else is open
zone: whose wall clock; null = the fleet's time zone
nth: only the first .. fourth such day of a month, -1 the last; null = each
first_day: month, day and perhaps year of a span of dates
last_day: the same of its last day
added_by: by whom
added_at: when
$$);

alter table fleet_internal.turn
	add column took_ms bigint,
	add column low_ms bigint,
	add column high_ms bigint,
	add column window_closes_at timestamptz,
	add column overrun_at timestamptz;
comment on column fleet_internal.turn.took_ms is
	'from taken to its end, without pauses and holds';
comment on column fleet_internal.turn.low_ms is
	'nine of ten such turns took longer, as known when planned';
comment on column fleet_internal.turn.high_ms is
	'nine of ten such turns took less, as known when planned';
comment on column fleet_internal.turn.window_closes_at is
	'end of the window in which it was taken; null = there was none';
comment on column fleet_internal.turn.overrun_at is
	'it was told that it goes on beyond that';
create index turn_took on fleet_internal.turn (fleet_id, turn_id)
	where state = 'done' and took_ms is not null;

drop function if exists fleet.next_windows(text, int, timestamptz);
