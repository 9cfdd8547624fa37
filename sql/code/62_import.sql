-- 62_import.sql - the inventory: checked whole, compared, applied, exported.
--
-- A dry run applies too, then takes it back: what it tells is what happens.

set local role fleet_owner;

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
		'change_pattern', f.settings->'change_pattern',
		'four_eyes', coalesce(f.settings->'four_eyes', 'false'),
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
