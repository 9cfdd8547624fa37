-- 0055_attempt_count.sql - a step's attempts are numbered and never removed, so
-- the last one is the count: a count in the step's row beside it cost each step
-- a second update in its transaction, which checks its foreign keys again.

set local role fleet_owner;

-- code/ replaces these views; until then they must not need the column
do $$
declare
	v regclass;
begin
	foreach v in array array_remove(array[to_regclass('fleet.step'),
		to_regclass('fleet.current_step')], null)
	loop
		execute format('create or replace view %s as %s', v,
			replace(pg_get_viewdef(v), 's.attempts AS attempt',
				'COALESCE(a.nr, 0) AS attempt'));
	end loop;
end $$;

alter table fleet_internal.step drop column attempts;
