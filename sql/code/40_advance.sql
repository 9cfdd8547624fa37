-- 40_advance.sql - the coordinator's one door: a list of ops, all or nothing.
--
-- advance() locks the fleet, compares epoch and revision, then applies the
-- ops in order. Each kind of op is one function op_*(fleet, rollout, now, op)
-- that returns the id of what it made, if it makes something. An op that finds
-- its own work done already (same attempt id, same state) is content: the
-- answer to an earlier commit may have been lost. Ops may carry at_ms: it
-- happened while the database was away.
--
-- Rows are found by their keys here. A connection lives for months, and a plan
-- that it made while a table was nearly empty would go on reading all of it:
-- hence no sequential scans (which look dear then, so no JIT either). One plan
-- serves all calls: to plan again costs more than it finds.
--
-- A step is one advance, so what it executes counts. Each statement costs some
-- 0.1 ms when a processor's caches hold other programs' work; PERFORM makes a
-- statement of a call, an assignment does not; a second update of one row in a
-- transaction checks its foreign keys again.

set local role fleet_owner;

create or replace function fleet_internal.advance(p_fleet int, p_epoch bigint,
	p_rollout bigint, p_revision bigint, p_ops jsonb,
	p_call uuid default null)
returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
set plan_cache_mode = force_generic_plan as $$
declare
	f fleet_internal.fleet;
	rev bigint;
	op jsonb;
	id bigint;
	ids jsonb := '{}';
	last_seq bigint;
	now_ timestamptz;
	answer jsonb;
begin
	if not fleet_internal.may(p_fleet, 'advance') then
		perform fleet_internal.demand(p_fleet, 'advance');
	end if;
	f := fleet_internal.fence(p_fleet, p_epoch);
	if p_call is not null and f.last_call = p_call then
		return f.last_result || '{"repeated": true}';
	end if;
	rev := fleet_internal.match_revision(p_fleet, p_rollout, p_revision);
	now_ := fleet_internal.clock();
	for i in 0 .. jsonb_array_length(p_ops) - 1 loop
		op := p_ops->i;
		id := fleet_internal.op_run(p_fleet, p_rollout, now_, op);
		if id is not null and op ? 'ref' then
			ids := ids || jsonb_build_object(op->>'ref', id);
		end if;
		last_seq := greatest(last_seq, (op->>'seq')::bigint);
	end loop;
	answer := jsonb_build_object('revision', rev,
		'now_ms', fleet_internal.ms(now_), 'ids', ids);
	update fleet_internal.fleet set last_call = p_call,
		last_result = answer,
		change_seq = greatest(change_seq, last_seq)
	 where fleet_id = p_fleet;
	return answer;
end $$;
comment on function fleet_internal.advance(int, bigint, bigint, bigint, jsonb, uuid) is
	'Applies a list of ops under the fleet''s lock, fenced by epoch and revision, all or nothing.';

create or replace function fleet_internal.match_revision(p_fleet int,
	p_rollout bigint, p_revision bigint)
returns bigint language plpgsql as $$
declare
	rev bigint;
begin
	if p_rollout is null then
		return null;
	end if;
	select r.revision into rev from fleet_internal.rollout r
	 where r.rollout_id = p_rollout and r.fleet_id = p_fleet;
	if rev is distinct from p_revision then
		perform fleet_internal.fail('RD011', format(
			'rollout %s changed since this was decided', p_rollout),
			format('Its revision is %s, the decision was made on %s.',
			       rev, p_revision),
			'Load the work again and decide again.');
	end if;
	return rev;
end $$;
comment on function fleet_internal.match_revision(int, bigint, bigint) is
	'Compares the revision under the fleet''s lock; RD011 when a person came first.';

create or replace function fleet_internal.op_run(f int, r bigint,
	now_ timestamptz, op jsonb)
returns bigint language plpgsql as $$
begin
	case op->>'op'
	when 'step' then return fleet_internal.op_step(f, r, now_, op);
	when 'attempt' then return fleet_internal.op_attempt(f, r, now_, op);
	when 'attempt_end' then return fleet_internal.op_attempt_end(f, r, now_, op);
	when 'step_set' then return fleet_internal.op_step_set(f, r, now_, op);
	when 'turn_set' then return fleet_internal.op_turn_set(f, r, now_, op);
	when 'phase' then return fleet_internal.op_phase(f, r, now_, op);
	when 'turn' then return fleet_internal.op_turn(f, r, now_, op);
	when 'overrun' then return fleet_internal.op_overrun(f, r, now_, op);
	when 'rollout' then return fleet_internal.op_rollout(f, r, now_, op);
	when 'event' then return fleet_internal.op_event(f, r, now_, op);
	when 'sample' then return fleet_internal.op_sample(f, r, now_, op);
	when 'sighting' then return fleet_internal.op_sighting(f, r, now_, op);
	when 'host' then return fleet_internal.op_host(f, r, now_, op);
	when 'hold' then return fleet_internal.op_hold(f, r, now_, op);
	when 'unhold' then return fleet_internal.op_unhold(f, r, now_, op);
	when 'undo_step' then return fleet_internal.op_undo_step(f, r, now_, op);
	when 'again_step' then return fleet_internal.op_again_step(f, r, now_, op);
	when 'turn_anew' then return fleet_internal.op_turn_anew(f, r, now_, op);
	when 'adopt' then return fleet_internal.op_adopt(f, r, now_, op);
	when 'survey' then return fleet_internal.op_survey(f, r, now_, op);
	when 'outage_open' then return fleet_internal.op_outage_open(f, r, now_, op);
	when 'outage_accept' then return fleet_internal.op_outage_accept(f, r, now_, op);
	when 'proof' then return fleet_internal.op_proof(f, r, now_, op);
	when 'outage_close' then return fleet_internal.op_outage_close(f, r, now_, op);
	when 'exclude' then return fleet_internal.op_exclude(f, r, now_, op);
	when 'include' then return fleet_internal.op_include(f, r, now_, op);
	when 'pause_effective' then return fleet_internal.op_pause(f, r, now_, op);
	when 'pause_over' then return fleet_internal.op_pause(f, r, now_, op);
	when 'check' then return fleet_internal.op_check(f, r, now_, op);
	when 'override_used' then return fleet_internal.op_override_used(f, r, now_, op);
	else
		perform fleet_internal.fail('RD004', format(
			'there is no op "%s"', op->>'op'), left(op::text, 200),
			'Compare the versions of coordinator and schema: drydock doctor');
	end case;
	return null;
end $$;
comment on function fleet_internal.op_run(int, bigint, timestamptz, jsonb) is
	'Applies one op.';

create or replace function fleet_internal.op_at(now_ timestamptz, op jsonb)
returns timestamptz language sql immutable as
$$ select coalesce(to_timestamp((op->>'at_ms')::numeric / 1000), now_) $$;
comment on function fleet_internal.op_at(timestamptz, jsonb) is
	'When an op happened: now, or earlier when the database was away.';

-- A change of state whose "from" is not what is here: already done, or stale.
create or replace function fleet_internal.op_missed(what text, id text,
	state text, op jsonb)
returns void language plpgsql as $$
begin
	if state is null then
		perform fleet_internal.fail('RD001',
			format('there is no %s %s here', what, id),
			left(op::text, 200), 'Load the work again.');
	elsif state <> op->>'to' then
		perform fleet_internal.fail('RD011', format(
			'%s %s is %s, not %s', what, id, state, op->>'from'),
			left(op::text, 200),
			'Load the work again and decide again.');
	end if;
end $$;
comment on function fleet_internal.op_missed(text, text, text, jsonb) is
	'Content when it happened already, RD011 when something else did.';
