-- 0014_hook.sql - hooks: who is told when something happens.

set local role fleet_owner;

create table fleet_internal.hook (
	coordinator_id int not null references fleet_internal.coordinator
		on delete cascade,
	name text not null check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
	argv text[] not null check (argv[1] like '/%'),
	events text[] not null,
	matches text not null,
	timeout_ms bigint not null check (timeout_ms > 0),
	fleets text[],
	tested_at timestamptz,
	passed_at timestamptz,
	test_result text,
	primary key (coordinator_id, name)
);
select fleet_internal.describe('fleet_internal.hook', $$
The programs that each coordinator offers to run for events, as its configuration names them.
coordinator_id: which coordinator
name: by which it is known; coordinators may offer the same
argv: program and arguments
events: kinds of events it is run for, with * for anything
matches: the same as one regular expression
timeout_ms: it is ended after that
fleets: only for events of these; null = of all
tested_at: its last test ended
passed_at: the last test that ended well; null = none since the program changed
test_result: how the last test ended
$$);

alter table fleet_internal.hook_queue
	alter column fleet_id drop not null,
	alter column seq drop not null,
	add column coordinator_id int references fleet_internal.coordinator
		on delete cascade,
	add column asked_by text,
	add column queued_at timestamptz not null default clock_timestamp(),
	add column taken_by int references fleet_internal.coordinator
		on delete set null,
	add column taken_at timestamptz,
	add column taken_until timestamptz,
	add column ok bool,
	add column exit_status int,
	add column output bytea,
	add check ((done_at is null) = (ok is null)),
	add check ((seq is null) = (asked_by is not null));
drop index fleet_internal.hook_open;
create index hook_open on fleet_internal.hook_queue (hook, next_at)
	where done_at is null;
create index hook_done on fleet_internal.hook_queue (done_at)
	where done_at is not null;
select fleet_internal.describe('fleet_internal.hook_queue', $$
Programs to be run for events, each at least once.
hook_id: number
fleet_id: fleet of the event; null = a test
seq: number of the event; null = a test
hook: which program
tries: begun so far
next_at: not before
done_at: it ran well, or was given up
result: how the last attempt ended
coordinator_id: only this one may run it (tests)
asked_by: who asked for the test
queued_at: written
taken_by: the coordinator that began it last
taken_at: when
taken_until: its answer is waited for until then
ok: it ran well; false = given up
exit_status: of the last attempt
output: what the last attempt printed, the beginning: hostile bytes
$$);

alter table fleet_internal.turn add column reminded_at timestamptz;
comment on column fleet_internal.turn.reminded_at is
	'when it was last told that it is still out';
alter table fleet_internal.pause add column expiry_told_at timestamptz;
comment on column fleet_internal.pause.expiry_told_at is
	'when it was told that its time is over';
