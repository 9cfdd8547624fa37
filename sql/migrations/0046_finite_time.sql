-- 0046_finite_time.sql - no time in a row is infinity: all of them are compared
-- with now. Old rows are not looked through; views bear what may be in them.

set local role fleet_owner;

do $$
declare
	t record;
begin
	for t in select c.relname, string_agg(format('isfinite(%I)', a.attname),
			' and ' order by a.attnum) as finite
		   from pg_class c
		   join pg_attribute a on a.attrelid = c.oid
			and a.atttypid = 'timestamptz'::regtype
			and not a.attisdropped
		  where c.relnamespace = 'fleet_internal'::regnamespace
		    and c.relkind = 'r'
		  group by c.relname
	loop
		execute format('alter table fleet_internal.%I add constraint %I
			check (%s) not valid', t.relname,
			t.relname || '_finite_check', t.finite);
	end loop;
end $$;
