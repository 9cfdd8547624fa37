-- 22_last_turn.sql - the copy of each backend's last turn, kept by the database
-- itself: whoever makes, moves or removes a turn has the fleet's lock.

set local role fleet_owner;

create or replace function fleet_internal.last_turn_set()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.backend b set last_turn = new.turn_id,
		last_rollout = new.rollout_id, last_state = new.state
	 where b.backend_id = new.backend_id
	   and coalesce(b.last_turn, 0) <= new.turn_id;
	return null;
end $$;
comment on function fleet_internal.last_turn_set() is
	'Writes a turn that was made or moved to its backend, unless there is a newer one.';

create or replace function fleet_internal.last_turn_removed()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.backend b
	   set (last_turn, last_rollout, last_state) = (
		select t.turn_id, t.rollout_id, t.state
		  from fleet_internal.turn t
		 where t.backend_id = old.backend_id
		 order by t.turn_id desc limit 1)
	 where b.backend_id = old.backend_id and b.last_turn = old.turn_id;
	return null;
end $$;
comment on function fleet_internal.last_turn_removed() is
	'Gives a backend its turn before the one that was removed.';

create or replace trigger last_made after insert
	on fleet_internal.turn for each row
	execute function fleet_internal.last_turn_set();
create or replace trigger last_moved after update of state
	on fleet_internal.turn for each row
	when (old.state is distinct from new.state)
	execute function fleet_internal.last_turn_set();
create or replace trigger last_removed after delete
	on fleet_internal.turn for each row
	execute function fleet_internal.last_turn_removed();
