-- 83_view_residue.sql - what is left over, and what a doctor would say of it.

set local role fleet_owner;

-- The result of a request "doctor": {"hosts":[{"host","left":[…]}]}.
create or replace function fleet_internal.residue_put(p_result jsonb)
returns void language plpgsql as $$
declare
	h record;
begin
	for h in select x.host_id, v.item from jsonb_array_elements(
			coalesce(p_result->'hosts', '[]')) v(item)
		   join fleet_internal.host x on x.name = v.item->>'host' loop
		delete from fleet_internal.residue where host_id = h.host_id;
		insert into fleet_internal.residue
		select h.host_id, l->>'what', left(l->>'name', 4096),
			case when l->>'attempt' ~ '^[0-9a-f-]{36}$'
				then (l->>'attempt')::uuid end,
			fleet_internal.from_ms(l->>'since_ms'),
			fleet_internal.clock()
		  from jsonb_array_elements(h.item->'left') l
		 where l->>'what' is not null and l->>'name' is not null
		on conflict do nothing;
	end loop;
end $$;
comment on function fleet_internal.residue_put(jsonb) is
	'Stores what agents told is left over on their hosts.';

-- As words_for_shell() of the sheet: quoted, unless it has nothing that means
-- anything to a shell.
create or replace function fleet_internal.shell_word(p_word text)
returns text language sql immutable as $$
	select case when p_word ~ '\A[A-Za-z0-9_.:/@%+,-]+\Z' then p_word
	else '''' || replace(p_word, '''', '''\''''') || '''' end
$$;
comment on function fleet_internal.shell_word(text) is
	'A hostile text as one word of a shell.';

create or replace view fleet.residue as
select coalesce(f.name, y.fleet) as fleet, h.name as host, r.what, r.name,
	r.since, coalesce(x.start_by, x.created_by) as who,
	x.rollout_id as rollout, s.name as step,
	case r.what
	when 'mask' then 'drydock doctor --fix'
	when 'policy' then 'drydock doctor --fix'
	when 'sheet' then 'drydock include ' || h.name
	when 'kept' then 'none: it goes an hour after its rollout ended'
	when 'trash' then 'rm -r -- ' || fleet_internal.shell_word(r.name)
	when 'apt-hold' then 'apt-mark unhold -- '
		|| fleet_internal.shell_word(r.name) end as remove,
	r.what in ('mask', 'policy', 'sheet', 'kept', 'trash') as ours,
	r.seen_at
  from fleet_internal.residue r
  join fleet_internal.host h using (host_id)
  left join fleet_internal.attempt a using (attempt_id)
  left join fleet_internal.step s using (step_id)
  left join fleet_internal.turn t using (turn_id)
  left join fleet_internal.rollout x using (rollout_id)
  left join fleet_internal.fleet f on f.fleet_id = x.fleet_id
  left join lateral (select min(z.name) as fleet from fleet_internal.fleet z
	 where z.fleet_id in (
		select b.fleet_id from fleet_internal.backend b
		 where b.host_id = r.host_id and b.removed_at is null
		union all
		select g.fleet_id from fleet_internal.member_group g
		  join fleet_internal.group_member m using (group_id)
		 where m.host_id = r.host_id)) y on true
union all
select f.name, h.name, 'out', b.name, o.out_since,
	coalesce(x.start_by, x.created_by), x.rollout_id, null,
	'drydock include ' || b.name, true, fleet_internal.clock()
  from fleet_internal.outage o
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.host h on h.host_id = b.host_id
  join fleet_internal.fleet f on f.fleet_id = o.fleet_id
  join fleet_internal.turn t on t.turn_id = o.turn_id
  join fleet_internal.rollout x on x.rollout_id = t.rollout_id
 where o.back_at is null and x.state not in ('running', 'scheduled');
select fleet_internal.describe('fleet.residue', $$
What is left over: on hosts as the last doctor heard it, and backends that an ended rollout left out. Names are hostile text.
fleet: the fleet
host: the machine
what: mask, policy, sheet, kept, trash, apt-hold or out
name: unit, file, directory, attempt, package or backend
since: since when, where that is known
who: who started the rollout that left it
rollout: that rollout
step: its step
remove: what takes it away; rm and apt-mark are typed on the host
ours: it carries our mark
seen_at: when its agent told
$$);

-- A drydockd that the database refuses leaves no row; its session tells of it.
create or replace view fleet_internal.drydockd_session as
select min(p.usename::text collate "default") as login
  from pg_catalog.pg_stat_activity p
 where p.datname = current_database() and p.application_name = 'drydockd'
   and exists (select from pg_catalog.pg_roles g
	where g.rolname = 'fleet_coordinator'
	  and pg_has_role(p.usesysid, g.oid, 'member'));
select fleet_internal.describe('fleet_internal.drydockd_session', $$
Whether a drydockd is connected to this database; one row.
login: its PostgreSQL user, null: none is
$$);

create or replace view fleet_internal.heard as
select c.coordinator_id, c.name, c.schema, c.stopped_at is not null as stopped,
	c.stopped_at is null and c.beat_at > n.now - interval '15 s' as alive,
	fleet_internal.words(fleet_internal.ms(fleet_internal.elapsed(
		c.beat_at, n.now))) as ago, c.beat_at,
	coalesce('on ' || c.host, 'on its machine') as at_host
  from fleet_internal.coordinator c
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet_internal.heard', $$
When each coordinator was heard last, in words.
coordinator_id: the coordinator
name: its name
schema: the schema number that it was built for
stopped: it ended orderly
alive: a heartbeat in the last 15 s
ago: since its last heartbeat
beat_at: its last heartbeat
at_host: "on ops1"
$$);

create or replace view fleet.no_coordinator as
select f.name as fleet, c.name as coordinator, case
	when a.login is not null and c.schema is distinct from s.is_now
		and c.schema is not null
	then format('coordinator %s was built for schema %s, the database has %s: it may not write',
		c.name, c.schema, s.is_now)
	when c.alive
	then format('coordinator %s is alive, heartbeat %s ago, and has not taken it',
		c.name, c.ago)
	when a.login is not null
	then format('a drydockd is connected to the database as %s and writes no heartbeat; %s',
		a.login, coalesce('the last one was of ' || c.name || ', '
			|| c.ago || ' ago', 'none was ever written'))
	when c.stopped
	then format('coordinator %s was stopped; its last heartbeat was %s ago',
		c.name, c.ago)
	else coalesce('coordinator ' || c.name
		|| ' is silent; its last heartbeat was ' || c.ago || ' ago',
		'no coordinator was ever here') end as why,
	case
	when a.login is not null and c.schema > s.is_now then 'drydock init'
	when a.login is not null and c.schema < s.is_now
	then format('systemctl restart drydockd   (%s, with the release of that drydock init)',
		c.at_host)
	when c.alive or a.login is not null
	then format('journalctl -u drydockd -n 50   (%s: it says why)',
		coalesce(c.at_host, 'where it is installed'))
	when c.stopped then format('systemctl start drydockd   (%s)', c.at_host)
	else format('systemctl start drydockd   (%s; if it runs already: journalctl -u drydockd -n 50)',
		coalesce(c.at_host, 'where it is installed')) end as type_next
  from fleet_internal.fleet f
 cross join (select max(m.version) as is_now
	  from fleet_internal.schema_migration m) s
 cross join fleet_internal.drydockd_session a
  left join lateral (select h.* from fleet_internal.heard h
	 order by h.alive desc, h.coordinator_id = f.holder desc nulls last,
		h.beat_at desc limit 1) c on true
 where not exists (select from fleet_internal.heard h
	where h.coordinator_id = f.holder and h.alive);
select fleet_internal.describe('fleet.no_coordinator', $$
The fleets that no living coordinator drives, and what is known of it.
fleet: the fleet
coordinator: the one that is alive, else that had it, else that was heard last
why: why nobody drives it, as far as the database can tell
type_next: what to type, and where
$$);

create or replace view fleet.left_out as
select f.name as fleet, b.name as backend, t.rollout_id as rollout,
	case when b.asked is null then o.out_since
	     else to_timestamp((b.asked->>'at_ms')::bigint / 1000.0) end as since,
	b.asked is not null as include_asked,
	case when b.asked is null
	then format('rollout %s left it out of service', t.rollout_id)
	else format('include was asked by %s and waits for the proof: %s',
		b.asked->>'by', case
		when s.at < greatest(o.out_since,
			to_timestamp((b.asked->>'at_ms')::bigint / 1000.0))
			or s.at is null
		then 'nobody has looked since'
		when s.in_service
		then 'it is in service, and no coordinator has written that down'
		else 'it is not in service: '
			|| coalesce(s.why, 'no reason is known') end)
	end as why,
	case when b.asked is null
	then format('drydock status %s', t.rollout_id)
	else format('drydock backend show %s   (repaired, it takes part again by itself)',
		b.name) end as type_next
  from (select o.backend_id from fleet_internal.outage o
	 where o.back_at is null and o.accepted_at is null
	union select x.backend_id from fleet_internal.backend x
	 where x.asked is not null) few
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.sighting s using (backend_id)
  left join fleet_internal.outage o on o.backend_id = b.backend_id
	and o.back_at is null and o.accepted_at is null
  left join fleet_internal.turn t on t.turn_id = o.turn_id
	and t.state = 'out'
 where b.removed_at is null
   and (b.asked is not null or t.turn_id is not null);
select fleet_internal.describe('fleet.left_out', $$
The backends that a rollout left out of service, and those that a person wants included and nothing has proved yet.
fleet: the fleet
backend: the backend
rollout: that left it out; empty = it was excluded
since: out since, or include asked at
include_asked: a person asked for it
why: what it waits for
type_next: what to type
$$);

create or replace view fleet.diagnosis as
select 'warning' as severity, 'BACKEND_OUT' as code, r.fleet,
	null::text as host, r.name as backend,
	format('out since %s, rollout %s is over and nobody owns it',
		to_char(r.since, 'YYYY-MM-DD HH24:MI'), r.rollout) as message,
	format('%s --fleet %s   (or drydock exclude %s --accept-out)',
		r.remove, r.fleet, r.name) as hint
  from fleet.residue r where r.what = 'out'
union all
select case when exists (select from fleet_internal.rollout r
		  join fleet_internal.fleet f using (fleet_id)
		 where f.name = n.fleet and r.state = 'running')
	then 'error' else 'warning' end,
	'NO_COORDINATOR', n.fleet, null, null, n.why, n.type_next
  from fleet.no_coordinator n
union all
select 'warning', 'DEAD_COORDINATOR', null, null, null,
	format('%s has not been heard since %s and did not say goodbye',
		c.coordinator, to_char(c.heartbeat_at, 'YYYY-MM-DD HH24:MI')),
	'start it, or stop it in good order'
  from fleet.coordinator c where not c.alive and c.stopped_at is null
union all
select 'warning', 'PIN_MISSING', h.fleets[1], h.host, null,
	'no host key is pinned: it is not contacted',
	format('drydock host pin %s --scan', h.host)
  from fleet.host h where h.host_keys = 0 and h.fleets is not null
	and not coalesce(h.excluded, false)
union all
select 'error', 'MACHINE_ID', h.fleets[1], h.host, null, h.why_silent,
	h.type_next
  from fleet.host h where h.why_silent like 'it is another machine:%'
	and h.fleets is not null and not coalesce(h.excluded, false)
union all
select 'error', case when h.gate = 'write' then 'DATABASE_REFUSES'
		else 'STRANGE_ROW' end, f.name, null, null, h.why,
	fleet_internal.hold_next(h.kind, h.gate, h.rollout_id, null)
  from fleet_internal.hold h join fleet_internal.fleet f using (fleet_id)
 where h.kind = 'database' and h.ended_at is null
union all
select 'error', 'CLOCK_MOVED', null, null, null,
	format('the database''s clock is moved by %s for tests', o.offset_by),
	'delete from fleet_internal.clock_offset;   (as fleet_owner)'
  from fleet_internal.clock_offset o
union all
select 'error', 'ROLE_MISSING', null, null, null,
	format('there is no role %s', r.name),
	'drydock init   (makes it again; then grant it to its members)'
  from unnest(array['fleet_owner', 'fleet_coordinator', 'fleet_operator',
	'fleet_reader']) r(name)
 where not exists (select from pg_catalog.pg_roles p
		    where p.rolname = r.name);
select fleet_internal.describe('fleet.diagnosis', $$
What is wrong without asking any host: drydock doctor shows it beside what agents say.
severity: error or warning
code: what kind of finding
fleet: the fleet, if it is of one
host: the machine
backend: the backend
message: what is wrong
hint: what to type
$$);
