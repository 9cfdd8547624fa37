-- 0001_base.sql - roles, the two schemas, what installing itself needs.
-- Every file runs in one transaction; objects belong to fleet_owner.

do $$
declare
	r text;
begin
	foreach r in array array['fleet_owner', 'fleet_reader',
				 'fleet_operator', 'fleet_coordinator']
	loop
		if to_regrole(r) is null then
			execute format('create role %I nologin', r);
		end if;
	end loop;
	if not pg_has_role(current_user, 'fleet_owner', 'member') then
		execute format('grant fleet_owner to %I', current_user);
	end if;
	grant fleet_reader to fleet_operator, fleet_coordinator;
end $$;

create schema fleet authorization fleet_owner;
create schema fleet_internal authorization fleet_owner;

set local role fleet_owner;

-- nothing is callable before it is granted by name
alter default privileges revoke execute on functions from public;

comment on schema fleet is
	'The public interface of drydock: read the views, call the functions. Stable within a major version.';
comment on schema fleet_internal is
	'The tables of drydock and the door of its coordinator. May change in any release: use schema fleet.';

-- Comments are part of the product, so they are written as a list: first the
-- sentence of the relation, then one line "column: sentence" for each column.
-- A column left out or misspelt is an error.
create function fleet_internal.describe(relation regclass, words text)
returns void language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	line text;
	head text := '';
	col text;
	kind text;
	bare text;
begin
	select case c.relkind when 'v' then 'view' else 'table' end
	  into kind from pg_class c where c.oid = relation;
	foreach line in array string_to_array(btrim(words, E' \n\t'), E'\n') loop
		line := btrim(line, E' \t');
		col := substring(line from '^([a-z0-9_]+): ');
		if col is null then
			head := btrim(head || ' ' || line);
		else
			execute format('comment on column %s.%I is %L', relation,
				       col, substring(line from length(col) + 3));
		end if;
	end loop;
	execute format('comment on %s %s is %L', kind, relation, head);
	select string_agg(a.attname, ', ') into bare from pg_attribute a
	 where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
	   and col_description(a.attrelid, a.attnum) is null;
	if bare is not null then
		raise exception '% has columns without a comment: %',
			relation, bare;
	end if;
end $$;
comment on function fleet_internal.describe(regclass, text) is
	'Sets the comments of a table or view and all its columns from a list.';

create table fleet_internal.schema_migration (
	version int primary key,
	name text not null,
	sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
	applied_at timestamptz not null default clock_timestamp(),
	applied_by text not null default session_user,
	duration_ms int
);
select fleet_internal.describe('fleet_internal.schema_migration', $$
Migrations applied to this database, each once and for good.
version: number in front of the file name
name: file name without number and .sql
sha256: of the file as applied; a file that changed afterwards is an error
applied_at: when
applied_by: who
duration_ms: how long it took
$$);

create table fleet_internal.clock_offset (
	only_one bool primary key default true check (only_one),
	offset_by interval not null
);
select fleet_internal.describe('fleet_internal.clock_offset', $$
Moves the time that all SQL reads; normally empty, only its owner may write it (tests of windows and ages).
only_one: there is at most one row
offset_by: added to the clock of the database server
$$);

create table fleet_internal.failure (
	code text primary key check (code ~ '^RD[0-9]{3}$'),
	name text not null unique,
	sentence text not null
);
select fleet_internal.describe('fleet_internal.failure', $$
The SQLSTATEs that drydock raises, one list.
code: the SQLSTATE
name: the word for it
sentence: what it means to the caller
$$);

create table fleet_internal.verb (
	name text primary key,
	role text not null,
	sentence text not null
);
select fleet_internal.describe('fleet_internal.verb', $$
What can be done, and the role that may do it.
name: the verb
role: members of this role may
sentence: what it does
$$);
