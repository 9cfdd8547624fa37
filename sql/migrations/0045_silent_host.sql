-- 0045_silent_host.sql - hosts that do not answer, without a look at all others.

set local role fleet_owner;

create index host_silent on fleet_internal.host (host_id)
	where why_silent is not null;
