-- 47_fit.sql - what was true when a plan was made, and must be when it starts.
--
-- A person who types start is told at once. What starts by itself is looked at
-- again at its hour: whoever changed something in between did not think of it.

set local role fleet_owner;

create or replace function fleet_internal.stale_why(r fleet_internal.rollout)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
	newer text;
begin
	if r.fleet_revision <> (select f.revision from fleet_internal.fleet f
				 where f.fleet_id = r.fleet_id) then
		return format('Since it was made at %s: %s.', r.created_at,
			coalesce((select string_agg(e.message, '; '
					order by e.seq)
			  from fleet_internal.event e
			 where e.fleet_id = r.fleet_id and e.at >= r.created_at
			   and e.kind in ('fleet.imported', 'backend.excluded',
					  'backend.included', 'member.excluded',
					  'member.included')),
			'the inventory changed'));
	end if;
	select p.sha256 into newer from fleet_internal.procedure p
	  join fleet_internal.procedure mine
		on mine.procedure_id = r.procedure_id and mine.name = p.name
	 where p.procedure_id > mine.procedure_id
	   and p.added_at > r.created_at
	 order by p.procedure_id desc limit 1;
	return 'Its procedure has a newer text since: ' || left(newer, 12)
		|| '.';
end $$;
comment on function fleet_internal.stale_why(fleet_internal.rollout) is
	'What changed since a plan was made: inventory or procedure; null = nothing.';

create or replace function fleet_internal.change_why(p_fleet int, p_ref text,
	out what text, out why text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	s jsonb := (select f.settings from fleet_internal.fleet f
		     where f.fleet_id = p_fleet);
	pattern text := s->>'change_pattern';
begin
	if p_ref is null and (pattern is not null
	   or coalesce((s->>'change_required')::bool, false)) then
		what := 'this fleet needs a change ticket';
		why := coalesce('Its inventory says change_pattern: ' || pattern,
			'Its inventory says change_required: yes.');
	elsif p_ref !~ ('^(?:' || pattern || ')$') then
		what := format('"%s" is no change ticket of this fleet',
			       left(p_ref, 80));
		why := 'Its inventory says change_pattern: ' || pattern;
	end if;
end $$;
comment on function fleet_internal.change_why(int, text) is
	'What is wrong with a change ticket, or that there is none; null = nothing.';

create or replace function fleet_internal.start_unfit(r fleet_internal.rollout)
returns text language plpgsql stable
set search_path = pg_catalog, pg_temp as $$
declare
	stale text := fleet_internal.stale_why(r);
	change record := fleet_internal.change_why(r.fleet_id, r.change_ref);
	wrong text := coalesce('the plan is stale: ' || left(stale, 300),
		change.what || ': ' || change.why);
begin
	return format('it does not start: %s; type: drydock plan %s, and start that',
		rtrim(wrong, '.'), (select p.name from fleet_internal.procedure p
			 where p.procedure_id = r.procedure_id))
	 where wrong is not null;
end $$;
comment on function fleet_internal.start_unfit(fleet_internal.rollout) is
	'Why what was to start by itself must not, and what to type; null = it may.';
