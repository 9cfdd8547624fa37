-- 0031_residue.sql - what hosts have left over, as their agents told last.

set local role fleet_owner;

alter table fleet_internal.request drop constraint request_kind_check,
	add check (kind in ('plan', 'check', 'discover', 'scan', 'greet',
		'doctor'));

create table fleet_internal.residue (
	host_id int not null references fleet_internal.host on delete cascade,
	what text not null,
	name text not null check (length(name) <= 4096),
	attempt_id uuid,
	since timestamptz,
	seen_at timestamptz not null,
	primary key (host_id, what, name)
);
select fleet_internal.describe('fleet_internal.residue', $$
What an agent told is left over on its host; replaced whole by its next answer.
host_id: the host
what: mask, policy, sheet, kept, trash or apt-hold
name: unit, file, directory, attempt or package; hostile text
attempt_id: whose it is, if that is known there
since: since when
seen_at: when the agent told
$$);
