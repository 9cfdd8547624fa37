-- cli-seed.sql - a fleet of three and a rollout in the middle of its second
-- backend, written the way a coordinator writes: through the door.
\set ON_ERROR_STOP on
select fleet.import('{"fleet":"mail-eu","timezone":"UTC","min_up":"all but 1",
 "interlock":null,"windows":[],"ssh":{"user":"drydock","port":22},
 "service":{"from":"each director","run":["doveadm","director","status"],
  "format":"json","key":"mail server ip","in":"state == up",
  "strangers":"refuse"},
 "groups":{"director":{"members":[{"name":"dir1","address":"10.0.0.1"},
  {"name":"dir2","address":"10.0.0.2"}],"ready":null,"min_gap_ms":1100,
  "confirm_ms":2000}},
 "backends":[{"name":"mail01","address":"10.0.0.11","labels":{"rack":"a"},
   "address_elsewhere":false},
  {"name":"mail02","address":"10.0.0.12","labels":{"rack":"b"},
   "address_elsewhere":false},
  {"name":"mail03","address":"10.0.0.13","labels":{},
   "address_elsewhere":false}],
 "change_required":false,"allow_single":false}');
select fleet.add_procedure(E'procedure: restart\n');

create temp table seed as select
	fleet_internal.hello('ops1', '11111111-1111-1111-1111-111111111111',
		'0.1.0', 'ops1.example.net', 4711,
		(fleet.version()->>'schema')::int) as coordinator;
select fleet_internal.take((select coordinator from seed),
	'11111111-1111-1111-1111-111111111111', 1, 0);
select fleet.plan('mail-eu', 'restart');

create temp table plan as select '{"procedure":"restart","phases":[
 {"name":"drain","takes_out":true,"rest":"none"},
 {"name":"stop","no_pause":true,"rest":"out"},
 {"name":"verify","proves":true,"rest":"in"}],
 "steps":[
 {"name":"weight-zero","phase":"drain","kind":"run","target":"director",
  "argv":["doveadm","director","update","10.0.0.11","0"]},
 {"name":"wait-users","phase":"drain","kind":"poll","target":"director",
  "poll":{"until":"service.users == 0","every_ms":15000,"at_most_ms":900000}},
 {"name":"stop-dovecot","phase":"stop","kind":"run","target":"backend",
  "argv":["systemctl","stop","dovecot"],"no_return":true,
  "expected_ms":20000},
 {"name":"mailbox-status","phase":"verify","kind":"run","target":"backend",
  "argv":["doveadm","mailbox","status","-u","probe01","messages","*"]}]}'
 ::jsonb as doc;
select fleet_internal.plan_save(1, 1, 1, jsonb_build_object(
	'procedure_sha256', (select sha256 from fleet.procedure),
	'fleet_revision', (select revision from fleet.fleet),
	'turns', (select jsonb_agg(jsonb_build_object('backend', b, 'plan', doc))
		from plan, unnest(array['mail01', 'mail02', 'mail03']) b)));
