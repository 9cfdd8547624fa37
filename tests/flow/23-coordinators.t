#!/usr/bin/env python3
"""23-coordinators - two of them, and the one that holds the fleet stalls.

usage: 23-coordinators.t [TEST…]
TAKEOVERS is how many rollouts lose their holder (3), SEED where and when.

Whoever has the fleet is stopped, or killed, in the middle of a rollout; the
other takes it and goes on; the one that wakes up again must do no harm: each
command ran once, and no agent did anything for an epoch that was over.
"""
import os
import random
import signal
import time

from engine_lib import World, main, test, wait_for
from records_lib import Observer, each_ran_once, records_agree

SEED = int(os.environ.get("SEED", time.time()))
TAKEOVERS = int(os.environ.get("TAKEOVERS", 3))
BACKENDS = ["mail1", "mail2"]
NAMES = ["ops1", "ops2"]
COMMANDS = 12  # of one rollout
LEASE = {"heartbeat": "2s", "lease": "15s"}  # as without a configuration
GOES_ON = 25  # seconds after the holder died, with that lease

rng = random.Random(SEED)
w = World(BACKENDS)


def ran():
    return sum(w.counts().values())


def begin(at=0):
    """A rollout, when it has run so many commands."""
    if os.path.exists(f"{w.files}/count"):
        w.remove("count")
    rollout = w.start()
    wait_for(f"command {at}", lambda: ran() >= at, 60)
    return rollout


def holder():
    return w.one("select c.name from fleet_internal.fleet f join "
                 "fleet_internal.coordinator c on c.coordinator_id = f.holder")


def other(name):
    return NAMES[1 - NAMES.index(name)]


def both(**more):
    for name in NAMES:
        if name in w.daemons:
            w.kill(name)
        w.daemon(name, **more)
    wait_for("both are there", lambda: w.one(
        "select count(*) from fleet_internal.coordinator where "
        "beat_at > clock_timestamp() - interval '1 s'") == "2", 30)
    wait_for("one has the fleet", holder, 60)


def at_its_end(rollout, observer):
    w.wait_state(rollout, "succeeded", 120)
    each_ran_once(w)
    records_agree(w, rollout)
    observer.saw_one_out_at_most()


@test
def a_stalled_holder_wakes_up_and_does_no_harm():
    both()
    for _ in range(TAKEOVERS):
        with Observer(w) as observer:
            rollout = begin(rng.randrange(COMMANDS - 2))
            time.sleep(rng.uniform(0, 0.2))
            name = holder()
            w.daemons[name].send_signal(signal.SIGSTOP)
            wait_for("the other has it", lambda: holder() == other(name), 60)
            time.sleep(rng.uniform(0, 0.5))
            w.daemons[name].send_signal(signal.SIGCONT)
            at_its_end(rollout, observer)
            assert w.daemons[name].poll() is None, "it must live on, fenced"
    return f"{TAKEOVERS} times, seed {SEED}"


@test
def a_database_that_was_away_is_no_reason_to_take():
    """The holder is the last to come back, but within its lease."""
    both(lease="6s")
    epoch = "select holder || ' ' || epoch from fleet_internal.fleet"
    with Observer(w) as observer:
        rollout = begin(1)
        had, name = w.one(epoch), holder()
        w.database_stop()
        time.sleep(7)
        w.daemons[name].send_signal(signal.SIGSTOP)
        w.database_up()
        beats = ("select beats from fleet_internal.coordinator where name = "
                 f"'{other(name)}'")
        before = int(w.one(beats))
        wait_for("the other is back", lambda: int(w.one(beats)) > before + 1)
        w.daemons[name].send_signal(signal.SIGCONT)
        at_its_end(rollout, observer)
    assert w.one(epoch) == had, (had, w.one(epoch))


@test
def a_killed_holder_is_followed_within_25_s():
    both(**LEASE)
    with Observer(w) as observer:
        w.put("hang-work-2", "")
        rollout = begin(4)
        name = holder()
        w.kill(name)
        since = time.monotonic()
        w.remove("hang-work-2")
        wait_for("the rollout goes on", lambda: ran() > 4, 60)
        took = time.monotonic() - since
        w.daemon(name, **LEASE)
        at_its_end(rollout, observer)
    assert took <= GOES_ON, f"{took:.1f} s"
    return f"after {took:.1f} s"


with w:
    main()
