-- 42_op_turn.sql - ops on phases, turns, the rollout and its holds.

set local role fleet_owner;

create or replace function fleet_internal.op_phase(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	at_ timestamptz := fleet_internal.op_at(now_, op);
	t text := op->>'to';
	p record;
begin
	update fleet_internal.turn_phase x set state = coalesce(t, x.state),
		started_at = case when t = 'running'
			then coalesce(x.started_at, at_) else x.started_at end,
		ended_at = case when t in ('running', 'pending') then null
			when t is null then x.ended_at else at_ end,
		committed_at = case when op ? 'committed'
			then coalesce(x.committed_at, at_)
			when t = 'pending' then null
			else x.committed_at end,
		committed = case when op ? 'committed' then op->'committed'
			when t = 'pending' then null else x.committed end
	  from fleet_internal.turn n
	 where x.turn_id = (op->>'turn')::bigint
	   and x.name = op->>'phase' and n.turn_id = x.turn_id
	   and n.rollout_id = r
	returning x.proves, x.name, n.backend_id, n.turn_id into p;
	if not found then
		perform fleet_internal.op_missed('phase', op->>'phase', null, op);
	end if;
	if p.proves then
		update fleet_internal.turn set proved = not exists (
			select from fleet_internal.turn_phase y
			 where y.turn_id = p.turn_id and y.proves
			   and y.state not in ('done', 'skipped'))
		 where turn_id = p.turn_id;
	end if;
	if t is not null then
		perform fleet_internal.note(f, 'phase.' || t, 'info',
			p.name || ': ' || coalesce(op->>'message', t),
			r, p.turn_id, p.backend_id, null, op->'detail',
			case when op ? 'at_ms' then at_ end);
	end if;
	return null;
end $$;
comment on function fleet_internal.op_phase(int, bigint, timestamptz, jsonb) is
	'{"op":"phase","turn","phase","to","committed"}: a phase begins, ends, or is written down whole.';

create or replace function fleet_internal.op_turn_set(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	update fleet_internal.turn n set
		remembered = n.remembered || coalesce(op->'remembered', '{}'),
		mouths = jsonb_strip_nulls(n.mouths
			|| coalesce(op->'mouths', '{}')),
		message = coalesce(op->>'message', n.message),
		phase = coalesce(op->>'phase', n.phase),
		no_return_begun = coalesce((op->>'no_return_begun')::bool,
			n.no_return_begun),
		proved = coalesce((op->>'proved')::bool, n.proved),
		cause = case when op ? 'cause' then op->>'cause'
			else n.cause end,
		sheet = case when op ? 'sheet' then nullif(op->>'sheet', '')
			else n.sheet end,
		asked = case when (op->>'answered')::bool then null
			else n.asked end
	 where n.turn_id = (op->>'turn')::bigint and n.rollout_id = r;
	if not found then
		perform fleet_internal.op_missed('turn', op->>'turn', null, op);
	end if;
	return null;
end $$;
comment on function fleet_internal.op_turn_set(int, bigint, timestamptz, jsonb) is
	'{"op":"turn_set","turn","remembered","mouths","message","phase","cause","sheet","answered":true}: values of a turn beside its state; objects are merged.';

-- How long a turn took; when it stood still for a person or a gate, nothing
-- can be learned from that.
create or replace function fleet_internal.turn_took(t fleet_internal.turn,
	p_ended timestamptz)
returns bigint language sql stable as $$
	select greatest(fleet_internal.ms(p_ended - t.taken_at)
		- coalesce((select sum(fleet_internal.ms(upper(s) - lower(s)))
		  from (select range_agg(tstzrange(greatest(h.since, t.taken_at),
				least(coalesce(h.ended_at, p_ended), p_ended))) as m
			  from fleet_internal.hold h
			 where h.rollout_id = t.rollout_id
			   and h.kind <> 'contact'
			   -- nothing, where the clock was set back between
			   and least(coalesce(h.ended_at, p_ended), p_ended)
				> greatest(h.since, t.taken_at)) x,
		  unnest(x.m) s), 0), 0)
$$;
comment on function fleet_internal.turn_took(fleet_internal.turn, timestamptz) is
	'Milliseconds from taken to its end, without pauses and holds.';

create or replace function fleet_internal.op_overrun(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	n record;
begin
	update fleet_internal.turn x set overrun_at = now_
	  from fleet_internal.backend b
	 where x.turn_id = (op->>'turn')::bigint and x.rollout_id = r
	   and x.overrun_at is null and b.backend_id = x.backend_id
	returning x.turn_id, x.backend_id, x.window_closes_at, b.name into n;
	if found then
		perform fleet_internal.note(f, 'window.overrun', 'warning',
			format('%s is worked on beyond its window, which closed %s; what has begun is finished',
			n.name, fleet_internal.window_text(f, n.window_closes_at)),
			r, n.turn_id, n.backend_id);
	end if;
	return null;
end $$;
comment on function fleet_internal.op_overrun(int, bigint, timestamptz, jsonb) is
	'{"op":"overrun","turn"}: a turn goes on beyond the end of its window.';

create or replace function fleet_internal.op_turn(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	at_ timestamptz := fleet_internal.op_at(now_, op);
	t text := op->>'to';
	n record;
begin
	update fleet_internal.turn x set state = t, state_since = at_,
		taken_at = case when t = 'working'
			then coalesce(x.taken_at, at_) else x.taken_at end,
		window_closes_at = case when t = 'working'
			and x.taken_at is null
			then fleet_internal.window_closes(f, at_)
			else x.window_closes_at end,
		ended_at = case when t in ('done', 'restored', 'skipped')
			then at_ end,
		took_ms = case when t = 'done'
			then fleet_internal.turn_took(x, at_) end,
		cause = case when op ? 'cause' then op->>'cause'
			else x.cause end,
		message = coalesce(op->>'message', x.message)
	  from fleet_internal.backend b
	 where x.turn_id = (op->>'turn')::bigint
	   and x.state = op->>'from' and x.fleet_id = f
	   and b.backend_id = x.backend_id
	returning x.turn_id, x.rollout_id, x.backend_id, b.name into n;
	if not found then
		perform fleet_internal.op_missed('turn', op->>'turn',
			(select x.state from fleet_internal.turn x
			  where x.turn_id = (op->>'turn')::bigint
			    and x.fleet_id = f), op);
		return null;
	end if;
	if op ?| array['remembered', 'mouths', 'answered', 'phase',
		       'no_return_begun', 'proved'] then
		perform fleet_internal.op_turn_set(f, n.rollout_id, now_, op);
	end if;
	perform fleet_internal.note(f, 'turn.' || t,
		case when t in ('held', 'out') then 'error'
		     when t in ('restoring', 'skipped') then 'warning'
		     else 'notice' end,
		n.name || ': ' || coalesce(op->>'message',
			fleet_internal.sentence('turn', op->>'from', t)),
		n.rollout_id, n.turn_id, n.backend_id, null, op->'detail',
		case when op ? 'at_ms' then at_ end);
	return n.turn_id;
end $$;
comment on function fleet_internal.op_turn(int, bigint, timestamptz, jsonb) is
	'{"op":"turn","turn","from","to","message","remembered","mouths","answered"}: a turn changes its state.';

create or replace function fleet_internal.rollout_over(r bigint,
	now_ timestamptz)
returns void language plpgsql as $$
begin
	update fleet_internal.hold set ended_at = now_
	 where rollout_id = r and ended_at is null;
	update fleet_internal.pause set ended_at = now_,
		ended_by = session_user
	 where rollout_id = r and ended_at is null;
end $$;
comment on function fleet_internal.rollout_over(bigint, timestamptz) is
	'A rollout came to its end: nothing holds it any more.';

create or replace function fleet_internal.op_rollout(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	t text := op->>'to';
	was text;
	unfit text;
begin
	select x.state, case when x.state = 'scheduled' and t = 'running'
			then fleet_internal.start_unfit(x) end
	  into was, unfit from fleet_internal.rollout x
	 where x.rollout_id = r;
	if was = t or (op ? 'from' and was is distinct from op->>'from') then
		perform fleet_internal.op_missed('rollout', r::text, was, op);
		return null;
	elsif unfit is not null then
		perform fleet_internal.fail('RD006', format(
			'rollout %s cannot start', r), unfit,
			'Load the work again and decide again.');
	end if;
	update fleet_internal.rollout x set state = t,
		started_at = case when t = 'running' then now_
			else x.started_at end,
		check_request = case when t <> 'running'
			then x.check_request end,
		finished_at = case when t in ('succeeded', 'incomplete',
			'aborted', 'cancelled') then now_ end,
		last_seq = case when t in ('succeeded', 'incomplete', 'aborted')
			then (select y.change_seq from fleet_internal.fleet y
			       where y.fleet_id = f) end,
		message = coalesce(op->>'message', x.message)
	 where x.rollout_id = r;
	if t in ('succeeded', 'incomplete', 'aborted', 'cancelled') then
		perform fleet_internal.rollout_over(r, now_);
	end if;
	perform fleet_internal.note(f, 'rollout.' || t,
		case when t in ('aborted', 'incomplete', 'cancelled') then 'warning'
		     else 'notice' end,
		format('rollout %s: ', r) || coalesce(op->>'message',
			fleet_internal.sentence('rollout', was, t)),
		r, p_detail => op->'detail');
	if t in ('succeeded', 'incomplete', 'aborted') then
		perform fleet_internal.note_summary(f, r);
	end if;
	return null;
end $$;
comment on function fleet_internal.op_rollout(int, bigint, timestamptz, jsonb) is
	'{"op":"rollout","to","from","message"}: the rollout starts or ends; its holds end with it.';

create or replace function fleet_internal.op_hold(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	id bigint;
	was bool;
	fresh bool;
	seen timestamptz := coalesce(
		fleet_internal.from_ms(op#>>'{evidence,looked_ms}'),
		fleet_internal.op_at(now_, op));
begin
	select h.critical into was from fleet_internal.hold h
	 where h.fleet_id = f and h.ended_at is null
	   and coalesce(h.rollout_id, 0) = coalesce(r, 0)
	   and h.kind = op->>'kind'
	   and coalesce(h.gate, '') = coalesce(op->>'gate', '')
	   and coalesce(h.backend_id, 0) = coalesce((op->>'backend')::int, 0);
	update fleet_internal.hold h set why = op->>'why',
		evidence = coalesce(op->'evidence', h.evidence),
		critical = h.critical
			or coalesce((op->>'critical')::bool, false),
		until = case when op ? 'until_ms'
			then fleet_internal.from_ms(op->>'until_ms')
			else h.until end,
		type_next = coalesce(op->>'type_next', h.type_next),
		seen_at = seen,
		next_look_at = fleet_internal.from_ms(op->>'next_look_ms'),
		deadline = fleet_internal.from_ms(op->>'deadline_ms')
	 where h.fleet_id = f and h.ended_at is null
	   and coalesce(h.rollout_id, 0) = coalesce(r, 0)
	   and h.kind = op->>'kind'
	   and coalesce(h.gate, '') = coalesce(op->>'gate', '')
	   and coalesce(h.backend_id, 0) = coalesce((op->>'backend')::int, 0)
	returning h.hold_id into id;
	fresh := not found;
	if fresh then
		insert into fleet_internal.hold (fleet_id, rollout_id, turn_id,
			kind, gate, backend_id, critical, since, until, by_,
			why, evidence, type_next, seen_at, next_look_at,
			deadline)
		values (f, r, (op->>'turn')::bigint, op->>'kind', op->>'gate',
			(op->>'backend')::int,
			coalesce((op->>'critical')::bool, false),
			fleet_internal.op_at(now_, op),
			fleet_internal.from_ms(op->>'until_ms'), op->>'by',
			op->>'why', coalesce(op->'evidence', '{}'),
			op->>'type_next', seen,
			fleet_internal.from_ms(op->>'next_look_ms'),
			fleet_internal.from_ms(op->>'deadline_ms'))
		returning hold_id into id;
	end if;
	if fresh or (not was and (op->>'critical')::bool) then
		perform fleet_internal.note(f, 'hold.' || (op->>'kind'),
			-- that the turn is held is an error of its own
			case when (op->>'critical')::bool
				and op->>'kind' <> 'turn' then 'error'
			     when op->>'kind' in ('turn', 'contact', 'database')
				then 'warning' else 'notice' end,
			op->>'why', r, (op->>'turn')::bigint,
			(op->>'backend')::int, null, op->'evidence');
	end if;
	return id;
end $$;
comment on function fleet_internal.op_hold(int, bigint, timestamptz, jsonb) is
	'{"op":"hold","kind","gate","turn","backend","critical","until_ms","next_look_ms","deadline_ms","why","evidence","type_next","by"}: a reason not to move begins, or its words change.';

create or replace function fleet_internal.op_unhold(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	h record;
begin
	for h in update fleet_internal.hold x set ended_at = now_
		 where x.fleet_id = f and x.ended_at is null
		   and (x.hold_id = (op->>'hold')::bigint or (not op ? 'hold'
			and coalesce(x.rollout_id, 0) = coalesce(r, 0)
			and x.kind = op->>'kind'
			and (not op ? 'gate' or x.gate = op->>'gate')
			and (not op ? 'backend'
			     or x.backend_id = (op->>'backend')::int)))
		returning x.*
	loop
		update fleet_internal.rollout set halted_ms = halted_ms
			+ fleet_internal.ms(now_ - h.since)
		 where rollout_id = h.rollout_id and h.kind <> 'contact'
		   and not exists (select from fleet_internal.hold y
			where y.rollout_id = h.rollout_id
			  and y.ended_at is null);
		perform fleet_internal.note(f, 'hold.ended', 'notice',
			coalesce(op->>'message', 'over: ' || h.why), h.rollout_id,
			h.turn_id, h.backend_id);
	end loop;
	return null;
end $$;
comment on function fleet_internal.op_unhold(int, bigint, timestamptz, jsonb) is
	'{"op":"unhold","hold"} or {"op":"unhold","kind","gate","backend"}: reasons not to move are over.';

create or replace function fleet_internal.op_pause(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
declare
	p fleet_internal.pause;
begin
	if op->>'op' = 'pause_over' then
		return fleet_internal.pause_over(f, r);
	end if;
	update fleet_internal.pause set effective_at = now_,
		rests = coalesce(op->>'rests', rests)
	 where rollout_id = r and ended_at is null
	   and effective_at is null returning * into p;
	if not found then
		return null;
	end if;
	perform fleet_internal.note(f, 'rollout.paused', 'notice',
		coalesce(op->>'message', 'paused: ' || p.reason), r);
	perform fleet_internal.op_hold(f, r, now_, jsonb_build_object(
		'kind', 'pause', 'by', p.asked_by, 'why', p.reason,
		'type_next', format('drydock resume %s', r))
		|| case when p.expires_at is null then '{}'
		else jsonb_build_object('until_ms',
			fleet_internal.ms(p.expires_at)) end);
	return p.pause_id;
end $$;
comment on function fleet_internal.op_pause(int, bigint, timestamptz, jsonb) is
	'{"op":"pause_effective","rests"} or {"op":"pause_over"}: a pause came to rest, or its end came.';

-- Nothing goes on by itself: somebody is called.
create or replace function fleet_internal.pause_over(f int, r bigint)
returns bigint language plpgsql as $$
declare
	p fleet_internal.pause;
	told text;
begin
	select * into p from fleet_internal.pause x
	 where x.rollout_id = r and x.ended_at is null;
	told := format('the end of this pause has come (%s UTC), and it stays paused until somebody resumes: %s',
		to_char(p.expires_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
		p.reason);
	update fleet_internal.hold h set critical = true, why = told
	 where h.rollout_id = r and h.kind = 'pause' and h.ended_at is null
	   and not h.critical;
	if not found then
		return null;
	end if;
	perform fleet_internal.note(f, 'rollout.pause_over', 'error', told, r);
	return p.pause_id;
end $$;
comment on function fleet_internal.pause_over(int, bigint) is
	'The end of a pause came: told once, as an event and in its hold, which is critical from now on.';

create or replace function fleet_internal.op_override_used(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	update fleet_internal.override_ set ended_at = now_
	 where override_id = (op->>'override')::bigint and fleet_id = f
	   and ended_at is null;
	return null;
end $$;
comment on function fleet_internal.op_override_used(int, bigint, timestamptz, jsonb) is
	'{"op":"override_used","override"}: an override has done its work.';
