-- 0065_release.sql - a coordinator says for which schema it was built.

set local role fleet_owner;

alter table fleet_internal.coordinator add column if not exists schema int;
comment on column fleet_internal.coordinator.schema is
	'schema number that the process was built for; it holds fleets of that one alone';

-- code/ has one with more parameters
drop function if exists fleet_internal.hello(text, uuid, text, text, int);
