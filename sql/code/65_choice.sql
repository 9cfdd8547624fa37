-- 65_choice.sql - what can be typed now: every offer of hints, holds and the
-- command line is a row here, so that none is made that would be refused.

set local role fleet_owner;

-- a turn that waits for a person, and what the answer depends on
create or replace view fleet_internal.turn_standing as
select t.turn_id, t.rollout_id, t.backend_id, f.name as fleet,
	b.name as backend, t.state, r.state as rollout_state,
	r.ending is not null as ending, x.is_out, x.taken_over, x.unknown,
	x.undoing
  from fleet_internal.turn t
  join fleet_internal.rollout r using (rollout_id)
  join fleet_internal.fleet f on f.fleet_id = t.fleet_id
  join fleet_internal.backend b on b.backend_id = t.backend_id
  -- offset 0: else each is planned and asked once more for each of its uses
 cross join lateral (select exists (select from fleet_internal.outage o
		where o.turn_id = t.turn_id and o.back_at is null
		  and o.accepted_at is null) as is_out,
	exists (select from fleet_internal.outage o
		where o.turn_id = t.turn_id and o.back_at is null
		  and o.accepted_at is not null) as taken_over,
	(select s.name from fleet_internal.step s
	  where s.turn_id = t.turn_id and s.state = 'unknown'
	  order by s.position limit 1) as unknown,
	exists (select from fleet_internal.step s
		where s.turn_id = t.turn_id and s.undoes is not null
		  and s.state in ('pending', 'failed', 'unknown')) as undoing
	offset 0) x
 where t.asked is null and b.removed_at is null
   and b.asked is null and t.state in ('held', 'restored', 'out', 'skipped')
   and case when t.state in ('held', 'restored') then r.state = 'running'
		and (t.state = 'held' or t.cause <> 'pause')
	    when t.state = 'out' then true
	    when t.state = 'skipped' then b.accepted_out and exists (select
		from fleet_internal.outage o where o.turn_id = t.turn_id
		 and o.back_at is null) end;
select fleet_internal.describe('fleet_internal.turn_standing', $$
Turns that wait for a person who has not answered yet.
turn_id: the turn
rollout_id: its rollout
backend_id: its backend
fleet: name of the fleet
backend: name of the backend
state: held, restored, out or skipped
rollout_state: state of the rollout's machine
ending: the rollout is being aborted
is_out: its outage is open and nobody has taken it over
taken_over: its outage is open and a person has it
unknown: the step of which nobody knows whether it happened
undoing: it is being put back, and a step of that is left
$$);

create or replace view fleet_internal.turn_choice as
select s.rollout_id, s.backend, c.position, c.verb, c.command, c.sql, c.what,
	s.turn_id
  from fleet_internal.turn_standing s
  -- "undo stop" is one word
 cross join lateral (select case when s.unknown ~ ' '
	then '"' || s.unknown || '"' else s.unknown end as unknown) w
 cross join lateral (values
	(1, 'log', s.state = 'held', format('drydock log %s --backend %s --output',
		s.rollout_id, s.backend),
	 format('select * from fleet.output where rollout = %s and backend = %L;',
		s.rollout_id, s.backend), 'see what it printed'),
	(2, 'settle', s.state = 'held' and s.unknown is not null,
	 format('drydock settle %s %s --done --reason "..."', s.rollout_id,
		w.unknown),
	 format('select fleet.settle(%s, %L, true, ''reason'');',
		s.rollout_id, s.unknown), 'you looked there: it happened'),
	(3, 'settle', s.state = 'held' and s.unknown is not null,
	 format('drydock settle %s %s --not-done --reason "..."', s.rollout_id,
		w.unknown),
	 format('select fleet.settle(%s, %L, false, ''reason'');',
		s.rollout_id, s.unknown), 'you looked there: it did not'),
	(4, 'retry', s.state in ('held', 'restored') and s.unknown is null
		and not (s.ending and not s.undoing),
	 format('drydock retry %s %s', s.rollout_id, s.backend),
	 format('select fleet.retry(%s, %L);', s.rollout_id, s.backend),
	 case when s.state = 'restored' then 'take it again, from the beginning'
	      when s.undoing then 'go on with putting it back'
	      else 'the failed step again, then on' end),
	(5, 'restore', s.state = 'held' and not s.undoing,
	 format('drydock restore %s %s', s.rollout_id, s.backend),
	 format('select fleet.restore(%s, %L);', s.rollout_id, s.backend),
	 'undo it, prove it, return it'),
	(6, 'skip', s.state in ('held', 'restored'),
	 format('drydock skip %s %s%s --reason "..."', s.rollout_id,
		s.backend, case when s.is_out then ' --accept-out' else '' end),
	 format('select fleet.skip(%s, %L, ''reason''%s);', s.rollout_id,
		s.backend, case when s.is_out then ', accept_out => true'
			else '' end),
	 case when s.is_out then 'it stays out and is yours'
	      else 'leave it, go on with the next' end),
	(7, 'include', s.state in ('out', 'skipped'),
	 format('drydock include %s --fleet %s', s.backend, s.fleet),
	 format('select fleet.include(%L, %L);', s.fleet, s.backend),
	 'prove it, take it back'),
	(8, 'exclude', s.state = 'out',
	 format('drydock exclude %s --fleet %s --accept-out --reason "..."',
		s.backend, s.fleet),
	 format('select fleet.exclude(%L, %L, ''reason'', accept_out => true);',
		s.fleet, s.backend), 'it stays out and is yours'),
	(9, 'abort', s.rollout_state = 'running' and not s.ending
		and s.state <> 'skipped',
	 format('drydock abort %s --reason "..."', s.rollout_id),
	 format('select fleet.abort(%s, ''reason'');', s.rollout_id),
	 'end the rollout')
	) c (position, verb, fits, command, sql, what)
 where c.fits;
select fleet_internal.describe('fleet_internal.turn_choice', $$
What can be typed about a turn that waits for a person.
rollout_id: its rollout
backend: name of its backend
position: order for people
verb: the command
command: as it is typed in a shell
sql: the same in SQL
what: what it does
turn_id: the turn
$$);

-- A function, so that what it depends on is planned only for a turn that waits:
-- on a new connection that is most of what the choices of a rollout cost.
create or replace function fleet_internal.choices_of(p_turn bigint)
returns setof fleet_internal.turn_choice language sql stable strict
security definer rows 5 set search_path = pg_catalog, pg_temp as $$
	select c.* from fleet_internal.turn_choice c where c.turn_id = p_turn
$$;
comment on function fleet_internal.choices_of(bigint) is
	'What can be typed about a turn that waits for a person.';

create or replace view fleet.choice as
select t.rollout_id as rollout, c.backend, c.verb, c.command, c.what, c.sql,
	c.position
  from fleet_internal.turn t
 cross join lateral fleet_internal.choices_of(t.turn_id) c
 where t.asked is null and t.state in ('held', 'restored', 'out', 'skipped')
union all
select r.rollout_id, null, c.verb, c.command, c.what, c.sql, c.position
  from fleet_internal.rollout r
 cross join lateral (select
	exists (select from fleet_internal.pause p
		where p.rollout_id = r.rollout_id and p.ended_at is null)
		as paused,
	exists (select from fleet_internal.turn t
		where t.rollout_id = r.rollout_id and t.state = 'held') as held,
	exists (select from fleet_internal.turn t
		 cross join lateral fleet_internal.choices_of(t.turn_id)
		where t.rollout_id = r.rollout_id and t.asked is null
		  and t.state in ('held', 'restored', 'out', 'skipped'))
		as waits,
	exists (select from fleet_internal.hold h
		where h.rollout_id = r.rollout_id and h.kind = 'approval'
		  and h.ended_at is null) as asks,
	exists (select from fleet_internal.fleet f
		where f.fleet_id = r.fleet_id
		  and f.revision = r.fleet_revision)
	and not exists (select from fleet_internal.rollout o
		where o.fleet_id = r.fleet_id and o.state = 'running')
		as startable
	offset 0) x
 cross join lateral (values
	(21, 'start', r.state = 'planned' and x.startable,
	 format('drydock start %s', r.rollout_id),
	 format('select fleet.start(%s);', r.rollout_id), 'start it now'),
	(22, 'cancel', r.state in ('planned', 'scheduled'),
	 format('drydock cancel %s', r.rollout_id),
	 format('select fleet.cancel(%s);', r.rollout_id),
	 'put it away; nothing was changed'),
	(23, 'approve', r.state = 'running' and x.asks
		and r.ending is null,
	 format('drydock approve %s', r.rollout_id),
	 format('select fleet.approve(%s);', r.rollout_id), 'say yes, go on'),
	(24, 'resume', r.state = 'running' and x.paused and not x.held
		and r.ending is null,
	 format('drydock resume %s', r.rollout_id),
	 format('select fleet.resume(%s);', r.rollout_id), 'go on'),
	(25, 'pause', r.state = 'running' and not x.paused
		and r.ending is null,
	 format('drydock pause %s --reason "..."', r.rollout_id),
	 format('select fleet.pause(%s, ''reason'');', r.rollout_id),
	 'come to rest at the next good place'),
	(26, 'abort', r.state = 'running' and r.ending is null and not x.waits,
	 format('drydock abort %s --reason "..."', r.rollout_id),
	 format('select fleet.abort(%s, ''reason'');', r.rollout_id),
	 'end the rollout')
	) c (position, verb, fits, command, sql, what)
 where c.fits and r.state in ('planned', 'scheduled', 'running');
select fleet_internal.describe('fleet.choice', $$
What can be typed now about a rollout, or about a backend of it that waits for a person.
rollout: the rollout
backend: the backend; empty = it is about the whole rollout
verb: the command
command: as it is typed in a shell; put your reason for the dots
what: what it does
sql: the same in SQL
position: order for people
$$);

-- What can be typed when a turn is held, as a hint says it.
create or replace function fleet_internal.held_choices(t fleet_internal.turn)
returns text language sql stable as $$
	select coalesce('Choose one: ' || string_agg(c.sql, ' '
			order by c.position),
		'See whether a coordinator is alive: select * from fleet.coordinator;')
	  from fleet_internal.turn_standing s
	  join fleet_internal.turn_choice c using (rollout_id, backend)
	 where s.turn_id = t.turn_id and c.verb <> 'log'
$$;
comment on function fleet_internal.held_choices(fleet_internal.turn) is
	'What can be typed when a turn is held.';

-- The same for a rollout: what to do instead of what was refused.
create or replace function fleet_internal.rollout_choices(r bigint)
returns text language sql stable as $$
	select coalesce('Possible now: ' || string_agg(c.sql, ' '
			order by c.position), format(
			'See: select * from fleet.progress where rollout = %s;', r))
	  from fleet.choice c where c.rollout = r and c.verb <> 'log'
$$;
comment on function fleet_internal.rollout_choices(bigint) is
	'What can be typed about a rollout now.';
