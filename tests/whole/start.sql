-- start.sql - what every history begins with, and how it begins again.

create role anna login in role fleet_operator;
create role drydockd login in role fleet_coordinator;

-- the world's clock instead of the server's
set role fleet_owner;
create or replace function fleet_internal.clock()
returns timestamptz language sql volatile parallel safe as $$
	select to_timestamp(current_setting('sim.now_ms')::float8 / 1000)
$$;
create or replace view fleet_internal.moment as
select x.now, x.now - interval '60 s' as fresh_since
  from fleet_internal.clock() x (now);
reset role;

-- sim.save(WHICH): all tables as they are; sim.restore(WHICH): as they were.
create schema sim;
create table sim.sequences (which text, name text, last bigint);
create function sim.tables() returns setof text language sql as $$
	select c.relname::text from pg_class c
	 where c.relnamespace = 'fleet_internal'::regnamespace
	   and c.relkind = 'r' order by 1
$$;
create function sim.save(which text) returns void language plpgsql as $$
declare
	t text;
begin
	delete from sim.sequences s where s.which = save.which;
	insert into sim.sequences select save.which, s.sequencename,
		coalesce(s.last_value, 0) from pg_sequences s
	 where s.schemaname = 'fleet_internal';
	for t in select sim.tables() loop
		execute format('create table if not exists sim.%I (like fleet_internal.%I)',
			which || '_' || t, t);
		execute format('delete from sim.%I', which || '_' || t);
		execute format('insert into sim.%I table fleet_internal.%I',
			which || '_' || t, t);
	end loop;
end $$;
create function sim.restore(which text) returns void language plpgsql as $$
declare
	t text;
begin
	set local session_replication_role = replica;
	for t in select sim.tables() loop
		execute format('delete from fleet_internal.%I', t);
		execute format('insert into fleet_internal.%I overriding system value table sim.%I',
			t, which || '_' || t);
	end loop;
	perform setval(format('fleet_internal.%I', s.name),
		greatest(s.last, 1), s.last > 0) from sim.sequences s where s.which = restore.which;
end $$;

set sim.now_ms = '1767614400000';
select fleet.import('{"fleet": "mail", "timezone": "UTC",
	"min_up": "all but 2", "ssh": {"user": "drydock", "port": 22},
	"service": {"from": "each director", "run": ["ring"],
		"format": "json", "key": "ip",
		"in": "state == up and vhosts > 0", "strangers": "refuse"},
	"groups": {"director": {"members": [
			{"name": "dir1", "address": "10.0.1.1"},
			{"name": "dir2", "address": "10.0.1.2"}],
		"ready": {"run": ["ready"], "format": "kv",
			"in": "Ring == synced"},
		"min_gap_ms": 1100, "confirm_ms": 1000}},
	"backends": [
		{"name": "mail1", "address": "10.0.0.1"},
		{"name": "mail2", "address": "10.0.0.2"},
		{"name": "mail3", "address": "10.0.0.3"}],
	"allow_single": false}');
update fleet_internal.fleet
   set uuid = '00000000-0000-4000-8000-000000000001';

select fleet.add_procedure($$procedure: sim
format: 1
description: What a restart of a mail server needs, in few steps.
strategy: {order: [name]}
probes:
  unit: {run: "unit ${backend.name}", format: kv}
preflight:
  - code: RUNS
    expect: unit.ActiveState == active
    hint: start it
phases:
  - phase: prepare
    rest: in
    steps:
      - name: silence
        run: silence ${backend.name} on
        timeout: 40s
        undo: {run: "silence ${backend.name} off", check: unit.Silent == no}
  - phase: drain
    takes_out: true
    rest: none
    steps:
      - name: zero
        target: director
        remember: {vhosts: {value: service.vhosts, where: service.vhosts > 0}}
        run: weight ${backend.address} 0
        timeout: 40s
        check: service.vhosts == 0
        keep: {until: back, repair: 1}
        undo: {run: "weight ${backend.address} ${steps.zero.vhosts}", check: "service.vhosts == ${steps.zero.vhosts}"}
      - name: drained
        poll: {until: service.users == 0, every: 1s, at_most: 60s, then: continue}
  - phase: stop
    no_pause: true
    deadline: 40s
    rest: out
    steps:
      - name: lmtp
        when: unit.Lmtp == yes
        run: lmtp ${backend.name} off
        timeout: 40s
        check: unit.LmtpOff == yes
        settle_within: 5s
        undo: none
      - name: flush
        require: unit.Works == yes
        run: flush ${backend.name}
        timeout: 40s
        check: unit.Dirty == no
        settle_within: 5s
        undo: none
      - name: stop
        no_return: true
        run: service ${backend.name} stop
        timeout: 40s
        check: unit.ActiveState == inactive
        keep: {until: start}
        undo: {run: "service ${backend.name} start", check: unit.ActiveState == active}
  - phase: change
    rest: out
    steps:
      - name: change
        destroys: true
        require: unit.ActiveState == inactive
        run: change ${backend.name}
        timeout: 40s
        undo: none
  - phase: start
    rest: none
    steps:
      - name: start
        run: service ${backend.name} start
        timeout: 40s
        check: unit.ActiveState == active
        retries: 1
        undo: none
  - phase: verify
    proves: true
    rest: none
    steps:
      - name: works
        poll: {until: unit.ActiveState == active and unit.Works == yes, every: 1s, at_most: 30s}
  - phase: return
    rest: in
    steps:
      - name: up
        target: director
        run: up ${backend.address}
        timeout: 40s
        undo: none
      - name: back
        target: director
        run: weight ${backend.address} ${steps.zero.vhosts}
        timeout: 40s
        check: service.vhosts == ${steps.zero.vhosts}
        keep: {until: end}
        undo: none
      - name: speak
        run: silence ${backend.name} off
        timeout: 40s
        check: unit.Silent == no
        undo: none
      - name: soak
        wait: 5s
$$);
