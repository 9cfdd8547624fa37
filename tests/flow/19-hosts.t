#!/usr/bin/env python3
"""19-hosts - what is left on hosts, and who tells them that it may go.

usage: 19-hosts.t [TEST…]
"""
import os

from engine_lib import World, main, test, wait_for

FORGOTTEN = "the hosts forgot"


def clock(w, offset):
    w.one("insert into fleet_internal.clock_offset values (true, "
          f"'{offset}') on conflict (only_one) do update set offset_by = "
          f"'{offset}'")


def floors(w):
    """host: the floor in its journal, 0 when it never forgot."""
    out = {}
    for name in os.listdir(f"{w.top}/hosts"):
        seen = [r["floor"] for r in w.records(name) if r["t"] == "floor"]
        out[name] = seen[-1] if seen else 0
    return out


def outputs(w, host):
    return os.listdir(f"{w.root(host)}/var/lib/drydock/out")


def sheet_path(w, host):
    return f"{w.root(host)}/var/lib/drydock/SHEET"


@test
def agents_forget_an_hour_after_a_rollout_ended():
    with World(["mail1", "mail2"]) as w:
        w.daemon()
        first = w.start()
        w.wait_state(first, "succeeded")
        last = int(w.one("select last_seq from fleet_internal.rollout where "
                         f"rollout_id = {first}"))
        assert last == int(w.one("select max(seq) from "
                                 "fleet_internal.attempt")), last
        assert set(floors(w).values()) == {0}, floors(w)
        # one of them is away meanwhile, and the coordinator is killed
        w.silence("mail2")
        w.kill_agents("mail2")
        clock(w, "61 min")
        wait_for(FORGOTTEN, lambda: sorted(
            n for n, f in floors(w).items() if f == last) ==
            ["dir1", "dir2", "mail1"], 60)
        assert outputs(w, "mail1") == [] and outputs(w, "mail2") != []
        w.kill()
        w.speak("mail2")
        # what a coordinator that died could not take away any more
        with open(sheet_path(w, "mail2"), "w") as f:
            f.write("drydock is working on this host\n")
        w.daemon()
        wait_for(FORGOTTEN, lambda: floors(w)["mail2"] == last, 60)
        wait_for("the old sheet is gone",
                 lambda: not os.path.exists(sheet_path(w, "mail2")), 60)
        # and the next rollout is not refused anything
        second = w.start()
        w.wait_state(second, "succeeded")
        assert w.counts()["unit mail2 inactive"] == 2, w.counts()
        least = int(w.one(
            "select min(seq) from fleet_internal.attempt a join "
            "fleet_internal.step using (step_id) join fleet_internal.turn "
            f"using (turn_id) where rollout_id = {second}"))
        assert least > last
        return f"floor {last}"


@test
def the_sheet_of_a_backend_that_is_left_out_stays():
    with World(["mail1", "mail2"]) as w:
        w.put("fail-mail1-active", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        path = sheet_path(w, "mail1")
        assert os.path.exists(path)
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_turn(r, 0, "out")
        w.wait_state(r, "aborted")
        w.kill()
        w.daemon()
        w.wait_greeted()
        assert os.path.exists(path), "the way back is gone"
        # by hand, as the sheet says; then a person asks for it
        w.put("run/mail1", "active\n")
        w.put("ring/127.0.1.1", "100 up\n")
        w.one("select fleet.include(fleet := 'mail-hel', backend := 'mail1')")
        wait_for("it is back", lambda: w.one(
            "select count(*) from fleet_internal.outage where back_at is null")
            == "0", 60)
        wait_for("the sheet is gone", lambda: not os.path.exists(path), 60)


main()
