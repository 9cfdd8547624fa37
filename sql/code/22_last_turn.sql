-- 22_last_turn.sql - the copy of each backend's last turn, kept by the database
-- itself: whoever makes, moves or removes a turn has the fleet's lock, and so has
-- whoever starts a rollout. A plan hides no rollout that runs or left it out.

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
	'Writes a turn that moved to its backend, unless there is a newer one.';

create or replace function fleet_internal.last_turn_made()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.backend b set last_turn = new.turn_id,
		last_rollout = new.rollout_id, last_state = new.state
	 where b.backend_id = new.backend_id
	   and coalesce(b.last_turn, 0) <= new.turn_id
	   and not exists (select from fleet_internal.rollout r
			where r.rollout_id = b.last_rollout
			  and r.state = 'running')
	   and not exists (select from fleet_internal.outage o
			where o.backend_id = b.backend_id
			  and o.back_at is null);
	return null;
end $$;
comment on function fleet_internal.last_turn_made() is
	'Writes the turn of a new plan to its backend, unless another has it.';

create or replace function fleet_internal.last_turn_begun()
returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.backend b set last_turn = t.turn_id,
		last_rollout = t.rollout_id, last_state = t.state
	  from fleet_internal.turn t
	 where t.rollout_id = new.rollout_id and b.backend_id = t.backend_id;
	return null;
end $$;
comment on function fleet_internal.last_turn_begun() is
	'Writes the turns of a rollout that begins, whatever was planned since.';

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

comment on column fleet_internal.backend.last_turn is
	'its newest turn, or that of a rollout that runs or left it out, kept by triggers; empty = it never had one';

create or replace trigger last_made after insert
	on fleet_internal.turn for each row
	execute function fleet_internal.last_turn_made();
create or replace trigger last_moved after update of state
	on fleet_internal.turn for each row
	when (old.state is distinct from new.state)
	execute function fleet_internal.last_turn_set();
create or replace trigger last_removed after delete
	on fleet_internal.turn for each row
	execute function fleet_internal.last_turn_removed();
create or replace trigger last_begun after update of state
	on fleet_internal.rollout for each row
	when (old.state is distinct from new.state and new.state = 'running')
	execute function fleet_internal.last_turn_begun();
