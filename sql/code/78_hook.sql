-- 78_hook.sql - hooks: queued with the event, run by a coordinator.
--
-- An event that a hook hears gets a row of the queue in its own transaction.
-- A coordinator that offers the hook takes the row, which counts the attempt,
-- runs the program and writes down how it ended. Whoever does not answer in
-- time, or began anew, is taken to be dead: the row is taken again. So each
-- program runs at least once for each event, and the attempt tells a repeat.

set local role fleet_owner;

create or replace function fleet_internal.hook_regex(p_events text[])
returns text language sql immutable as $$
	select '^(' || string_agg(replace(replace(e, '.', '\.'), '*', '.*'), '|')
		|| ')$' from unnest(p_events) e
$$;
comment on function fleet_internal.hook_regex(text[]) is
	'Patterns of event kinds as one regular expression.';

create or replace function fleet_internal.hook_offer(p_coordinator int,
	p_hooks jsonb)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
begin
	perform fleet_internal.demand(null, 'lease');
	delete from fleet_internal.hook h
	 where h.coordinator_id = p_coordinator and not exists (
		select from jsonb_array_elements(p_hooks) x
		 where x->>'name' = h.name);
	insert into fleet_internal.hook as h (coordinator_id, name, argv,
		events, matches, timeout_ms, fleets)
	select p_coordinator, x->>'name', y.argv, y.events,
		fleet_internal.hook_regex(y.events),
		(x->>'timeout_ms')::bigint, y.fleets
	  from jsonb_array_elements(p_hooks) x, lateral (select
		array(select jsonb_array_elements_text(x->'argv')) as argv,
		array(select jsonb_array_elements_text(x->'on')) as events,
		case when jsonb_typeof(x->'fleets') = 'array' then
			array(select jsonb_array_elements_text(x->'fleets'))
			end as fleets) y
	on conflict (coordinator_id, name) do update set
		argv = excluded.argv, events = excluded.events,
		matches = excluded.matches, timeout_ms = excluded.timeout_ms,
		fleets = excluded.fleets,
		-- another program has not been tested
		passed_at = case when h.argv = excluded.argv
			then h.passed_at end;
end $$;
comment on function fleet_internal.hook_offer(int, jsonb) is
	'Replaces what a coordinator offers: [{"name","argv","on","timeout_ms","fleets"}].';

-- Called with every event, so it says nothing unless a hook hears it: its kind,
-- or severity.error and the like. What becomes of hooks is told to nobody's
-- hook: that would never end.
drop function if exists fleet_internal.hook_hear(int, bigint, text, text);
drop function if exists fleet_internal.hook_hear(int, bigint, text, text,
	timestamptz);
create or replace function fleet_internal.hook_hear(p_fleet int, p_seq bigint,
	p_kind text, p_severity text, now_ timestamptz)
returns void language plpgsql as $$
begin
	insert into fleet_internal.hook_queue (fleet_id, seq, hook, next_at,
		queued_at)
	select distinct p_fleet, p_seq, h.name, now_, now_
	  from fleet_internal.hook h
	  join fleet_internal.coordinator c using (coordinator_id)
	  join fleet_internal.fleet f on f.fleet_id = p_fleet
	 where (p_kind ~ h.matches or 'severity.' || p_severity ~ h.matches)
	   and p_kind not like 'hook.%'
	   and (h.fleets is null or f.name = any (h.fleets))
	   and c.beat_at > now_ - interval '1 day';
	if found then
		perform pg_notify('fleet_command', 'hook');
	end if;
end $$;
comment on function fleet_internal.hook_hear(int, bigint, text, text, timestamptz) is
	'Queues the hooks that hear this event; a coordinator silent for a day offers nothing.';

-- What the program reads.
create or replace function fleet_internal.hook_event(
	q fleet_internal.hook_queue)
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	doc jsonb := jsonb_build_object('hook', q.hook, 'run', q.hook_id,
		'attempt', q.tries);
	e record;
begin
	if q.seq is null then
		return doc || jsonb_build_object('kind', 'hook.test',
			'severity', 'notice', 'at', q.queued_at,
			'actor', q.asked_by, 'message', format(
			'test of the hook %s, asked by %s', q.hook, q.asked_by));
	end if;
	select x.*, f.name as fleet, b.name as backend, s.name as step, s.phase
	  into e
	  from fleet_internal.event x
	  join fleet_internal.fleet f using (fleet_id)
	  left join fleet_internal.backend b on b.backend_id = x.backend_id
	  left join fleet_internal.step s on s.step_id = x.step_id
	 where x.fleet_id = q.fleet_id and x.seq = q.seq;
	return doc || jsonb_strip_nulls(jsonb_build_object('kind', e.kind,
		'severity', e.severity, 'at', e.at, 'actor', e.actor,
		'message', e.message, 'fleet', e.fleet, 'seq', e.seq,
		'rollout', e.rollout_id, 'backend', e.backend,
		'phase', e.phase, 'step', e.step,
		'happened_at', e.happened_at))
		|| case when length(e.detail::text) <= 32768
			then jsonb_build_object('detail', e.detail)
			else '{"detail_cut": true}' end;
end $$;
comment on function fleet_internal.hook_event(fleet_internal.hook_queue) is
	'The event as a hook reads it, with the number of the attempt.';

create or replace function fleet_internal.hook_take(p_coordinator int)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	now_ timestamptz := fleet_internal.clock();
	began timestamptz;
	jobs jsonb;
begin
	perform fleet_internal.demand(null, 'lease');
	select c.started_at into began from fleet_internal.coordinator c
	 where c.coordinator_id = p_coordinator;
	-- one at a time per hook, whoever offers it
	perform pg_advisory_xact_lock(7233402);
	with free as (
		select distinct on (x.hook) x.hook_id, h.argv, h.timeout_ms
		  from fleet_internal.hook_queue x
		  join fleet_internal.hook h on h.name = x.hook
			and h.coordinator_id = p_coordinator
		  left join fleet_internal.fleet f using (fleet_id)
		 where x.done_at is null and x.next_at <= now_
		   and coalesce(x.coordinator_id, p_coordinator) = p_coordinator
		   and (h.fleets is null or f.name is null
			or f.name = any (h.fleets))
		   and not exists (select from fleet_internal.hook_queue y
			where y.hook = x.hook and y.done_at is null
			  and y.taken_until > now_
			  and (y.taken_by <> p_coordinator
			       or y.taken_at >= began))
		 order by x.hook, x.next_at, x.hook_id),
	taken as (
		update fleet_internal.hook_queue x set tries = x.tries + 1,
			taken_by = p_coordinator, taken_at = now_,
			taken_until = now_ + interval '30 s'
				+ fleet_internal.span(free.timeout_ms)
		  from free
		 where x.hook_id = free.hook_id and x.done_at is null
		returning x as q, free.argv, free.timeout_ms)
	select coalesce(jsonb_agg(jsonb_build_object('run', (q).hook_id,
		'attempt', (q).tries, 'hook', (q).hook, 'argv', argv,
		'timeout_ms', timeout_ms,
		'event', fleet_internal.hook_event(q)::text)), '[]')
	  into jobs from taken;
	return jobs;
end $$;
comment on function fleet_internal.hook_take(int) is
	'What this coordinator shall run now, at most one of each hook: [{"run","attempt","hook","argv","timeout_ms","event"}].';

create or replace function fleet_internal.hook_given_up(
	q fleet_internal.hook_queue)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	if q.fleet_id is not null then
		perform fleet_internal.note(q.fleet_id, 'hook.failed', 'error',
			format('hook %s was given up after %s attempts: %s',
			       q.hook, q.tries, coalesce(q.result,
			       'nobody ran it')),
			p_detail => jsonb_build_object('run', q.hook_id,
				'event', q.seq));
	end if;
end $$;
comment on function fleet_internal.hook_given_up(fleet_internal.hook_queue) is
	'Tells that nobody was told.';

-- Attempts 10 s apart, then 30 s, and so on up to half an hour; ten of them.
create or replace function fleet_internal.hook_done(p_run bigint,
	p_coordinator int, p_attempt int, p_ok bool, p_exit int,
	p_result text, p_output text)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	now_ timestamptz := fleet_internal.clock();
	q fleet_internal.hook_queue;
begin
	perform fleet_internal.demand(null, 'lease');
	update fleet_internal.hook_queue x set exit_status = p_exit,
		result = p_result, output = decode(p_output, 'base64'),
		taken_until = null,
		next_at = now_ + least(interval '30 min',
			interval '10 s' * 3 ^ (x.tries - 1)),
		ok = y.ok, done_at = case when y.ok is not null then now_ end
	  from (select case when p_ok then true when z.tries >= 10
			or z.seq is null then false end as ok
		  from fleet_internal.hook_queue z
		 where z.hook_id = p_run) y
	 where x.hook_id = p_run and x.done_at is null
	   and x.taken_by = p_coordinator and x.tries = p_attempt
	returning x.* into q;
	if q.seq is null and q.hook_id is not null then
		update fleet_internal.hook h set tested_at = now_,
			test_result = p_result, passed_at = case when p_ok
				then now_ end
		 where h.coordinator_id = p_coordinator and h.name = q.hook;
	elsif not q.ok then
		perform fleet_internal.hook_given_up(q);
	end if;
	perform pg_notify('fleet_event', json_build_object('kind',
		'hook.run', 'run', p_run)::text);
end $$;
comment on function fleet_internal.hook_done(bigint, int, int, bool, int, text, text) is
	'How an attempt ended; what another has taken since is left alone. p_output is base64.';

create or replace function fleet_internal.remind_out(p_coordinator int,
	now_ timestamptz)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	x record;
begin
	for x in select t.turn_id, t.fleet_id, t.rollout_id, t.backend_id,
			t.state, o.out_since, t.message
		   from fleet_internal.fleet f
		   join fleet_internal.turn t using (fleet_id)
		   join fleet_internal.outage o on o.turn_id = t.turn_id
			and o.back_at is null and o.accepted_at is null
		  where f.holder = p_coordinator and t.state in ('held', 'out')
		    and greatest(t.reminded_at, t.state_since)
			<= now_ - interval '30 min'
		  order by t.fleet_id
	loop
		-- the fleet first, as everybody who writes
		perform from fleet_internal.fleet f
		  where f.fleet_id = x.fleet_id for no key update;
		update fleet_internal.turn set reminded_at = now_
		 where turn_id = x.turn_id and state = x.state;
		continue when not found;
		perform fleet_internal.note(x.fleet_id, 'turn.still_out',
			'error', format('%s is still out, for %s now; %s: %s',
			fleet_internal.backend_name(x.backend_id),
			fleet_internal.words(fleet_internal.ms(
				now_ - x.out_since)), x.state,
			coalesce(x.message, 'a person decides')),
			x.rollout_id, x.turn_id, x.backend_id);
	end loop;
end $$;
comment on function fleet_internal.remind_out(int, timestamptz) is
	'A backend that is out and waits for a person is told again every 30 minutes.';

-- Halting is only safe if somebody comes. That no window is open, somebody
-- paused or is to approve, or another fleet has the slot, is no trouble.
create or replace function fleet_internal.remind_gates(p_coordinator int,
	now_ timestamptz)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	h record;
begin
	for h in select x.*, g.from_
		   from fleet_internal.fleet f
		   join fleet_internal.rollout r using (fleet_id)
		   join fleet_internal.hold x on x.rollout_id = r.rollout_id
			and x.ended_at is null
		   left join lateral (select true as open_, y.opens_at
			from fleet_internal.windows_after(f.fleet_id, now_, 2) y
			where coalesce(y.opens_at <= now_, true)) w on true
		   cross join lateral (select greatest(x.since, case
			when not r.ignore_window then w.opens_at end)
			as from_) g
		  where f.holder = p_coordinator and r.state = 'running'
		    and x.kind = 'gate' and x.gate is distinct from 'slot'
		    and (r.ignore_window or w.open_)
		    and now_ >= coalesce(x.reminded_at + interval '30 min',
			g.from_ + interval '10 min')
		    and not exists (select from fleet_internal.hold y
			where y.rollout_id = r.rollout_id
			  and y.ended_at is null
			  and y.kind in ('pause', 'window', 'approval'))
		  order by x.fleet_id
	loop
		perform from fleet_internal.fleet f
		  where f.fleet_id = h.fleet_id for no key update;
		update fleet_internal.hold set reminded_at = now_,
			critical = true
		 where hold_id = h.hold_id and ended_at is null;
		continue when not found;
		perform fleet_internal.note(h.fleet_id, 'hold.lasting', 'error',
			format('rollout %s waits, for %s now: %s; type: drydock status %s',
			h.rollout_id, fleet_internal.words(fleet_internal.ms(
				now_ - h.from_)), h.why, h.rollout_id),
			h.rollout_id, h.turn_id, h.backend_id, null, h.evidence);
	end loop;
end $$;
comment on function fleet_internal.remind_gates(int, timestamptz) is
	'A gate that keeps a rollout waiting for 10 minutes while a window is open is told as an error, and again every 30 minutes.';

drop function if exists fleet_internal.remind_pause(int, timestamptz);

-- What only time brings about, told by the coordinator that drives the fleet.
create or replace function fleet_internal.remind(p_coordinator int)
returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	now_ timestamptz := fleet_internal.clock();
	q fleet_internal.hook_queue;
begin
	perform fleet_internal.demand(null, 'lease');
	perform fleet_internal.remind_out(p_coordinator, now_);
	perform fleet_internal.remind_gates(p_coordinator, now_);
	for q in update fleet_internal.hook_queue y set done_at = now_,
			ok = false, result = coalesce(y.result, 'nobody ran it')
		 where y.done_at is null and coalesce(y.taken_until, now_) <= now_
		   and (y.tries >= 10 or y.queued_at < now_
			- case when y.seq is null then interval '1 min'
			       else interval '7 days' end)
		returning y.*
	loop
		perform fleet_internal.hook_given_up(q);
	end loop;
	delete from fleet_internal.hook_queue y where y.hook_id = any (array(
		select z.hook_id from fleet_internal.hook_queue z
		 where z.done_at < now_ - interval '90 days' limit 1000));
end $$;
comment on function fleet_internal.remind(int) is
	'Events that only time brings about: still out, a gate that lasts, a hook that nobody ran.';

create or replace function fleet.hook_test(hook text)
returns bigint[] language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	now_ timestamptz := fleet_internal.clock();
	runs bigint[];
	known text;
begin
	perform fleet_internal.demand(null, 'hook');
	with made as (insert into fleet_internal.hook_queue (hook, next_at,
			queued_at, coordinator_id, asked_by)
		select h.name, now_, now_, h.coordinator_id, session_user
		  from fleet_internal.hook h
		  join fleet_internal.coordinator c using (coordinator_id)
		 where h.name = hook_test.hook and c.stopped_at is null
		   and c.beat_at > now_ - interval '60 s'
		 order by h.coordinator_id returning hook_id)
	select array_agg(m.hook_id) into runs from made m;
	if runs is null then
		select string_agg(format('%s (%s)', h.name, c.name), ', '
			order by h.name) into known
		  from fleet_internal.hook h
		  join fleet_internal.coordinator c using (coordinator_id);
		perform fleet_internal.fail('RD001', format(
			'no coordinator that is alive offers a hook "%s"',
			left(hook_test.hook, 63)),
			format('Known are: %s.', coalesce(known, 'none')),
			'Name it in drydockd.conf (hook.NAME = PROGRAM), then: systemctl reload drydockd');
	end if;
	perform pg_notify('fleet_command', 'hook');
	return runs;
end $$;
comment on function fleet.hook_test(text) is
	'Runs a hook once, with an event hook.test, on each living coordinator that offers it; answers the runs (fleet.hook_run).';

-- Halting is only safe if somebody comes.
create or replace function fleet_internal.refuse_unattended(p_fleet int,
	p_what text, p_accepted bool)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	told text;
begin
	if coalesce(p_accepted, false) or exists (select from fleet.hook h
		join fleet_internal.fleet f on f.fleet_id = p_fleet
		where h.alarm and (h.fleets is null or f.name = any (h.fleets)))
	then
		return;
	end if;
	select string_agg(format('%s of %s: %s', h.hook, h.coordinator,
		case when not 'turn.held' ~ fleet_internal.hook_regex(h.events)
			then 'does not hear turn.held'
		     when h.tested_at is null then 'never tested'
		     when h.test_passed then 'last passed at ' || h.tested_at
		     else 'failed its test: ' || h.test_result end), '; ')
	  into told from fleet.hook h;
	perform fleet_internal.fail('RD007', format(
		'nobody would be told when %s halts', p_what),
		format('A start that nobody watches needs a hook that hears turn.held and passed its test within a day. %s.',
		       coalesce(told, 'No coordinator offers a hook')),
		format('drydock hook test %s   or, if somebody watches: --unattended-without-alarm (psql: unattended_without_alarm => true)',
		       coalesce((select min(h.hook) from fleet.hook h), 'NAME')));
end $$;
comment on function fleet_internal.refuse_unattended(int, text, bool) is
	'RD007 unless a hook that passed its test within a day would hear of a halt, or the caller accepts that none does.';
