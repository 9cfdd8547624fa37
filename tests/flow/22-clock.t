#!/usr/bin/env python3
"""22-clock - who sets the time changes nothing but what is written in logs.

usage: 22-clock.t [TEST…]
"""
import time

from clock_lib import ClockWorld
from engine_lib import main, test, wait_for
from records_lib import each_ran_once, records_agree

HOLDER = ("select c.name from fleet_internal.fleet f join fleet_internal."
          "coordinator c on c.coordinator_id = f.holder")
HOUR, DECADE = 3600, 10 * 366 * 86400


class JumpWorld(ClockWorld):
    """Their wall clock jumps."""

    def jump(self, seconds):
        """And what every coordinator makes of it."""
        self.clock("wall", seconds)
        before = self.beats()
        wait_for("all have looked around since", lambda: all(
            beats >= before.get(name, 0) + 2
            for name, beats in self.beats().items()), 60)

    def beats(self):
        return {name: int(n) for name, n in self.sql(
            "select name, beats from fleet_internal.coordinator")}


@test
def a_jump_takes_no_fleet_and_a_death_is_still_seen():
    with JumpWorld() as w:
        w.put("slow", "")
        # its beats stand still while the other looks, as in real life
        w.daemon("ops1", heartbeat="700ms")
        r = w.start()
        w.wait_turn(r, 0, "working")
        w.daemon("ops2")
        wait_for("both are there", lambda: len(w.beats()) == 2)
        epoch = w.one("select epoch from fleet_internal.fleet")
        for seconds in (HOUR, 2 * HOUR, -HOUR, DECADE):
            w.jump(seconds)
            assert w.one(HOLDER) == "ops1", seconds
        assert w.one("select epoch from fleet_internal.fleet") == epoch
        w.kill("ops1")
        before = w.beats()["ops2"]
        wait_for("ops2 has seen it stand still",
                 lambda: w.beats()["ops2"] >= before + 2, 30)
        w.clock("wall", -DECADE)
        wait_for("ops2 has it", lambda: w.one(HOLDER) == "ops2", 30)
        assert f"\n{time.gmtime(time.time() - DECADE).tm_year}-" in (
            w.log("ops2")), "nothing jumped"
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        records_agree(w, r)


main()
