#!/usr/bin/env python3
"""11-steer - people: held and retried, restored, aborted, paused, skipped.

usage: 11-steer.t [TEST…]
"""
import time

from engine_lib import World, address, main, steps, test, wait_for


def up(w, b):
    return (w.read(f"ring/{address(b)}") == "100 up" and
            w.read(f"run/{b}") == "active")


def one_outage(w):
    """Nothing overlapped, whatever happened."""
    assert w.one("select count(*) from fleet_internal.outage a join "
                 "fleet_internal.outage b on a.outage_id < b.outage_id and "
                 "b.out_since < coalesce(a.back_at, a.accepted_at, "
                 "'infinity')") == "0"


def wait_approval(w):
    wait_for("it waits for approval", lambda: w.one(
        "select count(*) from fleet_internal.hold where "
        "kind = 'approval' and ended_at is null") == "1", 30)


@test
def a_failing_step_is_held_and_retried():
    with World() as w:
        w.put("fail-work-mail2", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 1, "held")
        assert w.turns(r) == ["done", "held", "waiting"]
        assert "exit 3" in w.one(
            "select why from fleet_internal.hold where ended_at is null")
        w.remove("fail-work-mail2")
        w.one(f"select fleet.retry({r})")
        w.wait_state(r, "succeeded")
        assert all(up(w, b) for b in w.backends)
        assert w.counts()["work mail2"] == 3
        one_outage(w)


@test
def a_step_is_tried_as_often_as_it_says_whoever_counts():
    """Its command ends with exit 0 each time, and its check is never true."""
    with World() as w:
        w.probe("done", ["sh", "FILES/done"], "echo no\n")
        the_steps = steps()
        the_steps[4].update(check="done.text == yes", settle_ms=1000,
                            retries=2, backoff_ms=1000)
        w.daemon(lease="600ms")
        r = w.start(the_steps, only=["mail1"])
        for n in (2, 3):  # the first is the step before, of the same name
            wait_for(f"it is done, {n - 1}", lambda: w.counts().get(
                "work mail1", 0) >= n)
            w.kill()
            w.daemon(lease="600ms")
        w.wait_turn(r, 0, "held")
        assert w.counts()["work mail1"] == 4, w.counts()
        w.one(f"select fleet.abort({r}, 'enough')")


@test
def a_poll_that_is_retried_has_all_its_time_again():
    with World() as w:
        w.probe("done", ["sh", "FILES/done"], "cat FILES/word\n")
        w.put("word", "no\n")
        the_steps = steps()
        the_steps[6]["poll"].update(until="done.text == yes", at_most_ms=8000)
        w.daemon(lease="600ms")
        r = w.start(the_steps, only=["mail1"])
        w.wait_turn(r, 0, "held")
        w.one(f"select fleet.retry({r})")
        wait_for("it is polled again", lambda: w.one(
            "select count(*) from fleet.event where message like "
            "'works: begun'") == "2")
        w.kill()  # whoever is next knows its time from its row alone
        w.daemon(lease="600ms")
        time.sleep(3)
        w.put("word", "yes\n")
        w.wait_state(r, "succeeded")
        held = w.one("select count(*) from fleet.event "
                     "where kind = 'turn.held'")
        assert held == "1", held


@test
def while_it_is_held_the_backends_are_looked_at():
    with World() as w:
        w.put("fail-work-mail1", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        held = w.one("select clock_timestamp()")
        wait_for("every backend is seen again", lambda: w.one(
            f"select min(at) > '{held}' from fleet.sighting") == "t", 45)
        assert w.one("select count(*) from fleet.backend where in_service "
                     "is null") == "0"
        w.one(f"select fleet.abort({r}, 'enough')")


@test
def a_held_turn_is_restored_then_retried():
    with World() as w:
        w.put("fail-mail1-inactive", "")
        w.daemon()
        the_steps = steps()
        the_steps[3]["settle_ms"] = 500
        for s in the_steps:
            if s["name"] == "stop":
                s["phase"] = "drain"
        the_steps[2]["phase"] = "drain"
        r = w.start(the_steps)
        w.wait_turn(r, 0, "held")
        w.one(f"select fleet.restore({r})")
        w.wait_turn(r, 0, "restored")
        assert up(w, "mail1")
        assert w.one("select count(*) from fleet_internal.outage "
                     "where back_at is null") == "0"
        w.remove("fail-mail1-inactive")
        w.one(f"select fleet.retry({r}, 'mail1')")
        w.wait_state(r, "succeeded")
        assert all(up(w, b) for b in w.backends)
        one_outage(w)


@test
def abort_before_the_point_of_no_return_puts_it_back():
    with World() as w:
        w.put("fail-work-mail1", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_state(r, "aborted")
        assert w.turns(r) == ["restored", "waiting", "waiting"]
        assert up(w, "mail1")


@test
def abort_later_rests_out_until_included():
    with World() as w:
        w.put("fail-mail1-active", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_state(r, "aborted")
        assert w.turns(r)[0] == "out"
        assert w.one("select count(*) from fleet_internal.outage "
                     "where back_at is null") == "1"
        w.one("select fleet.include('mail-hel', 'mail1')")
        w.put("run/mail1", "active\n")
        w.put(f"ring/{address('mail1')}", "100 up\n")
        wait_for("it is included", lambda: w.turns(r)[0] == "restored", 30)
        assert w.one("select count(*) from fleet_internal.outage "
                     "where back_at is null") == "0"


@test
def a_pause_rests_between_two_backends_and_resumes():
    with World() as w:
        w.put("slow", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "working")
        w.one(f"select fleet.pause({r}, 'lunch', 'backend')")
        w.wait_turn(r, 0, "done")
        wait_for("the pause is in effect", lambda: w.one(
            "select effective_at is not null from fleet_internal.pause") == "t")
        assert w.turns(r) == ["done", "waiting", "waiting"]
        w.one(f"select fleet.resume({r})")
        w.wait_state(r, "succeeded")
        one_outage(w)


@test
def a_pause_early_in_a_turn_returns_the_backend():
    with World() as w:
        the_steps = steps()
        the_steps[1]["poll"].update(until="service.vhosts == 1",
                                    at_most_ms=60000)
        w.daemon()
        r = w.start(the_steps)
        wait_for("it drains", lambda: w.read(
            f"ring/{address('mail1')}") == "0 up")
        w.one(f"select fleet.pause({r}, 'lunch')")
        wait_for("the pause is in effect", lambda: w.one(
            "select effective_at is not null from fleet_internal.pause") == "t",
            30)
        assert up(w, "mail1")
        assert w.turns(r)[0] in ("restored", "waiting"), w.turns(r)
        w.one(f"select fleet.resume({r})")
        w.wait_turn(r, 0, "working")


@test
def a_skipped_backend_that_is_out_leaves_the_slot():
    with World() as w:
        w.put("fail-mail1-active", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        w.one(f"select fleet.skip({r}, 'mail1', 'mine now', true)")
        w.wait_turn(r, 0, "skipped")
        # min_up: all but 1 stay up, so nothing further is taken
        wait_for("the gate holds", lambda: w.one(
            "select count(*) from fleet_internal.hold where gate = 'min_up' "
            "and ended_at is null") == "1")
        assert w.turns(r) == ["skipped", "waiting", "waiting"]


@test
def a_peer_that_fails_brings_the_drained_one_back():
    with World() as w:
        the_steps = steps()
        the_steps[1]["poll"].update(until="service.vhosts == 1",
                                    at_most_ms=60000)
        w.daemon()
        r = w.start(the_steps)
        wait_for("it drains", lambda: w.read(
            f"ring/{address('mail1')}") == "0 up")
        w.put(f"ring/{address('mail3')}", "100 down\n")
        w.wait_turn(r, 0, "restored")
        assert up(w, "mail1")
        assert w.turns(r) == ["restored", "waiting", "waiting"]


@test
def a_drifted_weight_is_repaired_once_then_held():
    with World() as w:
        the_steps = steps()
        the_steps[1]["poll"].update(until="service.vhosts == 1",
                                    at_most_ms=60000)
        w.daemon()
        r = w.start(the_steps)
        for n in (1, 2):
            wait_for(f"it drains, {n}", lambda: w.one(
                "select count(*) from fleet_internal.event where "
                "kind = 'step.passed' and message like 'weight-zero%'")
                == str(n), 30)
            w.put(f"ring/{address('mail1')}", "55 up\n")
        w.wait_turn(r, 0, "held")
        assert w.counts()[f"ring {address('mail1')} 0 up"] == 2



@test
def a_host_on_hold_is_not_taken_until_it_is_free():
    with World() as w:
        hold = w.hold("mail1", "a person works here")
        w.daemon()
        r = w.start()
        wait_for("the gate says why", lambda: "a person works here" in (w.one(
            "select why from fleet_internal.hold where ended_at is null and "
            "kind = 'gate'") or ""), 30)
        assert w.turns(r) == ["waiting"] * 3
        assert w.counts() == {}
        hold()
        w.wait_state(r, "succeeded")


@test
def a_hold_in_the_middle_refuses_the_next_change():
    with World() as w:
        w.put("hang-mail1-inactive", "")
        w.daemon()
        r = w.start()
        wait_for("the stop runs", lambda:
                 "unit mail1 inactive" in w.counts(), 30)
        hold = w.hold("mail1", "a person works here")
        w.remove("hang-mail1-inactive")
        w.wait_turn(r, 0, "held")
        assert "a person works here" in w.one(
            "select why from fleet_internal.hold where ended_at is null")
        hold()
        w.one(f"select fleet.retry({r})")
        w.wait_state(r, "succeeded")
        one_outage(w)


@test
def a_retry_believes_no_look_from_before_the_repair():
    with World() as w:
        w.put("hang-work-2", "")
        w.daemon()
        the_steps = steps()
        the_steps.insert(5, {**the_steps[4], "name": "more"})
        r = w.start(the_steps, only=["mail1", "mail2"])
        wait_for("the change runs", lambda:
                 w.counts().get("work mail1") == 2, 30)
        w.put("run/mail1", "active\n")
        w.remove("hang-work-2")
        w.wait_turn(r, 0, "held")
        assert "was active" in w.one(
            "select why from fleet_internal.hold where ended_at is null")
        w.put("run/mail1", "inactive\n")
        w.one(f"select fleet.retry({r})")
        w.wait_state(r, "succeeded", 30)


@test
def after_the_canary_a_person_approves():
    with World() as w:
        w.daemon()
        r = w.plan(strategy={"canary": 1})
        w.one(f"select fleet.start({r})")
        wait_approval(w)
        assert w.turns(r) == ["done", "waiting", "waiting"]
        w.one(f"select fleet.approve({r}, 'looks good')")
        w.wait_state(r, "succeeded")


@test
def an_excluded_backend_is_not_taken():
    with World() as w:
        w.one("update fleet_internal.fleet set min_up = 'all but 3'")
        w.daemon()
        r = w.plan(strategy={"canary": 1})
        w.one(f"select fleet.start({r})")
        wait_approval(w)
        w.one("select fleet.exclude('mail-hel', 'mail2', 'no disk')")
        w.one("select fleet.exclude('mail-hel', 'mail3', 'nor here')")
        w.one("select fleet.include('mail-hel', 'mail3')")
        wait_for("mail3 is included", lambda: w.one(
            "select excluded from fleet.backend where backend = 'mail3'")
            == "f", 30)
        w.one(f"select fleet.approve({r}, 'looks good')")
        w.wait_state(r, "incomplete", 60)
        assert w.turns(r) == ["done", "skipped", "done"], w.turns(r)
        assert "work mail2" not in w.counts(), w.counts()


@test
def who_says_no_canary_gets_none():
    with World() as w:
        w.daemon()
        r = w.plan(strategy={"canary": 1})
        w.one(f"select fleet.start({r}, stop_after => 0)")
        w.wait_state(r, "succeeded")


@test
def an_approve_step_waits_in_each_turn():
    with World() as w:
        the_steps = steps()
        the_steps.insert(5, {"name": "look", "phase": "change",
                             "kind": "approve", "target": "backend",
                             "approve": "does it look right?"})
        w.daemon()
        r = w.start(the_steps, only=["mail1", "mail2"])
        for n in (1, 2):
            wait_for(f"question {n}", lambda: w.one(
                "select count(*) from fleet_internal.hold where "
                "kind = 'approval'") == str(n), 30)
            w.one(f"select fleet.approve({r}, 'yes')")
        w.wait_state(r, "succeeded")


@test
def a_member_that_died_is_excluded_and_not_asked():
    with World() as w:
        w.put("slow", "")
        w.silence("dir2")
        w.daemon()
        r = w.start()
        wait_for("a gate holds", lambda: w.one(
            "select count(*) from fleet_internal.hold where kind = 'gate' "
            "and ended_at is null") == "1", 40)
        assert w.turns(r) == ["waiting"] * 3
        w.one("select fleet.exclude('mail-hel', 'dir2', 'it burnt down')")
        w.wait_state(r, "succeeded", 90)
        one_outage(w)


main()
