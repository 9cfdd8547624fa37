-- 0036_last_turn.sql - each backend knows its last turn, so that a screen of all
-- backends does not look it up ten thousand times in the turns of all years.

set local role fleet_owner;

alter table fleet_internal.backend
	add column last_turn bigint,
	add column last_rollout bigint,
	add column last_state text;
comment on column fleet_internal.backend.last_turn is
	'its newest turn, kept by a trigger of turn; empty = it never had one';
comment on column fleet_internal.backend.last_rollout is
	'the rollout of that turn';
comment on column fleet_internal.backend.last_state is
	'the state of that turn';

update fleet_internal.backend b set last_turn = t.turn_id,
	last_rollout = t.rollout_id, last_state = t.state
  from (select distinct on (x.backend_id) x.*
	  from fleet_internal.turn x
	 order by x.backend_id, x.turn_id desc) t
 where t.backend_id = b.backend_id;
