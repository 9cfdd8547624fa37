-- 0006_start_check.sql - a rollout takes nobody before its check, and a hold
-- says what was seen last and when one looks again.

set local role fleet_owner;

alter table fleet_internal.rollout
	add checked_at timestamptz,
	add check_request bigint references fleet_internal.request
		on delete set null;
comment on column fleet_internal.rollout.checked_at is
	'its whole fleet was checked then without an error; empty = nobody is taken';
comment on column fleet_internal.rollout.check_request is
	'the check asked for it last';
-- what runs already has begun without one
update fleet_internal.rollout set checked_at = started_at
 where started_at is not null;

alter table fleet_internal.turn add checked_at timestamptz;
comment on column fleet_internal.turn.checked_at is
	'its backend was checked once more then, right before it was taken';

alter table fleet_internal.hold
	add seen_at timestamptz,
	add next_look_at timestamptz;
comment on column fleet_internal.hold.seen_at is
	'the evidence is of then';
comment on column fleet_internal.hold.next_look_at is
	'one looks again then; empty = as soon as something happens';
