-- 74_care.sql - exclude and include.

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
