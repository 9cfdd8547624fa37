-- 43_op_outage.sql - ops on evidence: surveys, proofs, outages, exclusion.

set local role fleet_owner;

create or replace function fleet_internal.op_survey(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	id bigint;
begin
	insert into fleet_internal.survey (fleet_id, spared, at, readings,
		epoch)
	select f, (op->>'backend')::int, coalesce(
		now_ - fleet_internal.span((op->>'age_ms')::numeric),
		least(fleet_internal.op_at(now_, op), now_)),
		coalesce(op->'readings', '[]'), x.epoch
	  from fleet_internal.fleet x where x.fleet_id = f
	returning survey_id into id;
	return id;
end $$;
comment on function fleet_internal.op_survey(int, bigint, timestamptz, jsonb) is
	'{"op":"survey","backend":SPARED,"age_ms":OLDEST,"readings":[{"backend","in_service"}]}: a look at all others; SQL judges whether it is clear.';

create or replace function fleet_internal.op_outage_open(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	s fleet_internal.survey;
	t fleet_internal.turn;
	o record;
	id bigint;
begin
	select * into t from fleet_internal.turn x
	 where x.turn_id = (op->>'turn')::bigint and x.rollout_id = r;
	select x.outage_id into id from fleet_internal.outage x
	 where x.turn_id = t.turn_id and x.back_at is null;
	if found then
		return id;
	end if;
	select o2.outage_id, fl.name as fleet, b.name as backend, o2.out_since
	  into o from fleet_internal.fleet me
	  join fleet_internal.outage o2 on o2.interlock = me.interlock
	   and o2.back_at is null and o2.accepted_at is null
	  join fleet_internal.fleet fl on fl.fleet_id = o2.fleet_id
	  join fleet_internal.backend b on b.backend_id = o2.backend_id
	 where me.fleet_id = f;
	if found then
		perform fleet_internal.fail('RD005', format(
			'%s of fleet %s is out', o.backend, o.fleet),
			format('Since %s. Only one may be out at a time.',
			       o.out_since),
			'Wait until it is back: select * from fleet.outage where takes_slot;');
	end if;
	select * into s from fleet_internal.survey x
	 where x.fleet_id = f and x.spared = t.backend_id
	   and (not op ? 'survey' or x.survey_id = (op->>'survey')::bigint)
	 order by x.survey_id desc limit 1;
	if not found or not s.clear
	   or s.at < fleet_internal.clock() - interval '30 s' then
		perform fleet_internal.fail('RD005',
			'no clear and fresh survey of the others',
			coalesce(s.why, format('The last one is of %s.', s.at),
				'There is none.'),
			'Look at all other backends and try again.');
	end if;
	-- fleets of one interlock have different locks: the index decides
	begin
		insert into fleet_internal.outage (fleet_id, interlock,
			backend_id, turn_id, survey_id, survey_at)
		select f, x.interlock, t.backend_id, t.turn_id, s.survey_id,
			s.at
		  from fleet_internal.fleet x where x.fleet_id = f
		returning outage_id into id;
	exception when unique_violation then
		perform fleet_internal.fail('RD005',
			'another fleet took the slot at this moment', sqlerrm,
			'Wait until it is back: select * from fleet.outage where takes_slot;');
	end;
	perform fleet_internal.note(f, 'outage.opened', 'notice',
		format('%s may be out from now on', (select b.name
			from fleet_internal.backend b
			where b.backend_id = t.backend_id)),
		r, t.turn_id, t.backend_id, null,
		jsonb_build_object('outage', id, 'survey', s.survey_id));
	return id;
end $$;
comment on function fleet_internal.op_outage_open(int, bigint, timestamptz, jsonb) is
	'{"op":"outage_open","turn","survey"}: takes the slot; the survey is the newest of this backend unless named.';

create or replace function fleet_internal.op_proof(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	id bigint;
begin
	insert into fleet_internal.proof (backend_id, in_service, at, readings,
		left_out, epoch)
	select b.backend_id, coalesce((op->>'in_service')::bool, false),
		coalesce(now_ - fleet_internal.span((op->>'age_ms')::numeric),
			 least(fleet_internal.op_at(now_, op), now_)),
		coalesce(op->'readings', '{}'),
		coalesce(op->'left_out', '[]'), x.epoch
	  from fleet_internal.backend b
	  join fleet_internal.fleet x using (fleet_id)
	 where b.backend_id = (op->>'backend')::int and b.fleet_id = f
	returning proof_id into id;
	if not found then
		perform fleet_internal.op_missed('backend', op->>'backend',
			null, op);
	end if;
	return id;
end $$;
comment on function fleet_internal.op_proof(int, bigint, timestamptz, jsonb) is
	'{"op":"proof","backend","in_service","age_ms","readings","left_out"}: a look at one backend, kept as evidence.';

create or replace function fleet_internal.op_outage_close(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	o fleet_internal.outage;
	p fleet_internal.proof;
begin
	select * into o from fleet_internal.outage x where x.fleet_id = f
	   and (x.turn_id = (op->>'turn')::bigint
		or x.backend_id = (op->>'backend')::int)
	   and x.back_at is null;
	if not found then
		return null;
	end if;
	select * into p from fleet_internal.proof x
	 where x.backend_id = o.backend_id
	   and (not op ? 'proof' or x.proof_id = (op->>'proof')::bigint)
	 order by x.proof_id desc limit 1;
	if not found or not p.in_service or p.at <= o.out_since then
		perform fleet_internal.fail('RD005',
			'no proof that the backend is back',
			case when p.proof_id is null then 'There is none.'
			     when not p.in_service then 'The last one saw it not in service.'
			     else 'The last one is older than the outage.' end,
			'Look at its service and try again.');
	end if;
	update fleet_internal.outage set proof_id = p.proof_id,
		back_at = p.at, proof_in_service = true
	 where outage_id = o.outage_id;
	perform fleet_internal.note(f, 'outage.closed', 'notice',
		format('%s is proved back in service', (select b.name
			from fleet_internal.backend b
			where b.backend_id = o.backend_id)),
		r, o.turn_id, o.backend_id, null,
		jsonb_build_object('outage', o.outage_id, 'proof', p.proof_id));
	return o.outage_id;
end $$;
comment on function fleet_internal.op_outage_close(int, bigint, timestamptz, jsonb) is
	'{"op":"outage_close","turn","proof"}: the slot is free again; the proof is the newest of this backend unless named.';

create or replace function fleet_internal.accept_outage(f int, p_backend int,
	p_by text, p_why text)
returns bigint language plpgsql as $$
declare
	o fleet_internal.outage;
begin
	update fleet_internal.outage set accepted_at = fleet_internal.clock(),
		accepted_by = p_by, accepted_why = p_why
	 where backend_id = p_backend and fleet_id = f and back_at is null
	   and accepted_at is null returning * into o;
	if found then
		perform fleet_internal.note(f, 'outage.accepted', 'warning',
			format('%s is out and was taken over by %s: %s',
			       (select b.name from fleet_internal.backend b
				where b.backend_id = p_backend), p_by, p_why),
			null, o.turn_id, p_backend);
	end if;
	return o.outage_id;
end $$;
comment on function fleet_internal.accept_outage(int, int, text, text) is
	'A person takes over a backend that is out: it leaves the slot.';

create or replace function fleet_internal.op_outage_accept(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	b int;
begin
	select backend_id into b from fleet_internal.turn
	 where turn_id = (op->>'turn')::bigint and fleet_id = f;
	perform fleet_internal.set_excluded(f, b, op->>'by', op->>'why', true);
	return fleet_internal.accept_outage(f, b, op->>'by', op->>'why');
end $$;
comment on function fleet_internal.op_outage_accept(int, bigint, timestamptz, jsonb) is
	'{"op":"outage_accept","turn","by","why"}: a person has the backend; it leaves the slot and is excluded.';

create or replace function fleet_internal.set_excluded(f int, p_backend int,
	p_by text, p_why text, p_out bool)
returns void language plpgsql as $$
begin
	update fleet_internal.backend set excluded_at = fleet_internal.clock(),
		excluded_by = p_by, excluded_why = p_why,
		accepted_out = accepted_out or p_out, asked = null
	 where backend_id = p_backend and fleet_id = f;
	update fleet_internal.fleet set revision = revision + 1
	 where fleet_id = f;
	perform fleet_internal.note(f, 'backend.excluded', 'warning',
		format('%s is excluded: %s', (select b.name
			from fleet_internal.backend b
			where b.backend_id = p_backend), p_why),
		p_backend => p_backend);
end $$;
comment on function fleet_internal.set_excluded(int, int, text, text, bool) is
	'Leaves a backend out of rollouts until it is included.';

create or replace function fleet_internal.op_exclude(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	perform fleet_internal.set_excluded(f, (op->>'backend')::int,
		coalesce(op->>'by', session_user), op->>'why', false);
	return null;
end $$;
comment on function fleet_internal.op_exclude(int, bigint, timestamptz, jsonb) is
	'{"op":"exclude","backend","by","why"}: leaves a backend out that is not out of service.';

-- Needs the proof in the same call or shortly before: looks are never assumed.
create or replace function fleet_internal.op_include(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	b fleet_internal.backend;
begin
	select * into b from fleet_internal.backend
	 where backend_id = (op->>'backend')::int and fleet_id = f;
	if not exists (select from fleet_internal.proof p
			where p.backend_id = b.backend_id and p.in_service
			  and p.at > now_ - interval '30 s'
			  and p.at > coalesce(b.excluded_at, p.at - interval '1 s')) then
		perform fleet_internal.fail('RD005', format(
			'no fresh proof that %s is in service', b.name),
			'A backend is included on evidence only.',
			'Look at its service and try again.');
	end if;
	perform fleet_internal.op_outage_close(f, r, now_,
		jsonb_build_object('backend', b.backend_id));
	update fleet_internal.backend set excluded_at = null,
		excluded_by = null, excluded_why = null, accepted_out = false,
		asked = null
	 where backend_id = b.backend_id;
	update fleet_internal.fleet set revision = revision + 1
	 where fleet_id = f;
	perform fleet_internal.note(f, 'backend.included', 'notice',
		format('%s is included again', b.name),
		p_backend => b.backend_id);
	return null;
end $$;
comment on function fleet_internal.op_include(int, bigint, timestamptz, jsonb) is
	'{"op":"include","backend"}: with a fresh proof before it: the backend takes part again, its outage closes.';

create or replace function fleet_internal.op_sighting(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	insert into fleet_internal.sighting as s
		(backend_id, in_service, at, since, readings, why)
	select b.backend_id, (op->>'in_service')::bool, x.at, x.at,
		coalesce(op->'readings', '{}'), op->>'why'
	  from fleet_internal.backend b, lateral (select coalesce(now_
		- fleet_internal.span((op->>'age_ms')::numeric),
		least(fleet_internal.op_at(now_, op), now_)) as at) x
	 where b.backend_id = (op->>'backend')::int and b.fleet_id = f
	on conflict (backend_id) do update set
		in_service = excluded.in_service, at = excluded.at,
		since = case when s.in_service is not distinct from
			excluded.in_service then s.since else excluded.at end,
		readings = excluded.readings, why = excluded.why
	 where s.at <= excluded.at;
	return null;
end $$;
comment on function fleet_internal.op_sighting(int, bigint, timestamptz, jsonb) is
	'{"op":"sighting","backend","in_service","age_ms","readings","why"}: the last reading of a backend''s service.';

create or replace function fleet_internal.op_sample(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	insert into fleet_internal.sample (turn_id, metric, at, value)
	select t.turn_id, op->>'metric', fleet_internal.op_at(now_, op),
		(op->>'value')::double precision
	  from fleet_internal.turn t
	 where t.turn_id = (op->>'turn')::bigint and t.rollout_id = r
	on conflict do nothing;
	return null;
end $$;
comment on function fleet_internal.op_sample(int, bigint, timestamptz, jsonb) is
	'{"op":"sample","turn","metric","value"}: one recorded reading.';

create or replace function fleet_internal.op_event(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	return fleet_internal.note(f, op->>'kind',
		coalesce(op->>'severity', 'info'), op->>'message', r,
		(op->>'turn')::bigint, (op->>'backend')::int,
		(op->>'step')::bigint, op->'detail',
		case when op ? 'at_ms'
			then fleet_internal.op_at(now_, op) end, op->>'origin');
end $$;
comment on function fleet_internal.op_event(int, bigint, timestamptz, jsonb) is
	'{"op":"event","kind","severity","message","turn","backend","step","detail","at_ms","origin"}: one more event.';

create or replace function fleet_internal.op_host(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	other text;
	id int := (op->>'host')::int;
begin
	select h.name into other from fleet_internal.host h
	 where h.machine_id = op->>'machine_id' and h.host_id <> id;
	if found then
		perform fleet_internal.fail('RD005', format(
			'this machine is known as %s', other),
			format('Machine id %s.', op->>'machine_id'),
			'One machine has one name: correct the inventory or the machine id of the copy.');
	end if;
	update fleet_internal.host h set
		machine_id = coalesce(op->>'machine_id', h.machine_id),
		boot_id = coalesce(op->>'boot_id', h.boot_id),
		agent_version = coalesce(op->>'agent', h.agent_version),
		hold_text = case when op ? 'hold' then op->>'hold'
			else h.hold_text end,
		addresses = case when jsonb_typeof(op->'addresses') = 'array'
			then array(select a::inet from
				jsonb_array_elements_text(op->'addresses') a)
			else h.addresses end,
		seen_at = case when op->>'why_silent' is null then now_
			else h.seen_at end,
		why_silent = op->>'why_silent',
		silent_since = case when op->>'why_silent' is null then null
			else coalesce(h.silent_since, now_) end
	 where h.host_id = id;
	return null;
end $$;
comment on function fleet_internal.op_host(int, bigint, timestamptz, jsonb) is
	'{"op":"host","host","machine_id","boot_id","agent","hold","addresses","why_silent"}: what an agent said of its host, or that it is silent.';
