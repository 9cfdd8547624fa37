#!/usr/bin/env python3
"""10-rollout - a whole rollout: three backends, one after the other.

usage: 10-rollout.t [TEST…]
"""
import time

import engine_lib
from engine_lib import World, address, main, test, wait_for


@test
def three_backends_one_after_the_other():
    with World() as w:
        w.daemon()
        r = w.start()
        w.wait_state(r, "succeeded")
        assert w.turns(r) == ["done"] * 3
        for b in w.backends:
            assert w.read(f"ring/{address(b)}") == "100 up"
            assert w.read(f"run/{b}") == "active"
        assert sum(w.counts().values()) == 3 * 6, w.counts()
        rows, ran = w.attempts_match()
        assert rows == ran, (rows, ran)
        spans = w.sql("select out_since, back_at from fleet_internal.outage "
                      "order by 1")
        assert len(spans) == 3 and all(back for _, back in spans)
        for (_, back), (since, _) in zip(spans, spans[1:]):
            assert back <= since, "two were out at once"
        sheet = w.sheet("mail3")
        assert "mail3" in sheet and "rollout" in sheet, sheet
        assert f"ring-set {address('mail3')} 100 up" in sheet, sheet
        assert w.one("select count(*) from fleet_internal.sample") == "3"



@test
def two_fleets_behind_the_same_members_at_once():
    with World() as w:
        more = ["mail4", "mail5"]
        w.second_fleet(more)
        w.daemon()
        one = w.start()
        two = w.start(fleet="mail-two", only=more)
        w.wait_state(one, "succeeded", 90)
        w.wait_state(two, "succeeded", 90)
        counts = w.counts()
        assert sum(counts.values()) == 5 * 6, counts
        rows, ran = w.attempts_match()
        assert rows == ran, (rows, ran)


@test
def one_slot_for_two_fleets_with_one_interlock():
    with World(interlock="platform") as w:
        more = ["mail4", "mail5"]
        w.second_fleet(more, interlock="platform")
        w.put("slow", "")
        w.daemon()
        one = w.start()
        two = w.start(fleet="mail-two", only=more)
        w.wait_state(one, "succeeded", 120)
        w.wait_state(two, "succeeded", 120)
        assert w.one("select count(*) from fleet_internal.outage a join "
                     "fleet_internal.outage b on a.outage_id < b.outage_id "
                     "and b.out_since < a.back_at") == "0"
        # whoever waited for the slot said for whom
        assert w.one("select count(*) from fleet_internal.hold where gate = "
                     "'slot' and evidence->>'backend' is null") == "0"


def reads(w, function="load_detail"):
    """How often all of a rollout was read; a session tells when it is gone."""
    return int(w.one("select coalesce(sum(calls), 0) from "
                     "pg_stat_user_functions where funcname = :'v'",
                     v=function))


@test
def a_step_that_ends_makes_nobody_read_the_rollout_again():
    engine_lib.PHASES = [{"name": "all", "rest": "in", "proves": True}]
    with World() as w:
        w.one("alter system set track_functions = 'all'")
        w.one("select pg_reload_conf()")
        w.put("work", "sleep 0.1\n")
        w.daemon()
        begin = time.monotonic()
        r = w.start([{"name": f"s{i}", "phase": "all", "kind": "run",
                      "target": "backend", "argv": ["sh", "FILES/work", "x"],
                      "idempotent": True, "undo": "none",
                      "timeout_ms": 20000} for i in range(60)],
                    only=["mail1"])
        w.wait_state(r, "succeeded", 240)
        spent = time.monotonic() - begin
        w.kill()
        wait_for("the figures", lambda: reads(w) > 0, 30)
        n = reads(w)
        # at the beginning and the end of all, and what polls for news
        assert n <= 12 + spent / 5, f"{n} reads in {spent:.0f} s"
        # it did not change: once for the fleet, once for who asked to start
        assert reads(w, "load_inventory") == 2, reads(w, "load_inventory")
        return f"{n} reads in {spent:.0f} s, 60 steps"


main()
