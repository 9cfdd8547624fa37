#!/usr/bin/env python3
"""18-windows - windows, starts at a time and starts that come again, with
the database's clock moved, not slept.

usage: 18-windows.t [TEST…]
"""
from engine_lib import World, main, steps, test, wait_for


def clock(w, at):
    w.one("insert into fleet_internal.clock_offset values (true, "
          f"'{at}'::timestamptz - clock_timestamp()) on conflict (only_one) "
          "do update set offset_by = excluded.offset_by")
    w.sql("select fleet_internal.wake(fleet_id) from fleet_internal.fleet")


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
        clock(w, "2026-12-01 00:30+00")
        w.one("select fleet.window_add('mail-hel', 'Tue-Thu 01:00-05:00')")
        w.daemon()
        the_steps = steps()
        the_steps[4]["timeout_ms"] = 600000
        r = w.start(the_steps)
        wait_for("it waits for the window", lambda: "no window is open" in
                 hold(w)[0])
        assert hold(w)[1] == "01 01:00", hold(w)
        assert w.one("select state from fleet.rollout") == "waiting"
        w.put("hang-work-2", "")
        clock(w, "2026-12-01 01:00:05+00")
        w.wait_turn(r, 0, "working")
        wait_for("it is at work", lambda:
                 w.counts().get("work mail1") == 2)
        # a turn that has begun is finished, however late it is
        clock(w, "2026-12-01 05:01+00")
        wait_for("it is told", lambda: "mail1 is worked on beyond its "
                 "window, which closed Tue 01 Dec 05:00 UTC" in
                 event(w, "window.overrun"))
        w.remove("hang-work-2")
        w.wait_turn(r, 0, "done")
        # what it took is known now: 4 hours, the whole of a window
        wait_for("the next waits", lambda: "mail2" in hold(w)[0])
        clock(w, "2026-12-02 01:30+00")
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
        clock(w, "2026-12-01 00:30+00")
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
        clock(w, "2026-12-01 01:00:01+00")
        w.wait_state(on_time, "succeeded")
        # nobody is there at two and three
        w.kill("ops1")
        clock(w, "2026-12-01 03:20+00")
        w.daemon("ops2")
        w.wait_state(late, "succeeded")
        assert "missed by 80 min; started late" in event(w, "rollout.running")
        w.wait_state(skipped, "cancelled")
        assert "missed by" in event(w, "rollout.cancelled")
        assert w.turns(skipped) == ["waiting"] * 3


main()
