-- 60_import_check.sql - what is wrong with an inventory by itself.

set local role fleet_owner;

create or replace function fleet_internal.bad_inventory(why text, hint text)
returns void language plpgsql as $$
begin
	perform fleet_internal.fail('RD004', why,
		'Nothing of this inventory was taken.', hint);
end $$;
comment on function fleet_internal.bad_inventory(text, text) is
	'Refuses an inventory.';

create or replace function fleet_internal.import_check_names(doc jsonb)
returns void language plpgsql as $$
declare
	x record;
	pattern constant text := '^[a-z0-9][a-z0-9.-]{0,62}$';
begin
	for x in select 'fleet' as kind, doc->>'fleet' as name
		union all select 'backend', b->>'name'
			from jsonb_array_elements(doc->'backends') b
		union all select 'group', k
			from jsonb_object_keys(doc->'groups') k
		union all select 'member', m->>'name'
			from jsonb_each(doc->'groups') g,
			     jsonb_array_elements(g.value->'members') m
		union all select 'interlock',
			coalesce(doc->>'interlock', doc->>'fleet')
	loop
		if x.name is null or x.name !~ pattern then
			perform fleet_internal.bad_inventory(format(
				'the %s name %s is not usable', x.kind,
				coalesce(quote_literal(left(x.name, 80)), '(none)')),
				'Names are a-z, 0-9, dots and dashes, begin with a letter or digit, and have at most 63 characters.');
		end if;
	end loop;
	if doc->'groups' ? 'backend' then
		perform fleet_internal.bad_inventory(
			'a group cannot be called "backend"',
			'That word is the target of a procedure''s own backend.');
	end if;
end $$;
comment on function fleet_internal.import_check_names(jsonb) is
	'Refuses names that could not stand in a command, a path or a host name.';

create or replace function fleet_internal.import_check_addresses(doc jsonb)
returns void language plpgsql as $$
declare
	x record;
	a inet;
begin
	for x in select h.name, h.address,
			count(*) over (partition by h.kind, h.name) as names,
			count(*) filter (where h.kind = 'backend')
				over (partition by h.address) as addresses
		   from (select b->>'name' as name, b->>'address' as address,
				'backend' as kind
			   from jsonb_array_elements(doc->'backends') b
			 union all
			 select m->>'name', m->>'address', 'group ' || g.key
			   from jsonb_each(doc->'groups') g,
				jsonb_array_elements(g.value->'members') m) h
	loop
		begin
			a := x.address::inet;
		exception when data_exception then
			a := null;
		end;
		if a is null or host(a) <> x.address then
			perform fleet_internal.bad_inventory(format(
				'the address of %s is not usable: %s', x.name,
				coalesce(quote_literal(left(x.address, 80)), '(none)')),
				'Give an IPv4 or IPv6 address without a mask: address: 10.0.0.11');
		elsif x.names > 1 then
			perform fleet_internal.bad_inventory(format(
				'%s is listed twice', x.name),
				'Give every backend its own name.');
		elsif x.addresses > 1 then
			perform fleet_internal.bad_inventory(format(
				'the address %s is listed twice', x.address),
				'Every host has its own address.');
		end if;
	end loop;
end $$;
comment on function fleet_internal.import_check_addresses(jsonb) is
	'Refuses unusable and doubled addresses and doubled names.';

create or replace function fleet_internal.import_check_rules(doc jsonb)
returns void language plpgsql as $$
declare
	n int := jsonb_array_length(coalesce(doc->'backends', '[]'));
	listed text := fleet_internal.counted(n, 'backend', 'backends');
	min_up text := coalesce(doc->>'min_up', 'all but 1');
	up int := fleet_internal.min_up_count(min_up, n);
begin
	if n < 2 and not (n = 1
	    and coalesce((doc->>'allow_single')::bool, false)) then
		perform fleet_internal.bad_inventory(format(
			'a fleet of %s cannot keep one in service', listed),
			'List at least two, or set allow_single: yes for a single one.');
	end if;
	if up is null then
		perform fleet_internal.bad_inventory(format(
			'min_up "%s" is not understood', min_up),
			'Write N, P% or: all but N');
	elsif up >= n then
		perform fleet_internal.bad_inventory(format(
			'min_up "%s" of %s lets none be taken', min_up, listed),
			'Write for example: min_up: all but 1');
	end if;
	begin
		perform clock_timestamp() at time zone
			coalesce(doc->>'timezone', 'UTC');
	exception when others then
		perform fleet_internal.bad_inventory(format(
			'the time zone "%s" is not known', doc->>'timezone'),
			'Write one of: select name from pg_timezone_names;');
	end;
	if jsonb_typeof(doc->'service'->'run') is distinct from 'array'
	   or doc->'service'->>'in' is null then
		perform fleet_internal.bad_inventory(
			'the inventory does not say what "in service" means',
			'Give service: with run: and in:');
	end if;
end $$;
comment on function fleet_internal.import_check_rules(jsonb) is
	'Refuses a fleet of fewer than two, an impossible min_up, a service without a meaning.';

create or replace function fleet_internal.import_check_change(doc jsonb)
returns void language plpgsql as $$
begin
	if length(doc->>'change_pattern') > 200 then
		perform fleet_internal.bad_inventory(
			'change_pattern is longer than 200 characters',
			'Give a regular expression like CHG-[0-9]+');
	end if;
	perform '' ~ ('^(?:' || (doc->>'change_pattern') || ')$');
exception when invalid_regular_expression then
	perform fleet_internal.bad_inventory(format(
		'change_pattern is no regular expression: %s', sqlerrm),
		'Give one like CHG-[0-9]+');
end $$;
comment on function fleet_internal.import_check_change(jsonb) is
	'Refuses a change_pattern that nothing could be compared with.';

create or replace function fleet_internal.import_check(doc jsonb)
returns void language plpgsql as $$
declare
	k text;
begin
	if jsonb_typeof(doc) is distinct from 'object'
	   or pg_column_size(doc) > 4194304
	   or jsonb_path_exists(doc, '$.**{12 to last}') then
		perform fleet_internal.bad_inventory('this is no inventory',
			'Use: drydock import FILE');
	end if;
	for k in select jsonb_object_keys(doc) except select unnest(array[
			'fleet', 'timezone', 'min_up', 'interlock', 'windows',
			'ssh', 'service', 'groups', 'backends',
			'change_required', 'change_pattern', 'four_eyes',
			'allow_single']) loop
		perform fleet_internal.bad_inventory(format(
			'the key "%s" is not known', left(k, 80)),
			'See: man fleet.yaml');
	end loop;
	perform fleet_internal.import_check_names(doc);
	perform fleet_internal.import_check_addresses(doc);
	perform fleet_internal.import_check_rules(doc);
	perform fleet_internal.import_check_change(doc);
end $$;
comment on function fleet_internal.import_check(jsonb) is
	'Refuses what is wrong with an inventory by itself.';
