-- 0051_event_count.sql - a fleet's events are numbered under its lock and never
-- removed, so the last one is the count: a count in the fleet's row beside it
-- cost an update of that row for each event.

set local role fleet_owner;

-- code/ replaces these views; until then they must not need the column
do $$
declare
	v record;
begin
	for v in select * from (values
		('fleet.fleet', 'f.event_seq',
		 '(select max(e.seq) from fleet_internal.event e
			where e.fleet_id = f.fleet_id)'),
		('fleet.diagnosis', 'x.event_seq,', '')) x (name, was, is_)
		where to_regclass(x.name) is not null
	loop
		execute format('create or replace view %s as %s', v.name,
			replace(pg_get_viewdef(v.name::regclass), v.was, v.is_));
	end loop;
end $$;

alter table fleet_internal.fleet drop column event_seq;
