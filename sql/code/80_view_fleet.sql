-- 80_view_fleet.sql - views of what there is.

set local role fleet_owner;

create or replace view fleet.backend as
select f.name as fleet, b.name as backend,
	case when b.accepted_out then 'taken over'
	     when b.excluded_at is not null then 'excluded'
	     when o.outage_id is not null then 'out'
	     when s.at > n.fresh_since and s.in_service then 'in service'
	     when s.at > n.fresh_since and not s.in_service
		then 'not in service'
	     else 'not seen' end as state,
	case when s.at > n.fresh_since and s.at >= coalesce(o.out_since, s.at)
		then s.in_service end as in_service,
	s.at as seen_at, host(h.address) as address,
	case when b.excluded_at is not null then b.excluded_at
	     when o.outage_id is not null then o.out_since
	     else s.since end as state_since,
	fleet_internal.elapsed(case when b.excluded_at is not null
		then b.excluded_at
	     when o.outage_id is not null then o.out_since
	     else s.since end, n.now) as in_state,
	b.labels, b.last_rollout as rollout, b.last_state as turn,
	b.excluded_at is not null as excluded,
	b.excluded_at, b.excluded_by, b.excluded_why as excluded_reason,
	b.accepted_out, o.out_since,
	case when not coalesce(s.in_service, false) then s.why end
		as not_in_service_why,
	h.agent_version, h.hold_text as host_hold, h.seen_at as agent_seen_at,
	h.why_silent as agent_silent_why, cardinality(h.host_keys) as host_keys,
	b.position, b.address_elsewhere
  from fleet_internal.backend b
  join fleet_internal.fleet f using (fleet_id)
  join fleet_internal.host h using (host_id)
 cross join fleet_internal.moment n
  left join fleet_internal.sighting s using (backend_id)
  left join fleet_internal.outage o
	on o.backend_id = b.backend_id and o.back_at is null
 where b.removed_at is null;
select fleet_internal.describe('fleet.backend', $$
One row per backend: what it is now and since when.
fleet: the fleet
backend: its name
state: in service, not in service, not seen, out (because of us), excluded, or taken over (excluded while out)
in_service: the last reading; null = none in the last 60 s, or since it went out
seen_at: when its service was read
address: by which the service knows it
state_since: since when
in_state: for how long
labels: free words for procedures
rollout: the last rollout that had it; while one runs that one, else also a plan
turn: state of its turn there
excluded: left out of rollouts
excluded_at: since when
excluded_by: by whom
excluded_reason: why
accepted_out: left out while out of service: a person has it
out_since: its outage is open since
not_in_service_why: why it is not in service or could not be read
agent_version: of the agent on its host
host_hold: text of the hold file there: its agent refuses changes
agent_seen_at: last answer of the agent
agent_silent_why: why the agent did not answer the last time
host_keys: how many keys are pinned; 0 = it is not contacted
position: order in the inventory
address_elsewhere: its address need not be configured on it
$$);

create or replace view fleet.fleet as
select f.name as fleet, x.backends, x.in_service, x.excluded,
	o.name as out_backend, f.min_up,
	fleet_internal.min_up_count(f.min_up, x.backends::int) as must_stay_up,
	o.name is null and slot.backend is null
	and x.in_service > fleet_internal.min_up_count(f.min_up,
		x.backends::int) as may_take_one,
	r.rollout_id as active_rollout, c.name as coordinator,
	case when c.coordinator_id is not null
		then fleet_internal.elapsed(c.beat_at, n.now)
		end as coordinator_silent_for,
	f.epoch, f.interlock, slot.fleet || '/' || slot.backend as slot_taken_by,
	f.timezone, f.windows, f.revision,
	coalesce((select max(e.seq) from fleet_internal.event e
		   where e.fleet_id = f.fleet_id), 0) as last_event, f.uuid,
	f.service, x.not_seen
  from fleet_internal.fleet f
 cross join fleet_internal.moment n
 cross join lateral (select count(*) as backends,
		count(b.excluded_at) as excluded,
		count(*) filter (where b.excluded_at is null and s.in_service
			and s.at > n.fresh_since
			and u.outage_id is null) as in_service,
		count(*) filter (where s.in_service is null
			or s.at <= n.fresh_since) as not_seen
	  from fleet_internal.backend b
	  -- offset 0: by its key, or all readings are read for each fleet
	  left join lateral (select y.in_service, y.at
		  from fleet_internal.sighting y
		 where y.backend_id = b.backend_id offset 0) s on true
	  left join fleet_internal.outage u
		on u.backend_id = b.backend_id and u.back_at is null
	 where b.fleet_id = f.fleet_id and b.removed_at is null) x
  left join lateral (select b.name from fleet_internal.outage u
	  join fleet_internal.backend b using (backend_id)
	 where u.fleet_id = f.fleet_id and u.back_at is null
	   and u.accepted_at is null) o on true
  left join lateral (select g.name as fleet, b.name as backend
	  from fleet_internal.outage u
	  join fleet_internal.fleet g using (fleet_id)
	  join fleet_internal.backend b using (backend_id)
	 where u.interlock = f.interlock and u.fleet_id <> f.fleet_id
	   and u.back_at is null and u.accepted_at is null) slot on true
  left join fleet_internal.rollout r
	on r.fleet_id = f.fleet_id and r.state = 'running'
  left join fleet_internal.coordinator c on c.coordinator_id = f.holder;
select fleet_internal.describe('fleet.fleet', $$
One row per fleet: how many are in service, and whether one may be taken now.
fleet: its name
backends: how many are listed
in_service: how many were seen in service in the last 60 s, without those excluded or out because of us
excluded: how many are left out of rollouts
out_backend: the one that is out because of us
min_up: how many must stay up, as written
must_stay_up: the same as a number
may_take_one: by these readings one may be taken
active_rollout: the rollout that runs
coordinator: who drives it
coordinator_silent_for: since its last heartbeat
epoch: fencing number
interlock: fleets with the same word share one slot
slot_taken_by: fleet/backend that has the shared slot, if another fleet has it
timezone: of its windows
windows: when backends may be taken, as written
revision: of the inventory
last_event: number of its last event
uuid: by which agents know it
service: what "in service" means here
not_seen: how many have no reading in the last 60 s
$$);

-- By the step of the way there at which it ended, which the reason names.
-- stable like format(): declared immutable it could not be inlined
create or replace function fleet_internal.silent_next(p_why text,
	p_host text, p_address text, p_port int)
returns text language sql stable as $$
	select case when p_why is null then null
	when p_why like 'connect:%' then format('on %s: systemctl status ssh; if %s port %s is not it: drydock import FILE',
		p_host, p_address, p_port)
	when p_why like 'handshake: the host offers no %' then format('on %1$s: ssh-keygen -A && systemctl reload ssh; then: drydock host pin %1$s --scan',
		p_host)
	when p_why like 'handshake:%' then format('on %s: journalctl -u ssh -n 20; is it sshd that has %s port %s?',
		p_host, p_address, p_port)
	when p_why like 'host key:%' then format('drydock host pin %s --scan',
		p_host)
	when p_why like 'auth:%' then format('on %s: agent-install --key FILE, with the coordinator''s public key',
		p_host)
	when p_why like 'it is another machine: its machine id is %' then format('if it was set up anew: drydock host pin %s --scan',
		p_host)
	when p_why like 'it is another machine:%' then format('if it is a copy, on %s: rm /etc/machine-id && systemd-machine-id-setup && reboot',
		p_host)
	when p_why like 'its journal cannot be used:%' then format('on %s, after a look at it: drydock-agent --journal-accept-loss "REASON"',
		p_host)
	else format('on %s: journalctl -t drydock-agent -n 20', p_host) end
$$;
comment on function fleet_internal.silent_next(text, text, text, int) is
	'What to type about a host that does not answer.';

-- Nearly all hosts are one backend and nothing else: only members of groups
-- need their fleets and roles gathered, sorted and each named once.
create or replace view fleet.host as
select h.name as host, host(h.address) as address, h.port, h.ssh_user,
	case when m.host_id is not null then (select array_agg(distinct u)
			from unnest(m.fleets || f.name) u where u is not null)
	     when f.name is not null then array[f.name] end as fleets,
	case when m.host_id is not null then (select string_agg(distinct u, ', ')
			from unnest(m.roles || x.role) u)
	     else x.role end as roles,
	cardinality(h.host_keys) as host_keys,
	h.seen_at, h.why_silent, h.silent_since, h.hold_text as hold,
	h.agent_version, h.machine_id, h.boot_id, h.host_keys as keys,
	case when f.name is null then m.excluded
	     else b.excluded_at is not null or coalesce(m.excluded, false)
	     end as excluded,
	fleet_internal.silent_next(h.why_silent, h.name, host(h.address),
		h.port) as type_next
  from fleet_internal.host h
  left join fleet_internal.backend b
	on b.host_id = h.host_id and b.removed_at is null
  left join fleet_internal.fleet f using (fleet_id)
 cross join lateral (select case when f.name is not null
		then 'backend' end as role) x
  left join (select y.host_id, array_agg(z.name) as fleets,
		array_agg(g.name) as roles,
		bool_or(y.excluded_at is not null) as excluded
	  from fleet_internal.group_member y
	  join fleet_internal.member_group g using (group_id)
	  join fleet_internal.fleet z using (fleet_id)
	 group by y.host_id) m on m.host_id = h.host_id;
select fleet_internal.describe('fleet.host', $$
One row per machine with an agent.
host: its name
address: where its agent is reached
port: of sshd
ssh_user: who logs in there
fleets: the fleets it serves
roles: backend, or the groups it is in
host_keys: how many keys are pinned; 0 = it is not contacted
seen_at: last answer of its agent
why_silent: why there was no answer the last time
silent_since: first unanswered call since the last answer
hold: text of the hold file there: its agent refuses changes
agent_version: as told by the agent
machine_id: as told by the agent
boot_id: as told by the agent
keys: the pinned keys
excluded: left out, as backend or as member, in some fleet
type_next: what to type when it is silent
$$);

create or replace view fleet.sighting as
select f.name as fleet, b.name as backend, s.in_service, s.at,
	fleet_internal.elapsed(s.at, n.now) as age, s.since, s.why, s.readings
  from fleet_internal.sighting s
  join fleet_internal.backend b using (backend_id)
  join fleet_internal.fleet f using (fleet_id)
 cross join fleet_internal.moment n;
select fleet_internal.describe('fleet.sighting', $$
The last reading of each backend's service, member by member.
fleet: the fleet
backend: the backend
in_service: true on every asked member; null = could not be read
at: when it was read
age: how long ago
since: when it last changed
why: why it is not in service or could not be read
readings: what each member said
$$);

create or replace view fleet.coordinator as
select c.name as coordinator, c.stopped_at is null
	and c.beat_at > n.now - interval '15 s' as alive,
	fleet_internal.elapsed(c.beat_at, n.now) as silent_for, f.fleets,
	c.host, c.version, c.pid,
	c.started_at, c.beat_at as heartbeat_at, c.stopped_at, c.login
  from fleet_internal.coordinator c
 cross join fleet_internal.moment n
  left join lateral (select array_agg(x.name order by x.name) as fleets
	  from fleet_internal.fleet x where x.holder = c.coordinator_id) f
	on true;
select fleet_internal.describe('fleet.coordinator', $$
One row per coordinator name: is it alive, what does it drive.
coordinator: its name
alive: a heartbeat in the last 15 s
silent_for: since its last heartbeat
fleets: the fleets it drives
host: machine it runs on
version: program version
pid: process there
started_at: when this process said hello
heartbeat_at: last heartbeat
stopped_at: it ended orderly
login: its PostgreSQL user
$$);

create or replace view fleet.procedure as
select p.name as procedure, left(p.sha256, 12) as version,
	p.procedure_id = max(p.procedure_id) over (partition by p.name)
		as newest,
	p.added_at, p.added_by, (select count(*)
		from fleet_internal.rollout r
		where r.procedure_id = p.procedure_id) as rollouts,
	p.sha256, p.text
  from fleet_internal.procedure p;
select fleet_internal.describe('fleet.procedure', $$
Every procedure text that was ever stored.
procedure: its name
version: beginning of the checksum
newest: the one taken when only the name is given
added_at: when it was stored
added_by: by whom
rollouts: how many plans and rollouts pin it
sha256: checksum of the text
text: the YAML file
$$);

create or replace view fleet.request as
select q.request_id as request, f.name as fleet, q.kind,
	case when q.done_at is not null and q.ok then 'done'
	     when q.done_at is not null then 'failed'
	     when q.taken_at is not null then 'taken'
	     else 'open' end as state,
	q.message, q.result, q.asked_by, q.asked_at, q.done_at, q.taken_at,
	c.name as coordinator, q.args, q.ok
  from fleet_internal.request q
  left join fleet_internal.fleet f using (fleet_id)
  left join fleet_internal.coordinator c on c.coordinator_id = q.taken_by;
select fleet_internal.describe('fleet.request', $$
What people asked the coordinator to find out, and the answers.
request: number
fleet: the fleet it is about
kind: plan, check, discover, scan or greet
state: open, taken, done or failed
message: the answer or the error in words
result: the answer; of a plan: the rollout's number
asked_by: who
asked_at: when
done_at: when it was answered
taken_at: when a coordinator began
coordinator: which
args: what exactly was asked
ok: answered without an error
$$);

create or replace view fleet.finding as
select x.request_id as request, x.position, x.code, x.severity, x.host,
	x.backend, x.message, x.hint, x.detail
  from fleet_internal.finding x;
select fleet_internal.describe('fleet.finding', $$
The answer of a check, a plan or a discovery, line by line.
request: number of the request
position: order
code: which check, in capitals
severity: ok, notice, warning or error
host: machine it is about
backend: backend it is about
message: what was found
hint: what to do
detail: the readings behind it
$$);

create or replace view fleet.error as
select x.code, x.name, x.sentence from fleet_internal.failure x;
select fleet_internal.describe('fleet.error', $$
The SQLSTATEs that functions of this schema raise.
code: the SQLSTATE
name: the word for it
sentence: what it means
$$);

create or replace view fleet.machine_state as
select s.machine, s.name as state, s.position, s.initial, s.final, s.sentence
  from fleet_internal.state s;
select fleet_internal.describe('fleet.machine_state', $$
The states of rollouts, turns, steps and attempts.
machine: rollout, turn, step or attempt
state: the word
position: order for people
initial: where rows begin
final: nothing more happens by itself
sentence: what it means
$$);

create or replace view fleet.machine_edge as
select e.machine, e.from_ as from_state, e.event, e.to_ as to_state,
	e.sentence
  from fleet_internal.edge e;
select fleet_internal.describe('fleet.machine_edge', $$
The legal changes of state; everything else is refused.
machine: rollout, turn, step or attempt
from_state: before
event: what happened
to_state: after
sentence: what is said then
$$);
