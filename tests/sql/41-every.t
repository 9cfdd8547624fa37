#!/bin/bash
# 41-every.t - every role tries every function, view and table there is, by the
# catalogue: what is new and stands in none of these lists makes it fail.
. ./lib.sh

do_ "select test.running('mail', 1); select test.take(1, 1)"

# who may run what, as it was decided; what stands nowhere is nobody's. What
# views call is run for the one who reads them.
called_by_views="choices_of clock elapsed hold_next min_up_count ms safe_text
	settling_of shell_word silent_next span turn_commands window_openings
	words"
for_readers="export last_events version window_next"
for_operators="abort add_procedure approve cancel exclude hook_test import include
	override pause pin plan put_content request restore resume retry
	schedule_add schedule_remove settle skip start window_add
	window_remove"
for_coordinators="advance beat goodbye hello hook_done hook_offer hook_take load
	load_content load_detail load_fleet load_inventory load_plan
	load_procedure load_work plan_save pull_done pull_next release remind
	request_done request_take schedule_tick take tidy"
views="attempt backend choice coordinator current_step diagnosis drain error event
	finding fleet hold hook hook_run host impact left_out machine_edge machine_state
	no_coordinator outage output procedure progress request residue rollout schedule
	sighting step timeline turn window"

# Without a right to it it is refused before it runs; else it runs, with nothing
# given, and whatever comes of that is undone. Not as constants, or a function
# that answers null to them would not be looked at.
do_ "create function test.tries(who text, statement text) returns bool
language plpgsql as \$\$
declare
	text_ text;
begin
	begin
		execute format('set local session authorization %I', who);
		execute statement;
		raise exception 'it went through';
	exception when others then
		get stacked diagnostics text_ = message_text;
		-- 42501, its own refusal too, which is not the one meant
		return text_ !~ '^permission denied for (function|schema|table|view|sequence) ';
	end;
end \$\$;
create function test.call(f regprocedure) returns text language sql as \$\$
	select format('select %s(%s)', f::regproc, coalesce((select string_agg(
			format('(select null::%s)', format_type(x.t, null)), ', '
			order by x.n)
		  from unnest(p.proargtypes) with ordinality x (t, n)), ''))
	  from pg_proc p where p.oid = f
\$\$;
create view test.every_function as
select p.oid::regprocedure as f, p.pronamespace::regnamespace::text as s,
	p.proname::text as name
  from pg_proc p where p.pronamespace in
	('fleet'::regnamespace, 'fleet_internal'::regnamespace);
create view test.every_relation as
select c.oid::regclass as r, c.relkind, c.relnamespace::regnamespace::text as s,
	c.relname::text as name, (select quote_ident(a.attname)
		from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
		 and not a.attisdropped and a.attidentity = ''
		 and a.attgenerated = '' order by a.attnum limit 1) as col
  from pg_class c where c.relkind in ('r', 'v', 'm', 'p', 'f', 'S')
   and c.relnamespace in
	('fleet'::regnamespace, 'fleet_internal'::regnamespace)"

# words LIST...: as an array
words() {
	echo "'{$(xargs <<<"$*" | tr ' ' ,)}'::text[]"
}

# may_run NAME USER LIST...: exactly these, of all
may_run() {
	local name=$1 user=$2
	shift 2

	is "$name: $(echo "$@" | wc -w) functions and nothing else" '' "
		with tried as (select name, test.tries('$user', test.call(f)) as may
			from test.every_function)
		select string_agg(distinct x.what, ', ') from (
			select 'may ' || name as what from tried
			 where may and name <> all ($(words "$@"))
			union all select 'may not ' || name from tried
			 where not may and name = any ($(words "$@"))
			union all select w || ' is not there'
			  from unnest($(words "$@")) w
			 where w not in (select name from tried)) x"
}

echo "# $(q "select count(*) from test.every_function") functions, $(q "select string_agg(n || ' ' || k, ', ') from (select count(*) n, case relkind when 'r' then 'tables' when 'v' then 'views' else 'sequences' end k from test.every_relation group by 2) x")"
may_run "nobody" mallory
may_run "a reader" bert "$for_readers"
may_run "an operator" anna "$for_readers" "$for_operators"
may_run "a coordinator" drydockd "$called_by_views" "$for_readers" \
	"$for_coordinators"
# views get them past the schema, for what they call
do_ "grant usage on schema fleet_internal to mallory, bert, anna"
may_run "nobody, past the schema" mallory
may_run "a reader, past the schema" bert "$called_by_views" "$for_readers"
may_run "an operator, past the schema" anna "$called_by_views" "$for_readers" \
	"$for_operators"
do_ "revoke usage on schema fleet_internal from mallory, bert, anna"

# refused comes before what it would say of a view that cannot be written
do_ "create view test.every_try as
select r, s, name, what, case what
	when 'select' then format('select count(*) from (select * from %s) x', r)
	when 'nextval' then format('select nextval(%L)', r)
	when 'insert' then format('insert into %s default values', r)
	when 'update' then format('update %s set %s = default', r, col)
	when 'delete' then format('delete from %s', r)
	when 'truncate' then format('truncate %s cascade', r) end as statement
  from test.every_relation, unnest('{select,nextval,insert,update,delete,truncate}'::text[]) what
 where case relkind when 'S' then what in ('select', 'nextval')
	when 'v' then what <> 'truncate' and what <> 'nextval'
	else what <> 'nextval' end;
-- nothing is written through a view that joins or counts, whoever tries
create function test.tries(who text, t test.every_try) returns bool
language sql as \$\$
	select test.tries(who, t.statement) and not (t.what <> 'select'
		and exists (select from pg_class c where c.oid = t.r
			and c.relkind = 'v' and pg_relation_is_updatable(t.r,
				false) = 0))
\$\$"
is "these are the public views" '' "
	select string_agg(distinct coalesce(r.name, 'no ' || w), ', ')
	  from unnest($(words "$views")) w
	  full join (select name from test.every_relation where s = 'fleet') r
		on r.name = w
	 where r.name is null or w is null"
for user in mallory bert anna drydockd; do
	[ "$user" = mallory ] && public='' || public=$views
	is "$user reads $(echo "$public" | wc -w) views and has nothing else of $(q "select count(*) from test.every_try") tries" '' "
		select string_agg(what || ' ' || r, ', ') from test.every_try t
		 where test.tries('$user', t) <> (s = 'fleet'
			and what = 'select' and name = any ($(words "$public")))"
done

# what would have to be decided
is "a function that anybody may run is noticed" 'may novelty' "begin;
	create function fleet_internal.novelty(int) returns int language sql strict immutable as 'select 1';
	select 'may ' || name from test.every_function where name = 'novelty' and test.tries('drydockd', test.call(f)); rollback"
is "and a right to a table" 'update' "begin;
	grant update on fleet_internal.clock_offset to fleet_coordinator;
	select string_agg(what, ',') from test.every_try t where test.tries('drydockd', t) and name = 'clock_offset'; rollback"
