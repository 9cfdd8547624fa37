-- 71_start.sql - start, schedule, cancel.

set local role fleet_owner;

create or replace function fleet_internal.refuse_stale(r fleet_internal.rollout)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	why text := fleet_internal.stale_why(r);
begin
	if why is not null then
		perform fleet_internal.fail('RD006', format(
			'plan %s is stale', r.rollout_id), why,
			fleet_internal.plan_hint(r));
	end if;
end $$;
comment on function fleet_internal.refuse_stale(fleet_internal.rollout) is
	'RD006 when inventory or procedure changed since the plan was made.';

drop function if exists fleet_internal.refuse_change(fleet_internal.rollout,
	text);
create or replace function fleet_internal.refuse_change(p_fleet int,
	p_ref text, p_hint text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	c record := fleet_internal.change_why(p_fleet, p_ref);
begin
	if c.what is not null then
		perform fleet_internal.fail('RD004', c.what, c.why, p_hint);
	end if;
end $$;
comment on function fleet_internal.refuse_change(int, text, text) is
	'RD004 without the change ticket that the inventory wants, or with one that does not look like it.';

create or replace function fleet_internal.refuse_start(r fleet_internal.rollout,
	p_change_ref text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	other record;
begin
	if r.state <> 'planned' then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is %s, so it cannot be started', r.rollout_id,
			r.state), format('It was planned by %s at %s.',
				r.created_by, r.created_at),
			case when r.state = 'scheduled' then format(
				'To start it now: select fleet.cancel(%s); and plan again.', r.rollout_id)
			else fleet_internal.plan_hint(r) end);
	end if;
	select x.rollout_id, x.start_by, x.started_at into other
	  from fleet_internal.rollout x
	 where x.fleet_id = r.fleet_id and x.state = 'running';
	if found then
		perform fleet_internal.fail('RD002', format(
			'rollout %s runs in this fleet', other.rollout_id),
			format('Started by %s at %s; one at a time.',
			       other.start_by, other.started_at),
			format('Watch it: select * from fleet.progress where rollout = %s;',
			       other.rollout_id));
	end if;
	perform fleet_internal.refuse_change(r.fleet_id,
		coalesce(p_change_ref, r.change_ref),
		format('select fleet.start(%s, change_ref => ''CHG-123'');',
		       r.rollout_id));
	if not exists (select from fleet_internal.turn t
			where t.rollout_id = r.rollout_id) then
		perform fleet_internal.fail('RD002', format(
			'plan %s has no backends', r.rollout_id),
			'All are excluded or left out.', fleet_internal.plan_hint(r));
	end if;
end $$;
comment on function fleet_internal.refuse_start(fleet_internal.rollout, text) is
	'Everything but staleness that keeps a plan from being started.';

drop function if exists fleet.start(bigint, timestamptz, bool, int, text);
drop function if exists fleet.start(bigint, timestamptz, bool, int, text, bool);
create or replace function fleet.start(rollout bigint,
	at timestamptz default null, ignore_window bool default false,
	stop_after int default null, change_ref text default null,
	unattended_without_alarm bool default false,
	missed text default 'start')
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_begin(start.rollout, 'start');
	now_ timestamptz := fleet_internal.clock();
	later bool := coalesce(start.at > now_, false);
	slot jsonb := fleet_internal.load_slot(r.fleet_id);
	told text;
begin
	perform fleet_internal.refuse_start(r, start.change_ref);
	perform fleet_internal.refuse_stale(r);
	perform fleet_internal.demand_time(start.at, 'the time to start');
	if later then
		perform fleet_internal.refuse_unattended(r.fleet_id, format(
			'rollout %s', r.rollout_id),
			start.unattended_without_alarm);
	end if;
	if start.stop_after < 0 then
		perform fleet_internal.fail('RD004', 'stop_after must be 0 or more',
			'It is the number of backends after which the rollout rests; 0: never.', '');
	end if;
	update fleet_internal.rollout x set
		state = case when later then 'scheduled' else 'running' end,
		start_by = session_user, start_at = start.at,
		missed = fleet_internal.check_missed(start.missed),
		check_due_at = case when start.at > now_ + interval '70 min'
			then start.at - interval '1 h' end,
		started_at = case when not later then now_ end,
		ignore_window = coalesce(start.ignore_window, false),
		stop_after = nullif(coalesce(start.stop_after, x.stop_after), 0),
		change_ref = coalesce(start.change_ref, x.change_ref)
	 where x.rollout_id = r.rollout_id;
	perform fleet_internal.ask_check(r.rollout_id);
	told := case when later then format('rollout %s will start %s',
			r.rollout_id, fleet_internal.window_text(r.fleet_id,
				start.at))
			|| fleet_internal.start_windows(r.fleet_id, start.at,
				start.ignore_window)
		else format('rollout %s is started', r.rollout_id) end;
	perform fleet_internal.steer_done(r, case when later
		then 'rollout.scheduled' else 'rollout.running' end, told,
		p_detail => jsonb_build_object('ignore_window',
			start.ignore_window, 'change_ref', start.change_ref,
			'without_alarm', later and start.unattended_without_alarm));
	if slot->>'fleet_id' <> r.fleet_id::text then
		told := told || format(E'\nnote: it waits at its first outage: %s of fleet %s is out in the same slot',
			slot->>'backend', slot->>'fleet');
	end if;
	return told;
end $$;
comment on function fleet.start(bigint, timestamptz, bool, int, text, bool, text) is
	'Starts a plan now or at a time (missed: start it late or skip it, when no coordinator was there in time), then only where a hook would tell of a halt or unattended_without_alarm is typed; refuses a stale one and says what changed. The whole fleet is checked first (check_request in fleet.rollout), a later start again an hour before; then backends are taken as windows and gates allow.';

create or replace function fleet.cancel(rollout bigint,
	reason text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_begin(cancel.rollout, 'start');
begin
	if r.state not in ('planned', 'scheduled') then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is %s, so it cannot be cancelled',
			r.rollout_id, r.state),
			'Only what has not started can be cancelled.',
			case when r.state = 'running'
				then fleet_internal.rollout_choices(r.rollout_id)
			else fleet_internal.history_hint(r.fleet_id) end);
	end if;
	update fleet_internal.rollout x set state = 'cancelled',
		finished_at = fleet_internal.clock(), message = cancel.reason
	 where x.rollout_id = r.rollout_id;
	perform fleet_internal.rollout_over(r.rollout_id,
		fleet_internal.clock());
	perform fleet_internal.steer_done(r, 'rollout.cancelled', format(
		'rollout %s is cancelled%s', r.rollout_id,
		coalesce(': ' || cancel.reason, '')));
	return format('rollout %s is cancelled; nothing was changed', r.rollout_id);
end $$;
comment on function fleet.cancel(bigint, text) is
	'Cancels a plan or a scheduled rollout that has not started.';
