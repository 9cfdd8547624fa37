-- 75_override.sql - approve and override: what a person answers for.

set local role fleet_owner;

create or replace function fleet_internal.refuse_creator(
	r fleet_internal.rollout, p_word text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if session_user::text not in (r.created_by, coalesce(r.start_by, ''))
	   or not coalesce((select (f.settings->>'four_eyes')::bool
		from fleet_internal.fleet f
		where f.fleet_id = r.fleet_id), false) then
		return;
	end if;
	perform fleet_internal.fail('RD003', format(
		'%s may not %s rollout %s', session_user, p_word, r.rollout_id),
		format('Four eyes are wanted: it was planned by %s and started by %s.',
		       r.created_by, coalesce(r.start_by, 'nobody yet')),
		'Ask another operator to type it.');
end $$;
comment on function fleet_internal.refuse_creator(fleet_internal.rollout, text) is
	'RD003 where the inventory says four_eyes and the user planned or started the rollout.';

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
	perform fleet_internal.refuse_creator(r, 'approve');
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
	'Answers the question that a rollout waits with; where the inventory says four_eyes not by who planned or started it.';

-- Only what a person can answer for: never the promise, nor what nobody knows.
create or replace function fleet_internal.refuse_override(p_rollout bigint,
	p_gate text, p_backend text, p_step text, p_value jsonb,
	p_expires interval)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if p_gate is null or p_gate not in ('check', 'window', 'min_up',
			'preflight', 'target_in', 'value') then
		perform fleet_internal.fail('RD004', format(
			'%s cannot be overridden', coalesce(quote_literal(
				left(p_gate, 40)), 'nothing')),
			'check, window, min_up, preflight and target_in can, for one backend, and value; the promise that one is out at a time cannot.',
			format('select fleet.override(%s, ''target_in'', ''reason'', ''BACKEND'');',
			       p_rollout));
	elsif p_backend is null then
		perform fleet_internal.fail('RD004',
			'an override is for one backend', 'None was named.',
			format('select fleet.override(%s, %L, ''reason'', ''BACKEND'');',
			       p_rollout, p_gate));
	elsif (p_gate = 'value') <> (p_step is not null and p_value is not null) then
		perform fleet_internal.fail('RD004',
			'a value is corrected with its step and name',
			'step is STEP.NAME, value what it should have been.',
			format('select fleet.override(%s, ''value'', ''reason'', %L, ''weight-zero.vhosts'', ''100'');',
			       p_rollout, p_backend));
	elsif p_expires <= interval '0' or p_expires > interval '7 days' then
		perform fleet_internal.fail('RD004',
			'an override lasts up to seven days', '',
			'Give a time span: ''4 h'' is taken without one.');
	end if;
end $$;
comment on function fleet_internal.refuse_override(bigint, text, text, text, jsonb, interval) is
	'Everything about the words of an override that is not usable.';

create or replace function fleet_internal.refuse_value(
	r fleet_internal.rollout, t fleet_internal.turn, p_step text,
	p_name text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	b text := fleet_internal.backend_name(t.backend_id);
begin
	if t.state <> 'held' and not exists (select from fleet_internal.pause x
			where x.rollout_id = r.rollout_id
			  and x.ended_at is null and x.effective_at is not null) then
		perform fleet_internal.fail('RD002', format(
			'the turn of %s is %s', b, t.state),
			'A value is only corrected while nothing moves.',
			format('select fleet.pause(%s, ''reason'');', r.rollout_id));
	elsif not exists (select from fleet_internal.step x
			cross join lateral jsonb_array_elements(case
				jsonb_typeof(x.spec->'remember') when 'array'
				then x.spec->'remember' else '[]' end) m
			where x.turn_id = t.turn_id and x.name = p_step
			  and x.undoes is null and m->>'name' = p_name) then
		perform fleet_internal.fail('RD001', format(
			'%s remembers no %s.%s', b, p_step, p_name),
			format('It remembers: %s.', coalesce((select string_agg(
				x.key || '.' || y.key || ' = ' || y.value, ', ')
				from jsonb_each(t.remembered) x
				cross join lateral jsonb_each_text(x.value) y),
				'nothing yet')),
			format('See: select backend, remembered from fleet.turn where rollout = %s;',
			       r.rollout_id));
	end if;
end $$;
comment on function fleet_internal.refuse_value(fleet_internal.rollout, fleet_internal.turn, text, text) is
	'RD002 while the turn moves, RD001 for what no step of it remembers.';

create or replace function fleet_internal.override_value(
	r fleet_internal.rollout, t fleet_internal.turn, p_step text,
	p_value jsonb, p_why text)
returns text language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	b text := fleet_internal.backend_name(t.backend_id);
	s text := substring(p_step from '^(.*)\.[^.]*$');
	n text := substring(p_step from '[^.]*$');
	v text := p_value #>> '{}';
	told text;
begin
	perform fleet_internal.refuse_value(r, t, s, n);
	update fleet_internal.turn x set remembered = x.remembered
		|| jsonb_build_object(s, coalesce(x.remembered->s, '{}')
			|| jsonb_build_object(n, v))
	 where x.turn_id = t.turn_id;
	insert into fleet_internal.override_ (fleet_id, rollout_id, backend_id,
		gate, step, value, at, why, ended_at)
	values (r.fleet_id, r.rollout_id, t.backend_id, 'value', p_step,
		to_jsonb(v), fleet_internal.clock(), p_why,
		fleet_internal.clock());
	told := format('%s of %s is %s now, it was %s', p_step, b, v,
		coalesce(t.remembered->s->>n, 'not known'));
	perform fleet_internal.steer_done(r, 'rollout.override', format(
		'%s: %s', told, p_why), t.turn_id, t.backend_id,
		jsonb_build_object('step', p_step, 'value', v,
			'was', t.remembered->s->n));
	return told;
end $$;
comment on function fleet_internal.override_value(fleet_internal.rollout, fleet_internal.turn, text, jsonb, text) is
	'Corrects one value that a turn remembers, while nothing moves.';

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
	lasts interval := coalesce(override.expires, interval '4 h');
	t fleet_internal.turn;
begin
	perform fleet_internal.refuse_creator(r, 'override a gate of');
	perform fleet_internal.refuse_override(r.rollout_id, override.gate,
		override.backend, override.step, override.value, lasts);
	t := fleet_internal.steer_turn(r, override.backend);
	if override.gate = 'value' then
		return fleet_internal.override_value(r, t, override.step,
			override.value, why);
	end if;
	perform fleet_internal.refuse_ending(r, 'overridden');
	if t.state not in ('waiting', 'restored') then
		perform fleet_internal.fail('RD002', format(
			'%s is %s: its gates are behind it', override.backend,
			t.state), 'A gate is what must hold before a backend is taken.',
			format('See: select * from fleet.hold where rollout = %s;',
			       r.rollout_id));
	end if;
	insert into fleet_internal.override_ (fleet_id, rollout_id, backend_id,
		gate, until, at, why)
	values (r.fleet_id, r.rollout_id, t.backend_id, override.gate,
		fleet_internal.clock() + lasts, fleet_internal.clock(), why);
	-- what a check found before is over: it is asked again, and judged anew
	update fleet_internal.rollout x set check_request = null
	 where x.rollout_id = r.rollout_id;
	perform fleet_internal.steer_done(r, 'rollout.override', format(
		'%s is lifted for %s, for %s: %s', override.gate,
		override.backend, lasts, why), t.turn_id, t.backend_id);
	return format('%s is lifted for %s until %s', override.gate,
		override.backend, fleet_internal.window_text(r.fleet_id,
			fleet_internal.clock() + lasts));
end $$;
comment on function fleet.override(bigint, text, text, text, text, jsonb, interval) is
	'Lifts one gate (check, window, min_up, preflight, target_in) for one backend, for 4 hours if nothing else is said, or corrects a remembered value (value, with step STEP.NAME). The promise that one is out at a time cannot be lifted.';
