-- 63_store.sql - content, procedures, host keys and requests.

set local role fleet_owner;

create or replace function fleet.put_content(bytes bytea)
returns text language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
declare
	sum text := encode(sha256(bytes), 'hex');
begin
	perform fleet_internal.demand(null, 'put');
	if bytes is null or length(bytes) > 16777216 then
		perform fleet_internal.fail('RD004',
			'the file is too large', format('It has %s bytes.',
				length(bytes)), 'At most 16 MiB are stored; have configuration management put it on the hosts and use staged:');
	end if;
	insert into fleet_internal.content (sha256, bytes, size)
	values (sum, bytes, length(bytes)) on conflict do nothing;
	return sum;
end $$;
comment on function fleet.put_content(bytea) is
	'Stores a file that a plan may copy; answers its sha256.';

create or replace function fleet.add_procedure(text text)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	p fleet_internal.procedure;
	n text := substring(add_procedure.text
		from '(?n)^procedure:[ \t]*["'']?([a-z0-9][a-z0-9.-]{0,62})["'']?[ \t]*(?:#.*)?\r?$');
	sum text := encode(sha256(convert_to(add_procedure.text, 'UTF8')), 'hex');
	fresh bool;
begin
	perform fleet_internal.demand(null, 'put');
	if n is null or octet_length(add_procedure.text) > 1048576 then
		perform fleet_internal.fail('RD004',
			'this is no procedure', 'It has no line "procedure: NAME", or more than 1 MiB.',
			'See what is wrong: drydock procedure lint FILE');
	end if;
	insert into fleet_internal.procedure (name, sha256, text, added_at)
	values (n, sum, add_procedure.text, fleet_internal.clock())
	on conflict do nothing;
	fresh := found;
	select * into p from fleet_internal.procedure x where x.sha256 = sum;
	return jsonb_build_object('procedure', p.name, 'sha256', p.sha256,
		'new', fresh);
end $$;
comment on function fleet.add_procedure(text) is
	'Stores the text of a procedure; answers name, sha256 and whether it is new. It is checked by whoever calls and again when planned.';

create or replace function fleet_internal.find_procedure(p_name text)
returns fleet_internal.procedure language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
	p fleet_internal.procedure;
begin
	select * into p from fleet_internal.procedure x
	 where x.name = split_part(p_name, '@', 1)
	   and starts_with(x.sha256, split_part(p_name, '@', 2))
	 order by x.added_at desc, x.procedure_id desc limit 1;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no procedure %s', coalesce(quote_literal(
				left(p_name, 140)), '(none named)')),
			format('Known: %s.', coalesce((select string_agg(distinct
				x.name, ', ') from fleet_internal.procedure x), 'none')),
			'Store it: drydock procedure add FILE');
	end if;
	return p;
end $$;
comment on function fleet_internal.find_procedure(text) is
	'The newest procedure of a name, or NAME@SHA256 (a beginning is enough).';

create or replace function fleet.pin(host text, keys text[])
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	h fleet_internal.host;
	k text;
	clean text[] := '{}';
	f int;
begin
	perform fleet_internal.demand(null, 'pin');
	foreach k in array keys loop
		k := substring(btrim(k) from '^((?:ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{60,}={0,2})(?: .*)?$');
		if k is null then
			perform fleet_internal.fail('RD004',
				'this host key cannot be pinned',
				'A key is "ssh-ed25519 AAAA..." or "ecdsa-sha2-nistp256 AAAA..."; RSA keys are not taken.',
				'Take them from the host: cat /etc/ssh/ssh_host_ed25519_key.pub');
		end if;
		clean := clean || k;
	end loop;
	select * into h from fleet_internal.host x
	 where x.name = pin.host for update;
	if not found then
		perform fleet_internal.fail('RD001', format(
			'there is no host %s', quote_literal(left(pin.host, 80))),
			'Hosts come with the inventory.', 'See: select * from fleet.host;');
	end if;
	-- who gives its keys says which machine it is: one set up anew, maybe
	update fleet_internal.host x set host_keys = clean,
		machine_id = case when clean = '{}' then x.machine_id end
	 where x.host_id = h.host_id;
	for f in select b.fleet_id from fleet_internal.backend b
		  where b.host_id = h.host_id and b.removed_at is null
		 union select g.fleet_id from fleet_internal.group_member m
		   join fleet_internal.member_group g using (group_id)
		  where m.host_id = h.host_id order by 1
	loop
		perform fleet_internal.note(f, 'host.pinned', 'notice', format(
			'%s: keys pinned: %s, before: %s', h.name,
			cardinality(clean), cardinality(h.host_keys)),
			p_detail => jsonb_build_object('host', h.name,
				'before', h.host_keys, 'after', clean));
		perform fleet_internal.wake(f);
	end loop;
	return jsonb_build_object('host', h.name, 'before', h.host_keys,
		'after', clean);
end $$;
comment on function fleet.pin(text, text[]) is
	'Pins the public host keys of a host, which may be another machine since; an empty list takes them away. Answers before and after.';

create or replace function fleet.request(kind text, fleet text, args jsonb
	default '{}')
returns bigint language plpgsql security definer
set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	f int;
	p fleet_internal.procedure;
	a jsonb := coalesce(request.args, '{}');
	id bigint;
begin
	if request.fleet is not null or request.kind <> 'scan' then
		f := fleet_internal.find_fleet(request.fleet);
	end if;
	perform fleet_internal.demand(f, 'ask');
	if request.kind not in ('plan', 'check', 'discover', 'scan', 'greet',
		'doctor')
	   or jsonb_typeof(a) <> 'object' then
		perform fleet_internal.fail('RD004', format(
			'"%s" cannot be asked', left(request.kind, 40)),
			'Kinds are plan, check, discover, scan, greet and doctor; args is an object.',
			'For a plan: select fleet.plan(''FLEET'', ''PROCEDURE'');');
	end if;
	perform fleet_internal.check_args(a);
	if a ? 'procedure' then
		p := fleet_internal.find_procedure(a->>'procedure');
		a := a || jsonb_build_object('procedure', p.name,
			'procedure_sha256', p.sha256);
	elsif request.kind = 'plan' then
		p := fleet_internal.find_procedure(null);
	end if;
	insert into fleet_internal.request (fleet_id, kind, args, asked_at)
	values (f, request.kind, a, fleet_internal.clock())
	returning request_id into id;
	perform pg_notify('fleet_command', coalesce(f::text, 'request'));
	return id;
end $$;
comment on function fleet.request(text, text, jsonb) is
	'Asks the coordinator (plan, check, discover, scan, greet, doctor); answers the number to look for in fleet.request.';

create or replace function fleet.plan(fleet text, procedure text,
	vars jsonb default '{}', only_backends text[] default null,
	except_backends text[] default null, files jsonb default '{}')
returns bigint language sql security definer
set search_path = pg_catalog, pg_temp as $$
	select fleet.request('plan', plan.fleet, jsonb_build_object(
		'procedure', plan.procedure, 'vars', plan.vars,
		'files', plan.files,
		'only', to_jsonb(coalesce(plan.only_backends, '{}')),
		'except', to_jsonb(coalesce(plan.except_backends, '{}')),
		'save', true))
$$;
comment on function fleet.plan(text, text, jsonb, text[], text[], jsonb) is
	'Asks for a plan; the answer in fleet.request names the rollout. Nothing is changed outside.';

create or replace function fleet.version()
returns jsonb language sql stable security definer
set search_path = pg_catalog, pg_temp as $$
	select jsonb_build_object('api', 1,
		'schema', fleet_internal.schema(),
		'postgresql', current_setting('server_version'),
		'now', (select m.now from fleet_internal.moment m),
		'coordinators', (select coalesce(jsonb_agg(jsonb_build_object(
			'name', c.name, 'version', c.version)
			order by c.name), '[]')
		  from fleet_internal.coordinator c
		 where c.stopped_at is null))
$$;
comment on function fleet.version() is
	'Version of this interface, of the schema, and of the coordinators.';
