#!/bin/bash
# 57-inputs.t - bad input from any client: a SQLSTATE, a sentence, and no row
# that changed.  A name begins with the number of its class; rows edited by hand
# (56) are 20-promise and 22-fence, hostile paths (59) are 40-roles.
. ./lib.sh

# every row of every table, as one number
do_ "create function test.sum() returns text language plpgsql as \$\$
declare
	t regclass;
	h text;
	s text := '';
begin
	for t in select c.oid from pg_class c
		where c.relnamespace = 'fleet_internal'::regnamespace
		  and c.relkind = 'r' order by 1
	loop
		execute format('select md5(string_agg(x::text, '','' order by
			x::text)) from %s x', t) into h;
		s := md5(s || t || coalesce(h, ''));
	end loop;
	return s;
end \$\$"

do_ "select test.running('mail', 1)"
do_ "select test.running('web', 2); select fleet.abort(2, 'x');
	select test.adv(2, '[{\"op\":\"rollout\",\"from\":\"running\",\"to\":\"aborted\"}]')"
do_ "select fleet.cancel(test.plan('web')); select test.plan('web')"
is "what is there" 'running,aborted,cancelled,planned' \
	"select string_agg(state, ',' order by rollout) from fleet.rollout"

deep='(repeat(%s, 1000) || %s || repeat(%s, 1000))::jsonb'
# shellcheck disable=SC2059
deep=$(printf "$deep" "'[{\"a\":'" "'1'" "'}]'")
wide="jsonb_build_object('a', repeat('x', 10485760))"
many="(select jsonb_agg(i) from generate_series(1, 400000) i)"

# number, SQLSTATE, words, statement
inputs() {
	cat <<-LIST
	48|42883|does not exist|fleet.pause()
	48|42883|does not exist|fleet.pause(1, 'x', 'soon', '1 h', 'more')
	48|22P02|invalid input|fleet.pause('one', 'x')
	48|22003|out of range|fleet.pause('99999999999999999999', 'x')
	48|RD001|no fleet|fleet.exclude('', 'mail1', 'x')
	48|RD004|no time at which anybody is here|fleet.start(4, 'infinity')
	48|RD004|no time at which anybody is here|fleet.start(4, '-infinity')
	48|RD004|At most a hundred years ahead|fleet.start(4, '294276-12-31')
	48|RD004|nobody would be called within a year|fleet.pause(1, 'x', expires => '170000 years')
	48|RD004|up to seven days|fleet.override(1, 'min_up', 'x', 'mail2', expires => '170000 years')
	48|22007|invalid input syntax|fleet.start(3, 'whenever')
	48|RD004|is not understood|fleet.window_add('mail', 'infinity')
	48|RD004|is not understood|fleet.schedule_add('mail', 'infinity', 'restart', unattended_without_alarm => true)
	49|RD001|no rollout 99|fleet.resume(99)
	49|RD001|no rollout -1|fleet.resume(-1)
	49|RD002|aborted, so it cannot be resumed|fleet.resume(2)
	49|RD002|cancelled, so it cannot be resumed|fleet.resume(3)
	49|RD002|aborted, so it cannot be paused|fleet.pause(2, 'x')
	51|RD004|a reason is needed|fleet.pause(1, E' \\t\\r\\n')
	51|RD004|a reason is needed|fleet.pause(1, null)
	51|RD004|1048576 characters|fleet.pause(1, repeat('x', 1048576))
	51|RD004|1048576 characters|fleet.abort(1, repeat('x', 1048576))
	51|RD004|1048576 characters|fleet.exclude('mail', 'mail3', repeat('x', 1048576))
	51|54000|null character|fleet.pause(1, 'a' || chr(0))
	51|22021|invalid byte sequence|fleet.pause(1, convert_from('\\xff', 'UTF8'))
	57|RD004|At most 1 MiB and 12 levels|fleet.request('check', 'mail', $wide)
	57|RD004|At most 1 MiB and 12 levels|fleet.request('check', 'mail', jsonb_build_object('a', $deep))
	57|RD004|At most 1 MiB and 12 levels|fleet.request('check', 'mail', jsonb_build_object('a', $many))
	57|RD004|At most 1 MiB and 12 levels|fleet.plan('mail', 'restart', $wide)
	57|RD004|At most 1 MiB and 12 levels|fleet.plan('mail', 'restart', jsonb_build_object('a', $deep))
	57|RD004|At most 1 MiB and 12 levels|fleet.schedule_add('mail', 'Mon 01:00', 'restart', jsonb_build_object('a', $deep), unattended_without_alarm => true)
	57|RD004|an object|fleet.request('check', 'mail', '[]')
	57|RD004|this is no inventory|fleet.import($wide)
	57|RD004|this is no inventory|fleet.import(jsonb_set(fleet.export('mail'), '{service,row}', $deep))
	57|RD004|this is no inventory|fleet.import('[]')
	57|RD004|more than 1 MiB|fleet.add_procedure(E'procedure: x\n' || repeat('#', 1048576))
	57|RD004|At most 16 MiB|fleet.put_content(convert_to(repeat('x', 16777217), 'UTF8'))
	LIST
}

before=$(q "select test.sum()")
while IFS='|' read -r row code words call; do
	refused "$row ${call:0:60}" "$code" "$words" "select $call" anna
	now=$(q "select test.sum()")
	[ "$before" = "$now" ] || say_not_ok "$row ${call:0:60} changed a row"
done < <(inputs)

# 51: what may stand there stands there, as text
text="E'\\x1b]0;x\\x07 %s%n \\'); drop table x; --' || repeat('𝄞', 1968)"
is "51 control characters, quotes, formats, 2000 wide characters" 't|t' "
	begin; do \$\$ begin perform fleet.pause(1, $text); end \$\$;
	select pause_reason = $text, (select bool_or(strpos(message, $text) > 0)
		from fleet.event where kind = 'rollout.pausing')
	from fleet.rollout where rollout = 1; rollback" anna
# 56: no row has a time that never is ...
is "56 every time of every table is finite" '0' "
	select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid
	 where c.relnamespace = 'fleet_internal'::regnamespace
	   and c.relkind = 'r' and a.atttypid = 'timestamptz'::regtype
	   and not a.attisdropped and not exists (select from pg_constraint k
		where k.conrelid = c.oid and k.contype = 'c'
		  and a.attnum = any (k.conkey) and k.convalidated
		  and pg_get_constraintdef(k.oid) ~ ('isfinite\(' || a.attname || '\)'))"
refused "56 a hold since always" 23514 'hold_finite_check' "
	insert into fleet_internal.hold (fleet_id, rollout_id, kind, since, why)
	values (1, 1, 'gate', '-infinity', 'x')"

# ... and one from before that was refused makes no view fail
do_ "create function test.views_with(t text, col text, at text)
returns text language plpgsql as \$\$
declare
	v regclass;
begin
	execute format('alter table fleet_internal.%I drop constraint %I', t,
		t || '_finite_check');
	execute format('update fleet_internal.%I set %I = %L', t, col, at);
	for v in select c.oid from pg_class c where c.relkind = 'v'
		and c.relnamespace in ('fleet'::regnamespace,
			'fleet_internal'::regnamespace) loop
		execute format('create temp table seen on commit drop as select * from %s', v);
		drop table seen;
	end loop;
	raise exception 'all were read' using errcode = 'RD099';
exception
	when sqlstate 'RD099' or unique_violation then return null;
	when check_violation then return null; -- cannot be, for another reason
	when others then return format('%s.%s = %s: %s: %s', t, col, at, v, sqlerrm);
end \$\$"
do_ "select test.take(1, 1); select fleet.pause(1, 'x', expires => '1 h');
	select fleet.schedule_add('mail', 'Mon 01:00', 'restart',
		unattended_without_alarm => true);
	insert into fleet_internal.hold (fleet_id, rollout_id, kind, since, why)
	values (1, 1, 'gate', clock_timestamp(), 'x');
	insert into fleet_internal.sighting (backend_id, at, since, in_service)
	select backend_id, clock_timestamp(), clock_timestamp(), true
	  from fleet_internal.backend on conflict do nothing"
is "56 each time of each row, once as infinity" '' "
	set session_replication_role = replica;
	select string_agg(test.views_with(c.relname, a.attname, i.at), E'\n')
	  from pg_attribute a
	  join pg_class c on c.oid = a.attrelid
	 cross join (values ('infinity'), ('-infinity')) i (at)
	 where c.relnamespace = 'fleet_internal'::regnamespace
	   and c.relkind = 'r' and a.atttypid = 'timestamptz'::regtype
	   and not a.attisdropped"

# 57: and what is just small enough is taken
like "57 twelve levels are none too many" '^[0-9]+$' \
	"begin; select fleet.request('check', 'mail', (repeat('{\"a\":', 10) || '1' || repeat('}', 10))::jsonb); rollback" anna
