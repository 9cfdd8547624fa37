-- 60_import.sql - the inventory: checked whole, compared, then applied.
--
-- Each import_* function applies its part and answers the differences it found
-- as [{"what":"add|change|remove","kind","name","text","hurts"}]; "hurts" =
-- not while a rollout runs. A dry run applies too, then takes it back.

set local role fleet_owner;

create or replace function fleet_internal.change(what text, kind text,
	name text, text text, hurts bool)
returns jsonb language sql immutable as $$
	select jsonb_build_object('what', what, 'kind', kind, 'name', name,
		'text', text, 'hurts', hurts)
$$;
comment on function fleet_internal.change(text, text, text, text, bool) is
	'One difference between an inventory and the database.';

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
	min_up text := coalesce(doc->>'min_up', 'all but 1');
	up int := fleet_internal.min_up_count(min_up, n);
begin
	if n < 2 and not (n = 1
	    and coalesce((doc->>'allow_single')::bool, false)) then
		perform fleet_internal.bad_inventory(format(
			'a fleet of %s backends cannot keep one in service', n),
			'List at least two, or set allow_single: yes for a single one.');
	end if;
	if up is null then
		perform fleet_internal.bad_inventory(format(
			'min_up "%s" is not understood', min_up),
			'Write N, P% or: all but N');
	elsif up >= n then
		perform fleet_internal.bad_inventory(format(
			'min_up "%s" of %s backends lets none be taken', min_up, n),
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

create or replace function fleet_internal.import_check(doc jsonb)
returns void language plpgsql as $$
declare
	k text;
begin
	if jsonb_typeof(doc) is distinct from 'object'
	   or pg_column_size(doc) > 4194304 then
		perform fleet_internal.bad_inventory('this is no inventory',
			'Use: drydock import FILE');
	end if;
	for k in select jsonb_object_keys(doc) except select unnest(array[
			'fleet', 'timezone', 'min_up', 'interlock', 'windows',
			'ssh', 'service', 'groups', 'backends',
			'change_required', 'allow_single']) loop
		perform fleet_internal.bad_inventory(format(
			'the key "%s" is not known', left(k, 80)),
			'See: man fleet.yaml');
	end loop;
	perform fleet_internal.import_check_names(doc);
	perform fleet_internal.import_check_addresses(doc);
	perform fleet_internal.import_check_rules(doc);
end $$;
comment on function fleet_internal.import_check(jsonb) is
	'Refuses what is wrong with an inventory by itself.';

create or replace function fleet_internal.import_fleet(doc jsonb, f int)
returns jsonb language plpgsql as $$
declare
	old fleet_internal.fleet;
	new fleet_internal.fleet;
	c jsonb := '[]';
begin
	select * into old from fleet_internal.fleet where fleet_id = f;
	update fleet_internal.fleet set
		timezone = coalesce(doc->>'timezone', 'UTC'),
		min_up = coalesce(doc->>'min_up', 'all but 1'),
		interlock = coalesce(doc->>'interlock', doc->>'fleet'),
		service = jsonb_strip_nulls(doc->'service'),
		settings = jsonb_strip_nulls(jsonb_build_object(
			'ssh', doc->'ssh',
			'change_required', coalesce(doc->'change_required', 'false'),
			'allow_single', coalesce(doc->'allow_single', 'false'))),
		windows = coalesce(doc->'windows', '[]')
	 where fleet_id = f returning * into new;
	perform fleet_internal.window_set(f, new.windows);
	if old.timezone <> new.timezone then
		c := c || fleet_internal.change('change', 'timezone', new.name,
			format('timezone %s -> %s', old.timezone, new.timezone), false);
	end if;
	if old.min_up <> new.min_up then
		c := c || fleet_internal.change('change', 'min_up', new.name,
			format('min_up %s -> %s', old.min_up, new.min_up), true);
	end if;
	if old.interlock <> new.interlock then
		c := c || fleet_internal.change('change', 'interlock', new.name,
			format('interlock %s -> %s', old.interlock, new.interlock), true);
	end if;
	if old.service <> new.service then
		c := c || fleet_internal.change('change', 'service', new.name,
			'what "in service" means', true);
	end if;
	if old.settings <> new.settings then
		c := c || fleet_internal.change('change', 'settings', new.name,
			format('settings %s -> %s', old.settings, new.settings), false);
	end if;
	if old.windows <> new.windows then
		c := c || fleet_internal.change('change', 'windows', new.name,
			format('windows %s -> %s', old.windows, new.windows), false);
	end if;
	return c;
end $$;
comment on function fleet_internal.import_fleet(jsonb, int) is
	'Applies what an inventory says of the fleet itself.';

-- A host may serve several fleets; what they say of it must agree.
create or replace function fleet_internal.import_host(f int, p_name text,
	p_address text, p_ssh jsonb, out id int, out changes jsonb)
language plpgsql as $$
declare
	h fleet_internal.host;
	other text;
	a inet := p_address::inet;
	p int := coalesce((p_ssh->>'port')::int, 22);
	u text := coalesce(p_ssh->>'user', 'drydock');
begin
	changes := '[]';
	select x.name into other from fleet_internal.host x
	 where x.address = a and x.name <> p_name;
	if found then
		perform fleet_internal.bad_inventory(format(
			'%s has the address of host %s', p_name, other),
			'One address, one name, in all fleets.');
	end if;
	select * into h from fleet_internal.host x where x.name = p_name;
	if not found then
		insert into fleet_internal.host (name, address, port, ssh_user)
		values (p_name, a, p, u) returning host_id into id;
		return;
	end if;
	id := h.host_id;
	if (h.address, h.port, h.ssh_user) is not distinct from (a, p, u) then
		return;
	end if;
	select string_agg(distinct x.name, ', ') into other
	  from fleet_internal.fleet x where x.fleet_id <> f and x.fleet_id in (
		select b.fleet_id from fleet_internal.backend b
		 where b.host_id = h.host_id and b.removed_at is null
		union select g.fleet_id from fleet_internal.group_member m
		  join fleet_internal.member_group g using (group_id)
		 where m.host_id = h.host_id);
	if other is not null then
		perform fleet_internal.bad_inventory(format(
			'host %s is %s port %s as %s for fleet %s', p_name,
			host(h.address), h.port, h.ssh_user, other),
			'What several fleets say of one host must agree.');
	end if;
	update fleet_internal.host set address = a, port = p, ssh_user = u
	 where host_id = h.host_id;
	changes := changes || fleet_internal.change('change', 'host', p_name,
		format('host %s %s@%s:%s -> %s@%s:%s', p_name, h.ssh_user,
		       host(h.address), h.port, u, p_address, p), true);
end $$;
comment on function fleet_internal.import_host(int, text, text, jsonb) is
	'Finds or makes a host; refuses what another fleet says differently.';

create or replace function fleet_internal.import_backend(f int, v jsonb,
	p_position int, p_ssh jsonb)
returns jsonb language plpgsql as $$
declare
	b fleet_internal.backend;
	x record;
	other text;
	elsewhere bool := coalesce((v->>'address_elsewhere')::bool, false);
	labels_ jsonb := coalesce(v->'labels', '{}');
begin
	x := fleet_internal.import_host(f, v->>'name', v->>'address', p_ssh);
	select y.name into other from fleet_internal.backend z
	  join fleet_internal.fleet y using (fleet_id)
	 where z.host_id = x.id and z.fleet_id <> f and z.removed_at is null;
	if found then
		perform fleet_internal.bad_inventory(format(
			'%s is a backend of fleet %s', v->>'name', other),
			'A backend is in exactly one fleet.');
	end if;
	select * into b from fleet_internal.backend z where z.fleet_id = f
	   and z.name = v->>'name' and z.removed_at is null;
	if not found then
		insert into fleet_internal.backend (fleet_id, host_id, name,
			position, labels, address_elsewhere)
		values (f, x.id, v->>'name', p_position, labels_, elsewhere);
		return x.changes || fleet_internal.change('add', 'backend',
			v->>'name', format('backend %s %s', v->>'name',
				v->>'address'), false);
	end if;
	update fleet_internal.backend set position = p_position,
		labels = labels_, address_elsewhere = elsewhere
	 where backend_id = b.backend_id;
	if b.labels <> labels_ or b.address_elsewhere <> elsewhere then
		x.changes := x.changes || fleet_internal.change('change',
			'backend', b.name, format('backend %s labels %s -> %s%s',
			b.name, b.labels, labels_,
			case when b.address_elsewhere <> elsewhere then format(
				', address_elsewhere %s', elsewhere) else '' end),
			b.address_elsewhere <> elsewhere);
	end if;
	if b.position <> p_position then
		x.changes := x.changes || fleet_internal.change('change',
			'backend', b.name, format('backend %s place %s -> %s',
				b.name, b.position, p_position), false);
	end if;
	return x.changes;
end $$;
comment on function fleet_internal.import_backend(int, jsonb, int, jsonb) is
	'Applies what an inventory says of one backend.';

create or replace function fleet_internal.remove_backends(f int, doc jsonb,
	p_prune bool)
returns jsonb language plpgsql as $$
declare
	b record;
	c jsonb := '[]';
begin
	for b in select x.* from fleet_internal.backend x
		  where x.fleet_id = f and x.removed_at is null
		    and not exists (select from
			jsonb_array_elements(doc->'backends') v
			where v->>'name' = x.name)
		  order by x.position
	loop
		if not p_prune then
			c := c || fleet_internal.change('keep', 'backend', b.name,
				format('backend %s is not listed and stays', b.name), false);
			continue;
		end if;
		if exists (select from fleet_internal.outage o
			    where o.backend_id = b.backend_id
			      and o.back_at is null) then
			perform fleet_internal.fail('RD005', format(
				'%s is out and cannot be removed', b.name),
				'Its outage is open.', 'First: drydock include '
				|| b.name);
		end if;
		update fleet_internal.backend set
			removed_at = fleet_internal.clock(),
			removed_by = session_user
		 where backend_id = b.backend_id;
		delete from fleet_internal.sighting
		 where backend_id = b.backend_id;
		c := c || fleet_internal.change('remove', 'backend', b.name,
			format('backend %s', b.name), true);
	end loop;
	return c;
end $$;
comment on function fleet_internal.remove_backends(int, jsonb, bool) is
	'Takes backends that are not listed any more out, if asked to prune.';

create or replace function fleet_internal.import_group(f int, p_name text,
	v jsonb, p_prune bool, p_ssh jsonb)
returns jsonb language plpgsql as $$
declare
	old fleet_internal.member_group;
	g fleet_internal.member_group;
	m record;
	x record;
	c jsonb := '[]';
begin
	select * into old from fleet_internal.member_group y
	 where y.fleet_id = f and y.name = p_name;
	insert into fleet_internal.member_group as y (fleet_id, name, ready,
		min_gap_ms, confirm_ms)
	values (f, p_name, jsonb_strip_nulls(nullif(v->'ready', 'null')),
		coalesce((v->>'min_gap_ms')::int, 0),
		coalesce((v->>'confirm_ms')::int, 0))
	on conflict (fleet_id, name) do update set ready = excluded.ready,
		min_gap_ms = excluded.min_gap_ms,
		confirm_ms = excluded.confirm_ms
	returning * into g;
	if old.group_id is null then
		c := c || fleet_internal.change('add', 'group', p_name,
			'group ' || p_name, true);
	elsif old is distinct from g then
		c := c || fleet_internal.change('change', 'group', p_name,
			format('rules of group %s', p_name), true);
	end if;
	for m in select y.value, y.ordinality as nr from
		jsonb_array_elements(v->'members') with ordinality y loop
		x := fleet_internal.import_host(f, m.value->>'name',
			m.value->>'address', p_ssh);
		c := c || x.changes;
		insert into fleet_internal.group_member (group_id, host_id,
			position) values (g.group_id, x.id, m.nr)
		on conflict (group_id, host_id) do nothing;
		if found then
			c := c || fleet_internal.change('add', 'member',
				m.value->>'name', format('member %s of %s',
				m.value->>'name', p_name), old.group_id is not null);
		end if;
		update fleet_internal.group_member set position = m.nr
		 where group_id = g.group_id and host_id = x.id;
	end loop;
	return c || fleet_internal.remove_members(g.group_id, p_name,
		v->'members', p_prune);
end $$;
comment on function fleet_internal.import_group(int, text, jsonb, bool, jsonb) is
	'Applies what an inventory says of one group.';

create or replace function fleet_internal.remove_members(p_group int,
	p_name text, p_members jsonb, p_prune bool)
returns jsonb language plpgsql as $$
declare
	m record;
	c jsonb := '[]';
begin
	for m in select x.host_id, h.name
		   from fleet_internal.group_member x
		   join fleet_internal.host h using (host_id)
		  where x.group_id = p_group and not exists (select from
			jsonb_array_elements(p_members) v
			where v->>'name' = h.name)
	loop
		if p_prune then
			delete from fleet_internal.group_member
			 where group_id = p_group and host_id = m.host_id;
		end if;
		c := c || fleet_internal.change(
			case when p_prune then 'remove' else 'keep' end,
			'member', m.name, format('member %s of %s%s', m.name,
			p_name, case when p_prune then '' else
				' is not listed and stays' end), p_prune);
	end loop;
	return c;
end $$;
comment on function fleet_internal.remove_members(int, text, jsonb, bool) is
	'Takes members that are not listed any more out of a group, if asked to prune.';

create or replace function fleet_internal.remove_groups(f int, doc jsonb,
	p_prune bool)
returns jsonb language plpgsql as $$
declare
	g record;
	c jsonb := '[]';
begin
	for g in select x.group_id, x.name from fleet_internal.member_group x
		  where x.fleet_id = f
		    and not coalesce(doc->'groups' ? x.name, false) loop
		if p_prune then
			delete from fleet_internal.group_member
			 where group_id = g.group_id;
			delete from fleet_internal.member_group
			 where group_id = g.group_id;
		end if;
		c := c || fleet_internal.change(
			case when p_prune then 'remove' else 'keep' end,
			'group', g.name, format('group %s%s', g.name,
			case when p_prune then '' else
				' is not listed and stays' end), p_prune);
	end loop;
	return c;
end $$;
comment on function fleet_internal.remove_groups(int, jsonb, bool) is
	'Takes groups that are not listed any more out, if asked to prune.';

create or replace function fleet_internal.import_refuse_running(f int, c jsonb)
returns void language plpgsql as $$
declare
	r bigint;
	what text;
begin
	select x.rollout_id into r from fleet_internal.rollout x
	 where x.fleet_id = f and x.state = 'running';
	if not found then
		return;
	end if;
	select string_agg(x->>'text', '; ') into what
	  from jsonb_array_elements(c) x where (x->>'hurts')::bool;
	if what is not null then
		perform fleet_internal.fail('RD002', format(
			'this cannot change while rollout %s runs', r), what,
			format('Wait for it, or end it: select fleet.abort(%s, ''reason'');', r));
	end if;
end $$;
comment on function fleet_internal.import_refuse_running(int, jsonb) is
	'Refuses changes that a running rollout stands on.';

create or replace function fleet_internal.import_apply(doc jsonb, p_prune bool)
returns jsonb language plpgsql as $$
declare
	f fleet_internal.fleet;
	b record;
	c jsonb;
	fresh bool;
begin
	insert into fleet_internal.fleet (name, interlock)
	select doc->>'fleet', coalesce(doc->>'interlock', doc->>'fleet')
	 where not exists (select from fleet_internal.fleet x
			    where x.name = doc->>'fleet')
	on conflict (name) do nothing;
	fresh := found;
	select * into f from fleet_internal.fleet
	 where name = doc->>'fleet' for no key update;
	c := fleet_internal.import_fleet(doc, f.fleet_id);
	if fresh then
		c := jsonb_build_array(fleet_internal.change('add', 'fleet',
			f.name, 'fleet ' || f.name, false));
	end if;
	c := c || fleet_internal.remove_backends(f.fleet_id, doc, p_prune);
	for b in select x.value, x.ordinality as nr from
		jsonb_array_elements(doc->'backends') with ordinality x loop
		c := c || fleet_internal.import_backend(f.fleet_id, b.value,
			b.nr::int, doc->'ssh');
	end loop;
	c := c || fleet_internal.remove_groups(f.fleet_id, doc, p_prune);
	for b in select x.key, x.value
		   from jsonb_each(coalesce(doc->'groups', '{}')) x loop
		c := c || fleet_internal.import_group(f.fleet_id, b.key,
			b.value, p_prune, doc->'ssh');
	end loop;
	perform fleet_internal.import_refuse_running(f.fleet_id, c);
	if exists (select from jsonb_array_elements(c) x
		    where x->>'what' <> 'keep') then
		update fleet_internal.fleet set revision = revision + 1
		 where fleet_id = f.fleet_id;
		perform fleet_internal.note(f.fleet_id, 'fleet.imported',
			'notice', format('inventory: %s', (select string_agg(
				(x->>'what') || ' ' || (x->>'text'), '; ')
			from jsonb_array_elements(c) x
			where x->>'what' <> 'keep')),
			p_detail => jsonb_build_object('changes', c));
	end if;
	return c;
end $$;
comment on function fleet_internal.import_apply(jsonb, bool) is
	'Applies an inventory and answers the differences.';

create or replace function fleet.import(doc jsonb, prune bool default false,
	dry_run bool default false)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	c jsonb;
	told text;
	f fleet_internal.fleet;
begin
	perform fleet_internal.demand(null, 'import');
	perform fleet_internal.import_check(doc);
	begin
		c := fleet_internal.import_apply(doc, prune);
		if dry_run then
			raise exception using errcode = 'RDDRY',
				message = c::text;
		end if;
	exception when sqlstate 'RDDRY' then
		get stacked diagnostics told = message_text;
		c := told::jsonb;
	end;
	select * into f from fleet_internal.fleet x
	 where x.name = doc->>'fleet';
	if not dry_run then
		perform fleet_internal.wake(f.fleet_id);
	end if;
	return jsonb_build_object('fleet', doc->>'fleet', 'changes', c,
		'applied', not dry_run, 'revision', f.revision);
end $$;
comment on function fleet.import(jsonb, bool, bool) is
	'Takes an inventory (normalised JSON, as drydock import makes it): adds and changes, removes only with prune; answers the differences. A dry run changes nothing.';

create or replace function fleet_internal.inventory(p_fleet int)
returns jsonb language sql stable as $$
	select jsonb_build_object('fleet', f.name, 'timezone', f.timezone,
		'min_up', f.min_up, 'interlock',
		case when f.interlock <> f.name then f.interlock end,
		'windows', f.windows, 'service', f.service,
		'ssh', coalesce(f.settings->'ssh', '{}'),
		'change_required', coalesce(f.settings->'change_required', 'false'),
		'allow_single', coalesce(f.settings->'allow_single', 'false'),
		'backends', (select coalesce(jsonb_agg(jsonb_build_object(
			'name', b.name, 'address', host(h.address),
			'labels', b.labels,
			'address_elsewhere', b.address_elsewhere)
			order by b.position), '[]')
		  from fleet_internal.backend b
		  join fleet_internal.host h using (host_id)
		 where b.fleet_id = f.fleet_id and b.removed_at is null),
		'groups', (select coalesce(jsonb_object_agg(g.name,
			jsonb_build_object('ready', g.ready,
			'min_gap_ms', g.min_gap_ms, 'confirm_ms', g.confirm_ms,
			'members', (select coalesce(jsonb_agg(
				jsonb_build_object('name', h.name,
				'address', host(h.address))
				order by m.position), '[]')
			  from fleet_internal.group_member m
			  join fleet_internal.host h using (host_id)
			 where m.group_id = g.group_id))), '{}')
		  from fleet_internal.member_group g
		 where g.fleet_id = f.fleet_id))
	  from fleet_internal.fleet f where f.fleet_id = p_fleet
$$;
comment on function fleet_internal.inventory(int) is
	'The inventory of a fleet as import takes it.';

create or replace function fleet.export(fleet text)
returns jsonb language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
declare
	id int := fleet_internal.find_fleet(fleet);
begin
	perform fleet_internal.demand(id, 'export');
	return fleet_internal.inventory(id);
end $$;
comment on function fleet.export(text) is
	'The inventory of a fleet, as fleet.import takes it.';
