-- cli-seed-run.sql - rollout 1 runs: mail01 done, mail02 held at its last
-- step with hostile words everywhere; what drives it is switched off, so the
-- rows stand as they are.
\set ON_ERROR_STOP on
set session_replication_role = replica;
update fleet_internal.rollout set started_at = now() - interval '42 min'
 where rollout_id = 1;
update fleet_internal.turn set state = 'done', steps_done = 4,
	work_ms = expected_ms, taken_at = now() - interval '41 min',
	ended_at = now() - interval '20 min', proved = true
 where turn_id = 1;
update fleet_internal.turn_phase set state = 'done',
	started_at = now() - interval '41 min',
	ended_at = now() - interval '34 min' where turn_id = 1;
update fleet_internal.step set state = 'passed',
	started_at = now() - interval '41 min',
	ended_at = now() - interval '40 min' where turn_id = 1;
update fleet_internal.turn set state = 'held', phase = 'verify',
	steps_done = 3, work_ms = 900000, no_return_begun = true,
	taken_at = now() - interval '19 min',
	message = E'mailbox-status failed\033[2J' where turn_id = 2;
update fleet_internal.turn_phase set state = 'done',
	started_at = now() - interval '19 min',
	ended_at = now() - interval '4 min'
 where turn_id = 2 and name <> 'verify';
update fleet_internal.turn_phase set state = 'running',
	started_at = now() - interval '4 min'
 where turn_id = 2 and name = 'verify';
update fleet_internal.step set state = case name when 'mailbox-status'
	then 'failed' else 'passed' end,
	started_at = now() - interval '4 min', ended_at = now() - interval '3 min',
	message = case name when 'mailbox-status'
	then E'exit 75: \033]0;owned\007 Timeout while waiting for lock' end
 where turn_id = 2;
insert into fleet_internal.attempt (attempt_id, step_id, nr, host_id, state,
	argv, sent_at, ended_at, exit_status, ms)
select '22222222-2222-2222-2222-222222222222', step_id, 1, 2, 'ended',
	array['doveadm', 'mailbox', 'status', '-u', E'probe\033[31m', '*'],
	now() - interval '4 min', now() - interval '3 min', 75, 3000
  from fleet_internal.step where turn_id = 2 and name = 'mailbox-status';
insert into fleet_internal.output (attempt_id, stream, bytes, lines, sha256,
	head)
values ('22222222-2222-2222-2222-222222222222', 'err', 60, 3,
	repeat('0', 64),
	E'Error: \\033]0;owned\\007\\015<script>\\342\\200\\256\n\\377\nlast'::bytea);
insert into fleet_internal.sample (turn_id, metric, at, value)
select 2, 'users', now() - interval '20 min' + n * interval '1 min',
	400 / (n + 1) from generate_series(0, 9) n;
insert into fleet_internal.hold (fleet_id, rollout_id, turn_id, kind, gate,
	backend_id, critical, since, why, type_next)
values (1, 1, 2, 'turn', 'mailbox-status', 2, false,
	now() - interval '3 min',
	E'mailbox-status failed: \033[31mexit 75\033[0m; users see nothing of it',
	E'drydock retry 1 mail02\ndrydock restore 1 mail02\ndrydock skip 1 mail02 --reason "…" --accept-out');
insert into fleet_internal.outage (fleet_id, interlock, backend_id, turn_id,
	survey_id, survey_at, out_since)
values (1, 'mail-eu', 2, 2, 1, now() - interval '18 min',
	now() - interval '18 min');
