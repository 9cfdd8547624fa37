-- 35_window.sql - maintenance windows, right over midnight and summer time.

set local role fleet_owner;

create or replace function fleet_internal.window_days(days text)
returns int[] language plpgsql immutable as $$
declare
	names constant text[] := array['mon', 'tue', 'wed', 'thu', 'fri',
				       'sat', 'sun'];
	part text;
	a int;
	b int;
	r int[] := '{}';
begin
	foreach part in array string_to_array(lower(days), ',') loop
		a := array_position(names, split_part(part, '-', 1));
		b := case when part like '%-%'
			then array_position(names, split_part(part, '-', 2))
			else a end;
		if a is null or b is null then
			return null;
		end if;
		loop
			r := r || a;
			exit when a = b;
			a := a % 7 + 1;
		end loop;
	end loop;
	return r;
end $$;
comment on function fleet_internal.window_days(text) is
	'Mon-Thu or Sat,Sun as numbers, 1 is Monday; null = not understood.';

create or replace function fleet_internal.window_set(p_fleet int,
	p_specs jsonb)
returns void language plpgsql as $$
declare
	spec text;
	m text[];
begin
	delete from fleet_internal.window_ where fleet_id = p_fleet;
	for spec in select jsonb_array_elements_text(p_specs) loop
		m := regexp_match(spec, '^([A-Za-z,-]+) ([0-2]?[0-9]:[0-5][0-9])-([0-2]?[0-9]:[0-5][0-9])$');
		if m is null or fleet_internal.window_days(m[1]) is null
		   or m[2] > '23:59' or m[3] > '24:00' then
			perform fleet_internal.fail('RD004', format(
				'the window "%s" is not understood', spec),
				'Days and times in the fleet''s time zone are needed.',
				'Write it like: Tue-Thu 01:00-05:00 or Sat,Sun 23:00-05:00');
		end if;
		insert into fleet_internal.window_ (fleet_id, spec, days,
			opens, closes)
		values (p_fleet, spec, fleet_internal.window_days(m[1]),
			m[2]::time, m[3]::time);
	end loop;
end $$;
comment on function fleet_internal.window_set(int, jsonb) is
	'Replaces the windows of a fleet by those of the inventory.';

create or replace function fleet_internal.windows_after(p_fleet int,
	p_after timestamptz, p_days int)
returns table (opens_at timestamptz, closes_at timestamptz, spec text)
language sql stable as $$
	select o.opens_at, o.closes_at, w.spec
	  from fleet_internal.window_ w
	  join fleet_internal.fleet f using (fleet_id),
	  lateral (select (p_after at time zone f.timezone)::date - 1 + i as day
		     from generate_series(0, p_days) i) d,
	  lateral (select (d.day + w.opens) at time zone f.timezone as opens_at,
		(d.day + (w.closes <= w.opens)::int + w.closes)
			at time zone f.timezone as closes_at) o
	 where w.fleet_id = p_fleet
	   and extract(isodow from d.day)::int = any (w.days)
	   and o.closes_at > p_after
$$;
comment on function fleet_internal.windows_after(int, timestamptz, int) is
	'Windows that are open at a time or open within so many days.';

create or replace function fleet_internal.window_now(p_fleet int)
returns jsonb language sql stable as $$
	select case when not exists (select from fleet_internal.window_ w
			where w.fleet_id = p_fleet)
		then jsonb_build_object('open', true)
	else (select jsonb_build_object('open', x.opens_at <= n.at,
		'opens_ms', fleet_internal.ms(x.opens_at),
		'closes_ms', fleet_internal.ms(x.closes_at), 'spec', x.spec)
	  from fleet_internal.windows_after(p_fleet, n.at, 9) x
	 order by x.opens_at <= n.at desc, x.opens_at, x.closes_at desc
	 limit 1) end
	  from (select fleet_internal.clock() as at) n
$$;
comment on function fleet_internal.window_now(int) is
	'Whether a window is open, and when it closes or the next one opens.';
