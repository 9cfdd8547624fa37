-- 0040_open_rollout.sql - rollouts that are neither plans nor over, by fleet.

set local role fleet_owner;

create index rollout_not_over on fleet_internal.rollout (fleet_id)
	where finished_at is null and state <> 'planned';
