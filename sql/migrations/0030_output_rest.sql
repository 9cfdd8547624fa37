-- 0030_output_rest.sql - the rest of a long output, pulled from its host.

set local role fleet_owner;

alter table fleet_internal.output
	add column rest bytea check (octet_length(rest) <= 1048576),
	add column pulled_at timestamptz,
	add column pull_why text;
comment on column fleet_internal.output.rest is
	'what follows head, as far as the host kept it; hostile bytes';
comment on column fleet_internal.output.pulled_at is
	'when the host was asked for the rest; null = not yet, or there is none';
comment on column fleet_internal.output.pull_why is
	'why the rest is not here or not whole';

create index output_pull on fleet_internal.output (at)
	where pulled_at is null and head is not null
	  and bytes > octet_length(head);
