#!/bin/bash
# 90-speed.t - what an advance costs on a warm connection. The figures are for
# people; the limits are for the best of each, which a loaded machine does not
# move, and only catch something gone badly wrong.
. ./lib.sh

do_ "select test.running('mail', 1); select test.take(1, 1)"
do_ "create table test.cost (what text, ms double precision)"
cost() {
	q "select round(percentile_cont($2) within group (order by ms)::numeric, 2) from test.cost where what = '$1'"
}
say() {
	echo "# $1: best $(cost "$1" 0) ms, median $(cost "$1" 0.5) ms, 95 % $(cost "$1" 0.95) ms, of $(q "select count(*) from test.cost where what = '$1'")"
}
for f in "load_work(1)" "load_fleet(1)"; do
	do_ "do \$\$ declare t0 timestamptz; begin for i in 1..30 loop t0 := clock_timestamp(); perform fleet_internal.$f; insert into test.cost values ('$f', extract(epoch from clock_timestamp() - t0) * 1000); end loop; end \$\$"
	say "$f"
done
# a turn of 2,000 steps: the costs must not grow with it
do_ "insert into fleet_internal.step (turn_id, position, phase, name, kind)
	select test.turn(1, 1), 1000 + i, 'drain', 's' || i, 'run' from generate_series(1, 2000) i"
# no screen reads them but the list of steps, which is asked for one turn
do_ "select test.adv(1, jsonb_build_array(test.step_op(1, 1, 'weight', 'pending', 'running'),
	jsonb_build_object('op', 'attempt', 'id', gen_random_uuid(), 'step', test.step(1, 1, 'weight'), 'host', 1, 'seq', 1, 'argv', '[\"x\"]'::jsonb)))"
do_ "analyze" # as autovacuum does with a young database
do_ "create function test.steps_read(v regclass) returns bigint language plpgsql as \$\$
declare
	was bigint; is_ bigint;
	counter text := 'select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = ''fleet_internal.step''::regclass';
begin
	execute counter into was;
	execute format('create temp table seen on commit drop as select * from %s', v);
	drop table seen;
	execute counter into is_;
	return is_ - was;
end \$\$"
is "the step in hand is read, and counted" t "select test.steps_read('fleet.current_step') between 1 and 10"
is "no view reads the other steps, but that of steps" 'fleet.step' \
	"select string_agg(c.oid::regclass::text, ' ') from pg_class c where c.relnamespace = 'fleet'::regnamespace and c.relkind = 'v' and test.steps_read(c.oid) > 10"
do_ "select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'attempt_end', 'id', attempt_id, 'to', 'ended', 'result', '{\"exit\":0}'::jsonb),
	test.step_op(1, 1, 'weight', 'running', 'passed'))) from fleet_internal.attempt"
# finish one step and begin the next, attempt and all, as the engine does
do_ "create procedure test.measure(rounds int, s bigint) language plpgsql as \$\$
declare
	ops jsonb; t0 timestamptz; a uuid; b uuid := gen_random_uuid();
begin
	perform test.adv(1, jsonb_build_array(jsonb_build_object('op', 'step', 'step', s, 'from', 'pending', 'to', 'running'),
		jsonb_build_object('op', 'attempt', 'id', b, 'step', s, 'host', 1, 'seq', 1, 'argv', '[\"doveadm\",\"x\"]'::jsonb)));
	commit;
	for i in 1..rounds loop
		a := b; b := gen_random_uuid();
		ops := jsonb_build_array(
			jsonb_build_object('op', 'attempt_end', 'id', a, 'to', 'ended', 'result', '{\"exit\":0,\"ms\":40,\"out\":{\"bytes\":300,\"lines\":4,\"sha256\":\"00\",\"head\":\"YWJj\"},\"err\":{\"bytes\":0}}'::jsonb),
			jsonb_build_object('op', 'step', 'step', s + i - 1, 'from', 'running', 'to', 'passed'),
			jsonb_build_object('op', 'step', 'step', s + i, 'from', 'pending', 'to', 'running'),
			jsonb_build_object('op', 'attempt', 'id', b, 'step', s + i, 'host', 1, 'after', null, 'seq', i, 'argv', '[\"doveadm\",\"x\"]'::jsonb, 'note', '{\"vhosts\":\"100\"}'::jsonb));
		t0 := clock_timestamp();
		perform fleet_internal.advance(1, 1, 1, 2, ops, gen_random_uuid());
		insert into test.cost values ('advance', extract(epoch from clock_timestamp() - t0) * 1000);
		commit;
	end loop;
end \$\$"
scans() {
	q "select sum(seq_scan) from pg_stat_user_tables where relname in ('step', 'attempt', 'turn', 'event', 'output')"
}
step=$(q "select step_id from fleet_internal.step where name = 's1'")
before=$(scans)
written=$(q "select sum(n_tup_upd) from pg_stat_user_tables where relname = 'step'")
asked=$(q "select sum(seq_scan + idx_scan) from pg_stat_user_tables where relname in ('state', 'edge')")
do_ "call test.measure(500, $step)"
say advance
is "a step is written when it begins and when it is over" "$((written + 1001))" \
	"select sum(n_tup_upd) from pg_stat_user_tables where relname = 'step'"
is "and no table is asked what may follow" "$asked" \
	"select sum(seq_scan + idx_scan) from pg_stat_user_tables where relname in ('state', 'edge')"
is "no advance reads a whole table" "$before" \
	"select sum(seq_scan) from pg_stat_user_tables where relname in ('step', 'attempt', 'turn', 'event', 'output')"
is "finish and start in one advance: well below 10 ms" t \
	"select min(ms) < 10 from test.cost where what = 'advance'"
for v in progress backend fleet rollout; do
	do_ "do \$\$ declare t0 timestamptz; begin for i in 1..30 loop t0 := clock_timestamp(); perform count(x) from fleet.$v x; insert into test.cost values ('fleet.$v', extract(epoch from clock_timestamp() - t0) * 1000); end loop; end \$\$"
	say "fleet.$v"
done
is "no screen takes 100 ms" '' "select what from test.cost where what like 'fleet%' group by what having min(ms) > 100"
