-- 30_note.sql - events, numbered under the fleet's lock.

set local role fleet_owner;

-- A commit that notified takes one lock for the whole cluster, so steps, which
-- are many, do not notify; a poll covers what was missed anyway.
--
-- A fleet's events are never removed, so the last one counts them. Events of
-- steps, attempts and phases are of advance() alone, which has the lock.
--
-- `p_now` is for who has read the clock already. No search path is pinned here:
-- whoever comes in from outside has pinned it, and to do it again for each
-- event costs as much as a statement.
drop function if exists fleet_internal.note(int, text, text, text, bigint,
	bigint, int, bigint, jsonb, timestamptz, text);
create or replace function fleet_internal.note(p_fleet int, p_kind text,
	p_severity text, p_message text, p_rollout bigint default null,
	p_turn bigint default null, p_backend int default null,
	p_step bigint default null, p_detail jsonb default null,
	p_happened timestamptz default null, p_origin text default null,
	p_now timestamptz default null)
returns bigint language plpgsql as $$
declare
	told bool := p_kind !~ '^(step|attempt|phase)\.';
	heard bool;
	n bigint;
	f text;
	now_ timestamptz := coalesce(p_now, fleet_internal.clock());
begin
	if told then
		select name into f from fleet_internal.fleet
		 where fleet_id = p_fleet for no key update;
	end if;
	insert into fleet_internal.event (fleet_id, seq, at, happened_at,
		severity, kind, rollout_id, turn_id, backend_id, step_id,
		actor, origin, message, detail)
	values (p_fleet, coalesce((select max(e.seq)
			from fleet_internal.event e
			where e.fleet_id = p_fleet), 0) + 1,
		now_, p_happened, p_severity, p_kind, p_rollout, p_turn,
		p_backend, p_step, session_user, p_origin, p_message, p_detail)
	returning seq, exists (select from fleet_internal.hook h
		where p_kind ~ h.matches
		   or 'severity.' || p_severity ~ h.matches) into n, heard;
	if heard then
		perform fleet_internal.hook_hear(p_fleet, n, p_kind,
			p_severity, now_);
	end if;
	if told then
		perform pg_notify('fleet_event', json_build_object(
			'fleet', f, 'seq', n, 'kind', left(p_kind, 60),
			'severity', p_severity, 'rollout', p_rollout,
			'backend', (select b.name from fleet_internal.backend b
				where b.backend_id = p_backend),
			'step', (select s.name from fleet_internal.step s
				where s.turn_id = p_turn and s.state in
					('running', 'unknown', 'failed')
				order by s.position limit 1))::text);
	end if;
	return n;
end $$;
comment on function fleet_internal.note(int, text, text, text, bigint, bigint,
	int, bigint, jsonb, timestamptz, text, timestamptz) is
	'Adds an event under the fleet''s lock, queues its hooks and tells listeners, except of steps.';

create or replace function fleet_internal.wake(p_fleet int)
returns void language sql as
$$ select pg_notify('fleet_command', p_fleet::text) $$;
comment on function fleet_internal.wake(int) is
	'Wakes coordinators: something of this fleet was asked.';

-- The fence: the row is locked first, then the epoch compared under the lock.
-- (An epoch in a WHERE clause does not fence: the old holder's update waits
-- for the taker's commit and then lands.)
create or replace function fleet_internal.fence(p_fleet int, p_epoch bigint)
returns fleet_internal.fleet language plpgsql as $$
declare
	f fleet_internal.fleet;
begin
	select * into f from fleet_internal.fleet
	 where fleet_id = p_fleet for no key update;
	if not found then
		perform fleet_internal.fail('RD001',
			format('there is no fleet %s', p_fleet),
			'', 'See: select * from fleet.fleet;');
	end if;
	if f.epoch is distinct from p_epoch or f.holder is null then
		perform fleet_internal.fail('RD010',
			format('fleet %s is not yours any more', f.name),
			format('Its epoch is %s, yours is %s.', f.epoch, p_epoch),
			'Stop driving it; take it again only after its holder is silent.');
	end if;
	return f;
end $$;
comment on function fleet_internal.fence(int, bigint) is
	'Locks the fleet, then compares the epoch; RD010 when another coordinator has it.';
