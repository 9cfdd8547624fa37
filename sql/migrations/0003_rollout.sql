-- 0003_rollout.sql - the durable machines: rollout, turn, step, attempt.

set local role fleet_owner;

create table fleet_internal.state (
	machine text not null check (machine in
		('rollout', 'turn', 'step', 'attempt')),
	name text not null,
	position int not null,
	initial bool not null default false,
	final bool not null default false,
	sentence text not null,
	primary key (machine, name)
);
select fleet_internal.describe('fleet_internal.state', $$
The states of the four durable machines, generated from the lists the coordinator is compiled from.
machine: rollout, turn, step or attempt
name: the word used everywhere
position: order for people
initial: rows begin here
final: nothing more happens by itself
sentence: what it means
$$);

create table fleet_internal.edge (
	machine text not null,
	from_ text not null,
	event text not null,
	to_ text not null,
	sentence text not null,
	primary key (machine, from_, event),
	foreign key (machine, from_) references fleet_internal.state,
	foreign key (machine, to_) references fleet_internal.state
);
create index edge_pair on fleet_internal.edge (machine, from_, to_);
select fleet_internal.describe('fleet_internal.edge', $$
The legal changes of state. A pair that is not here is refused.
machine: rollout, turn, step or attempt
from_: state before
event: what happened
to_: state after
sentence: the log line
$$);

create table fleet_internal.content (
	sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
	bytes bytea not null,
	size int not null,
	put_at timestamptz not null default clock_timestamp(),
	put_by text not null default session_user,
	check (size = length(bytes)),
	check (sha256 = encode(sha256(bytes), 'hex'))
);
select fleet_internal.describe('fleet_internal.content', $$
Files that plans copy to hosts, by their checksum.
sha256: of the bytes
bytes: the file
size: in bytes
put_at: when
put_by: by whom
$$);

create table fleet_internal.procedure (
	procedure_id int generated always as identity primary key,
	name text not null,
	sha256 text not null unique,
	text text not null check (octet_length(text) <= 1048576),
	added_at timestamptz not null default clock_timestamp(),
	added_by text not null default session_user,
	check (sha256 = encode(sha256(convert_to(text, 'UTF8')), 'hex'))
);
create index procedure_name on fleet_internal.procedure (name, procedure_id);
select fleet_internal.describe('fleet_internal.procedure', $$
Procedure texts, never changed: a changed text is another row.
procedure_id: number
name: the procedure's own name
sha256: of the text
text: the YAML file as it was
added_at: when
added_by: by whom
$$);

create table fleet_internal.rollout (
	rollout_id bigint generated always as identity primary key,
	uuid uuid not null unique default gen_random_uuid(),
	fleet_id int not null references fleet_internal.fleet,
	state text not null default 'planned',
	ending text check (ending = 'abort'),
	ending_by text,
	ending_why text,
	ending_at timestamptz,
	revision bigint not null default 1,
	procedure_id int not null references fleet_internal.procedure,
	vars jsonb not null default '{}',
	files jsonb not null default '{}',
	only_ jsonb not null default '[]',
	except_ jsonb not null default '[]',
	strategy jsonb not null default '{}',
	stop_after int check (stop_after > 0),
	ignore_window bool not null default false,
	fleet_revision bigint not null,
	change_ref text,
	note text,
	created_by text not null default session_user,
	created_at timestamptz not null default clock_timestamp(),
	start_by text,
	start_at timestamptz,
	started_at timestamptz,
	finished_at timestamptz,
	halted_ms bigint not null default 0,
	message text,
	unique (rollout_id, fleet_id)
);
create unique index rollout_one_active on fleet_internal.rollout (fleet_id)
	where state = 'running';
create index rollout_open on fleet_internal.rollout (fleet_id, state)
	where state in ('scheduled', 'running');
select fleet_internal.describe('fleet_internal.rollout', $$
A procedure over a fleet, once. A plan is a rollout in state planned.
rollout_id: small number that people type
uuid: by which agents know it
fleet_id: the fleet
state: where it stands; why a running one does not move is in hold
ending: abort = it is being ended
ending_by: who asked
ending_why: why
ending_at: when
revision: grows with each steering call; a decision made on an older one is refused
procedure_id: the pinned text
vars: values given
files: content by variable
only_: backends it was limited to
except_: backends it left out
strategy: order, canary, settle as planned
stop_after: rest after so many backends
ignore_window: a person lifted the windows for it
fleet_revision: of the inventory it was planned on
change_ref: change ticket
note: free text
created_by: who planned it
created_at: when
start_by: who started it
start_at: not before
started_at: first running
finished_at: ended
halted_ms: time spent in pauses and holds so far
message: last sentence about it
$$);

create table fleet_internal.turn (
	turn_id bigint generated always as identity primary key,
	rollout_id bigint not null,
	fleet_id int not null,
	backend_id int not null,
	position int not null,
	state text not null default 'waiting',
	state_since timestamptz not null default clock_timestamp(),
	plan jsonb not null,
	mouths jsonb not null default '{}',
	remembered jsonb not null default '{}',
	asked jsonb,
	phase text,
	taken_at timestamptz,
	ended_at timestamptz,
	steps_total int not null default 0,
	steps_done int not null default 0,
	work_ms bigint not null default 0,
	expected_ms bigint not null default 0,
	message text,
	no_return_begun bool not null default false,
	cause text check (cause in ('person', 'pause', 'abort', 'peer',
				    'deadline')),
	proved bool not null default false,
	unique (turn_id, backend_id),
	unique (rollout_id, position),
	unique (rollout_id, backend_id),
	foreign key (rollout_id, fleet_id)
		references fleet_internal.rollout (rollout_id, fleet_id)
		on delete cascade,
	foreign key (backend_id, fleet_id)
		references fleet_internal.backend (backend_id, fleet_id)
) with (fillfactor = 70);
create index turn_open on fleet_internal.turn (fleet_id)
	where state in ('working', 'held', 'restoring', 'out');
create index turn_backend on fleet_internal.turn (backend_id, turn_id);
select fleet_internal.describe('fleet_internal.turn', $$
One backend's part of a rollout.
turn_id: number
rollout_id: the rollout
fleet_id: the fleet of both
backend_id: the backend
position: order in the rollout
state: where it stands
state_since: since when
plan: everything pinned for this backend
mouths: group and the member chosen for changes through it
remembered: values remembered once, by step
asked: what a person asked (verb, from, by, why), until the coordinator has answered
phase: the phase it is in
taken_at: it began
ended_at: it ended
steps_total: counter, so that nobody scans steps
steps_done: of these passed, skipped or undone
work_ms: expected time of the steps done
expected_ms: expected time of all
message: last sentence about it
no_return_begun: a step that cannot be taken back has begun
cause: why it was put back: person, pause, abort, peer or deadline
proved: all phases that prove have passed
$$);

create table fleet_internal.turn_phase (
	turn_id bigint not null references fleet_internal.turn
		on delete cascade,
	position int not null,
	name text not null,
	takes_out bool not null default false,
	no_pause bool not null default false,
	proves bool not null default false,
	rest text not null default 'none' check (rest in ('in', 'out', 'none')),
	deadline_ms bigint,
	state text not null default 'pending' check (state in
		('pending', 'running', 'done', 'failed', 'undone', 'skipped')),
	started_at timestamptz,
	ended_at timestamptz,
	committed_at timestamptz,
	committed jsonb,
	expected_ms bigint not null default 0,
	primary key (turn_id, position),
	unique (turn_id, name)
) with (fillfactor = 70);
select fleet_internal.describe('fleet_internal.turn_phase', $$
A phase of a turn.
turn_id: the turn
position: order
name: as in the procedure
takes_out: the backend leaves service in it: the outage is opened before
no_pause: carried to its end once begun
proves: shows that the backend works
rest: what the backend is at its end: in, out or none
deadline_ms: how long failing checks are tried again
state: pending, running, done, failed, undone or skipped
started_at: begun
ended_at: ended
committed_at: a phase without pause was written down whole
committed: its attempt ids, order and commands
expected_ms: expected time of its steps
$$);

create table fleet_internal.step (
	step_id bigint generated always as identity primary key,
	turn_id bigint not null references fleet_internal.turn
		on delete cascade,
	position numeric not null,
	phase text not null,
	name text not null,
	kind text not null check (kind in ('run', 'poll', 'wait', 'approve',
					   'copy', 'clean', 'package')),
	target text not null default 'backend',
	state text not null default 'pending',
	undoes bigint references fleet_internal.step on delete cascade,
	spec jsonb not null default '{}',
	expected_ms bigint not null default 5000,
	attempts int not null default 0,
	started_at timestamptz,
	ended_at timestamptz,
	wait_until timestamptz,
	message text,
	repairs int not null default 0,
	unique (turn_id, position)
) with (fillfactor = 70);
create index step_active on fleet_internal.step (turn_id)
	where state in ('running', 'unknown', 'failed');
create index step_undoes on fleet_internal.step (undoes)
	where undoes is not null;
select fleet_internal.describe('fleet_internal.step', $$
A step of a turn.
step_id: number
turn_id: the turn
position: order; an inserted undo stands between
phase: the phase it belongs to
name: as in the procedure
kind: run, poll, wait, approve, copy, clean or package
target: backend, a group, or each group
state: where it stands
undoes: the step that this one takes back
spec: everything planned for it
expected_ms: how long it should take
attempts: how many there were
started_at: first begun
ended_at: came to its state
wait_until: a wait's end, in database time
message: last sentence about it
repairs: how often its check was repaired later
$$);

create table fleet_internal.attempt (
	attempt_id uuid primary key,
	step_id bigint not null references fleet_internal.step
		on delete cascade,
	nr int not null,
	host_id int not null references fleet_internal.host,
	after uuid,
	seq bigint,
	epoch bigint,
	state text not null default 'sent',
	argv text[],
	note jsonb not null default '{}',
	sent_at timestamptz not null,
	ended_at timestamptz,
	exit_status int,
	signal text,
	timed_out bool,
	ms bigint,
	result jsonb,
	why text,
	origin text not null default 'coordinator'
		check (origin in ('coordinator', 'journal')),
	unique (step_id, nr)
);
create index attempt_open on fleet_internal.attempt (step_id)
	where state in ('sent', 'unknown');
select fleet_internal.describe('fleet_internal.attempt', $$
One execution of a step on one host.
attempt_id: made by the coordinator before anything is sent
step_id: the step
nr: first, second ...
host_id: the machine
after: the attempt of this step that the agent is believed to know as the last
seq: number among the fleet's changes
epoch: of the coordinator that sent it
state: sent, ended, unsent, unknown or abandoned
argv: the exact command
note: values remembered so far, kept in the journal too
sent_at: written down, right before sending
ended_at: its end was told
exit_status: of the command
signal: that ended it
timed_out: ended by its own time limit
ms: how long it ran, on the host's clock
result: what the agent told, without output
why: why it was not sent, is unknown or was abandoned
origin: journal = adopted from the agent after the database had lost it
$$);

create table fleet_internal.output (
	attempt_id uuid not null references fleet_internal.attempt
		on delete cascade,
	stream text not null check (stream in ('out', 'err')),
	bytes bigint not null,
	lines bigint,
	sha256 text,
	head bytea check (length(head) <= 8192),
	cut bool not null default false,
	at timestamptz not null default clock_timestamp(),
	primary key (attempt_id, stream)
);
select fleet_internal.describe('fleet_internal.output', $$
What an attempt printed: counts, and the beginning unless it was discarded. Hostile bytes.
attempt_id: the attempt
stream: out or err
bytes: how many there were
lines: how many there were
sha256: of all of it
head: the first bytes; none when the step discards its output
cut: the host stopped keeping it
at: stored
$$);

create table fleet_internal.pause (
	pause_id bigint generated always as identity primary key,
	rollout_id bigint not null references fleet_internal.rollout,
	mode text not null check (mode in ('step', 'backend', 'keep_drained')),
	reason text not null,
	asked_by text not null default session_user,
	asked_at timestamptz not null,
	expires_at timestamptz,
	rests text,
	effective_at timestamptz,
	ended_at timestamptz,
	ended_by text,
	check (mode <> 'keep_drained' or expires_at is not null)
);
create unique index pause_one_open on fleet_internal.pause (rollout_id)
	where ended_at is null;
select fleet_internal.describe('fleet_internal.pause', $$
A pause that a person asked for: a row at once, in effect when its pause point is reached.
pause_id: number
rollout_id: the rollout
mode: step, backend or keep_drained
reason: why
asked_by: who
asked_at: when
expires_at: ends by itself then (keep_drained)
rests: where it comes to rest
effective_at: it came to rest
ended_at: it is over
ended_by: who resumed
$$);

create table fleet_internal.hold (
	hold_id bigint generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	rollout_id bigint references fleet_internal.rollout,
	turn_id bigint references fleet_internal.turn,
	kind text not null check (kind in ('pause', 'turn', 'window',
			'approval', 'gate', 'contact', 'database')),
	gate text,
	backend_id int references fleet_internal.backend,
	critical bool not null default false,
	since timestamptz not null,
	until timestamptz,
	ended_at timestamptz,
	by_ text,
	why text not null,
	evidence jsonb not null default '{}',
	type_next text
);
create unique index hold_one_open on fleet_internal.hold
	(fleet_id, coalesce(rollout_id, 0), kind, coalesce(gate, ''),
	 coalesce(backend_id, 0)) where ended_at is null;
create index hold_rollout on fleet_internal.hold (rollout_id)
	where ended_at is null;
select fleet_internal.describe('fleet_internal.hold', $$
A reason why a rollout does not move, while ended_at is empty.
hold_id: number
fleet_id: the fleet
rollout_id: the rollout
turn_id: the turn, if it is about one
kind: pause, turn, window, approval, gate, contact or database
gate: which gate or question
backend_id: the backend it is about
critical: somebody should be called
since: when it began
until: when it ends by itself, if it does
ended_at: it is over
by_: who caused it, if a person
why: in words
evidence: the readings behind it
type_next: what to type
$$);

create table fleet_internal.override_ (
	override_id bigint generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	rollout_id bigint references fleet_internal.rollout,
	backend_id int references fleet_internal.backend,
	gate text not null,
	step text,
	value jsonb,
	until timestamptz,
	by_ text not null default session_user,
	at timestamptz not null,
	why text not null,
	ended_at timestamptz
);
create index override_open on fleet_internal.override_ (fleet_id)
	where ended_at is null;
select fleet_internal.describe('fleet_internal.override_', $$
What a person lifted or corrected: a gate for one backend, an approval, a remembered value.
override_id: number
fleet_id: the fleet
rollout_id: only in this rollout
backend_id: only for this backend
gate: which gate; approval or value
step: the approved step, or where the value was remembered
value: the corrected value
until: no longer in force then
by_: who
at: when
why: why
ended_at: withdrawn or used up
$$);
