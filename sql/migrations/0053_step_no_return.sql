-- 0053_step_no_return.sql - the first step without return of each turn is asked
-- for by fleet.impact, which read all steps to find it.

set local role fleet_owner;

create index step_no_return on fleet_internal.step (turn_id)
	where (spec->>'no_return')::bool;
