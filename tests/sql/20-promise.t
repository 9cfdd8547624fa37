#!/bin/bash
# 20-promise.t - every way round "never two out" that SQL offers, by hand.
. ./lib.sh

do_ "select test.running('mail', 1); select test.running('web', 2)"

# a row made by hand for the nth backend of rollout 1, from its last survey
by_hand() {
	echo "insert into fleet_internal.outage (fleet_id, interlock,
		backend_id, turn_id, survey_id, survey_at, survey_clear, out_since)
	select 1, ${2-"'mail'"}, test.backend(1, $1), test.turn(1, $1),
		s.survey_id, s.at, s.clear, ${3-"clock_timestamp()"}
	  from fleet_internal.survey s order by s.survey_id desc limit 1"
}
survey() {
	echo "select test.adv(1, jsonb_build_array(test.survey($1)));"
}

# no look, old look, look that is not clear, look at others
refused "no survey: refused" RD005 'There is none' \
	"select test.adv(1, jsonb_build_array(test.op('outage_open', 1, 1)))"
refused "a survey of 31 s ago is too old" RD005 'fresh survey' \
	"select test.adv(1, jsonb_build_array(test.survey(1, 1, 31000), test.op('outage_open', 1, 1)))"
refused "and by hand too" 23514 'survey_is_fresh' \
	"$(survey '1, 1, 31000'); $(by_hand 1)"
refused "a time set by hand does not help" 23514 'survey_is_fresh' \
	"$(survey '1, 1, 31000'); $(by_hand 1 "'mail'" "clock_timestamp() - interval '20 s'")"
like "a survey with a backend down is not clear" 'f\|not seen in service: mail2, mail3' \
	"$(survey '1, 1, 0, false'); select clear, why from fleet_internal.survey order by survey_id desc limit 1"
refused "so it opens nothing" RD005 'not seen in service' \
	"select test.adv(1, jsonb_build_array(test.survey(1, 1, 0, false), test.op('outage_open', 1, 1)))"
refused "by hand neither" RD005 'Not seen in service: mail2, mail3' \
	"$(survey '1, 1, 0, false'); $(by_hand 1)"
refused "calling it clear by hand is refused" RD005 'survey is not clear' \
	"insert into fleet_internal.survey (fleet_id, spared, clear, at, readings, epoch)
	 values (1, 1, true, clock_timestamp(), '[]', 1)"
refused "a survey of the future is refused" RD005 'future' \
	"insert into fleet_internal.survey (fleet_id, spared, at, readings, epoch)
	 values (1, 1, clock_timestamp() + interval '1 h', '[{\"backend\":2,\"in_service\":true},{\"backend\":3,\"in_service\":true}]', 1)"
refused "a survey that spared another backend does not count" RD005 'no clear and fresh survey' \
	"select test.adv(1, jsonb_build_array(test.survey(1, 2), test.op('outage_open', 1, 1)))"
refused "by hand neither" RD005 'Not seen in service: mail2' \
	"$(survey '1, 2'); $(by_hand 1)"
refused "nor when readings of all are there" 23503 'survey_of_the_others' \
	"insert into fleet_internal.survey (fleet_id, spared, at, readings, epoch)
	 select 1, 2, clock_timestamp(), jsonb_agg(jsonb_build_object('backend', i, 'in_service', true)), 1 from generate_series(1, 3) i;
	 $(by_hand 1)"
refused "a reading that is null is not true" RD005 'not seen in service: mail2' \
	"select test.adv(1, '[{\"op\":\"survey\",\"backend\":1,\"age_ms\":0,\"readings\":[{\"backend\":2,\"in_service\":null},{\"backend\":3,\"in_service\":true}]}]'::jsonb || test.op('outage_open', 1, 1))"
refused "another slot than the fleet's" RD005 'not the one of this fleet' \
	"$(survey '1, 1'); $(by_hand 1 "'elsewhere'")"
refused "an outage that begins closed" RD005 'begins open' \
	"$(survey '1, 1'); insert into fleet_internal.outage (fleet_id, interlock,
		backend_id, turn_id, survey_id, survey_at, out_since, accepted_at, accepted_by, accepted_why)
	select 1, 'mail', test.backend(1, 1), test.turn(1, 1), survey_id, at, clock_timestamp(), clock_timestamp(), 'me', 'x'
	  from fleet_internal.survey order by survey_id desc limit 1"
refused "another fleet's backend" RD005 'Not seen in service: mail1' \
	"$(survey '1, 1'); insert into fleet_internal.outage (fleet_id, interlock, backend_id, turn_id, survey_id, survey_at, out_since)
	select 1, 'mail', test.backend(2, 1), test.turn(2, 1), survey_id, at, clock_timestamp()
	  from fleet_internal.survey order by survey_id desc limit 1"
is "nothing of all that opened one" 0 "select count(*) from fleet_internal.outage"

# min_up, excluded
do_ "select fleet.exclude('mail', 'mail3', 'disk')"
refused "with one excluded, two of three must stay up: none is taken" RD005 '1 in service, 2 must stay up' "select test.take(1, 1)"
lifted() {
	echo "insert into fleet_internal.override_ (fleet_id, rollout_id, backend_id, gate, at, why, until)
		values (1, 1, test.backend(1, $1), 'min_up', clock_timestamp(), 'x', clock_timestamp() + interval '$2')"
}
undone() { refused "$1" "$2" "$3" "begin; $4; select test.take(1, 1); do 'begin raise exception using errcode = ''ZZ999'', message = ''taken''; end'"; }
undone "min_up lifted for another one changes nothing" RD005 '1 in service, 2 must stay up' "$(lifted 2 '1 h')"
undone "nor does what was lifted until a minute ago" RD005 '1 in service, 2 must stay up' "$(lifted 1 '-1 min')"
undone "lifted for this one it may be taken" ZZ999 taken "$(lifted 1 '1 h')"
undone "but not with none left" RD005 '0 in service, 1 must stay up' "$(lifted 1 '1 h'); select fleet.exclude('mail', 'mail2', 'disk')"
do_ "update fleet_internal.fleet set min_up = 'all but 3' where name = 'mail'"
refused "an excluded one is not taken, however few must stay up" RD005 'excluded backend is not taken out' "select test.take(1, 3)"
refused "by hand neither" RD005 'excluded backend is not taken out' "$(survey '1, 3'); $(by_hand 3)"
do_ "update fleet_internal.fleet set min_up = 'all but 1' where name = 'mail'"
do_ "select test.adv(1, jsonb_build_array(test.proof(1, 3), jsonb_build_object('op', 'include', 'backend', test.backend(1, 3))))"

# the first is out
do_ "select test.take(1, 1)"
is "a fresh and clear survey opens it" 'mail1|t' \
	"select backend, takes_slot from fleet.outage"
refused "a second one is refused" RD005 'mail1 of fleet mail is out' \
	"select test.take(1, 2)"
refused "by hand too: its survey cannot be clear by truth, but even if" 23505 'one_out_per_interlock' \
	"$(survey '1, 2'); $(by_hand 2)"
is "another fleet with its own slot may" '1' \
	"select count(*) from test.take(2, 1)"
refused "the same one twice" 23505 'one_out' "$(survey '1, 1'); $(by_hand 1)"

# changing what is there
for change in "backend_id = 2" "fleet_id = 2" "interlock = 'free'" \
	"turn_id = turn_id + 1" "survey_id = survey_id + 1" \
	"survey_at = survey_at - interval '1 s'" "survey_clear = false" \
	"out_since = out_since - interval '1 s'" "outage_id = default"; do
	refused "update of ${change%% *}" 'RD005|23514|428C9' '' \
		"update fleet_internal.outage set $change where backend_id = 1"
done
refused "delete" RD005 'DELETE of outage is refused' "delete from fleet_internal.outage"
refused "truncate" RD005 'TRUNCATE of outage is refused' "truncate fleet_internal.outage"
refused "truncate of what it hangs on" RD005 'TRUNCATE' "truncate fleet_internal.fleet cascade"
refused "delete of its rollout" RD005 'is history' "delete from fleet_internal.rollout where rollout_id = 1"
refused "delete of its turn" 23503 'foreign key' "delete from fleet_internal.turn where turn_id = test.turn(1, 1)"
refused "delete of its survey" RD005 'DELETE of survey' "delete from fleet_internal.survey"
refused "update of its survey" RD005 'UPDATE of survey' "update fleet_internal.survey set clear = true"
refused "the fleet's interlock while out" RD005 'cannot change while' \
	"update fleet_internal.fleet set interlock = 'free' where fleet_id = 1"
refused "through import neither" RD005 'interlock cannot change' \
	"select fleet.import(jsonb_set(test.inventory('mail', 1), '{interlock}', '\"free\"'))"
refused "accepted by hand, to free the slot" RD005 'excluded first' \
	"update fleet_internal.outage set accepted_at = clock_timestamp(), accepted_by = 'me', accepted_why = 'x' where backend_id = 1"

# closing
refused "no proof" RD005 'There is none' \
	"select test.adv(1, jsonb_build_array(test.op('outage_close', 1, 1)))"
refused "a proof that saw it down" RD005 'not in service' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 1, false), test.op('outage_close', 1, 1)))"
refused "a proof older than the outage" RD005 'older than the outage' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 1) || '{\"age_ms\": 60000}', test.op('outage_close', 1, 1)))"
refused "a proof of 31 s ago, seen before the drain had any effect" RD005 'proof is not of now' \
	"begin; insert into fleet_internal.clock_offset values (true, '31 s');
	 insert into fleet_internal.proof (backend_id, in_service, at, readings, epoch) select 1, true, out_since + interval '1 s', '{}', 1 from fleet_internal.outage where backend_id = 1;
	 insert into fleet_internal.clock_offset values (true, '40 s') on conflict (only_one) do update set offset_by = '40 s';
	 select test.adv(1, jsonb_build_array(test.op('outage_close', 1, 1)))"
refused "a proof of the future" RD005 'proof is not of now' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 1) || '{\"age_ms\": -5000}', test.op('outage_close', 1, 1)))"
refused "a proof of another backend" RD005 'There is none' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 2), test.op('outage_close', 1, 1)))"
refused "by hand without a proof" 23514 'proof_is_whole' \
	"update fleet_internal.outage set back_at = clock_timestamp() where backend_id = 1"
refused "by hand with a proof that is not there" 23503 'proof_of_this_one' \
	"update fleet_internal.outage set back_at = clock_timestamp(), proof_id = 99, proof_in_service = true where backend_id = 1"
refused "by hand with a proof that saw it down" '23514|23503' '' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 1, false)));
	 update fleet_internal.outage o set back_at = p.at, proof_id = p.proof_id, proof_in_service = p.in_service
	  from (select * from fleet_internal.proof order by proof_id desc limit 1) p where o.backend_id = 1"
refused "closed while its turn works on" RD005 'is working but its outage is closed' \
	"select test.adv(1, jsonb_build_array(test.proof(1, 1), test.op('outage_close', 1, 1)))"
refused "a turn that ends while it is out" RD005 'is done but its outage is open' \
	"select test.adv(1, jsonb_build_array(test.op('turn', 1, 1, '{\"from\":\"working\",\"to\":\"done\"}')))"
refused "by hand neither" RD005 'is done but its outage is open' \
	"update fleet_internal.turn set state = 'done' where turn_id = test.turn(1, 1)"
is "it is still out" 't' "select takes_slot from fleet.outage where backend = 'mail1'"
do_ "select test.finish(1, 1)"
is "proof, end of turn and outage together are taken" 'f|done' \
	"select takes_slot, (select state from fleet.turn where backend = 'mail1') from fleet.outage where backend = 'mail1'"
refused "a closed one is not opened again" RD005 'not changed afterwards' \
	"update fleet_internal.outage set back_at = null, proof_id = null, proof_in_service = null where backend_id = 1"
refused "nor accepted to hide it" RD012 'cannot go' \
	"update fleet_internal.turn set state = 'working' where turn_id = test.turn(1, 1)"

# accepted: out of the slot, excluded, back only with proof
do_ "select test.take(1, 2); select test.hold(1, 2, 'count')"
refused "skip of one that is out needs accept_out" RD002 'accept_out' \
	"select fleet.skip(1, 'mail2', 'broken')"
do_ "select fleet.skip(1, 'mail2', 'broken', true);
   select test.adv(1, jsonb_build_array(test.op('outage_accept', 1, 2, '{\"by\":\"anna\",\"why\":\"broken\"}'),
	test.op('turn', 1, 2, '{\"from\":\"held\",\"to\":\"skipped\",\"answered\":true}')))"
is "accepted: it leaves the slot" 'mail2|f|anna|t' \
	"select backend, takes_slot, accepted_by, back_at is null from fleet.outage where backend = 'mail2'"
is "and is taken over" 'taken over' "select state from fleet.backend where backend = 'mail2'"
refused "it counts as down: the third is not taken" RD005 '1 in service, 2 must stay up' \
	"select test.take(1, 3)"
refused "it is not included without proof" RD005 'no fresh proof' \
	"select test.adv(1, jsonb_build_array(jsonb_build_object('op', 'include', 'backend', test.backend(1, 2))))"
do_ "select fleet.include('mail', 'mail2');
   select test.adv(1, jsonb_build_array(test.proof(1, 2), jsonb_build_object('op', 'include', 'backend', test.backend(1, 2))))"
is "with proof it is, and the outage is closed" 't|f' \
	"select o.back_at is not null, b.excluded from fleet.outage o join fleet.backend b using (backend) where backend = 'mail2'"
is "then the third is taken" 1 "select count(*) from test.take(1, 3)"
