-- 0052_finite_rows.sql - rows from before 0046 have no infinite time either.
--
-- What such a time was meant to be only a person knows, so the row refuses the
-- upgrade: this changes nothing then, and says what to type.

set local role fleet_owner;

do $$
declare
	t record;
	bad jsonb[];
	mend text[] := '{}';
begin
	for t in select k.conrelid::regclass as name, k.conname,
			pg_get_expr(k.conbin, k.conrelid) as finite,
			(select array_agg(a.attname::text) from pg_index i
			  join pg_attribute a on a.attrelid = i.indrelid
				and a.attnum = any (i.indkey)
			 where i.indrelid = k.conrelid and i.indisprimary) as key
		   from pg_constraint k
		  where k.connamespace = 'fleet_internal'::regnamespace
		    and k.conname ~ '_finite_check$' and not k.convalidated
	loop
		execute format('select array_agg(to_jsonb(r)) from %s r
			where not (%s)', t.name, t.finite) into bad;
		if bad is null then
			execute format('alter table %s validate constraint %I',
				t.name, t.conname);
			continue;
		end if;
		mend := mend || array(select format('update %s set %s where %s;',
			t.name,
			(select string_agg(format('%I = ''TIME''', c.key), ', ')
			   from jsonb_each_text(r) c
			  where c.value ~ '^-?infinity$'),
			(select string_agg(format('%I = %L', k, r->>k), ' and ')
			   from unnest(t.key) k))
			from unnest(bad) r);
	end loop;
	if mend <> '{}' then
		raise exception '% rows have an infinite time', cardinality(mend)
			using errcode = 'check_violation', detail =
			'All times are compared with now, and only a person knows what these were meant to be. The rows were left as they are.',
			hint = format(
			E'As a superuser in psql, with the true time for each TIME (null for what did not happen):\n  begin; set local session_replication_role = replica;\n  %s\n  commit;\nThen the same again%s.',
			array_to_string(mend[1:20], E'\n  '),
			case when cardinality(mend) > 20
				then ', which names the others' else '' end);
	end if;
end $$;
