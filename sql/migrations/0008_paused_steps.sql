-- 0008_paused_steps.sql - no step's clock runs in a pause.

set local role fleet_owner;

alter table fleet_internal.step
	add column paused_ms bigint not null default 0;
comment on column fleet_internal.step.paused_ms is
	'how long it stood in pauses; its limits do not count that';
