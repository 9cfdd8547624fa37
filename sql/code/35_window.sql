-- 35_window.sql - maintenance windows: how their lines are read.
--
-- A window is a line: [forbid] DAYS [HH:MM-HH:MM] [ZONE], or a span of dates.
--   Tue-Thu 01:00-05:00           last Sun 22:00-06:00 Europe/Berlin
--   forbid 24 Dec - 2 Jan         forbid Fri-Sun

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
	if days is null then
		return null;
	end if;
	foreach part in array string_to_array(lower(days), ',') loop
		if part !~ '^[a-z]{3}(-[a-z]{3})?$' then
			return null;
		end if;
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

-- A zone by its full name: an abbreviation (EET) would be a fixed offset that
-- knows no summer time.
create or replace function fleet_internal.zone_known(zone text)
returns bool language plpgsql stable as $$
begin
	if zone !~ '^[A-Z][A-Za-z_]*(/[A-Za-z0-9_+-]+)+$' and zone <> 'UTC' then
		return false;
	end if;
	perform clock_timestamp() at time zone zone;
	return true;
exception when invalid_parameter_value then
	return false;
end $$;
comment on function fleet_internal.zone_known(text) is
	'Is this the full name of a time zone?';

create or replace function fleet_internal.nth_word(word text)
returns int language sql immutable as $$
	select case lower(word) when 'last' then -1 else array_position(
		array['first', 'second', 'third', 'fourth'], lower(word)) end
$$;
comment on function fleet_internal.nth_word(text) is
	'first .. fourth as numbers, last as -1.';

create or replace function fleet_internal.day_is(day date, days int[], nth int)
returns bool language sql immutable as $$
	select extract(isodow from day)::int = any (days) and case
		when nth is null then true
		when nth = -1 then extract(month from day + 7)
			<> extract(month from day)
		else (extract(day from day)::int - 1) / 7 = nth - 1 end
$$;
comment on function fleet_internal.day_is(date, int[], int) is
	'Is it one of these days of the week, and the nth of its month?';

-- "24 Dec" or "24 Dec 2026" as {12,24} or {12,24,2026}
create or replace function fleet_internal.window_date(d text)
returns int[] language plpgsql immutable as $$
declare
	m text[] := regexp_match(lower(d), '^([0-9]{1,2}) ([a-z]{3})( [0-9]{4})?$');
	month int := array_position(array['jan', 'feb', 'mar', 'apr', 'may',
		'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], m[2]);
begin
	if month is null then
		return null;
	end if;
	perform make_date(coalesce(m[3], '2024')::int, month, m[1]::int);
	return array_remove(array[month, m[1]::int, m[3]::int], null);
exception when datetime_field_overflow then
	return null;
end $$;
comment on function fleet_internal.window_date(text) is
	'A day of each year, or of one; null = not understood.';

create or replace function fleet_internal.window_refuse(spec text)
returns void language plpgsql as $$
begin
	perform fleet_internal.fail('RD004', format(
		'the window "%s" is not understood', left(spec, 200)),
		'Days and times in the fleet''s time zone, or in one named behind them, are needed.',
		'Write it like: Tue-Thu 01:00-05:00 or last Sun 22:00-06:00 Europe/Helsinki or forbid 24 Dec - 2 Jan');
end $$;
comment on function fleet_internal.window_refuse(text) is
	'Says how a window is written.';

-- the days of the week and times of a line into its row
create or replace function fleet_internal.window_weekly(
	inout w fleet_internal.window_, rest text)
language plpgsql as $$
declare
	m text[] := regexp_match(rest, '^((?:first|second|third|fourth|last) )?([A-Za-z,-]+)( ([0-2]?[0-9]:[0-5][0-9])-([0-2]?[0-9]:[0-5][0-9]))?$', 'i');
begin
	w.nth := fleet_internal.nth_word(btrim(m[1]));
	w.days := fleet_internal.window_days(m[2]);
	w.opens := coalesce(m[4], '00:00')::time;
	w.closes := coalesce(m[5], '24:00')::time;
	if w.days is null or w.opens = w.closes or w.opens = '24:00' then
		perform fleet_internal.window_refuse(w.spec);
	end if;
exception when datetime_field_overflow then
	perform fleet_internal.window_refuse(w.spec);
end $$;
comment on function fleet_internal.window_weekly(fleet_internal.window_, text) is
	'Reads a line of week days.';

create or replace function fleet_internal.window_dates(
	inout w fleet_internal.window_, rest text)
language plpgsql as $$
declare
	m text[] := regexp_match(rest, '^([0-9]+ [A-Za-z]+(?: [0-9]+)?)(?: - ([0-9]+ [A-Za-z]+(?: [0-9]+)?))?$');
begin
	w.first_day := fleet_internal.window_date(m[1]);
	w.last_day := fleet_internal.window_date(coalesce(m[2], m[1]));
	if w.first_day is null or w.last_day is null
	   or cardinality(w.first_day) <> cardinality(w.last_day)
	   or (w.first_day[3] is not null
	       and make_date(w.first_day[3], w.first_day[1], w.first_day[2])
		 > make_date(w.last_day[3], w.last_day[1], w.last_day[2])) then
		perform fleet_internal.window_refuse(w.spec);
	end if;
end $$;
comment on function fleet_internal.window_dates(fleet_internal.window_, text) is
	'Reads a line of dates.';

create or replace function fleet_internal.window_read(p_spec text)
returns fleet_internal.window_ language plpgsql as $$
declare
	w fleet_internal.window_;
	rest text := regexp_replace(btrim(coalesce(p_spec, '')), ' +', ' ', 'g');
	z text;
begin
	w.spec := rest;
	w.forbid := rest ~* '^forbid ';
	rest := regexp_replace(rest, '^forbid ', '', 'i');
	z := substring(rest from ' ([A-Z][A-Za-z_]*/[A-Za-z0-9_/+-]+|UTC)$');
	if z is not null then
		if not fleet_internal.zone_known(z) then
			perform fleet_internal.fail('RD004', format(
				'the time zone "%s" is not known', z),
				'', 'See: select name from pg_timezone_names;');
		end if;
		w.zone := z;
		rest := left(rest, -length(z) - 1);
	end if;
	if rest ~ '^[0-9]' then
		return fleet_internal.window_dates(w, rest);
	end if;
	return fleet_internal.window_weekly(w, rest);
end $$;
comment on function fleet_internal.window_read(text) is
	'A line as a row without number and fleet; RD004 when it is not understood.';

create or replace function fleet_internal.window_insert(p_fleet int,
	p_spec text)
returns int language plpgsql as $$
declare
	w fleet_internal.window_ := fleet_internal.window_read(p_spec);
	id int;
begin
	insert into fleet_internal.window_ (fleet_id, spec, days, opens,
		closes, forbid, zone, nth, first_day, last_day)
	values (p_fleet, w.spec, w.days, w.opens, w.closes, w.forbid, w.zone,
		w.nth, w.first_day, w.last_day)
	on conflict (fleet_id, spec) do nothing
	returning window_id into id;
	return id;
end $$;
comment on function fleet_internal.window_insert(int, text) is
	'Adds a window to a fleet; null = it is there already.';

create or replace function fleet_internal.window_set(p_fleet int,
	p_specs jsonb)
returns void language plpgsql as $$
declare
	spec text;
begin
	delete from fleet_internal.window_ w where w.fleet_id = p_fleet
	   and w.spec not in (select jsonb_array_elements_text(p_specs));
	for spec in select jsonb_array_elements_text(p_specs) loop
		perform fleet_internal.window_insert(p_fleet, spec);
	end loop;
end $$;
comment on function fleet_internal.window_set(int, jsonb) is
	'Makes the windows of a fleet those of the inventory; those that stay keep their numbers.';
