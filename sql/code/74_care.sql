-- 74_care.sql - exclude and include, approve, override.

set local role fleet_owner;

create or replace function fleet_internal.exclude_member(f int, p_name text,
	p_why text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	m record;
	n int := 0;
begin
	for m in select x.group_id, x.host_id, g.name,
			(select count(*) from fleet_internal.group_member y
			  where y.group_id = x.group_id
			    and y.excluded_at is null) as alive
		   from fleet_internal.group_member x
		   join fleet_internal.member_group g using (group_id)
		   join fleet_internal.host h using (host_id)
		  where g.fleet_id = f and h.name = p_name
		    and x.excluded_at is null
	loop
		if m.alive < 2 then
			perform fleet_internal.fail('RD005', format(
				'%s is the last member of %s', p_name, m.name),
				'Without it nobody could say what is in service.',
				'Bring another member back first.');
		end if;
		update fleet_internal.group_member set
			excluded_at = fleet_internal.clock(),
			excluded_by = session_user, excluded_why = p_why
		 where group_id = m.group_id and host_id = m.host_id;
		n := n + 1;
	end loop;
	if n = 0 then
		return null;
	end if;
	update fleet_internal.fleet set revision = revision + 1
	 where fleet_id = f;
	perform fleet_internal.note(f, 'member.excluded', 'warning', format(
		'%s is not asked any more: %s', p_name, p_why));
	return format('%s is not asked any more; every proof names it', p_name);
end $$;
comment on function fleet_internal.exclude_member(int, text, text) is
	'A group member that died for good is not asked any more; never the last one.';

create or replace function fleet_internal.exclude_backend(f int,
	b fleet_internal.backend, p_why text, p_out bool)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	t fleet_internal.turn;
	is_out bool;
begin
	select exists (select from fleet_internal.outage o
		where o.backend_id = b.backend_id and o.back_at is null
		  and o.accepted_at is null) into is_out;
	select x.* into t from fleet_internal.turn x
	 where x.backend_id = b.backend_id
	   and x.state in ('working', 'held', 'restoring', 'out');
	if t.state in ('working', 'held', 'restoring') then
		perform fleet_internal.fail('RD002', format(
			'%s is in the hands of rollout %s', b.name, t.rollout_id),
			format('Its turn is %s.', t.state),
			case when t.state = 'held' then fleet_internal.held_choices(t)
			else format('Let it come to rest: select fleet.pause(%s, ''reason'', ''backend'');',
				t.rollout_id) end);
	elsif is_out and not p_out then
		perform fleet_internal.fail('RD002', format(
			'%s is out of service', b.name),
			'To leave it so, somebody must take it over.',
			format('select fleet.exclude(%L, %L, ''reason'', accept_out => true);',
			       (select x.name from fleet_internal.fleet x
				 where x.fleet_id = f), b.name));
	elsif b.excluded_at is not null then
		perform fleet_internal.fail('RD002', format(
			'%s is excluded already', b.name), format('By %s at %s: %s',
			b.excluded_by, b.excluded_at, b.excluded_why),
			format('To take it back: select fleet.include(%L, %L);',
			       (select x.name from fleet_internal.fleet x
				 where x.fleet_id = f), b.name));
	end if;
	perform fleet_internal.set_excluded(f, b.backend_id, session_user,
		p_why, is_out);
	if is_out then
		perform fleet_internal.accept_outage(f, b.backend_id,
			session_user, p_why);
	end if;
	if t.state = 'out' then
		perform fleet_internal.op_turn(f, t.rollout_id,
			fleet_internal.clock(), jsonb_build_object(
			'turn', t.turn_id, 'from', 'out', 'to', 'skipped'));
	end if;
	return format('%s is excluded%s', b.name, case when is_out
		then '; it is out and you have it now' else '' end);
end $$;
comment on function fleet_internal.exclude_backend(int, fleet_internal.backend, text, bool) is
	'Leaves a backend out; one that is out of service only when a person takes it over.';

create or replace function fleet.exclude(fleet text, backend text,
	reason text, accept_out bool default false)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f int := fleet_internal.find_fleet(exclude.fleet);
	why text;
	told text;
begin
	perform fleet_internal.demand(f, 'exclude');
	why := fleet_internal.check_reason(exclude.reason);
	perform from fleet_internal.fleet x
	  where x.fleet_id = f for no key update;
	if not exists (select from fleet_internal.backend x
			where x.fleet_id = f and x.name = exclude.backend
			  and x.removed_at is null) then
		told := fleet_internal.exclude_member(f, exclude.backend, why);
	end if;
	if told is null then
		told := fleet_internal.exclude_backend(f,
			fleet_internal.find_backend(f, exclude.backend), why,
			coalesce(exclude.accept_out, false));
	end if;
	update fleet_internal.rollout x set revision = x.revision + 1
	 where x.fleet_id = f and x.state = 'running';
	perform fleet_internal.wake(f);
	return told;
end $$;
comment on function fleet.exclude(text, text, text, bool) is
	'Leaves a backend out of rollouts, or stops asking a group member that died for good.';

create or replace function fleet_internal.include_member(f int, p_name text)
returns bool language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	update fleet_internal.group_member x set excluded_at = null,
		excluded_by = null, excluded_why = null
	  from fleet_internal.member_group g, fleet_internal.host h
	 where g.group_id = x.group_id and g.fleet_id = f
	   and h.host_id = x.host_id and h.name = p_name
	   and x.excluded_at is not null;
	if not found then
		return false;
	end if;
	update fleet_internal.fleet set revision = revision + 1
	 where fleet_id = f;
	perform fleet_internal.note(f, 'member.included', 'notice', format(
		'%s is asked again', p_name));
	return true;
end $$;
comment on function fleet_internal.include_member(int, text) is
	'A group member is asked again.';

create or replace function fleet.include(fleet text, backend text)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f int := fleet_internal.find_fleet(include.fleet);
	b fleet_internal.backend;
	t fleet_internal.turn;
	want jsonb := jsonb_build_object('verb', 'include', 'by', session_user,
		'at_ms', fleet_internal.ms(fleet_internal.clock()));
begin
	perform fleet_internal.demand(f, 'exclude');
	perform from fleet_internal.fleet x
	  where x.fleet_id = f for no key update;
	if fleet_internal.include_member(f, include.backend) then
		perform fleet_internal.wake(f);
		return format('%s is asked again', include.backend);
	end if;
	b := fleet_internal.find_backend(f, include.backend);
	select x.* into t from fleet_internal.turn x
	 where x.backend_id = b.backend_id and x.state = 'out';
	if b.excluded_at is null and t.turn_id is null then
		perform fleet_internal.fail('RD002', format(
			'%s takes part already', b.name),
			'It is neither excluded nor at rest out of service.',
			format('See: select * from fleet.backend where fleet = %L;',
			       include.fleet));
	end if;
	update fleet_internal.backend x set asked = want
	 where x.backend_id = b.backend_id;
	update fleet_internal.turn x set asked = want
	 where x.turn_id = t.turn_id;
	update fleet_internal.rollout x set revision = x.revision + 1
	 where x.fleet_id = f and (x.state = 'running'
		or x.rollout_id = t.rollout_id);
	perform fleet_internal.note(f, 'backend.include', 'notice', format(
		'%s: include asked', b.name), t.rollout_id, t.turn_id, b.backend_id);
	perform fleet_internal.wake(f);
	return format('%s takes part again as soon as it is proved in service', b.name);
end $$;
comment on function fleet.include(text, text) is
	'Takes an excluded backend, or one at rest out of service, back: as soon as a look proves it in service.';

create or replace function fleet.approve(rollout bigint, note text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		approve.rollout, 'steer', 'approved');
	h fleet_internal.hold;
begin
	perform fleet_internal.refuse_ending(r, 'approved');
	select * into h from fleet_internal.hold x
	 where x.rollout_id = r.rollout_id and x.kind = 'approval'
	   and x.ended_at is null order by x.hold_id limit 1;
	if not found then
		perform fleet_internal.fail('RD002', format(
			'rollout %s does not wait for an approval', r.rollout_id),
			coalesce('It waits: ' || (select string_agg(x.why, '; ')
				from fleet_internal.hold x
				where x.rollout_id = r.rollout_id
				  and x.ended_at is null), 'It moves.'),
			fleet_internal.rollout_choices(r.rollout_id));
	end if;
	insert into fleet_internal.override_ (fleet_id, rollout_id, backend_id,
		gate, step, at, why)
	values (r.fleet_id, r.rollout_id, h.backend_id, 'approval', h.gate,
		fleet_internal.clock(), coalesce(approve.note, h.why));
	if h.backend_id is null then
		-- between two backends: it goes on to the end
		update fleet_internal.rollout x set stop_after = null
		 where x.rollout_id = r.rollout_id;
		update fleet_internal.override_ x
		   set ended_at = fleet_internal.clock()
		 where x.rollout_id = r.rollout_id and x.gate = 'approval'
		   and x.backend_id is null and x.ended_at is null;
		perform fleet_internal.op_unhold(r.fleet_id, r.rollout_id,
			fleet_internal.clock(),
			jsonb_build_object('hold', h.hold_id));
	end if;
	perform fleet_internal.steer_done(r, 'rollout.approved', format(
		'approved: %s%s', h.why, coalesce(' (' || approve.note || ')', '')),
		h.turn_id, h.backend_id);
	return format('approved: %s', h.why);
end $$;
comment on function fleet.approve(bigint, text) is
	'Answers the question that a rollout waits with.';

create or replace function fleet.override(rollout bigint, gate text,
	reason text, backend text default null, step text default null,
	value jsonb default null, expires interval default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		override.rollout, 'override', 'overridden');
	why text := fleet_internal.check_reason(override.reason);
	t fleet_internal.turn;
begin
	if override.gate is null
	   or override.gate not in ('check', 'target_in', 'window', 'value')
	   or (override.gate <> 'window' and override.backend is null)
	   or (override.gate = 'value') <> (override.value is not null
		and override.step is not null) then
		perform fleet_internal.fail('RD004',
			'this cannot be overridden',
			'target_in (with a backend), window, or value (with backend, step and value) can; the promise that one is out at a time cannot.',
			format('select fleet.override(%s, ''target_in'', ''reason'', ''BACKEND'');',
			       r.rollout_id));
	end if;
	if override.backend is not null then
		t := fleet_internal.steer_turn(r, override.backend);
	end if;
	insert into fleet_internal.override_ (fleet_id, rollout_id, backend_id,
		gate, step, value, until, at, why)
	values (r.fleet_id, r.rollout_id, t.backend_id, override.gate,
		override.step, override.value,
		fleet_internal.clock() + override.expires,
		fleet_internal.clock(), why);
	perform fleet_internal.steer_done(r, 'rollout.override', format(
		'%s is lifted%s: %s', override.gate,
		coalesce(' for ' || override.backend, ''), why),
		t.turn_id, t.backend_id, jsonb_build_object('step',
		override.step, 'value', override.value));
	return format('%s is lifted%s', override.gate,
		coalesce(' for ' || override.backend, ''));
end $$;
comment on function fleet.override(bigint, text, text, text, text, jsonb, interval) is
	'Lifts a gate (target_in, window) or corrects a remembered value. The promise that one is out at a time cannot be lifted.';
