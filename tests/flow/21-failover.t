#!/usr/bin/env python3
"""21-failover - the database's primary dies, and its standby goes on.

usage: 21-failover.t [TEST…]
FAILOVERS is how many rollouts lose their primary (3), SEED where and when.

A primary and its synchronous standby, loopback agents.  The rollout goes to
its end by itself, each command runs once, and what anybody saw in the database
before is there afterwards.
"""
import os
import random
import time

from engine_lib import main, test, wait_for
from pair_lib import PairWorld
from records_lib import (Observer, each_ran_once, outages_in_turn,
                         records_agree)

SEED = int(os.environ.get("SEED", time.time()))
FAILOVERS = int(os.environ.get("FAILOVERS", 3))
BACKENDS = ["mail1", "mail2"]
COMMANDS = 12  # of one rollout
GOES_ON = 20  # seconds after a promotion


def ran(w):
    return sum(w.counts().values())


def begin(w):
    if os.path.exists(f"{w.files}/count"):
        w.remove("count")
    return w.start()


def seen(w):
    """The record as anybody may read it: nothing of it may ever go."""
    return [tuple(row) for row in w.sql(
        "select fleet_id, seq, kind, message from "
        "fleet_internal.event order by 1, 2")]


def goes_on(w, since):
    """Seconds from `since` to the next step that passed."""
    newest = "select max(seq) from fleet_internal.event"
    before = w.one(newest)
    wait_for("the rollout goes on", lambda: w.one(newest) != before, 60)
    return time.monotonic() - since


def at_its_end(w, rollout, before, observer):
    w.wait_state(rollout, "succeeded", 120)
    each_ran_once(w)
    records_agree(w, rollout)
    observer.saw_one_out_at_most()
    after = seen(w)
    assert after[:len(before)] == before, set(before) - set(after)


def one_failover(w, rng):
    """A rollout whose primary dies; seconds until it went on."""
    at, pause = rng.randrange(COMMANDS - 1), rng.uniform(0, 0.3)
    with Observer(w) as observer:
        rollout = begin(w)
        wait_for(f"command {at}", lambda: ran(w) >= at, 60)
        time.sleep(pause)
        before = seen(w)
        time.sleep(rng.uniform(0, 0.1))
        took = goes_on(w, w.fail_over(rng.uniform(0, 2)))
        at_its_end(w, rollout, before, observer)
    assert took <= GOES_ON, f"{took:.1f} s at command {at}"
    return took


@test
def a_primary_dies_at_any_instant_of_a_rollout():
    rng = random.Random(SEED)
    took = []
    with PairWorld(BACKENDS) as w:
        w.daemon()
        for nr in range(FAILOVERS):
            if nr > 0:
                w.attach()
            took.append(one_failover(w, rng))
        assert w.daemons["ops1"].poll() is None, "drydockd ended"
    return (f"{len(took)} failovers, went on after "
            f"{min(took):.1f} to {max(took):.1f} s, seed {SEED}")


main()
