-- 76_schedule.sql - starts that come again: "first Tue 01:00".
--
-- An hour before each start its coordinator plans the newest text of the
-- procedure, checks it, and leaves a scheduled rollout that starts by itself.

set local role fleet_owner;

-- "[first] Tue[-Thu] 01:00 [ZONE]", in the spelling of windows
create or replace function fleet_internal.schedule_read(p_fleet int,
	p_spec text, p_zone text, out spec text, out days int[], out nth int,
	out starts time, out zone text)
language plpgsql stable as $$
declare
	m text[];
begin
	spec := regexp_replace(btrim(coalesce(p_spec, '')), ' +', ' ', 'g');
	m := regexp_match(spec, '^((?:first|second|third|fourth|last) )?([A-Za-z,-]+) ([0-2]?[0-9]:[0-5][0-9])( [A-Z][A-Za-z_]*(/[A-Za-z0-9_/+-]+)?)?$', 'i');
	nth := fleet_internal.nth_word(btrim(m[1]));
	days := case lower(m[2]) when 'daily' then '{1,2,3,4,5,6,7}'
		else fleet_internal.window_days(m[2]) end;
	zone := coalesce(p_zone, btrim(m[4]), (select f.timezone
		from fleet_internal.fleet f where f.fleet_id = p_fleet));
	if days is null or m[3] >= '24' then
		perform fleet_internal.fail('RD004', format(
			'the schedule "%s" is not understood', left(spec, 200)),
			'A day and an hour in the fleet''s time zone, or in one named behind them, are needed.',
			'Write it like: first Tue 01:00 or Mon-Fri 02:30 or last Sun 23:00 Europe/Helsinki');
	elsif not fleet_internal.zone_known(zone) then
		perform fleet_internal.fail('RD004', format(
			'the time zone "%s" is not known', zone),
			'Its full name is needed; an abbreviation knows no summer time.',
			'See: select name from pg_timezone_names;');
	end if;
	starts := m[3]::time;
end $$;
comment on function fleet_internal.schedule_read(int, text, text) is
	'Reads when a schedule starts; RD004 when it is not understood.';

-- An hour that comes twice starts it once, the first time; one that does not
-- come starts it when the clock jumps over it.
create or replace function fleet_internal.schedule_after(days int[], nth int,
	starts time, zone text, after timestamptz)
returns timestamptz language sql stable as $$
	select min(x.at) from (
		select fleet_internal.wall(d.day + starts, zone, false) as at
		  from (select ((schedule_after.after at time zone zone)::date
				- 1 + i)::timestamp as day
			  from generate_series(0, 70) i) d
		 where fleet_internal.day_is(d.day::date, days, nth)) x
	 where x.at > schedule_after.after
$$;
comment on function fleet_internal.schedule_after(int[], int, time, text, timestamptz) is
	'The first start of a schedule after a time.';

create or replace function fleet_internal.check_missed(missed text)
returns text language plpgsql as $$
begin
	if missed is null or missed not in ('start', 'skip') then
		perform fleet_internal.fail('RD004', format(
			'missed is start or skip, not %s',
			coalesce(quote_literal(missed), 'null')),
			'It says what to do when nobody could start it in time.',
			'Write missed => ''start'' (it starts late) or missed => ''skip''.');
	end if;
	return missed;
end $$;
comment on function fleet_internal.check_missed(text) is
	'Refuses what is neither start nor skip.';

create or replace function fleet.schedule_add(fleet text, spec text,
	procedure text, vars jsonb default '{}', zone text default null,
	missed text default 'skip', only_backends text[] default null,
	except_backends text[] default null, files jsonb default '{}',
	ignore_window bool default false, stop_after int default null,
	change_ref text default null,
	unattended_without_alarm bool default false)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	f int := fleet_internal.find_fleet(schedule_add.fleet);
	p fleet_internal.procedure;
	t record;
	now_ timestamptz := fleet_internal.clock();
	next_ timestamptz;
	id int;
begin
	perform fleet_internal.demand(f, 'start');
	p := fleet_internal.find_procedure(schedule_add.procedure);
	select * into t from fleet_internal.schedule_read(f,
		schedule_add.spec, schedule_add.zone);
	perform fleet_internal.check_missed(schedule_add.missed);
	perform fleet_internal.check_args(jsonb_build_object(
		'vars', schedule_add.vars, 'files', schedule_add.files,
		'only', to_jsonb(schedule_add.only_backends),
		'except', to_jsonb(schedule_add.except_backends)));
	perform fleet_internal.refuse_change(f, schedule_add.change_ref,
		format('Name one that stands for all its starts: select fleet.schedule_add(%L, %L, %L, change_ref => ''CHG-123'');',
			schedule_add.fleet, schedule_add.spec,
			schedule_add.procedure));
	perform fleet_internal.refuse_unattended(f, format('"%s"', t.spec),
		schedule_add.unattended_without_alarm);
	perform from fleet_internal.fleet x where x.fleet_id = f
	    for no key update;
	next_ := fleet_internal.schedule_after(t.days, t.nth, t.starts, t.zone,
		now_);
	insert into fleet_internal.schedule (fleet_id, spec, days, nth, starts,
		zone, procedure, args, options, missed, next_at, added_at)
	values (f, t.spec, t.days, t.nth, t.starts, t.zone, p.name,
		jsonb_build_object('vars', coalesce(schedule_add.vars, '{}'),
			'files', coalesce(schedule_add.files, '{}'),
			'only', to_jsonb(coalesce(schedule_add.only_backends, '{}')),
			'except', to_jsonb(coalesce(schedule_add.except_backends, '{}'))),
		jsonb_strip_nulls(jsonb_build_object('ignore_window',
			schedule_add.ignore_window, 'stop_after',
			schedule_add.stop_after, 'change_ref',
			schedule_add.change_ref)),
		schedule_add.missed, next_, now_)
	returning schedule_id into id;
	perform fleet_internal.note(f, 'schedule.added', 'notice', format(
		'schedule s%s added: %s %s', id, t.spec, p.name));
	return format('schedule s%s: %s, next %s%s', id, p.name,
		fleet_internal.window_text(f, next_),
		fleet_internal.start_windows(f, next_,
			coalesce(schedule_add.ignore_window, false)));
end $$;
comment on function fleet.schedule_add(text, text, text, jsonb, text, text, text[], text[], jsonb, bool, int, text, bool) is
	'Plans and starts a procedure again and again: schedule_add(''mail'', ''first Tue 01:00'', ''dovecot-obox-restart''). missed: skip or start, when nobody could start it in time.';

-- What windows have to say of a start, for the one who schedules it.
create or replace function fleet_internal.start_windows(p_fleet int,
	at timestamptz, p_ignore bool)
returns text language plpgsql stable as $$
declare
	w record;
begin
	if p_ignore or not exists (select from fleet_internal.window_ x
			where x.fleet_id = p_fleet) then
		return '';
	end if;
	select * into w from fleet_internal.windows_after(p_fleet,
		start_windows.at, 400) limit 1;
	if not found then
		return E'\nnote: no window opens within a year after that, so no backend would be taken';
	elsif coalesce(w.opens_at, '-infinity') <= start_windows.at then
		return format(E'\nthe window is open then, until %s', coalesce(
			fleet_internal.window_text(p_fleet, w.closes_at),
			'further notice'));
	end if;
	return format(E'\nnote: no window is open then; the first backend is taken after %s',
		fleet_internal.window_text(p_fleet, w.opens_at));
end $$;
comment on function fleet_internal.start_windows(int, timestamptz, bool) is
	'Whether a window is open at the time of a start, in words.';

create or replace function fleet.schedule_remove(fleet text, schedule int,
	reason text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	f int := fleet_internal.find_fleet(schedule_remove.fleet);
	s fleet_internal.schedule;
	state text;
begin
	perform fleet_internal.demand(f, 'start');
	perform from fleet_internal.fleet x where x.fleet_id = f
	    for no key update;
	update fleet_internal.schedule x set ended_at = fleet_internal.clock(),
		ended_by = session_user
	 where x.schedule_id = schedule_remove.schedule and x.fleet_id = f
	   and x.ended_at is null returning * into s;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'%s has no schedule s%s', schedule_remove.fleet,
			coalesce(schedule_remove.schedule::text, '(none named)')),
			'', format('See: select * from fleet.schedule where fleet = %L;',
			schedule_remove.fleet));
	end if;
	perform fleet_internal.note(f, 'schedule.removed', 'notice', format(
		'schedule s%s removed: %s %s%s', s.schedule_id, s.spec,
		s.procedure, coalesce(': ' || schedule_remove.reason, '')));
	select r.state into state from fleet_internal.rollout r
	 where r.rollout_id = s.rollout_id;
	if state in ('planned', 'scheduled') then
		perform fleet.cancel(s.rollout_id, format(
			'schedule s%s was removed', s.schedule_id));
	end if;
	return format('schedule s%s is removed%s', s.schedule_id,
		case when state in ('planned', 'scheduled') then format(
			'; rollout %s, planned for it, is cancelled', s.rollout_id)
		     when state = 'running' then format(
			'; rollout %s, which it started, goes on', s.rollout_id)
		else '' end);
end $$;
comment on function fleet.schedule_remove(text, int, text) is
	'Removes a schedule and cancels what was planned for its next start; a rollout that runs goes on.';
