-- 61_import_parts.sql - each part of an inventory, applied and compared.
--
-- Each import_* function applies its part and answers the differences it found
-- as [{"what":"add|change|remove|keep","kind","name","text","hurts"}]; "hurts"
-- = not while a rollout runs.

set local role fleet_owner;

create or replace function fleet_internal.change(what text, kind text,
	name text, text text, hurts bool)
returns jsonb language sql immutable as $$
	select jsonb_build_object('what', what, 'kind', kind, 'name', name,
		'text', text, 'hurts', hurts)
$$;
comment on function fleet_internal.change(text, text, text, text, bool) is
	'One difference between an inventory and the database.';

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
			'change_pattern', doc->'change_pattern',
			'four_eyes', coalesce(doc->'four_eyes', 'false'),
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
