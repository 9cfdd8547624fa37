-- 10_base.sql - errors, time, who may do what.

set local role fleet_owner;

insert into fleet_internal.failure (code, name, sentence) values
('RD001', 'not_found', 'there is no such thing'),
('RD002', 'wrong_state', 'it is not in a state in which this can be done'),
('RD003', 'not_allowed', 'this user may not do it'),
('RD004', 'bad_argument', 'an argument is not usable'),
('RD005', 'promise', 'it could take a second backend out of service'),
('RD006', 'stale_plan', 'something changed since the plan was made'),
('RD007', 'no_alarm', 'nobody would be told when it halts'),
('RD010', 'fenced', 'another coordinator has the fleet'),
('RD011', 'stale_revision', 'a person or another decision came first'),
('RD012', 'illegal_edge', 'the state machine has no such change'),
('RD020', 'database_hold', 'the database cannot be relied on now')
on conflict (code) do update set
	name = excluded.name, sentence = excluded.sentence;

insert into fleet_internal.verb (name, role, sentence) values
('advance', 'fleet_coordinator', 'write what happened'),
('lease', 'fleet_coordinator', 'hold fleets'),
('answer', 'fleet_coordinator', 'answer requests'),
('ask', 'fleet_operator', 'ask the coordinator for a plan, a check, a look'),
('import', 'fleet_operator', 'change the inventory'),
('export', 'fleet_reader', 'read the inventory'),
('pin', 'fleet_operator', 'pin host keys'),
('put', 'fleet_operator', 'store content and procedures'),
('start', 'fleet_operator', 'start, schedule and cancel rollouts'),
('steer', 'fleet_operator', 'pause, resume, retry, skip and so on'),
('override', 'fleet_operator', 'lift a gate'),
('exclude', 'fleet_operator', 'exclude and include backends'),
('hook', 'fleet_operator', 'test hooks')
on conflict (name) do update set
	role = excluded.role, sentence = excluded.sentence;

-- The one way to say no: what, why, what to type.
create or replace function fleet_internal.fail(code text, message text,
	detail text, hint text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
	raise exception using errcode = code, message = message,
		detail = coalesce(nullif(detail, ''), (select f.sentence
			from fleet_internal.failure f where f.code = fail.code),
			'-'),
		hint = coalesce(nullif(hint, ''), 'See: select * from fleet.fleet;');
end $$;
comment on function fleet_internal.fail(text, text, text, text) is
	'Raises one of the SQLSTATEs of the list, with detail and hint.';

create or replace function fleet_internal.counted(n numeric, one text,
	many text)
returns text language sql immutable as $$
	select n || ' ' || case when n = 1 then one else many end
$$;
comment on function fleet_internal.counted(numeric, text, text) is
	'"1 backend", "2 backends".';

-- Views read it from here: the clock as a function costs a new connection the
-- loading of PL/pgSQL and a plan of its own. Once per statement, and what is fresh
-- is compared with a time that stands: an interval taken from the clock once per
-- row costs a third.
create or replace view fleet_internal.moment as
select x.now, x.now - interval '60 s' as fresh_since
  from (select clock_timestamp() + coalesce((select o.offset_by
	  from fleet_internal.clock_offset o), interval '0') as now) x;
select fleet_internal.describe('fleet_internal.moment', $$
The time of a statement: the server's clock plus a tester's offset; one row.
now: the time that everything here reads
fresh_since: readings from before then say nothing
$$);

create or replace function fleet_internal.clock()
returns timestamptz language plpgsql volatile parallel safe
security definer set search_path = pg_catalog, pg_temp as $$
begin
	return (select m.now from fleet_internal.moment m);
end $$;
comment on function fleet_internal.clock() is
	'The time that everything here reads: the server''s clock plus a tester''s offset.';

create or replace function fleet_internal.ms(i interval)
returns bigint language sql immutable parallel safe as
$$ select round(extract(epoch from i) * 1000)::bigint $$;
comment on function fleet_internal.ms(interval) is 'Milliseconds of an interval.';

-- stable like its body: declared immutable it could not be inlined
create or replace function fleet_internal.ms(t timestamptz)
returns bigint language sql stable parallel safe as
$$ select round(extract(epoch from t) * 1000)::bigint $$;
comment on function fleet_internal.ms(timestamptz) is
	'Milliseconds since 1970, as the coordinator counts.';

create or replace function fleet_internal.from_ms(ms text)
returns timestamptz language sql immutable parallel safe as
$$ select to_timestamp(ms::numeric / 1000) $$;
comment on function fleet_internal.from_ms(text) is
	'A time given in milliseconds since 1970.';

create or replace function fleet_internal.span(ms numeric)
returns interval language sql immutable parallel safe as
$$ select make_interval(secs => (ms / 1000)::double precision) $$;
comment on function fleet_internal.span(numeric) is
	'An interval of so many milliseconds.';

-- A time without end makes no screen fail that only shows how long ago it is.
create or replace function fleet_internal.elapsed(since timestamptz,
	until timestamptz)
returns interval language sql immutable parallel safe as
$$ select case when isfinite(since) and isfinite(until)
	then until - since end $$;
comment on function fleet_internal.elapsed(timestamptz, timestamptz) is
	'From one time to another; null when one of them is unknown or infinity.';

-- What a person types; all tables refuse an infinity, with fewer words.
create or replace function fleet_internal.demand_time(at timestamptz, name text)
returns void language plpgsql as $$
begin
	if not isfinite(at) or at > fleet_internal.clock() + interval '100 years'
	then
		perform fleet_internal.fail('RD004', format(
			'%s is %s: that is no time at which anybody is here',
			name, at), 'At most a hundred years ahead.',
			'Give a time like 2026-12-01 01:00, or none.');
	end if;
end $$;
comment on function fleet_internal.demand_time(timestamptz, text) is
	'Refuses with RD004 a time that is never, or so far away that it is an error.';

-- Every function asks here. The fleet is an argument so that a right can be
-- narrowed to fleets without touching the callers.
create or replace function fleet_internal.may(fleet int, verb text)
returns bool language plpgsql stable security definer
set search_path = pg_catalog, pg_temp as $$
begin
	return exists (select from fleet_internal.verb v
		where v.name = may.verb
		  and pg_has_role(session_user, v.role, 'member'));
end $$;
comment on function fleet_internal.may(int, text) is
	'Whether the user of this session may do that to that fleet.';

create or replace function fleet_internal.demand(fleet int, verb text)
returns void language plpgsql as $$
declare
	v fleet_internal.verb;
begin
	if fleet_internal.may(fleet, verb) then
		return;
	end if;
	select * into v from fleet_internal.verb t where t.name = demand.verb;
	perform fleet_internal.fail('RD003',
		format('%s may not %s', session_user, coalesce(v.sentence, verb)),
		format('This needs a member of %s.', coalesce(v.role, 'no role')),
		format('Ask an administrator for: grant %I to %I;',
		       coalesce(v.role, 'fleet_operator'), session_user));
end $$;
comment on function fleet_internal.demand(int, text) is
	'Refuses with RD003 what may() does not allow.';

-- min_up counts of all listed backends: N, P% rounded up, or all but N.
create or replace function fleet_internal.min_up_count(min_up text, listed int)
returns int language sql immutable as $$
	select case
	when min_up ~ '^all but [0-9]{1,4}$'
		then greatest(listed - substring(min_up from 9)::int, 0)
	when min_up ~ '^[0-9]{1,3}%$'
		then ceil(listed * rtrim(min_up, '%')::numeric / 100)::int
	when min_up ~ '^[0-9]{1,4}$' then min_up::int
	end
$$;
comment on function fleet_internal.min_up_count(text, int) is
	'How many backends of so many must stay up; null = not understood.';
