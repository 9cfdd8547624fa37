-- 0004_record.sql - what is only ever added: events, samples, hooks.

set local role fleet_owner;

-- No foreign keys here: rows are written under the fleet's lock by one
-- function, thousands of them, and nothing they name is ever deleted while
-- they are read.
create table fleet_internal.event (
	fleet_id int not null,
	seq bigint not null,
	at timestamptz not null,
	happened_at timestamptz,
	severity text not null check (severity in
		('debug', 'info', 'notice', 'warning', 'error')),
	kind text not null,
	rollout_id bigint,
	turn_id bigint,
	backend_id int,
	step_id bigint,
	actor text not null default session_user,
	origin text,
	message text not null,
	detail jsonb,
	primary key (fleet_id, seq)
);
create index event_rollout on fleet_internal.event (rollout_id, seq)
	where rollout_id is not null;
select fleet_internal.describe('fleet_internal.event', $$
Everything that happened, numbered per fleet without gaps in the order of commits. Never changed.
fleet_id: the fleet
seq: number in the fleet
at: written
happened_at: earlier, when the database was away
severity: debug, info, notice, warning or error
kind: machine.what, for example turn.held
rollout_id: the rollout
turn_id: the turn
backend_id: the backend
step_id: the step
actor: PostgreSQL user of the session that caused it
origin: journal = learned from an agent's journal
message: in words
detail: the values behind it
$$);

create table fleet_internal.sample (
	turn_id bigint not null references fleet_internal.turn
		on delete cascade,
	metric text not null,
	at timestamptz not null,
	value double precision not null,
	primary key (turn_id, metric, at)
);
select fleet_internal.describe('fleet_internal.sample', $$
Recorded readings, for example users while draining.
turn_id: the turn
metric: name given in the procedure
at: when read
value: the number
$$);

create table fleet_internal.hook_queue (
	hook_id bigint generated always as identity primary key,
	fleet_id int not null,
	seq bigint not null,
	hook text not null,
	tries int not null default 0,
	next_at timestamptz not null,
	done_at timestamptz,
	result text,
	unique (fleet_id, seq, hook),
	foreign key (fleet_id, seq) references fleet_internal.event
);
create index hook_open on fleet_internal.hook_queue (next_at)
	where done_at is null;
select fleet_internal.describe('fleet_internal.hook_queue', $$
Programs to be run for events.
hook_id: number
fleet_id: fleet of the event
seq: number of the event
hook: which program
tries: so far
next_at: not before
done_at: it ran well, or was given up
result: how it ended
$$);
