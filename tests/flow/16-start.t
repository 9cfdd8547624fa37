#!/usr/bin/env python3
"""16-start - nobody is taken before the whole fleet was checked.

usage: 16-start.t [TEST…]
"""
import json
import os
import subprocess

from agent_lib import BIN
from engine_lib import World, address, main, test, wait_for


def hold(w, rollout):
    """The gate and the words of what the rollout waits for."""
    rows = w.sql("select gate, why from fleet.hold where rollout = "
                 f"{rollout} and kind = 'gate'")
    return (rows[0][0], rows[0][1]) if rows else (None, "")


def evidence(w, rollout):
    return json.loads(w.one("select evidence from fleet.hold where rollout = "
                            f"{rollout}"))


def waits_for_check(w, rollout, words):
    wait_for(f"the hold says {words}", lambda: hold(w, rollout)[0] == "check"
             and words in hold(w, rollout)[1], 60)


def checks(w, rollout, of="whole"):
    """How often it was checked: the whole fleet, or one backend."""
    return int(w.one(
        "select count(*) from fleet.request where kind = 'check' and "
        f"args->>'rollout' = '{rollout}' and "
        + ("not args ? 'backend'" if of == "whole"
           else f"args->>'backend' = '{of}'")))


def nobody_taken(w, rollout):
    assert set(w.turns(rollout)) == {"waiting"}, w.turns(rollout)
    assert not w.counts(), w.counts()
    assert w.one("select count(*) from fleet.outage") == "0"


def clock(w, ahead):
    w.one("insert into fleet_internal.clock_offset values (true, "
          f"'{ahead}') on conflict (only_one) do update set offset_by = "
          f"'{ahead}' returning offset_by")
    w.sql("select fleet_internal.wake(fleet_id) from fleet_internal.fleet")


def drydock(w, *argv):
    run = subprocess.run([os.path.join(BIN, "drydock"), *argv], env=w.env,
                         text=True, capture_output=True, timeout=120)
    print(f"# drydock {' '.join(argv)}: {run.returncode}")
    for line in (run.stdout + run.stderr).splitlines():
        print("#  ", line)
    return run.returncode, run.stdout, run.stderr


@test
def what_is_wrong_on_the_last_one_keeps_the_first_from_being_taken():
    with World() as w:
        w.put("run/mail3", "inactive\n")
        w.daemon()
        r = w.start()
        waits_for_check(w, r, "1 error: UNIT mail3")
        nobody_taken(w, r)
        assert w.one("select state from fleet.rollout where rollout = "
                     f"{r}") == "waiting"
        assert w.one("select count(*) from fleet.event where kind = "
                     f"'rollout.check' and rollout = {r}") == "1"
        seen = evidence(w, r)
        assert "UNIT mail3" in seen["wrong"], seen
        assert seen["asked_ms"] <= seen["done_ms"], seen
        # after the repair anybody's check is good enough
        w.put("run/mail3", "active\n")
        w.one(f"select fleet.request('check', 'mail-hel', '{{\"rollout\": "
              f"{r}}}')")
        w.wait_state(r, "succeeded")
        assert w.one("select checked_at < (select min(taken_at) from "
                     f"fleet.turn where rollout = {r}) from fleet.rollout "
                     f"where rollout = {r}") == "t"


@test
def a_repair_is_seen_by_itself():
    with World() as w:
        w.put(f"ring/{address('mail3')}", "0 up\n")
        w.daemon()
        r = w.start()
        waits_for_check(w, r, "IN_SERVICE mail3")
        nobody_taken(w, r)
        w.put(f"ring/{address('mail3')}", "100 up\n")
        clock(w, "16 s")
        w.wait_state(r, "succeeded")
        assert checks(w, r) == 2, checks(w, r)


@test
def a_kill_in_the_middle_of_the_check_is_harmless():
    with World() as w:
        text = w.read("unit-show")
        w.put("unit-show", f"while [ -e {w.files}/hang ]; do sleep 0.05; "
              f"done\n{text}\n")
        w.put("hang", "")
        w.daemon()
        r = w.start()
        waits_for_check(w, r, "is being checked")
        wait_for("the check is begun", lambda: w.one(
            "select taken_at from fleet.request where kind = 'check'"), 30)
        w.kill()
        nobody_taken(w, r)
        w.remove("hang")
        w.daemon()
        w.wait_state(r, "succeeded")
        assert checks(w, r) == 1, checks(w, r)
        for b in w.backends:
            assert w.counts()[f"unit {b} inactive"] == 1, w.counts()


@test
def the_second_half_is_not_checked_as_a_whole_again():
    with World() as w:
        w.daemon()
        r = w.plan(strategy={"canary": 1})
        w.one(f"select fleet.start({r})")
        wait_for("the canary is done", lambda: w.one(
            "select kind from fleet.hold where rollout = "
            f"{r}") == "approval", 60)
        assert w.turns(r)[0] == "done"
        assert evidence(w, r) == {"done": 1, "stop_after": 1}
        # a night later each backend is, right before it is taken
        clock(w, "1 h")
        w.put("run/mail2", "inactive\n")
        w.one(f"select fleet.approve({r})")
        waits_for_check(w, r, "mail2 is not taken")
        assert w.turns(r)[1:] == ["waiting", "waiting"], w.turns(r)
        w.put("run/mail2", "active\n")
        clock(w, "1 h 16 s")
        w.wait_state(r, "succeeded")
        assert checks(w, r) == 1, checks(w, r)
        assert checks(w, r, "mail2") == 2 and checks(w, r, "mail3") == 1


@test
def at_its_hour_it_is_checked_too():
    with World() as w:
        w.daemon()
        r = w.plan()
        w.one(f"select fleet.start({r}, fleet_internal.clock() + "
              "interval '1 h', unattended_without_alarm => true)")
        wait_for("what is wrong now is told now", lambda: w.one(
            "select result->>'errors' from fleet.request where "
            f"request = {checks_last(w, r)}") == "0", 60)
        w.put("run/mail2", "inactive\n")
        clock(w, "61 min")
        waits_for_check(w, r, "UNIT mail2")
        nobody_taken(w, r)
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_state(r, "aborted")


@test
def min_up_keeps_the_next_from_being_taken():
    with World() as w:
        w.daemon()
        w.one("select fleet.exclude('mail-hel', 'mail3', 'no disk')")
        r = w.start(only=["mail1"])
        wait_for("it waits for min_up",
                 lambda: hold(w, r)[0] == "min_up", 60)
        assert hold(w, r)[1] == ("mail1: 1 of 3 would stay up, min_up is "
                                 "all but 1"), hold(w, r)
        assert evidence(w, r) == {"listed": 3, "excluded": 1,
                                  "min_up": "all but 1"}, evidence(w, r)
        nobody_taken(w, r)
        w.one("select fleet.include('mail-hel', 'mail3')")
        w.wait_state(r, "succeeded")
        assert w.counts()["unit mail1 inactive"] == 1, w.counts()


def lift(w, rollout, gate, backend, *more):
    code, out, err = drydock(w, "override", str(rollout), gate, "--backend",
                             backend, "--reason", f"{backend} it is", *more)
    assert code == 0 and f"{gate} is lifted for {backend} until" in out, err


def waits_on(w, rollout, gate, words):
    """It waits there, and still does when the coordinator thought again."""
    wait_for(f"{gate} {words}", lambda: hold(w, rollout)[0] == gate and
             hold(w, rollout)[1].startswith(words), 60)
    beats = "select beats from fleet_internal.coordinator"
    before = int(w.one(beats))
    w.sql("select fleet_internal.wake(fleet_id) from fleet_internal.fleet")
    wait_for("it thinks again", lambda: int(w.one(beats)) > before + 3, 60)
    assert hold(w, rollout)[0] == gate, hold(w, rollout)
    assert hold(w, rollout)[1].startswith(words), hold(w, rollout)


@test
def a_gate_is_lifted_for_one_backend_and_as_long_as_it_was_said():
    with World(["mail1", "mail2", "mail3", "mail4"]) as w:
        w.put("hang-work-1", "")
        w.daemon()
        w.one("select fleet.exclude('mail-hel', 'mail3', 'no disk')")
        r = w.start(only=["mail1", "mail2", "mail4"])
        waits_on(w, r, "min_up", "mail1: ")
        lift(w, r, "min_up", "mail2")
        lift(w, r, "min_up", "mail4", "--expires", "1h")
        waits_on(w, r, "min_up", "mail1: ")
        nobody_taken(w, r)
        lift(w, r, "min_up", "mail1")
        wait_for("mail1 is taken", lambda: w.counts().get("work mail1"), 60)
        # what was lifted for it is lifted for nobody else, nor another gate
        w.put("run/mail2", "inactive\n")
        w.remove("hang-work-1")
        w.wait_turn(r, 0, "done")
        lift(w, r, "preflight", "mail4", "--expires", "1h")
        waits_on(w, r, "preflight", "mail2: ")
        w.put("hang-work-1", "")
        lift(w, r, "preflight", "mail2")
        wait_for("mail2 is taken", lambda: w.counts().get("work mail2"), 60)
        clock(w, "61 min")
        w.remove("hang-work-1")
        w.wait_turn(r, 1, "done")
        waits_on(w, r, "min_up", "mail4: ")
        lift(w, r, "min_up", "mail4")
        w.wait_state(r, "succeeded")
        assert w.sql("select actor, message from fleet.event where kind = "
                     f"'rollout.override' and rollout = {r} order by seq") == [
            ["postgres", f"{gate} is lifted for {b}, for {t}: {b} it is"]
            for gate, b, t in (
                ("min_up", "mail2", "04:00:00"),
                ("min_up", "mail4", "01:00:00"),
                ("min_up", "mail1", "04:00:00"),
                ("preflight", "mail4", "01:00:00"),
                ("preflight", "mail2", "04:00:00"),
                ("min_up", "mail4", "04:00:00"))]


def checks_last(w, rollout):
    return w.one("select check_request from fleet.rollout where rollout = "
                 f"{rollout}")


@test
def drydock_start_shows_what_is_wrong():
    with World() as w:
        w.put("run/mail3", "inactive\n")
        w.daemon()
        r = str(w.plan())
        code, out, err = drydock(w, "--yes", "start", r)
        assert code == 5, code
        assert "UNIT mail3" in out and "start it" in out, out
        assert f"drydock check {r}" in err, err
        waits_for_check(w, r, "UNIT mail3")
        code, out, _ = drydock(w, "status", r)
        assert "UNIT mail3" in out and f"drydock check {r}" in out, out
        nobody_taken(w, r)
        w.put("run/mail3", "active\n")
        assert drydock(w, "check", r)[0] == 0
        assert drydock(w, "wait", r)[0] == 0
        code, out, _ = drydock(w, "--yes", "-o", "json", "start",
                               str(w.plan()))
        assert code == 0 and json.loads(out)["findings"], out


main()
