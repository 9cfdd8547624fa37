-- 15_find.sql - names into numbers, with an error that helps.

set local role fleet_owner;

create or replace function fleet_internal.find_fleet(p_name text)
returns int language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	id int;
begin
	select f.fleet_id into id from fleet_internal.fleet f
	 where f.name = p_name;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no fleet %s', coalesce(quote_literal(left(p_name, 80)),
				'(none named)')),
			format('Known: %s.', coalesce((select string_agg(f.name, ', '
				order by f.name) from fleet_internal.fleet f), 'none')),
			'See: select * from fleet.fleet;');
	end if;
	return id;
end $$;
comment on function fleet_internal.find_fleet(text) is
	'The number of a fleet; RD001 names those that exist.';

create or replace function fleet_internal.find_backend(f int, p_name text)
returns fleet_internal.backend language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
	b fleet_internal.backend;
begin
	select * into b from fleet_internal.backend x
	 where x.fleet_id = f and x.name = p_name and x.removed_at is null;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no backend %s', coalesce(quote_literal(left(p_name, 80)),
				'(none named)')),
			format('Known: %s.', coalesce((select string_agg(x.name, ', '
				order by x.position) from fleet_internal.backend x
				where x.fleet_id = f and x.removed_at is null), 'none')),
			format('See: select * from fleet.backend where fleet = %L;',
				(select x.name from fleet_internal.fleet x
				  where x.fleet_id = f)));
	end if;
	return b;
end $$;
comment on function fleet_internal.find_backend(int, text) is
	'A backend by its name; RD001 names those that exist.';

create or replace function fleet_internal.check_reason(reason text)
returns text language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
begin
	if coalesce(btrim(reason, E' \t\r\n'), '') = '' then
		perform fleet_internal.fail('RD004', 'a reason is needed',
			'It is kept with the history, for those who look later.',
			'Give it: --reason "INC-4711: latency alert"');
	elsif length(reason) > 2000 then
		perform fleet_internal.fail('RD004', 'the reason is too long',
			format('It has %s characters.', length(reason)),
			'At most 2000; put the rest into the ticket.');
	end if;
	return btrim(reason, E' \t\r\n');
end $$;
comment on function fleet_internal.check_reason(text) is
	'A reason, trimmed; RD004 when there is none.';

-- What a coordinator could not read would never be answered.
create or replace function fleet_internal.check_args(args jsonb)
returns void language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
begin
	if pg_column_size(args) > 1048576 or octet_length(args::text) > 1048576
	   or jsonb_path_exists(args, '$.**{12 to last}') then
		perform fleet_internal.fail('RD004', 'these are too many words',
			format('They have %s bytes as text.',
				octet_length(args::text)),
			'At most 1 MiB and 12 levels; a large value goes in as a file: select fleet.put_content(BYTES);');
	end if;
end $$;
comment on function fleet_internal.check_args(jsonb) is
	'Refuses what no coordinator would read: more than 1 MiB, or nested more than 12 levels deep.';

create or replace function fleet_internal.words(ms numeric)
returns text language sql immutable as $$
	select case
	when ms is null then 'an unknown time'
	when ms < 60000 then format('%s s', ceil(ms / 1000))
	when ms < 3600000 then format('%s min', ceil(ms / 60000))
	else format('%s h %s min', floor(ms / 3600000),
		    floor(ms % 3600000 / 60000)) end
$$;
comment on function fleet_internal.words(numeric) is
	'A time span as people say it.';
