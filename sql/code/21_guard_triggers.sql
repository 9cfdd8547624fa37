-- 21_guard_triggers.sql - where the guards stand.

set local role fleet_owner;

create or replace trigger state_begin before insert
	on fleet_internal.rollout for each row
	execute function fleet_internal.guard_state('rollout');
create or replace trigger state_change before update of state
	on fleet_internal.rollout for each row
	execute function fleet_internal.guard_state('rollout');
create or replace trigger state_begin before insert
	on fleet_internal.turn for each row
	execute function fleet_internal.guard_state('turn');
create or replace trigger state_change before update of state
	on fleet_internal.turn for each row
	execute function fleet_internal.guard_state('turn');
create or replace trigger state_begin before insert
	on fleet_internal.step for each row
	execute function fleet_internal.guard_state('step');
create or replace trigger state_change before update of state
	on fleet_internal.step for each row
	execute function fleet_internal.guard_state('step');
create or replace trigger state_begin before insert
	on fleet_internal.attempt for each row
	execute function fleet_internal.guard_state('attempt');
create or replace trigger state_change before update of state
	on fleet_internal.attempt for each row
	execute function fleet_internal.guard_state('attempt');

create or replace trigger history before update or delete
	on fleet_internal.event for each row
	execute function fleet_internal.guard_history();
create or replace trigger history_all before truncate
	on fleet_internal.event execute function fleet_internal.guard_history();
create or replace trigger history before update or delete
	on fleet_internal.survey for each row
	execute function fleet_internal.guard_history();
create or replace trigger history_all before truncate
	on fleet_internal.survey execute function fleet_internal.guard_history();
create or replace trigger history before update or delete
	on fleet_internal.proof for each row
	execute function fleet_internal.guard_history();
create or replace trigger history_all before truncate
	on fleet_internal.proof execute function fleet_internal.guard_history();

create or replace trigger judge before insert
	on fleet_internal.survey for each row
	execute function fleet_internal.guard_survey();
create or replace trigger open_ before insert
	on fleet_internal.outage for each row
	execute function fleet_internal.guard_outage_open();
create or replace trigger change_ before update
	on fleet_internal.outage for each row
	execute function fleet_internal.guard_outage_change();
create or replace trigger history before delete
	on fleet_internal.outage for each row
	execute function fleet_internal.guard_history();
create or replace trigger history_all before truncate
	on fleet_internal.outage execute function fleet_internal.guard_history();
create or replace trigger interlock before update of interlock
	on fleet_internal.fleet for each row
	when (old.interlock is distinct from new.interlock)
	execute function fleet_internal.guard_interlock();
create or replace trigger keep before delete
	on fleet_internal.rollout for each row
	execute function fleet_internal.guard_rollout_delete();

-- constraint triggers know no "or replace"
drop trigger if exists outage_and_turn on fleet_internal.outage;
create constraint trigger outage_and_turn after update of back_at
	on fleet_internal.outage deferrable initially deferred
	for each row when (old.back_at is null and new.back_at is not null
			   and new.accepted_at is null)
	execute function fleet_internal.guard_turn_outage();
drop trigger if exists outage_and_turn on fleet_internal.turn;
create constraint trigger outage_and_turn after update of state
	on fleet_internal.turn deferrable initially deferred
	for each row when (old.state is distinct from new.state)
	execute function fleet_internal.guard_turn_outage();
