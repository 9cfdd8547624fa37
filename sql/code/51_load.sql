-- 51_load.sql - what a coordinator reads: the fleet, and the work in hand.

set local role fleet_owner;

create or replace function fleet_internal.host_json(h fleet_internal.host)
returns jsonb language sql stable as $$
	select jsonb_build_object('host_id', h.host_id, 'name', h.name,
		'address', host(h.address), 'port', h.port,
		'ssh_user', h.ssh_user, 'keys', to_jsonb(h.host_keys),
		'machine_id', h.machine_id, 'boot_id', h.boot_id,
		'hold', h.hold_text,
		'seen_ms', fleet_internal.ms(h.seen_at),
		'why_silent', h.why_silent)
$$;
comment on function fleet_internal.host_json(fleet_internal.host) is
	'A host as the coordinator reads it.';

create or replace function fleet_internal.load_hosts(p_fleet int)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(fleet_internal.host_json(h)
			order by h.host_id), '[]')
	  from fleet_internal.host h
	 where h.host_id in (
		select b.host_id from fleet_internal.backend b
		 where b.fleet_id = p_fleet and b.removed_at is null
		union select m.host_id from fleet_internal.group_member m
		  join fleet_internal.member_group g using (group_id)
		 where g.fleet_id = p_fleet)
$$;
comment on function fleet_internal.load_hosts(int) is 'All hosts of a fleet.';

create or replace function fleet_internal.load_groups(p_fleet int)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object('group_id', g.group_id,
		'name', g.name, 'ready', g.ready, 'min_gap_ms', g.min_gap_ms,
		'confirm_ms', g.confirm_ms, 'members', (
			select coalesce(jsonb_agg(jsonb_build_object(
				'host_id', m.host_id, 'name', h.name,
				'address', host(h.address),
				'excluded', m.excluded_at is not null)
				order by m.position), '[]')
			  from fleet_internal.group_member m
			  join fleet_internal.host h using (host_id)
			 where m.group_id = g.group_id))
		order by g.group_id), '[]')
	  from fleet_internal.member_group g where g.fleet_id = p_fleet
$$;
comment on function fleet_internal.load_groups(int) is
	'All groups of a fleet with their members.';

create or replace function fleet_internal.load_backends(p_fleet int)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object(
		'backend_id', b.backend_id, 'name', b.name,
		'host_id', b.host_id, 'address', host(h.address),
		'position', b.position, 'labels', b.labels,
		'address_elsewhere', b.address_elsewhere,
		'excluded', b.excluded_at is not null,
		'accepted_out', b.accepted_out, 'asked', b.asked,
		'in_service', s.in_service,
		'sighted_ms', fleet_internal.ms(s.at),
		'outage', (select jsonb_build_object('outage_id', o.outage_id,
			'turn_id', o.turn_id,
			'since_ms', fleet_internal.ms(o.out_since),
			'accepted', o.accepted_at is not null)
		  from fleet_internal.outage o
		 where o.backend_id = b.backend_id and o.back_at is null))
		order by b.position), '[]')
	  from fleet_internal.backend b
	  join fleet_internal.host h using (host_id)
	  left join fleet_internal.sighting s using (backend_id)
	 where b.fleet_id = p_fleet and b.removed_at is null
$$;
comment on function fleet_internal.load_backends(int) is
	'All backends of a fleet with their last sighting and open outage.';

-- Who else is out in the same slot, for the words of the hold.
create or replace function fleet_internal.load_slot(p_fleet int)
returns jsonb language sql stable as $$
	select jsonb_build_object('fleet', x.name, 'fleet_id', x.fleet_id,
		'backend', b.name, 'backend_id', b.backend_id,
		'rollout_id', t.rollout_id,
		'since_ms', fleet_internal.ms(o.out_since))
	  from fleet_internal.fleet f
	  join fleet_internal.outage o on o.interlock = f.interlock
	   and o.back_at is null and o.accepted_at is null
	  join fleet_internal.fleet x on x.fleet_id = o.fleet_id
	  join fleet_internal.backend b on b.backend_id = o.backend_id
	  join fleet_internal.turn t on t.turn_id = o.turn_id
	 where f.fleet_id = p_fleet
$$;
comment on function fleet_internal.load_slot(int) is
	'Who has the slot of this fleet''s interlock; null = free.';

-- An hour later than they could: a database that lost its last commits finds
-- the agents' journals as they were.
create or replace function fleet_internal.forget_seq(p_fleet int)
returns bigint language sql stable as $$
	select coalesce(max(r.last_seq), 0)
	  from fleet_internal.rollout r
	 where r.fleet_id = p_fleet and r.last_seq is not null
	   and r.finished_at < fleet_internal.clock() - interval '1 hour'
$$;
comment on function fleet_internal.forget_seq(int) is
	'Up to which change the agents of a fleet may forget what they did.';

create or replace function fleet_internal.load_fleet(p_fleet int)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f fleet_internal.fleet;
begin
	perform fleet_internal.demand(p_fleet, 'advance');
	select * into f from fleet_internal.fleet where fleet_id = p_fleet;
	return jsonb_build_object('fleet_id', f.fleet_id, 'name', f.name,
		'uuid', f.uuid, 'timezone', f.timezone, 'min_up', f.min_up,
		'interlock', f.interlock, 'epoch', f.epoch,
		'revision', f.revision, 'change_seq', f.change_seq,
		'forget_seq', fleet_internal.forget_seq(p_fleet), 'service', f.service,
		'settings', f.settings,
		'now_ms', fleet_internal.ms(fleet_internal.clock()),
		'window', fleet_internal.window_now(p_fleet),
		'hosts', fleet_internal.load_hosts(p_fleet),
		'groups', fleet_internal.load_groups(p_fleet),
		'backends', fleet_internal.load_backends(p_fleet));
end $$;
comment on function fleet_internal.load_fleet(int) is
	'Everything about a fleet that is not a rollout, for its coordinator.';

-- Of the hundreds of a long turn each is read into memory, so what is not there
-- is not told.
create or replace function fleet_internal.attempt_json(
	a fleet_internal.attempt, p_result bool)
returns jsonb language sql stable as $$
	select jsonb_strip_nulls(jsonb_build_object('id', a.attempt_id,
		'nr', a.nr, 'host_id', a.host_id, 'after', a.after,
		'seq', a.seq, 'state', a.state,
		'sent_ms', fleet_internal.ms(a.sent_at),
		'ended_ms', fleet_internal.ms(a.ended_at),
		'exit', a.exit_status, 'signal', a.signal,
		'timed_out', nullif(a.timed_out, false), 'why', a.why,
		'origin', nullif(a.origin, 'coordinator')))
	|| case when p_result then jsonb_build_object('result',
		fleet_internal.attempt_result(a)) else '{}' end
$$;
comment on function fleet_internal.attempt_json(fleet_internal.attempt, bool) is
	'An attempt as the coordinator reads it, on demand with its result.';

create or replace function fleet_internal.load_steps(p_turn bigint)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
		'step_id', s.step_id, 'phase', s.phase, 'name', s.name,
		'kind', s.kind, 'target', s.target, 'state', s.state,
		'undoes', s.undoes,
		'started_ms', fleet_internal.ms(s.started_at),
		'ended_ms', fleet_internal.ms(s.ended_at),
		'paused_ms', nullif(s.paused_ms, 0),
		'message', s.message, 'repairs', nullif(s.repairs, 0),
		'failed', nullif(s.failed, 0)))
		|| jsonb_build_object('spec', s.spec, 'tries', (
			select coalesce(jsonb_agg(fleet_internal.attempt_json(
				a, s.state = 'running') order by a.nr), '[]')
			  from fleet_internal.attempt a
			 where a.step_id = s.step_id))
		order by s.position), '[]')
	  from fleet_internal.step s where s.turn_id = p_turn
$$;
comment on function fleet_internal.load_steps(bigint) is
	'The steps of one turn in order, each with its attempts.';

create or replace function fleet_internal.load_phases(p_turn bigint)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object('name', p.name,
		'takes_out', p.takes_out, 'no_pause', p.no_pause,
		'proves', p.proves, 'rest', p.rest,
		'deadline_ms', p.deadline_ms, 'state', p.state,
		'started_ms', fleet_internal.ms(p.started_at),
		'committed_ms', fleet_internal.ms(p.committed_at),
		'committed', p.committed, 'expected_ms', p.expected_ms)
		order by p.position), '[]')
	  from fleet_internal.turn_phase p where p.turn_id = p_turn
$$;
comment on function fleet_internal.load_phases(bigint) is
	'The phases of one turn in order.';

-- full: plan, phases and steps too, for the turn in hand. What was planned of a
-- step is its spec.
create or replace function fleet_internal.turn_json(t fleet_internal.turn,
	p_full bool)
returns jsonb language sql stable as $$
	select jsonb_build_object('turn_id', t.turn_id,
		'rollout_id', t.rollout_id, 'backend_id', t.backend_id,
		'backend', b.name, 'excluded', b.excluded_at is not null,
		'position', t.position, 'state', t.state,
		'state_since_ms', fleet_internal.ms(t.state_since),
		'mouths', t.mouths, 'remembered', t.remembered,
		'asked', t.asked, 'phase', t.phase,
		'taken_ms', fleet_internal.ms(t.taken_at),
		'expected_ms', t.expected_ms, 'window_closes_ms',
		case when t.overrun_at is null then
			fleet_internal.ms(t.window_closes_at) end,
		'message', t.message,
		'no_return_begun', t.no_return_begun, 'cause', t.cause,
		'proved', t.proved, 'checked_ms', fleet_internal.ms(t.checked_at))
	|| case when p_full then jsonb_build_object('plan', t.plan - 'steps',
		'phases', fleet_internal.load_phases(t.turn_id),
		'steps', fleet_internal.load_steps(t.turn_id))
	   else '{}' end
	  from fleet_internal.backend b where b.backend_id = t.backend_id
$$;
comment on function fleet_internal.turn_json(fleet_internal.turn, bool) is
	'A turn as the coordinator reads it.';

create or replace function fleet_internal.load_holds(p_fleet int,
	p_rollout bigint)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object('hold_id', h.hold_id,
		'kind', h.kind, 'gate', h.gate, 'turn_id', h.turn_id,
		'backend_id', h.backend_id, 'critical', h.critical,
		'since_ms', fleet_internal.ms(h.since),
		'seen_ms', fleet_internal.ms(h.seen_at),
		'until_ms', fleet_internal.ms(h.until), 'why', h.why,
		'what', h.evidence->'what')
		order by h.hold_id), '[]')
	  from fleet_internal.hold h
	 where h.fleet_id = p_fleet and h.ended_at is null
	   and (h.rollout_id = p_rollout or h.rollout_id is null)
$$;
comment on function fleet_internal.load_holds(int, bigint) is
	'The open holds of a rollout, and of its fleet alone.';

create or replace function fleet_internal.load_overrides(p_fleet int)
returns jsonb language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object(
		'override_id', o.override_id, 'rollout_id', o.rollout_id,
		'backend_id', o.backend_id, 'gate', o.gate, 'step', o.step,
		'value', o.value, 'until_ms', fleet_internal.ms(o.until),
		'by', o.by_, 'why', o.why) order by o.override_id), '[]')
	  from fleet_internal.override_ o
	 where o.fleet_id = p_fleet and o.ended_at is null
	   and (o.rollout_id is null or exists (select
		from fleet_internal.rollout r
		where r.rollout_id = o.rollout_id and r.state = 'running'))
	   and (o.until is null or o.until > fleet_internal.clock())
$$;
comment on function fleet_internal.load_overrides(int) is
	'The overrides in force in a fleet.';

create or replace function fleet_internal.rollout_json(
	r fleet_internal.rollout)
returns jsonb language sql stable as $$
	select jsonb_build_object('rollout_id', r.rollout_id, 'uuid', r.uuid,
		'state', r.state, 'ending', r.ending,
		'ending_by', r.ending_by, 'ending_why', r.ending_why,
		'revision', r.revision, 'procedure', p.name,
		'procedure_sha256', p.sha256, 'strategy', r.strategy,
		'stop_after', r.stop_after, 'ignore_window', r.ignore_window,
		'learned_ms', (select l.high_ms
			from fleet_internal.learned_turn(r.fleet_id, p.name) l),
		'start_ms', fleet_internal.ms(r.start_at),
		'late_ms', case when r.missed = 'skip' then 300000 end,
		'unfit', case when r.state = 'scheduled'
			then fleet_internal.start_unfit(r) end,
		'started_ms', fleet_internal.ms(r.started_at),
		'checked_ms', fleet_internal.ms(r.checked_at),
		'check', fleet_internal.check_json(r.check_request),
		'by', coalesce(r.start_by, r.created_by),
		'pause', (select jsonb_build_object('mode', x.mode,
			'reason', x.reason, 'by', x.asked_by,
			'asked_ms', fleet_internal.ms(x.asked_at),
			'expires_ms', fleet_internal.ms(x.expires_at),
			'effective', x.effective_at is not null,
			'over', exists (select from fleet_internal.hold h
				where h.rollout_id = x.rollout_id
				  and h.kind = 'pause' and h.critical
				  and h.ended_at is null))
		  from fleet_internal.pause x
		 where x.rollout_id = r.rollout_id and x.ended_at is null))
	  from fleet_internal.procedure p
	 where p.procedure_id = r.procedure_id
$$;
comment on function fleet_internal.rollout_json(fleet_internal.rollout) is
	'A rollout as the coordinator reads it.';

-- A rollout that is neither a plan nor over, in a state that does not exist, was
-- changed past every guard: it is in hand until somebody has put it right, so
-- that no other begins.
create or replace function fleet_internal.rollout_in_hand(p_fleet int)
returns fleet_internal.rollout language plpgsql stable as $$
declare
	r fleet_internal.rollout;
begin
	select * into r from fleet_internal.rollout x
	 where x.fleet_id = p_fleet and x.finished_at is null
	   and x.state <> 'planned' and not exists (
		select from fleet_internal.state s
		 where s.machine = 'rollout' and s.name = x.state)
	 order by x.rollout_id limit 1;
	if not found then
		select * into r from fleet_internal.rollout x
		 where x.fleet_id = p_fleet
		   and x.state in ('running', 'scheduled')
		 order by x.state, x.start_at nulls first, x.rollout_id limit 1;
	end if;
	return r;
end $$;
comment on function fleet_internal.rollout_in_hand(int) is
	'The rollout that runs, else the one that is scheduled first.';

-- The rollout that runs (or whose time has come), its turns, the turn in hand
-- whole; turns of ended rollouts that are still out. Not the requests: they are
-- taken one by one, and what somebody asks must not keep a rollout from moving.
create or replace function fleet_internal.load_work(p_fleet int)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
	r fleet_internal.rollout;
	hand bigint;
begin
	perform fleet_internal.demand(p_fleet, 'advance');
	r := fleet_internal.rollout_in_hand(p_fleet);
	select t.turn_id into hand from fleet_internal.turn t
	 where t.rollout_id = r.rollout_id
	   and t.state in ('working', 'held', 'restoring', 'waiting')
	 order by t.state = 'waiting', t.position limit 1;
	return jsonb_build_object(
		'now_ms', fleet_internal.ms(fleet_internal.clock()),
		'rollout', case when r.rollout_id is not null
			then fleet_internal.rollout_json(r) end,
		'turns', (select coalesce(jsonb_agg(fleet_internal.turn_json(
			t, t.turn_id = hand
			   or t.state in ('working', 'held', 'restoring'))
			order by t.position), '[]')
		  from fleet_internal.turn t where t.rollout_id = r.rollout_id),
		'out', (select coalesce(jsonb_agg(
			fleet_internal.turn_json(t, false)), '[]')
		  from fleet_internal.turn t
		 where t.fleet_id = p_fleet and t.state = 'out'
		   and t.rollout_id is distinct from r.rollout_id),
		'holds', fleet_internal.load_holds(p_fleet, r.rollout_id),
		'overrides', fleet_internal.load_overrides(p_fleet),
		'slot', fleet_internal.load_slot(p_fleet));
end $$;
comment on function fleet_internal.load_work(int) is
	'The rollout in hand with its turns, steps and holds, for the coordinator.';

-- What a load brings in one answer, of one moment. The inventory is the larger
-- half of it and seldom changes.
create or replace function fleet_internal.load(p_fleet int, p_turn bigint,
	p_known bigint)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
	f jsonb := fleet_internal.load_fleet(p_fleet);
begin
	return jsonb_build_object('fleet', f,
		'work', fleet_internal.load_detail(p_fleet, p_turn),
		'inventory', case when p_known is distinct from
			(f ->> 'revision')::bigint
			then fleet_internal.load_inventory(p_fleet) end);
end $$;
comment on function fleet_internal.load(int, bigint, bigint) is
	'A fleet, its work with that turn whole (null: the one in hand), and its inventory unless the known revision is its own.';
