-- 0013_schedule.sql - starts that come again, and starts that were missed.

set local role fleet_owner;

create table fleet_internal.schedule (
	schedule_id int generated always as identity primary key,
	fleet_id int not null references fleet_internal.fleet,
	spec text not null,
	days int[] not null check (days <@ array[1, 2, 3, 4, 5, 6, 7]),
	nth int check (nth in (-1, 1, 2, 3, 4)),
	starts time not null,
	zone text not null,
	procedure text not null,
	args jsonb not null default '{}',
	options jsonb not null default '{}',
	missed text not null check (missed in ('start', 'skip')),
	next_at timestamptz not null,
	request_id bigint references fleet_internal.request
		on delete set null,
	rollout_id bigint references fleet_internal.rollout,
	last_at timestamptz,
	last_rollout bigint references fleet_internal.rollout,
	last_result text,
	added_by text not null default session_user,
	added_at timestamptz not null,
	ended_at timestamptz,
	ended_by text
);
create index schedule_next on fleet_internal.schedule (fleet_id, next_at)
	where ended_at is null;
select fleet_internal.describe('fleet_internal.schedule', $$
Rollouts that start again and again, while ended_at is empty.
schedule_id: number
fleet_id: the fleet
spec: as written
days: of the week, 1 is Monday
nth: only the first .. fourth such day of a month, -1 the last; null = each
starts: wall clock
zone: whose wall clock
procedure: by name: each time its newest text is planned
args: of the plan: vars, files, only, except
options: of the start: ignore_window, stop_after, change_ref
missed: when nobody could start it in time: start it late, or skip it
next_at: its next start
request_id: the plan that was asked for that
rollout_id: the rollout planned for that
last_at: the start before
last_rollout: what it became
last_result: what came of it, in words
added_by: by whom; in their name it is planned
added_at: when
ended_at: put away
ended_by: by whom
$$);

alter table fleet_internal.rollout
	add column missed text not null default 'start'
		check (missed in ('start', 'skip')),
	add column check_due_at timestamptz,
	add column delay_told bool not null default false;
comment on column fleet_internal.rollout.missed is
	'when nobody could start it in time: start it late, or skip it';
comment on column fleet_internal.rollout.check_due_at is
	'a scheduled one is checked once more then; null = no more';
comment on column fleet_internal.rollout.delay_told is
	'it was told that another one is in its way';
