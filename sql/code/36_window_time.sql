-- 36_window_time.sql - when windows are open, over midnight and summer time.
--
-- Wall clocks are doubtful on two nights a year: an hour that comes twice, or
-- not at all. Doubt is never maintenance: a window opens at the later of two
-- such instants and closes at the earlier, a forbidden span the other way.

set local role fleet_owner;

-- The instant at which a wall clock shows that time: of two the earlier or
-- the later; of none (the clock jumps over it) the one at which it jumps.
create or replace function fleet_internal.wall(local timestamp, zone text,
	late bool)
returns timestamptz language plpgsql stable as $$
declare
	x timestamptz := local at time zone zone;
	shows timestamp := x at time zone zone;
	back interval;
begin
	if shows <> local then
		return (select min(t) from generate_series(x - (shows - local),
				x, interval '1 minute') t
			where t at time zone zone >= local);
	end if;
	-- PostgreSQL takes the later of two
	back := ((x - interval '1 day') at time zone zone)
		- ((x - interval '1 day') at time zone 'UTC')
		- (shows - (x at time zone 'UTC'));
	if not late and back > interval '0'
	   and (x - back) at time zone zone = local then
		return x - back;
	end if;
	return x;
end $$;
comment on function fleet_internal.wall(timestamp, text, bool) is
	'When a wall clock shows that time: the earlier or the later instant, or the jump over it.';

create or replace function fleet_internal.window_span(day timestamp,
	opens interval, closes interval, zone text, forbid bool)
returns tstzrange language plpgsql stable as $$
declare
	o timestamptz := fleet_internal.wall(day + opens, zone, not forbid);
	c timestamptz := fleet_internal.wall(day + closes, zone, forbid);
begin
	if c <= o then
		o := fleet_internal.wall(day + opens, zone, false);
	end if;
	return case when o < c then tstzrange(o, c) else 'empty' end;
end $$;
comment on function fleet_internal.window_span(timestamp, interval, interval, text, bool) is
	'One opening of a window, counted from the midnight before it.';

-- Every opening of each line that ends after a time and begins within so many
-- days: a span of dates is one opening, however long.
create or replace function fleet_internal.window_spans(p_fleet int,
	p_after timestamptz, p_days int)
returns table (window_id int, forbid bool, spec text, span tstzrange)
language sql stable as $$
	with line as (
		select w.*, coalesce(w.zone, f.timezone) as z,
			(p_after at time zone coalesce(w.zone, f.timezone))::date
				as today
		  from fleet_internal.window_ w
		  join fleet_internal.fleet f using (fleet_id)
		 where w.fleet_id = p_fleet)
	select x.* from (
	select l.window_id, l.forbid, l.spec, fleet_internal.window_span(
		d.day, l.opens::interval, l.closes::interval + make_interval(
			days => (l.closes <= l.opens)::int), l.z, l.forbid) as span
	  from line l, lateral (select (l.today - 2 + i) as day
		from generate_series(0, p_days + 2) i) d
	 where l.days is not null
	   and fleet_internal.day_is(d.day, l.days, l.nth)
	union all
	select l.window_id, l.forbid, l.spec, fleet_internal.window_span(
		y.first, interval '0', y.last + interval '1 day' - y.first,
		l.z, l.forbid)
	  from line l, lateral (select coalesce(l.first_day[3], extract(
			year from l.today)::int - 1 + i) as year
		from generate_series(0, case when l.first_day[3] is null
			then 2 + p_days / 365 else 0 end) i) n,
	  lateral (select make_date(n.year, l.first_day[1], 1)::timestamp
			+ make_interval(days => l.first_day[2] - 1) as first,
		make_date(coalesce(l.last_day[3], n.year + (l.last_day
			< l.first_day)::int), l.last_day[1], 1)::timestamp
			+ make_interval(days => l.last_day[2] - 1) as last) y
	 where l.first_day is not null) x
	 where upper(x.span) > p_after
	   and lower(x.span) < p_after + make_interval(days => p_days)
$$;
comment on function fleet_internal.window_spans(int, timestamptz, int) is
	'The openings of each window and forbidden span after a time.';

-- What is left when lines that touch are one and forbidden spans are cut out.
create or replace function fleet_internal.windows_after(p_fleet int,
	p_after timestamptz, p_days int)
returns table (opens_at timestamptz, closes_at timestamptz, spec text)
language sql stable as $$
	with spans as (select * from fleet_internal.window_spans(p_fleet,
			p_after, p_days)),
	open_ as (select case when exists (select from fleet_internal.window_ w
			where w.fleet_id = p_fleet and not w.forbid)
		then coalesce(range_agg(s.span) filter (where not s.forbid), '{}')
		else '{(,)}' end
		- coalesce(range_agg(s.span) filter (where s.forbid), '{}') as m
		  from spans s)
	select lower(r), upper(r), (select string_agg(distinct s.spec, ', ')
		from spans s where not s.forbid and s.span && r)
	  from open_, unnest(open_.m) r
	 where upper(r) is null or upper(r) > p_after
	 order by lower(r) nulls first
$$;
comment on function fleet_internal.windows_after(int, timestamptz, int) is
	'When backends may be taken, an open span first; empty ends are open ones: no window, nothing forbidden in sight.';

create or replace function fleet_internal.window_text(p_fleet int,
	at timestamptz)
returns text language sql stable as $$
	select to_char(window_text.at at time zone f.timezone,
		'Dy DD Mon HH24:MI ') || f.timezone
	  from fleet_internal.fleet f where f.fleet_id = p_fleet
$$;
comment on function fleet_internal.window_text(int, timestamptz) is
	'A time as people of this fleet read it.';

create or replace function fleet_internal.window_closes(p_fleet int,
	at timestamptz)
returns timestamptz language sql stable as $$
	select w.closes_at from fleet_internal.windows_after(p_fleet, at, 2) w
	 where w.opens_at <= window_closes.at limit 1
$$;
comment on function fleet_internal.window_closes(int, timestamptz) is
	'When the window that is open at a time closes; null = none is, or not soon.';

-- Nine days are cheap and nearly always enough.
create or replace function fleet_internal.window_now(p_fleet int)
returns jsonb language plpgsql stable as $$
declare
	now_ timestamptz := fleet_internal.clock();
	spans jsonb;
	days int;
begin
	if not exists (select from fleet_internal.window_ w
			where w.fleet_id = p_fleet) then
		return '{"any": false}';
	end if;
	foreach days in array array[9, 400] loop
		select jsonb_agg(jsonb_build_object(
			'opens_ms', coalesce(fleet_internal.ms(x.opens_at), 0),
			'closes_ms', fleet_internal.ms(x.closes_at),
			'opens', fleet_internal.window_text(p_fleet, x.opens_at),
			'closes', fleet_internal.window_text(p_fleet, x.closes_at))
			order by x.opens_at nulls first)
		  into spans from (select * from fleet_internal.windows_after(
			p_fleet, now_, days) limit 8) x;
		exit when spans is not null;
	end loop;
	return jsonb_build_object('any', true, 'spans', coalesce(spans, '[]'));
end $$;
comment on function fleet_internal.window_now(int) is
	'When backends may be taken: {"any":false} always, else the next spans, an open one first.';
