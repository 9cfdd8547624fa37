-- fixture.sql - logins, and a schema "test" of short ways to make things.

create role anna login in role fleet_operator;
create role bert login in role fleet_reader;
create role drydockd login in role fleet_coordinator;
create role mallory login;

create schema test;
grant usage on schema test to anna, bert, drydockd;

-- a fleet of n backends NAME1.. in 10.net.0.0/24 with two directors
create function test.inventory(name text, net int, n int default 3,
	lock text default null)
returns jsonb language sql as $$
	select jsonb_build_object('fleet', name, 'timezone', 'Europe/Helsinki',
	'min_up', 'all but 1', 'interlock', lock, 'windows', '[]'::jsonb,
	'ssh', '{"user": "drydock", "port": 22}'::jsonb,
	'service', '{"from": "each director", "run": ["status"],
		"format": "json", "key": "ip", "in": "state == up"}'::jsonb,
	'groups', jsonb_build_object('director', jsonb_build_object(
		'members', jsonb_build_array(
		jsonb_build_object('name', name || '-dir1', 'address',
			format('10.%s.1.1', net)),
		jsonb_build_object('name', name || '-dir2', 'address',
			format('10.%s.1.2', net))),
		'ready', null, 'min_gap_ms', 1100, 'confirm_ms', 2000)),
	'backends', (select jsonb_agg(jsonb_build_object('name', name || i,
		'address', format('10.%s.0.%s', net, i),
		'labels', '{"rack": "a"}'::jsonb, 'address_elsewhere', false)
		order by i) from generate_series(1, n) i),
	'change_required', false, 'allow_single', false)
$$;

create function test.fleet(name text, net int, n int default 3,
	lock text default null)
returns int language plpgsql as $$
declare
	id int;
	c int;
begin
	perform fleet.import(test.inventory(name, net, n, lock));
	select fleet_id into id from fleet_internal.fleet f
	 where f.name = $1;
	select coordinator_id into c from fleet_internal.coordinator;
	if not found then
		c := fleet_internal.hello('ops1',
			'00000000-0000-0000-0000-0000000000c1', '0.1.0',
			p_schema => (fleet.version()->>'schema')::int);
	end if;
	perform fleet_internal.take(c,
		'00000000-0000-0000-0000-0000000000c1', id, 0);
	return id;
end $$;

create function test.plan_of_one()
returns jsonb language sql as $$ select '{"phases": [
	{"name": "baseline", "rest": "in"},
	{"name": "drain", "takes_out": true},
	{"name": "stop", "no_pause": true, "rest": "out"},
	{"name": "verify", "proves": true},
	{"name": "return", "rest": "in"}],
"steps": [
	{"name": "count", "phase": "baseline", "kind": "run", "argv": ["count"]},
	{"name": "weight", "phase": "drain", "kind": "run", "target": "director",
	 "argv": ["weight", "0"],
	 "remember": [{"name": "hosts", "value": "service.hosts"}], "undo": {"kind": "run", "argv": ["weight", "100"]}},
	{"name": "users", "phase": "drain", "kind": "poll", "expected_ms": 60000},
	{"name": "stop", "phase": "stop", "kind": "run", "no_return": true,
	 "argv": ["stop"], "undo": {"kind": "run", "argv": ["start"]}},
	{"name": "wipe", "phase": "stop", "kind": "clean", "destroys": true},
	{"name": "look", "phase": "verify", "kind": "run", "argv": ["look"]},
	{"name": "back", "phase": "return", "kind": "run", "target": "director",
	 "argv": ["weight", "100"]}]}'::jsonb $$;

-- a plan over all backends of a fleet; answers the rollout
create function test.plan(name text) returns bigint language plpgsql as $$
declare
	f fleet_internal.fleet;
	p jsonb;
begin
	p := fleet.add_procedure(E'procedure: restart\n');
	select * into f from fleet_internal.fleet x where x.name = $1;
	return fleet_internal.plan_save(f.fleet_id, f.epoch, null,
		jsonb_build_object('procedure_sha256', p->>'sha256', 'turns',
		(select jsonb_agg(jsonb_build_object('backend', b.name,
			'plan', test.plan_of_one()) order by b.position)
		   from fleet_internal.backend b where b.fleet_id = f.fleet_id
		    and b.removed_at is null and b.excluded_at is null)));
end $$;

create function test.running(name text, net int, n int default 3,
	lock text default null)
returns bigint language plpgsql as $$
declare
	r bigint;
begin
	perform test.fleet(name, net, n, lock);
	r := test.plan(name);
	perform fleet.start(r);
	return r;
end $$;

-- advance with the epoch and revision that are there
create function test.adv(r bigint, ops jsonb) returns jsonb
language sql as $$
	select fleet_internal.advance(f.fleet_id, f.epoch, x.rollout_id,
		x.revision, ops)
	  from fleet_internal.rollout x join fleet_internal.fleet f
		using (fleet_id) where x.rollout_id = r
$$;

create function test.turn(r bigint, n int) returns bigint language sql as $$
	select turn_id from fleet_internal.turn
	 where rollout_id = r and position = n
$$;

create function test.backend(r bigint, n int) returns int language sql as $$
	select backend_id from fleet_internal.turn
	 where rollout_id = r and position = n
$$;

create function test.step(r bigint, n int, step text) returns bigint
language sql as $$
	select step_id from fleet_internal.step
	 where turn_id = test.turn(r, n) and name = $3
	 order by step_id desc limit 1
$$;

-- what a clear look at all others of the nth backend says
create function test.survey(r bigint, n int, age_ms int default 1000,
	up bool default true)
returns jsonb language sql as $$
	select jsonb_build_object('op', 'survey', 'backend',
		test.backend(r, n), 'age_ms', age_ms, 'readings',
		(select jsonb_agg(jsonb_build_object('backend', b.backend_id,
			'in_service', up))
		   from fleet_internal.backend b join fleet_internal.rollout x
			using (fleet_id)
		  where x.rollout_id = r
		    and b.backend_id <> test.backend(r, n)))
$$;

create function test.proof(r bigint, n int, up bool default true)
returns jsonb language sql as $$
	select jsonb_build_object('op', 'proof', 'backend',
		test.backend(r, n), 'in_service', up, 'age_ms', 0)
$$;

create function test.op(kind text, r bigint, n int, more jsonb default '{}')
returns jsonb language sql as $$
	select jsonb_build_object('op', kind, 'turn', test.turn(r, n)) || more
$$;

create function test.step_op(r bigint, n int, step text, was text, now_ text)
returns jsonb language sql as $$
	select jsonb_build_object('op', 'step', 'step', test.step(r, n, step),
		'from', was, 'to', now_)
$$;

-- takes the nth backend: turn working, survey, outage open
create function test.take(r bigint, n int) returns jsonb language sql as $$
	select test.adv(r, jsonb_build_array(
		test.op('turn', r, n, '{"from": "waiting", "to": "working"}'),
		test.survey(r, n), test.op('outage_open', r, n)))
$$;

-- ends it well: proof, outage closed, turn done
create function test.finish(r bigint, n int) returns jsonb language sql as $$
	select test.adv(r, jsonb_build_array(test.proof(r, n),
		test.op('outage_close', r, n),
		test.op('turn', r, n, '{"from": "working", "to": "done"}')))
$$;

-- holds it with a failed step
create function test.hold(r bigint, n int, step text) returns jsonb
language sql as $$
	select test.adv(r, jsonb_build_array(
		test.step_op(r, n, step, 'pending', 'running'),
		test.step_op(r, n, step, 'running', 'failed'),
		test.op('turn', r, n, '{"from": "working", "to": "held"}'),
		test.op('hold', r, n, jsonb_build_object('kind', 'turn',
			'backend', test.backend(r, n), 'why', 'it failed'))))
$$;

-- what a screen asks of a view: all of it, or of one rollout where it has those
create function test.reads_all_steps(v regclass) returns bool
language plpgsql as $$
declare
	l text;
begin
	for l in execute format('explain select * from %s%s', v,
		(select ' where rollout = 1' from pg_attribute a
		  where a.attrelid = v and a.attname = 'rollout'
		    and a.atttypid = 'bigint'::regtype)) loop
		if l ~ 'Seq Scan on step' then
			return true;
		end if;
	end loop;
	return false;
end $$;
