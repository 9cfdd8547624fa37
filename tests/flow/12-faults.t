#!/usr/bin/env python3
"""12-faults - kills and cuts: it goes on, and each command ran once.

usage: 12-faults.t [TEST…]
"""
import os
import random
import signal
import time

from engine_lib import World, address, main, steps, test, wait_for
from records_lib import each_ran_once, records_agree


@test
def drydockd_is_killed_again_and_again():
    seed = int(time.time())
    rng = random.Random(seed)
    with World() as w:
        w.put("slow", "")
        w.daemon(lease="600ms")
        r = w.start()
        kills = 0
        end = time.monotonic() + 120
        while w.state(r) == "running" and time.monotonic() < end:
            time.sleep(rng.uniform(0.1, 1.5))
            w.kill()
            kills += 1
            w.daemon(lease="600ms")
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        records_agree(w, r)
        assert kills >= 3, kills
        return f"{kills} kills, seed {seed}"


@test
def the_database_dies_inside_a_phase_that_may_not_pause():
    with World() as w:
        w.put("hang-mail1-inactive", "")
        w.daemon()
        r = w.start()
        wait_for("it is being stopped",
                 lambda: w.counts().get("unit mail1 inactive"))
        w.database_kill()
        w.remove("hang-mail1-inactive")
        # the phase ends without the database; the next one does not begin
        wait_for("it is stopped", lambda: w.read("run/mail1") == "inactive")
        time.sleep(2)
        assert w.counts()["work mail1"] == 1, w.counts()
        w.database_up()
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        late = w.one("select count(*) from fleet_internal.event where "
                     "kind = 'step.passed' and message like 'stop:%'")
        assert late == "3", late


def carried_on_without_the_database(w, fails=False):
    """The first step of the phase hangs, so the others come after the kill;
    they make its check false again.  `fails`: at its first try."""
    w.probe("flushed", ["sh", "FILES/flushed"],
            "grep -q 'work mail1' FILES/count && "
            "grep -qx active FILES/run/mail1 && echo yes || echo no\n")
    the_steps = steps()
    the_steps[2].update(check="flushed.text == yes", settle_ms=1000)
    w.put("work", "if [ -e FILES/fails ]; then rm FILES/fails; "
          "while [ -e FILES/hang ]; do sleep 0.05; done; exit 1; fi\n"
          "echo \"work $1\" >>FILES/count\n"
          "while [ -e FILES/hang ]; do sleep 0.05; done\n".replace(
              "FILES", w.files))
    w.put("hang", "")
    if fails:
        w.put("fails", "")
    w.daemon()
    r = w.start(the_steps, only=["mail1"])
    wait_for("the phase begun", lambda: w.counts().get("work mail1") or
             fails and not os.path.exists(f"{w.files}/fails"))
    w.database_kill()
    w.remove("hang")
    wait_for("the phase's last step is done without the database",
             lambda: w.read("run/mail1") == "inactive", 40)
    return r


def followed_by_another(w, fails=False):
    r = carried_on_without_the_database(w, fails)
    w.kill()
    w.database_up()
    w.daemon("ops2")
    w.wait_state(r, "succeeded")
    each_ran_once(w, ["mail1"])
    records_agree(w, r)


@test
def the_phase_goes_on_to_its_last_step_without_the_database():
    with World() as w:
        r = carried_on_without_the_database(w)
        w.database_up()
        w.wait_state(r, "succeeded")
        each_ran_once(w, ["mail1"])
        records_agree(w, r)


@test
def who_carried_a_phase_on_without_the_database_is_killed():
    """What it did is known by the agents alone, and looks as if nobody had
    to do it."""
    with World() as w:
        followed_by_another(w)
        end = w.one("select a.state || ' ' || a.exit_status from "
                    "fleet_internal.attempt a join fleet_internal.step s "
                    "using (step_id) where s.name = 'stop'")
        assert end == "ended 0", end


@test
def who_tried_again_without_the_database_is_killed():
    """No row has the second try, and nobody has to do that step again."""
    with World() as w:
        followed_by_another(w, fails=True)
        tries = w.sql("select a.state, a.exit_status, a.origin from "
                      "fleet_internal.attempt a join fleet_internal.step s "
                      "using (step_id) where s.name = 'flushed' order by a.nr")
        assert tries[:2] == [["ended", "1", "coordinator"],
                             ["ended", "0", "journal"]], tries


@test
def the_database_dies_between_phases_and_nothing_moves():
    with World() as w:
        w.put("hang-mail1-active", "")
        w.daemon()
        r = w.start()
        wait_for("it is being started",
                 lambda: w.counts().get("unit mail1 active"))
        w.database_kill()
        w.remove("hang-mail1-active")
        time.sleep(3)
        assert w.read(f"ring/{address('mail1')}") == "0 up"
        w.database_up()
        w.wait_state(r, "succeeded")
        each_ran_once(w)


@test
def sigterm_finishes_the_phase_that_may_not_pause():
    with World() as w:
        w.put("hang-mail1-inactive", "")
        d = w.daemon()
        r = w.start()
        wait_for("it is being stopped",
                 lambda: w.counts().get("unit mail1 inactive"))
        d.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert d.poll() is None, "it left inside the phase"
        w.remove("hang-mail1-inactive")
        d.wait(10)
        assert w.one("select state from fleet_internal.step where "
                     "name = 'stop' order by step_id limit 1") == "passed"
        assert w.one("select holder is null from fleet_internal.fleet") == "t"
        w.daemon("ops2")
        w.wait_state(r, "succeeded")
        each_ran_once(w)


@test
def sigterm_elsewhere_leaves_within_five_seconds():
    with World() as w:
        w.put("hang-mail1-active", "")
        d = w.daemon()
        r = w.start()
        wait_for("it is being started",
                 lambda: w.counts().get("unit mail1 active"))
        begun = time.monotonic()
        d.send_signal(signal.SIGTERM)
        assert d.wait(10) == 0
        took = time.monotonic() - begun
        assert took < 5, took
        w.remove("hang-mail1-active")
        w.daemon("ops2")
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        return f"{took:.1f} s"


@test
def a_database_of_a_later_release_is_not_written_to():
    with World() as w:
        w.put("hang-work-1", "")
        w.daemon()
        r = w.start()
        wait_for("work runs", lambda: w.counts().get("work mail1"))
        # as drydock init does it
        w.sql("update fleet_internal.fleet set epoch = epoch + 1, "
              "holder = null; insert into fleet_internal.schema_migration "
              "(version, name, sha256) values (99999, 'later', "
              "repeat('0', 64))")
        wait_for("it says so", lambda: w.log().count(
            "the database has schema 99999, this drydockd was built for") > 2)
        w.remove("hang-work-1")
        told = w.one("select max(seq) from fleet_internal.event")
        beats = w.log().count("schema 99999")
        wait_for("and again", lambda: w.log().count("schema 99999") > beats + 3)
        assert w.one("select max(seq) from fleet_internal.event") == told
        assert w.one("select holder from fleet_internal.fleet") == ""
        w.sql("delete from fleet_internal.schema_migration "
              "where version = 99999")
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        records_agree(w, r)


@test
def an_agents_runner_is_killed_and_the_check_settles_it():
    with World() as w:
        w.put("hang-mail1-inactive", "")
        w.daemon()
        r = w.start()
        wait_for("it is being stopped",
                 lambda: w.counts().get("unit mail1 inactive"))
        w.kill_agents("mail1")
        w.remove("hang-mail1-inactive")
        w.wait_state(r, "succeeded", 90)
        states = [s for s, in w.sql(
            "select a.state from fleet_internal.attempt a join "
            "fleet_internal.step s using (step_id) where s.name = 'stop' "
            "order by s.step_id, a.nr")]
        assert states[0] == "unknown", states


main()
