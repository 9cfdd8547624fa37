#!/usr/bin/env python3
"""22-hour - an hour without the database, in a few seconds.

usage: 22-hour.t [TEST…]

While the database is away the coordinator's time goes fast (tests/shim/clock.c),
and when it is back an hour has passed for it too.  The coordinator asked
patiently, and kept neither memory nor descriptors; nothing is skipped, no
deadline was spent, what a drain rests on is proved again, and each command ran
once.
"""
import os
import time

from clock_lib import ClockWorld
from engine_lib import address, main, steps, test, wait_for
from records_lib import Observer, each_ran_once, records_agree

HOUR, RATE = 3600, 600
LINES = 30  # that are written in an hour, at most
BACKENDS = ["mail1", "mail2"]
ONLY = ["mail1"]  # is worked on; mail2 is there to be in service


class HourWorld(ClockWorld):
    def hour(self):
        """It passes, for the coordinator and for the database."""
        pid, log = self.daemons["ops1"].pid, len(self.log())
        was = held(pid)
        begin = time.monotonic()
        self.clock("fast", RATE)
        time.sleep(HOUR / RATE)
        self.clock("fast", 1)
        passed = (time.monotonic() - begin) * RATE
        now = held(pid)
        # a slow agent is there twice until it has ended
        assert now[0] <= was[0] + 2048 and now[1] <= was[1] + 12, (was, now)
        # not what it says of agents: their time is as ever, so they seem slow
        said = [x for x in self.log()[log:].splitlines() if "connection" in x]
        assert len(said) <= LINES, "\n".join(said[-LINES:])
        self.database_aside("insert into fleet_internal.clock_offset "
                            f"(offset_by) values (interval '{passed} s')")
        return len(said)


def held(pid):
    """(kB of memory, descriptors)"""
    with open(f"/proc/{pid}/status") as f:
        rss = next(x for x in f if x.startswith("VmRSS")).split()[1]
    return int(rss), len(os.listdir(f"/proc/{pid}/fd"))


def begin(w, the_steps=None):
    w.daemon()
    return w.start(the_steps, only=ONLY)


def database_goes(w, words):
    since = len(w.log())
    w.database_stop()
    wait_for(f"drydockd says {words}", lambda: words in w.log()[since:], 60)


def at_its_end(w, rollout, observer):
    w.wait_state(rollout, "succeeded")
    records_agree(w, rollout)
    observer.saw_one_out_at_most()


@test
def what_a_drain_rests_on_is_proved_again():
    """And what it waits for came about meanwhile, long after its time."""
    the_steps = steps()
    the_steps[1]["poll"] = {"until": "door.text ~ open", "every_ms": 200,
                            "at_most_ms": 60000, "then": "fail"}
    with HourWorld(BACKENDS) as w, Observer(w) as observer:
        w.probe("door", ["sh", "FILES/show-door"], "cat FILES/door\n")
        w.put("door", "closed\n")
        rollout = begin(w, the_steps)
        wait_for("it drains", lambda: w.one(
            "select count(*) from fleet_internal.step where state = 'running' "
            "and kind = 'poll'") == "1", 60)
        database_goes(w, "the database is away")
        lines = w.hour()
        w.put(f"ring/{address('mail1')}", "70 up\n")
        w.put("door", "open\n")
        w.database_up()
        at_its_end(w, rollout, observer)
        counts = w.counts()
        drain = f"ring {address('mail1')} 0 up"
        assert counts[drain] == 2, counts
        w.put("count", w.read("count").replace(drain, "", 1))
        each_ran_once(w, ONLY)
    return f"{lines} lines in an hour"


@test
def a_phase_that_does_not_pause_ends_and_waits():
    with HourWorld(BACKENDS) as w, Observer(w) as observer:
        w.put("hang-mail1-inactive", "")
        rollout = begin(w)
        wait_for("it is being stopped", lambda: w.counts().get(
            "unit mail1 inactive"), 60)
        database_goes(w, "the phase is carried to its end")
        w.remove("hang-mail1-inactive")
        wait_for("it is stopped",
                 lambda: w.read("run/mail1") == "inactive", 60)
        wait_for("drydockd knows it",
                 lambda: "stop passed" in w.log(), 60)
        lines = w.hour()
        assert "unit mail1 active" not in w.counts(), w.counts()
        w.database_up()
        at_its_end(w, rollout, observer)
        each_ran_once(w, ONLY)
    return f"{lines} lines in an hour"


main()
