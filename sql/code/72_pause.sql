-- 72_pause.sql - pause, resume, abort: where a rollout comes to rest.

set local role fleet_owner;

-- A phase that may not pause is carried to its end, whatever is asked in it.
create or replace function fleet_internal.past_return(t fleet_internal.turn)
returns bool language sql stable as $$
	select t.no_return_begun or exists (
		select from fleet_internal.turn_phase p
		  join fleet_internal.step s on s.turn_id = p.turn_id
		   and s.phase = p.name
		 where p.turn_id = t.turn_id and p.no_pause
		   and p.committed_at is not null and p.state = 'running'
		   and s.state in ('pending', 'running') and s.undoes is null
		   and coalesce((s.spec->>'no_return')::bool, false))
$$;
comment on function fleet_internal.past_return(fleet_internal.turn) is
	'A step that cannot be taken back has begun, or will have when the phase in hand has ended.';

-- The rules of where a pause rests, in words for the person who asks. The
-- coordinator decides by the same rules; this says it beforehand.
create or replace function fleet_internal.pause_rests(r fleet_internal.rollout,
	p_mode text)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	t fleet_internal.turn;
	p record;
	b text;
begin
	select * into t from fleet_internal.turn x
	 where x.rollout_id = r.rollout_id
	   and x.state in ('working', 'held', 'restoring')
	 order by x.position limit 1;
	if not found then
		return 'rests now, before the next backend';
	end if;
	b := fleet_internal.backend_name(t.backend_id);
	if t.state = 'held' then
		return format('rests now: %s is held', b);
	elsif t.state = 'restoring' then
		return format('rests when %s is put back', b);
	elsif p_mode = 'backend' then
		return format('rests when %s is done, in about %s', b,
			fleet_internal.words(greatest(t.expected_ms - t.work_ms, 0)));
	elsif p_mode = 'keep_drained' then
		return format('rests at the next step of %s outside a phase without pause; it stays as it is there', b);
	elsif not fleet_internal.past_return(t) then
		if not exists (select from fleet_internal.outage o
				where o.turn_id = t.turn_id
				  and o.back_at is null) then
			return format('rests now, before %s is taken out of service', b);
		end if;
		return format('%s is put back into service first (its drain is undone), then it rests in service', b);
	end if;
	select y.name, y.rest, sum(z.expected_ms) as ms into p
	  from fleet_internal.turn_phase y
	  join fleet_internal.turn_phase z on z.turn_id = y.turn_id
	   and z.position <= y.position and z.state in ('pending', 'running')
	 where y.turn_id = t.turn_id and y.rest in ('in', 'out')
	   and y.state in ('pending', 'running')
	   and exists (select from fleet_internal.step s
		where s.turn_id = y.turn_id and s.phase = y.name
		  and s.undoes is null and s.state in ('pending', 'running'))
	 group by y.position, y.name, y.rest order by y.position limit 1;
	if not found then
		return format('rests when %s is done', b);
	end if;
	return format('rests after phase %s of %s (%s service), in about %s',
		p.name, b, p.rest || case when p.rest = 'out' then ' of' else '' end,
		fleet_internal.words(p.ms));
end $$;
comment on function fleet_internal.pause_rests(fleet_internal.rollout, text) is
	'Where a pause asked now comes to rest, and when.';

create or replace function fleet_internal.refuse_pause(r fleet_internal.rollout,
	p_mode text, p_expires interval)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	p fleet_internal.pause;
begin
	if p_mode is null or p_mode not in ('step', 'backend', 'keep_drained') then
		perform fleet_internal.fail('RD004', format(
			'the pause mode "%s" is not known', left(p_mode, 40)),
			'Modes: step (the next place to rest), backend (this turn ends first), keep_drained (stay as it is).',
			format('select fleet.pause(%s, ''reason'', ''backend'');', r.rollout_id));
	elsif p_mode = 'keep_drained' and p_expires is null then
		perform fleet_internal.fail('RD004',
			'a pause that keeps a backend drained needs an end',
			'Users are fewer places while it lasts.',
			format('select fleet.pause(%s, ''reason'', ''keep_drained'', ''2 h'');',
			       r.rollout_id));
	elsif p_expires <= interval '0' then
		perform fleet_internal.fail('RD004', 'the pause would be over at once',
			'', 'Give a time span: ''2 h''');
	elsif p_expires > interval '1 year' then
		perform fleet_internal.fail('RD004',
			'nobody would be called within a year',
			'At its end somebody is called; the rollout stays paused.',
			'Give a time span: ''2 h'', or none.');
	end if;
	perform fleet_internal.refuse_ending(r, 'paused');
	select * into p from fleet_internal.pause x
	 where x.rollout_id = r.rollout_id and x.ended_at is null;
	if found then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is %s, so it cannot be paused', r.rollout_id,
			case when p.effective_at is null then 'pausing' else 'paused' end),
			format('Paused by %s at %s: %s', p.asked_by, p.asked_at, p.reason),
			fleet_internal.rollout_choices(r.rollout_id));
	end if;
end $$;
comment on function fleet_internal.refuse_pause(fleet_internal.rollout, text, interval) is
	'Everything that keeps a running rollout from being paused.';

create or replace function fleet.pause(rollout bigint, reason text,
	mode text default 'step', expires interval default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		pause.rollout, 'steer', 'paused');
	why text := fleet_internal.check_reason(pause.reason);
	rests text;
begin
	perform fleet_internal.refuse_pause(r, pause.mode, pause.expires);
	rests := fleet_internal.pause_rests(r, pause.mode);
	insert into fleet_internal.pause (rollout_id, mode, reason, asked_at,
		expires_at, rests)
	values (r.rollout_id, pause.mode, why, fleet_internal.clock(),
		fleet_internal.clock() + pause.expires, rests);
	perform fleet_internal.steer_done(r, 'rollout.pausing', format(
		'pause asked: %s', why),
		p_detail => jsonb_build_object('mode', pause.mode, 'rests', rests));
	return format(E'rollout %1$s: %2$s\nhint: to go on: %3$sselect fleet.resume(%1$s);',
		r.rollout_id, rests, case when exists (select
			from fleet_internal.turn t
			where t.rollout_id = r.rollout_id and t.state = 'held')
		then format('first what is held: select * from fleet.turn where rollout = %s; then: ',
			r.rollout_id) else '' end);
end $$;
comment on function fleet.pause(bigint, text, text, interval) is
	'Asks a running rollout to come to rest: at the next place to rest (step), after this backend (backend), or as it is (keep_drained, with an end). Says where and when.';

-- No step's clock runs in a pause.
create or replace function fleet_internal.pause_credit(p fleet_internal.pause)
returns void language sql as $$
	update fleet_internal.step s set paused_ms = s.paused_ms
		+ fleet_internal.ms(p.ended_at)
		- fleet_internal.ms(greatest(p.effective_at, s.started_at))
	  from fleet_internal.turn t
	 where t.rollout_id = p.rollout_id and t.turn_id = s.turn_id
	   and t.state = 'working' and s.state = 'running'
	   and p.effective_at is not null
$$;
comment on function fleet_internal.pause_credit(fleet_internal.pause) is
	'What waited or looked when a pause came to rest gets its time back.';

create or replace function fleet.resume(rollout bigint, note text default null)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		resume.rollout, 'steer', 'resumed');
	t fleet_internal.turn;
	p fleet_internal.pause;
begin
	perform fleet_internal.refuse_ending(r, 'resumed');
	select * into t from fleet_internal.turn x
	 where x.rollout_id = r.rollout_id and x.state = 'held' limit 1;
	if found then
		perform fleet_internal.fail('RD002', format(
			'%s is held, so "resume" says too little',
			fleet_internal.backend_name(t.backend_id)),
			coalesce(t.message, 'A person has to decide what becomes of it.'),
			fleet_internal.held_choices(t));
	end if;
	update fleet_internal.pause x set ended_at = fleet_internal.clock(),
		ended_by = session_user
	 where x.rollout_id = r.rollout_id and x.ended_at is null
	returning x.* into p;
	if not found then
		perform fleet_internal.fail('RD002', format(
			'rollout %s is not paused', r.rollout_id),
			coalesce('It waits: ' || (select string_agg(h.why, '; ')
				from fleet_internal.hold h
				where h.rollout_id = r.rollout_id
				  and h.ended_at is null), 'It moves.'),
			fleet_internal.rollout_choices(r.rollout_id));
	end if;
	perform fleet_internal.pause_credit(p);
	perform fleet_internal.op_unhold(r.fleet_id, r.rollout_id,
		fleet_internal.clock(), jsonb_build_object('kind', 'pause'));
	perform fleet_internal.steer_done(r, 'rollout.resumed', format(
		'resumed%s', coalesce(': ' || resume.note, '')));
	return format('rollout %s goes on', r.rollout_id);
end $$;
comment on function fleet.resume(bigint, text) is
	'Ends a pause. Refuses while a turn is held and names what can be done instead.';

create or replace function fleet_internal.abort_rests(r fleet_internal.rollout)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	t fleet_internal.turn;
	b text;
begin
	select * into t from fleet_internal.turn x
	 where x.rollout_id = r.rollout_id
	   and x.state in ('working', 'held', 'restoring')
	 order by x.position limit 1;
	if not found then
		return 'no backend is in hand, it ends now';
	end if;
	b := fleet_internal.backend_name(t.backend_id);
	if not fleet_internal.past_return(t) then
		return format('%s is put back as it was and comes to rest in service', b);
	elsif not t.no_return_begun then
		return format('%s is in a phase that is carried to its end, past the point of no return; then it comes to rest OUT of service, not proved; include or exclude it later', b);
	elsif not t.proved then
		return format('%s is past the point of no return and comes to rest OUT of service, not proved; include or exclude it later', b);
	end if;
	return format('%s is proved and is finished; it comes to rest in service', b);
end $$;
comment on function fleet_internal.abort_rests(fleet_internal.rollout) is
	'Where an abort asked now comes to rest.';

create or replace function fleet.abort(rollout bigint, reason text)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	r fleet_internal.rollout := fleet_internal.steer_running(
		abort.rollout, 'steer', 'aborted');
	why text := fleet_internal.check_reason(abort.reason);
	rests text := fleet_internal.abort_rests(r);
begin
	perform fleet_internal.refuse_ending(r, 'aborted again');
	update fleet_internal.rollout x set ending = 'abort',
		ending_by = session_user, ending_why = why,
		ending_at = fleet_internal.clock()
	 where x.rollout_id = r.rollout_id;
	update fleet_internal.pause x set ended_at = fleet_internal.clock(),
		ended_by = session_user
	 where x.rollout_id = r.rollout_id and x.ended_at is null;
	perform fleet_internal.op_unhold(r.fleet_id, r.rollout_id,
		fleet_internal.clock(), jsonb_build_object('kind', 'pause'));
	perform fleet_internal.steer_done(r, 'rollout.aborting', format(
		'abort asked: %s; %s', why, rests));
	return format('rollout %s ends: %s', r.rollout_id, rests);
end $$;
comment on function fleet.abort(bigint, text) is
	'Ends a running rollout; says where the backend in hand comes to rest.';
