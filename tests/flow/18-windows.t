#!/usr/bin/env python3
"""18-windows - windows, starts at a time and starts that come again, with
the database's clock moved, not slept.

usage: 18-windows.t [TEST…]
"""
import json
import os
import subprocess

from engine_lib import BIN, HEAR, World, main, steps, test, wait_for

# one step is enough for a start that comes by itself
PROCEDURE = """
procedure: nightly
format: 1
description: Work on each.
strategy: {order: [name]}
vars: {}
probes:
  unit: {run: "sh FILES/unit-show ${backend.name}", format: kv}
preflight:
  - {code: UNIT, expect: unit.ActiveState == active, hint: start it}
phases:
  - phase: work
    rest: in
    steps:
      - {name: work, run: "sh FILES/work ${backend.name}", undo: none}
"""
TELL = "#!/bin/bash\n" + HEAR
ALONE = "--unattended-without-alarm"


def hold(w, kind="window"):
    rows = w.sql("select why, coalesce(to_char(until at time zone 'UTC', "
                 "'DD HH24:MI'), '') from fleet_internal.hold where ended_at "
                 f"is null and kind = '{kind}'")
    return rows[0] if rows else ["", ""]


def event(w, kind):
    return w.one("select string_agg(message, '; ' order by seq) from "
                 f"fleet_internal.event where kind = '{kind}'")


@test
def a_rollout_waits_for_a_window_and_the_last_one_that_would_not_fit():
    with World() as w:
        w.database_clock("2026-12-01 00:30+00")
        w.one("select fleet.window_add('mail-hel', 'Tue-Thu 01:00-05:00')")
        w.daemon()
        the_steps = steps()
        the_steps[4]["timeout_ms"] = 600000
        r = w.start(the_steps)
        wait_for("it waits for the window", lambda: "no window is open" in
                 hold(w)[0])
        assert hold(w)[1] == "01 01:00", hold(w)
        seen = json.loads(w.one("select evidence from fleet.hold"))
        assert seen["closes_ms"] - seen["opens_ms"] == 4 * 3600000, seen
        assert 0 < seen["expected_ms"] < 4 * 3600000, seen
        assert w.one("select state from fleet.rollout") == "waiting"
        w.put("hang-work-2", "")
        w.database_clock("2026-12-01 01:00:05+00")
        w.wait_turn(r, 0, "working")
        wait_for("it is at work", lambda:
                 w.counts().get("work mail1") == 2)
        # a turn that has begun is finished, however late it is
        w.database_clock("2026-12-01 05:01+00")
        wait_for("it is told", lambda: "mail1 is worked on beyond its "
                 "window, which closed Tue 01 Dec 05:00 UTC" in
                 event(w, "window.overrun"))
        w.remove("hang-work-2")
        w.wait_turn(r, 0, "done")
        # what it took is known now: 4 hours, the whole of a window
        wait_for("the next waits", lambda: "mail2" in hold(w)[0])
        w.database_clock("2026-12-02 01:30+00")
        wait_for("for a window in which it fits", lambda:
                 "mail2 takes up to 24" in hold(w)[0])
        assert "the window closes Wed 02 Dec 05:00 UTC" in hold(w)[0]
        assert w.turns(r) == ["done", "waiting", "waiting"]
        # forbidden, then lifted by a person for one backend only
        w.one("select fleet.window_add('mail-hel', '2 Dec', forbid => true)")
        wait_for("forbidden", lambda: "no window is open" in hold(w)[0])
        w.one(f"select fleet.override({r}, 'window', 'it must be tonight', "
              "'mail2')")
        w.wait_turn(r, 1, "done")
        wait_for("the third waits", lambda: "mail3" in hold(w)[0])
        assert w.turns(r) == ["done", "done", "waiting"]
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_state(r, "aborted")


@test
def starts_at_a_time_and_what_was_missed():
    with World() as w:
        w.database_clock("2026-12-01 00:30+00")
        w.daemon()
        on_time, late, skipped = w.plan(), w.plan(), w.plan()
        for r, missed in ((on_time, "skip"), (late, "start"),
                          (skipped, "skip")):
            hour = {on_time: 1, late: 2, skipped: 3}[r]
            w.one(f"select fleet.start({r}, '2026-12-01 0{hour}:00+00', "
                  "unattended_without_alarm => true, "
                  f"missed => '{missed}')")
        wait_for("each is checked", lambda: w.one(
            "select count(distinct args->>'rollout') from "
            "fleet_internal.request where kind = 'check'") == "3")
        assert w.state(on_time) == "scheduled"
        w.database_clock("2026-12-01 01:00:01+00")
        w.wait_state(on_time, "succeeded")
        # nobody is there at two and three
        w.kill("ops1")
        w.database_clock("2026-12-01 03:20+00")
        w.daemon("ops2")
        w.wait_state(late, "succeeded")
        assert "missed by 80 min; started late" in event(w, "rollout.running")
        w.wait_state(skipped, "cancelled")
        assert "missed by" in event(w, "rollout.cancelled")
        assert w.turns(skipped) == ["waiting"] * 3
        # between the plan and its hour somebody takes a backend away
        stale = w.plan()
        w.one(f"select fleet.start({stale}, '2026-12-01 04:00+00', "
              "unattended_without_alarm => true)")
        w.one("select fleet.exclude('mail-hel', 'mail3', 'no disk')")
        w.database_clock("2026-12-01 04:00:01+00")
        w.wait_state(stale, "cancelled")
        assert "mail3 is excluded: no disk; type: drydock plan flow" in \
            event(w, "rollout.cancelled"), event(w, "rollout.cancelled")


def drydock(w, *argv, code=0):
    run = subprocess.run([f"{BIN}/drydock", *argv], env=w.env, text=True,
                         capture_output=True, stdin=subprocess.DEVNULL)
    text = run.stdout + run.stderr
    assert run.returncode == code, (argv, run.returncode, text)
    return text


def heard(w, kind):
    """What the hook was told of that kind; whole lines only."""
    try:
        with open(os.path.join(w.files, "heard")) as f:
            lines = [json.loads(x) for x in f if x.endswith("\n")]
    except FileNotFoundError:
        return []
    return [e["message"] for e in lines if e["kind"] == kind]


def checked(w, rollout):
    """How many checks of it are done."""
    return int(w.one("select count(*) from fleet_internal.request where "
                     "kind = 'check' and done_at is not null and "
                     f"args->>'rollout' = '{rollout}'"))


def watched(w):
    """A coordinator with a hook that hears what all hooks hear."""
    path = os.path.join(w.top, "tell")
    with open(path, "w") as f:
        f.write(TELL.replace("FILES", w.files))
    os.chmod(path, 0o755)
    w.one("select fleet.add_procedure(:'v')",
          v=PROCEDURE.replace("FILES", w.files))
    w.daemon(**{"hook.tell": path})
    wait_for("it is offered", lambda: w.one(
        "select count(*) from fleet.hook") == "1", 120)


@test
def typed_for_the_night_and_watched_by_a_hook():
    with World(["mail1", "mail2"]) as w:
        w.database_clock("2026-12-01 00:30+00")
        watched(w)
        text = drydock(w, "window", "add", "Tue-Thu 01:00-05:00")
        assert "taken Tue 01 Dec 01:00 UTC to Tue 01 Dec 05:00" in text, text
        text = drydock(w, "window", "next", "2")
        assert "Wed 02 Dec 01:00" in text and "4h" in text, text

        # nobody would come: neither once nor again
        drydock(w, "plan", "nightly", "--save")
        r = w.one("select rollout from fleet.rollout")
        once = ("start", r, "--at", "2026-12-02 03:00", "--yes")
        again = ("schedule", "add", "Wed 02:00", "nightly")
        text = drydock(w, "start", r, "--at", "03:00", "--yes", code=2)
        assert "hint: a time is 2026-12-01 01:00 or tomorrow" in text, text
        for typed in (once, again):
            text = drydock(w, *typed, code=1)
            assert "nobody would be told" in text, text
            assert "tell of ops1: never tested" in text, text
        text = drydock(w, *again, ALONE)
        assert "s1: nightly, next Wed 02 Dec 02:00 UTC" in text, text
        drydock(w, "schedule", "cancel", "s1", "--reason", "not yet")
        drydock(w, "hook", "test", "tell")
        w.database_clock("2026-12-02 00:31+00")
        wait_for("its coordinator is alive then", lambda: w.one(
            "select beat_at > '2026-12-02 00:31+00' from "
            "fleet_internal.coordinator") == "t", 60)
        text = drydock(w, *again, code=1)
        assert "last passed at 2026-12-01" in text, text
        drydock(w, "hook", "test", "tell")
        text = drydock(w, *once)
        assert f"rollout {r} will start Wed 02 Dec 03:00 UTC" in text, text
        assert "the window is open then, until Wed 02 Dec 05:00" in text, text
        drydock(w, "schedule", "add", "Thu 02:00", "nightly")

        # an hour before it is checked again, and what is wrong is told
        w.put("run/mail2", "inactive\n")
        w.database_clock("2026-12-02 02:00:01+00")
        wait_for("it is told", lambda: heard(w, "schedule.check"), 60)
        assert "UNIT mail2" in heard(w, "schedule.check")[0]
        assert w.state(r) == "scheduled"
        # nobody came: at its hour it starts, takes nobody, and says so
        w.database_clock("2026-12-02 03:00:01+00")
        wait_for("it is told again", lambda: len(
            heard(w, "schedule.check")) == 2, 60)
        wait_for("and nobody is taken", lambda: hold(w, "gate")[0].startswith(
            "a backend is not taken before its check finds nothing"), 60)
        assert w.turns(r) == ["waiting", "waiting"]
        assert w.counts() == {}
        # looked at again, and found to be as before: told once
        before = checked(w, r)
        w.database_clock("2026-12-02 03:00:30+00")
        wait_for("it is checked again", lambda: checked(w, r) > before, 60)
        w.put("run/mail2", "active\n")
        w.database_clock("2026-12-02 03:01+00")
        w.wait_state(r, "succeeded")
        assert len(heard(w, "schedule.check")) == 2

        # again: planned an hour before, started at its hour
        w.database_clock("2026-12-03 01:00:01+00")
        wait_for("it is planned", lambda: w.one(
            "select state from fleet.schedule") == "scheduled", 60)
        text = drydock(w, "schedule", "list")
        assert "Thu 03 Dec 02:00" in text and "scheduled" in text, text
        w.database_clock("2026-12-03 02:00:01+00")
        wait_for("it has run", lambda: w.one(
            "select last_result from fleet.schedule") == "started", 60)
        r = w.one("select last_rollout from fleet.schedule")
        w.wait_state(r, "succeeded")
        assert w.counts() == {"work mail1": 2, "work mail2": 2}, w.counts()
        # a week later nobody is there in time: skipped, and told
        w.kill()
        w.database_clock("2026-12-10 02:30+00")
        w.daemon("ops2", **{"hook.tell": os.path.join(w.top, "tell")})
        wait_for("it is told", lambda: heard(w, "schedule.missed"), 60)
        assert "s2: the start of nightly Thu 10 Dec 02:00 UTC was missed" \
            in heard(w, "schedule.missed")[0]
        text = drydock(w, "schedule", "list")
        assert "missed, skipped" in text and "Thu 17 Dec" in text, text
        drydock(w, "schedule", "cancel", "s2")
        text = drydock(w, "schedule", "list")
        assert "nothing starts by itself" in text, text


main()
