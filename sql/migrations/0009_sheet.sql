-- 0009_sheet.sql - the break-glass sheet of a turn, as it lies on its host.

set local role fleet_owner;

alter table fleet_internal.turn add column sheet text;
comment on column fleet_internal.turn.sheet is
	'how to finish by hand, as the host has it; empty when nothing is to be finished';
