-- 0015_pause_told.sql - the end of a pause is told by its hold.

set local role fleet_owner;

alter table fleet_internal.pause drop column expiry_told_at;
