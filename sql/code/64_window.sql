-- 64_window.sql - people ask for windows, add and remove them.

set local role fleet_owner;

create or replace function fleet.window_next(fleet text, n int default 5,
	after timestamptz default null)
returns table (opens_at timestamptz, closes_at timestamptz, spec text)
language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select w.* from fleet_internal.windows_after(
		fleet_internal.find_fleet(window_next.fleet),
		coalesce(window_next.after, fleet_internal.clock()),
		400) w
	 where w.opens_at is not null or w.closes_at is not null
	 limit least(greatest(window_next.n, 0), 1000)
$$;
comment on function fleet.window_next(text, int, timestamptz) is
	'When backends may be taken next, an open span first, forbidden spans cut out; no row = at any time. An empty end lies further away than a year.';

create or replace function fleet_internal.window_changed(p_fleet int,
	p_kind text, p_message text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.fleet f set windows = coalesce((
		select jsonb_agg(w.spec order by w.window_id)
		  from fleet_internal.window_ w
		 where w.fleet_id = f.fleet_id), '[]')
	 where f.fleet_id = p_fleet;
	perform fleet_internal.note(p_fleet, p_kind, 'notice', p_message);
	perform fleet_internal.wake(p_fleet);
end $$;
comment on function fleet_internal.window_changed(int, text, text) is
	'Lets export show what was changed, adds the event, wakes the coordinator.';

create or replace function fleet.window_add(fleet text, spec text,
	zone text default null, forbid bool default false)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	f int := fleet_internal.find_fleet(window_add.fleet);
	line text := concat(case when window_add.forbid
		and window_add.spec !~* '^ *forbid ' then 'forbid ' end,
		btrim(window_add.spec), ' ' || window_add.zone);
	id int;
	next_ record;
begin
	perform fleet_internal.demand(f, 'import');
	perform from fleet_internal.fleet x where x.fleet_id = f
	    for no key update;
	if window_add.zone is not null
	   and not fleet_internal.zone_known(window_add.zone) then
		perform fleet_internal.fail('RD004', format(
			'the time zone "%s" is not known', window_add.zone),
			'Its full name is needed; an abbreviation knows no summer time.',
			'See: select name from pg_timezone_names;');
	end if;
	line := (fleet_internal.window_read(line)).spec;
	id := fleet_internal.window_insert(f, line);
	if id is null then
		perform fleet_internal.fail('RD002', format(
			'"%s" is there already', line), '',
			format('See: select * from fleet.window where fleet = %L;',
			       window_add.fleet));
	end if;
	select * into next_ from fleet_internal.windows_after(f,
		fleet_internal.clock(), 400) limit 1;
	perform fleet_internal.window_changed(f, 'window.added', format(
		'window %s added: %s', id, line));
	return format('window %s: %s; backends may be taken %s', id, line,
		case when next_ is null then 'at no time within a year'
		else format('%s to %s',
			coalesce(fleet_internal.window_text(f, next_.opens_at), 'now'),
			coalesce(fleet_internal.window_text(f, next_.closes_at),
				 'further notice')) end);
end $$;
comment on function fleet.window_add(text, text, text, bool) is
	'Adds a window to a fleet, or a forbidden span: window_add(''mail'', ''Tue-Thu 01:00-05:00'', ''Europe/Helsinki''). A running rollout keeps to it at once.';

create or replace function fleet.window_remove(fleet text, "window" int)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	f int := fleet_internal.find_fleet(window_remove.fleet);
	line text;
begin
	perform fleet_internal.demand(f, 'import');
	perform from fleet_internal.fleet x where x.fleet_id = f
	    for no key update;
	delete from fleet_internal.window_ w
	 where w.window_id = window_remove."window" and w.fleet_id = f
	returning w.spec into line;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'%s has no window %s', window_remove.fleet,
			coalesce(window_remove."window"::text, '(none named)')), '',
			format('See: select * from fleet.window where fleet = %L;',
			       window_remove.fleet));
	end if;
	perform fleet_internal.window_changed(f, 'window.removed', format(
		'window %s removed: %s', window_remove."window", line));
	return format('window %s is removed: %s%s', window_remove."window", line,
		case when exists (select from fleet_internal.window_ w
			where w.fleet_id = f and not w.forbid) then ''
		else E'\nnote: no window is left, so backends may be taken at any time that is not forbidden' end);
end $$;
comment on function fleet.window_remove(text, int) is
	'Removes a window or forbidden span of a fleet by its number.';

create or replace function fleet_internal.window_openings()
returns table (window_id int, opens_at timestamptz, closes_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select distinct on (s.window_id) s.window_id, lower(s.span),
		upper(s.span)
	  from fleet_internal.fleet f, fleet_internal.window_spans(f.fleet_id,
		fleet_internal.clock(), 400) s
	 order by s.window_id, s.span
$$;
comment on function fleet_internal.window_openings() is
	'The next opening of each line by itself, for the view.';

create or replace view fleet.window as
select f.name as fleet, w.window_id as "window", w.spec, w.forbid,
	coalesce(w.zone, f.timezone) as zone,
	coalesce(o.opens_at <= n.now, false) as now_in, o.opens_at,
	o.closes_at, w.added_by, w.added_at
  from fleet_internal.window_ w
  join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.window_openings() o using (window_id)
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet.window', $$
When backends may be taken, and forbidden spans, one row per line; a fleet without windows may at any time.
fleet: the fleet
window: number, to remove it
spec: the line
forbid: no backend is taken in it
zone: whose wall clock is meant
now_in: the present is in it
opens_at: its next opening, or the one that is open
closes_at: the end of that
added_by: by whom
added_at: when
$$);
