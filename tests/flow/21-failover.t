#!/usr/bin/env python3
"""21-failover - the database's primary dies, or is away, and it goes on.

usage: 21-failover.t [TEST…]
FAILOVERS is how many rollouts lose their primary (3), SEED where and when.

A primary and its synchronous standby, loopback agents, one drydockd for all.
The rollout goes to its end by itself, each command runs once, and what anybody
saw in the database before is there afterwards.
"""
import os
import random
import time

from engine_lib import main, steps, test, wait_for
from pair_lib import PairWorld
from records_lib import Observer, each_ran_once, records_agree

SEED = int(os.environ.get("SEED", time.time()))
FAILOVERS = int(os.environ.get("FAILOVERS", 3))
BACKENDS = ["mail1", "mail2"]
COMMANDS = 12  # of one rollout
GOES_ON = 20  # seconds after a promotion

w = PairWorld(BACKENDS)
rng = random.Random(SEED)


def ran():
    return sum(w.counts().values())


def begin(at=0, the_steps=None):
    """A rollout, when it has run so many commands."""
    w.attached()
    if os.path.exists(f"{w.files}/count"):
        w.remove("count")
    rollout = w.start(the_steps)
    wait_for(f"command {at}", lambda: ran() >= at, 60)
    return rollout


def seen():
    """The record as anybody may read it: nothing of it may ever go."""
    return [tuple(row) for row in w.sql(
        "select fleet_id, seq, kind, message from fleet_internal.event "
        "order by 1, 2")]


def goes_on(rollout, since):
    """Seconds from `since` until something happened, or all had already."""
    newest = "select max(seq) from fleet_internal.event"
    before = w.one(newest)
    try:
        wait_for("the rollout goes on", lambda: w.one(newest) != before or
                 w.state(rollout) == "succeeded", 60)
    except AssertionError:
        w.explain(rollout)
        raise
    took = time.monotonic() - since
    assert took <= GOES_ON, f"{took:.1f} s"
    return took


def at_its_end(rollout, before, observer):
    w.wait_state(rollout, "succeeded", 120)
    each_ran_once(w)
    records_agree(w, rollout)
    observer.saw_one_out_at_most()
    after = seen()
    assert after[:len(before)] == before, set(before) - set(after)
    assert w.daemons["ops1"].poll() is None, "drydockd ended"


def said(since, words):
    wait_for(f"drydockd says {words}",
             lambda: words in w.log()[since:], 30)


def cpu():
    """Seconds that drydockd has worked."""
    with open(f"/proc/{w.daemons['ops1'].pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@test
def a_primary_dies_at_any_instant_of_a_rollout():
    took = []
    for _ in range(FAILOVERS):
        with Observer(w) as observer:
            rollout = begin(rng.randrange(COMMANDS - 1))
            time.sleep(rng.uniform(0, 0.3))
            before = seen()
            time.sleep(rng.uniform(0, 0.1))
            took.append(goes_on(rollout,
                                w.fail_over(rng.uniform(0, 2))))
            at_its_end(rollout, before, observer)
    return (f"{len(took)} failovers, went on after "
            f"{min(took):.1f} to {max(took):.1f} s, seed {SEED}")


def sessions(server, what, more=""):
    return server.sql(f"select {what} from pg_stat_activity where "
                      f"usename = 'drydockd' {more}")


def a_new_one_refuses(old):
    """A drydockd that is started now, and can reach no other server."""
    w.kill()
    log = len(w.log())
    w.daemon(database=f"host={w.pg} port={old.port} dbname=drydock "
             "user=drydockd")
    said(log, "it was left by a failover and must not be written to")
    w.kill()
    w.daemon()


@test
def an_old_primary_that_comes_back_is_not_written_to():
    """It takes writes, as one that nobody told, with and without a standby
    that it would wait for; it is named first; and whoever is started then saw
    no other before."""
    record = ("select (select max(seq) from fleet_internal.event), "
              "(select sum(beats) from fleet_internal.coordinator)")
    with Observer(w) as observer:
        rollout = begin(1)
        before = seen()
        w.kill()
        w.fail_over()
        old = w.second
        old.start()
        old.commits_wait_for("")
        stale = old.sql(record, "drydock")
        w.daemon()
        for names in ("*", ""):
            old.commits_wait_for(names)
            for _ in range(4):
                sessions(w.first, "pg_terminate_backend(pid)")
                time.sleep(0.4)
            a_new_one_refuses(old)
        at_its_end(rollout, before, observer)
    assert old.sql(record, "drydock") == stale, "the old one was written to"


def cancelled():
    """Commits wait for a standby that died, and somebody ends the waiting."""
    begun = ran()
    for _ in range(8):
        wait_for("a commit waits", lambda: sessions(
            w.first, "pg_cancel_backend(pid)", "and wait_event = 'SyncRep'"))
        time.sleep(0.2)
    assert ran() == begun, f"sent, and could be forgotten: {w.counts()}"


@test
def a_commit_without_its_standby_did_not_happen_yet():
    the_steps = steps()
    the_steps[1]["poll"] = {"until": "door.text ~ open", "every_ms": 200,
                            "at_most_ms": 60000, "then": "fail"}
    w.put("door", "closed\n")
    w.put("hang-work-2", "")
    with Observer(w) as observer:
        rollout = begin(1, the_steps)
        w.second.kill()
        w.put("door", "open\n")
        cancelled()  # what begins a phase that may not pause
        w.second.start()
        wait_for("command 4", lambda: ran() >= 4, 60)
        w.second.kill()
        w.remove("hang-work-2")
        cancelled()
        # all that was committed there alone is lost
        w.first.kill()
        w.second.start()
        w.fail_over()
        at_its_end(rollout, [], observer)


@test
def connections_are_killed_again_and_again():
    with Observer(w) as observer:
        rollout = begin()
        before, kills = seen(), 0
        while w.state(rollout) != "succeeded" and kills < 15:
            sessions(w.first, "pg_terminate_backend(pid)")
            kills += 1
            time.sleep(rng.uniform(0.1, 0.6))
        at_its_end(rollout, before, observer)
    assert kills >= 5, kills
    return f"{kills} times"


def refusals():
    with open(w.first.log) as f:
        return f.read().count("in a read-only transaction")


def read_only(value):
    w.first.sql(f"alter system set default_transaction_read_only = {value}")
    w.first.sql("select pg_reload_conf()")


@test
def the_database_is_read_only_for_a_while():
    with Observer(w) as observer:
        rollout = begin(1)
        log, before, asked = len(w.log()), seen(), refusals()
        read_only("on")
        said(log, "read-only transaction")
        time.sleep(4)
        asked, begun = refusals() - asked, ran()
        time.sleep(1)
        assert ran() == begun
        read_only("off")
        goes_on(rollout, time.monotonic())
        at_its_end(rollout, before, observer)
    assert asked < 150, f"asked {asked} times"  # a beat each 200 ms
    return f"asked {asked} times in 4 s"


@test
def the_database_is_stopped_for_long():
    with Observer(w) as observer:
        rollout = begin(1)
        log, before, work = len(w.log()), seen(), cpu()
        w.first.control("-m", "fast", "stop")
        said(log, "the database is away")
        said(log, "No such file or directory")
        time.sleep(10)
        work = cpu() - work
        w.first.start()
        took = goes_on(rollout, time.monotonic())
        at_its_end(rollout, before, observer)
    assert work < 1, f"{work} s of CPU in 10"
    return f"went on after {took:.1f} s"


with w:
    w.probe("door", ["sh", "FILES/show-door"], "cat FILES/door\n")
    w.daemon()
    main()
