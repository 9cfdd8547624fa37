-- 0033_hold_deadline.sql - a hold says how long it is waited for.

set local role fleet_owner;

alter table fleet_internal.hold add deadline timestamptz;
comment on column fleet_internal.hold.deadline is
	'it is waited no longer than that; empty = until it holds';
