-- 0010_forget.sql - what agents may forget: all up to the last change of a
-- rollout that is over.

set local role fleet_owner;

alter table fleet_internal.rollout add column last_seq bigint;
comment on column fleet_internal.rollout.last_seq is
	'the fleet''s change_seq when it ended: its changes and all earlier ones are at or below';

create index rollout_ended on fleet_internal.rollout (fleet_id, last_seq)
	where last_seq is not null;
