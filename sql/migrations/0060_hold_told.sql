-- 0060_hold_told.sql - a gate that keeps a rollout waiting for long is told.

set local role fleet_owner;

alter table fleet_internal.hold add column reminded_at timestamptz
	constraint hold_reminded_finite_check check (isfinite(reminded_at));
comment on column fleet_internal.hold.reminded_at is
	'when it was last told that it lasts';
