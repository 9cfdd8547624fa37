-- 0002_inventory.sql - who there is: coordinators, fleets, hosts, groups.

set local role fleet_owner;

create table fleet_internal.coordinator (
	coordinator_id int generated always as identity primary key,
	name text not null unique,
	instance uuid not null,
	host text,
	version text,
	pid int,
	started_at timestamptz not null,
	beat_at timestamptz not null,
	beats bigint not null default 0,
	stopped_at timestamptz,
	login text not null default session_user
) with (fillfactor = 50);
select fleet_internal.describe('fleet_internal.coordinator', $$
One row per coordinator name with its heartbeat. A number that stands still, not a time, is what others judge.
coordinator_id: number
name: from its configuration
instance: made at each start of the process; an older process of the same name is fenced
host: machine it runs on
version: program version
pid: process there
started_at: when this instance said hello
beat_at: database time of the last heartbeat, for people
beats: grows by one with each heartbeat; takers watch it on their own clock
stopped_at: it released everything and ended
login: PostgreSQL user of its session
$$);

create table fleet_internal.fleet (
	fleet_id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
	uuid uuid not null unique default gen_random_uuid(),
	timezone text not null default 'UTC',
	min_up text not null default 'all but 1',
	interlock text not null check (interlock ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
	holder int references fleet_internal.coordinator,
	taken_at timestamptz,
	epoch bigint not null default 0,
	revision bigint not null default 1,
	event_seq bigint not null default 0,
	change_seq bigint not null default 0,
	service jsonb not null default '{}',
	settings jsonb not null default '{}',
	windows jsonb not null default '[]',
	last_call uuid,
	last_result jsonb,
	created_at timestamptz not null default clock_timestamp(),
	created_by text not null default session_user
) with (fillfactor = 50);
select fleet_internal.describe('fleet_internal.fleet', $$
A set of backends of which at most one may be out. Its row is the lock that every writer takes first.
fleet_id: number
name: as in the inventory
uuid: by which agents know it, whatever it is called
timezone: in which windows are meant
min_up: how many must stay up: N, P% or all but N
interlock: fleets with the same word have one slot together; normally the fleet's own name
holder: coordinator that drives it now
taken_at: since when
epoch: fencing number, grows with each taking
revision: grows with each change of the inventory; plans are pinned to it
event_seq: number of its last event
change_seq: number of the last change sent to an agent
service: what "in service" means here
settings: ssh, change_required, allow_single
windows: when backends may be taken, as written
last_call: id of the last advance, so that a repeated one is recognised
last_result: what that advance answered
created_at: first import
created_by: who imported it
$$);

create table fleet_internal.host (
	host_id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-z0-9][a-z0-9.-]{0,62}$'),
	address inet not null unique,
	port int not null default 22 check (port between 1 and 65535),
	ssh_user text not null default 'drydock',
	machine_id text unique,
	boot_id text,
	agent_version text,
	host_keys text[] not null default '{}',
	hold_text text,
	addresses inet[] not null default '{}',
	seen_at timestamptz,
	why_silent text,
	silent_since timestamptz
);
select fleet_internal.describe('fleet_internal.host', $$
A machine with an agent; global, whatever fleets it serves.
host_id: number
name: as in the inventory
address: where its agent is reached and by which the service knows it
port: of sshd
ssh_user: unprivileged user of the forced command
machine_id: as the agent told it; one machine, one row
boot_id: of the last contact
agent_version: of the last contact
host_keys: pinned public keys; none = the host is not contacted
hold_text: text of /etc/drydock/hold there; its agent refuses changes
addresses: configured on the host at the last contact
seen_at: last answer of its agent
why_silent: why there was no answer the last time
silent_since: first unanswered call since the last answer
$$);

create table fleet_internal.backend (
	backend_id int generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	host_id int not null references fleet_internal.host,
	name text not null,
	position int not null,
	labels jsonb not null default '{}',
	address_elsewhere bool not null default false,
	excluded_at timestamptz,
	excluded_by text,
	excluded_why text,
	accepted_out bool not null default false,
	asked jsonb,
	removed_at timestamptz,
	removed_by text,
	unique (backend_id, fleet_id),
	check ((excluded_at is null) = (excluded_why is null)),
	check (not accepted_out or excluded_at is not null)
);
create unique index backend_name on fleet_internal.backend (fleet_id, name)
	where removed_at is null;
create unique index backend_host on fleet_internal.backend (host_id)
	where removed_at is null;
select fleet_internal.describe('fleet_internal.backend', $$
A host as a member of exactly one fleet.
backend_id: number
fleet_id: its fleet
host_id: its machine
name: as in the inventory
position: order in the inventory
labels: free words for procedures
address_elsewhere: its address need not be configured on it (NAT)
excluded_at: left out of rollouts since
excluded_by: by whom
excluded_why: why
accepted_out: left out while out of service: a person has it
asked: what a person asked for it (include), until the coordinator has answered
removed_at: taken out of the inventory; the row stays for its history
removed_by: by whom
$$);

create table fleet_internal.member_group (
	group_id int generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	name text not null,
	ready jsonb,
	min_gap_ms int not null default 0 check (min_gap_ms >= 0),
	confirm_ms int not null default 0 check (confirm_ms >= 0),
	unique (fleet_id, name)
);
select fleet_internal.describe('fleet_internal.member_group', $$
Other hosts that a fleet's procedures talk to, and how fast they may be told things.
group_id: number
fleet_id: the fleet that speaks of it by this name
name: as used for targets
ready: read that must be true on every member before a change
min_gap_ms: between two changes of one backend through this group
confirm_ms: a check counts when it holds in two looks this far apart
$$);

create table fleet_internal.group_member (
	group_id int not null references fleet_internal.member_group,
	host_id int not null references fleet_internal.host,
	position int not null,
	excluded_at timestamptz,
	excluded_by text,
	excluded_why text,
	primary key (group_id, host_id),
	check ((excluded_at is null) = (excluded_why is null))
);
select fleet_internal.describe('fleet_internal.group_member', $$
A host as a member of a group; it may be in groups of several fleets.
group_id: the group
host_id: the machine
position: order in the inventory
excluded_at: died for good, not asked any more since
excluded_by: by whom
excluded_why: why
$$);

create table fleet_internal.window_ (
	window_id int generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	spec text not null,
	days int[] not null check (days <@ array[1, 2, 3, 4, 5, 6, 7]),
	opens time not null,
	closes time not null
);
select fleet_internal.describe('fleet_internal.window_', $$
When backends may be taken, one row per line of the inventory; no row = any time.
window_id: number
fleet_id: the fleet
spec: as written, for people
days: on which it opens, 1 is Monday
opens: wall clock in the fleet's time zone
closes: not after opens = on the next day
$$);

create table fleet_internal.sighting (
	backend_id int primary key references fleet_internal.backend,
	in_service bool,
	at timestamptz not null,
	since timestamptz not null,
	readings jsonb not null default '{}',
	why text
) with (fillfactor = 50);
select fleet_internal.describe('fleet_internal.sighting', $$
The last reading of each backend's service.
backend_id: the backend
in_service: true on every asked member; null = could not be read
at: when it was read
since: when it last changed
readings: what each member said
why: why it is not in service or could not be read
$$);

create table fleet_internal.request (
	request_id bigint generated always as identity primary key,
	fleet_id int references fleet_internal.fleet,
	kind text not null check (kind in
		('plan', 'check', 'discover', 'scan', 'greet')),
	args jsonb not null default '{}'
		check (pg_column_size(args) <= 1048576),
	asked_by text not null default session_user,
	asked_at timestamptz not null default clock_timestamp(),
	taken_at timestamptz,
	taken_by int references fleet_internal.coordinator,
	done_at timestamptz,
	ok bool,
	result jsonb,
	message text,
	check ((done_at is null) = (ok is null))
);
create index request_open on fleet_internal.request (fleet_id, request_id)
	where done_at is null;
select fleet_internal.describe('fleet_internal.request', $$
What people ask the coordinator to find out: plans, checks, discoveries. It changes nothing outside.
request_id: number
fleet_id: the fleet it is about; none for a scan of a host of no fleet
kind: plan, check, discover, scan (host keys) or greet
args: what exactly
asked_by: who
asked_at: when
taken_at: a coordinator began
taken_by: which
done_at: it is answered
ok: answered without an error
result: the answer
message: the answer or the error in words
$$);

create table fleet_internal.finding (
	request_id bigint not null references fleet_internal.request
		on delete cascade,
	position int not null,
	code text not null,
	severity text not null check (severity in
		('ok', 'notice', 'warning', 'error')),
	host text,
	backend text,
	message text not null,
	hint text,
	detail jsonb not null default '{}',
	primary key (request_id, position)
);
select fleet_internal.describe('fleet_internal.finding', $$
One line of a request's answer.
request_id: the request
position: order
code: which check, in capitals
severity: ok, notice, warning or error
host: machine it is about
backend: backend it is about
message: what was found
hint: what to do
detail: the readings behind it
$$);
