-- 0005_outage.sql - the promise: never two out.
--
-- A row of outage is a span in which a backend may be out because of us. It
-- opens on a clear survey of all others that is at most 30 s old and closes
-- on a later proof of this backend. Two unique indexes, two composite foreign
-- keys and the checks below hold whoever writes; no timer frees anything.

set local role fleet_owner;

create table fleet_internal.survey (
	survey_id bigint generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	spared int not null,
	clear bool not null,
	at timestamptz not null,
	readings jsonb not null,
	needed int not null,
	in_service int not null,
	why text,
	epoch bigint not null,
	foreign key (spared, fleet_id)
		references fleet_internal.backend (backend_id, fleet_id),
	unique (survey_id, fleet_id, spared, clear, at)
);
select fleet_internal.describe('fleet_internal.survey', $$
A look at all other backends of a fleet, right before one is taken out.
survey_id: number
fleet_id: the fleet
spared: the backend that is about to be taken, not looked at
clear: every other backend that is not excluded is in service, and enough of them
at: time of the oldest reading in it
readings: backend number and what was read
needed: how many must stay up
in_service: how many others were seen in service
why: why it is not clear
epoch: of the coordinator that looked
$$);

create table fleet_internal.proof (
	proof_id bigint generated always as identity primary key,
	backend_id int not null references fleet_internal.backend,
	in_service bool not null,
	at timestamptz not null,
	readings jsonb not null,
	left_out jsonb not null default '[]',
	epoch bigint not null,
	unique (proof_id, backend_id, in_service, at)
);
select fleet_internal.describe('fleet_internal.proof', $$
A look at one backend's service, kept as evidence that it is back.
proof_id: number
backend_id: the backend
in_service: what was seen
at: time of the oldest reading in it
readings: member and what it said
left_out: excluded members that were not asked
epoch: of the coordinator that looked
$$);

create table fleet_internal.outage (
	outage_id bigint generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	interlock text not null,
	backend_id int not null,
	turn_id bigint not null,
	survey_id bigint not null,
	survey_at timestamptz not null,
	survey_clear bool not null default true check (survey_clear),
	out_since timestamptz not null,
	accepted_at timestamptz,
	accepted_by text,
	accepted_why text,
	proof_id bigint,
	back_at timestamptz,
	proof_in_service bool check (proof_in_service),
	constraint survey_is_fresh check
		(out_since between survey_at and survey_at + interval '30 s'),
	constraint proof_is_later check (back_at > out_since),
	constraint proof_is_whole check
		(num_nulls(proof_id, back_at, proof_in_service) in (0, 3)),
	constraint accepted_is_whole check
		(num_nulls(accepted_at, accepted_by, accepted_why) in (0, 3)),
	foreign key (backend_id, fleet_id)
		references fleet_internal.backend (backend_id, fleet_id),
	foreign key (turn_id, backend_id)
		references fleet_internal.turn (turn_id, backend_id),
	constraint survey_of_the_others
		foreign key (survey_id, fleet_id, backend_id, survey_clear,
			     survey_at)
		references fleet_internal.survey
			(survey_id, fleet_id, spared, clear, at),
	constraint proof_of_this_one
		foreign key (proof_id, backend_id, proof_in_service, back_at)
		references fleet_internal.proof
			(proof_id, backend_id, in_service, at)
);
create unique index one_out_per_interlock on fleet_internal.outage (interlock)
	where back_at is null and accepted_at is null;
create unique index one_outage_per_backend on fleet_internal.outage (backend_id)
	where back_at is null;
create index outage_turn on fleet_internal.outage (turn_id);
select fleet_internal.describe('fleet_internal.outage', $$
A span in which a backend may be out because of us. Opened on evidence, closed on evidence, never deleted.
outage_id: number
fleet_id: the fleet
interlock: the slot it takes, shared by all fleets with this word
backend_id: the backend
turn_id: the turn that took it
survey_id: the look at all others that allowed it
survey_at: time of that look
survey_clear: that look was clear
out_since: the slot was taken, at most 30 s after the look
accepted_at: a person took the backend over as it is; the slot is free
accepted_by: who
accepted_why: why
proof_id: the look that showed it back
back_at: time of that look; the span ends
proof_in_service: that look saw it in service
$$);
