-- 0066_step_failed.sql - how often a step failed is known after a load too.
-- It was counted from its attempts, and one that ends with exit 0 while its
-- check stays false was no failure there: it was tried again without end.

set local role fleet_owner;

alter table fleet_internal.step
	add column if not exists failed int not null default 0;
comment on column fleet_internal.step.failed is
	'how often it failed since the turn began, or a person had it tried again';
