#!/usr/bin/env python3
"""20-crash - every fault point of lib/fault.h is hit, and dies there once.

usage: 20-crash.t [FAULT[+FAULT…]…]  a run for each; all without arguments
       20-crash.t --pairs N SEED     N rollouts, each with two points that die

A FAULT is POINT:NTH or POINT:NTH:ACTION, as lib/fault.h has it.  CRASH_ROUNDS
is how often each point is hit (1), each time at a later occurrence where there
are as many; with more than 1 each of ACTIONS has a run of its own too.

Real PostgreSQL, real sshd, agents, drydock-ssh and drydockd on loopback.  The
process that comes by the point ends as by SIGKILL; only drydockd is started
again, as systemd would.  The rollout must come to its end by that alone, or be
held for a person with a reason (a command that had begun and of which nobody
knows the end).  Then records that know nothing of each other are compared:
what the hosts did, the agents' journals, the database's events and rows; and
an observer has watched the ring and the backends all the time.
"""
import os
import random
import re
import sys
import threading
import time

from agent_lib import TOP
from crash_lib import Crashes

ROUNDS = int(os.environ.get("CRASH_ROUNDS", 1))
WORLDS = 2  # side by side: each mostly waits
WAYS = ("send", "answer")
# statements that have nothing to do with the steps of a rollout: all points of
# a line in one run
BESIDE = [
    ["schedule_tick", "hook_offer", "content"],
    ["hook_take", "hook_done", "tidy"],
    ["pull_next", "pull_done"], ["release", "goodbye"],
    ["request_take", "request_done"],
    ["request_fleet", "request_procedure", "request_plan"],
    ["request_save", "request_content", "request_host"],
]
# a process that lives for a rollout comes by these again and again: what they
# do to the next backend is seen, too
OFTEN = ("engine.", "db.send.advance", "db.answer.advance", "call.hear",
         "call.send.probe", "ssh.line.", "relay.forward", "relay.answer",
         "runner.request", "work.")
ACTIONS = [
    ["engine.sent:2:stop", "ssh.line.in:9:stop", "work.begun.after:1:stop"],
    # each costs the patience of a question
    ["relay.answer:7:drop", "call.hear:15:drop"],
    ["relay.forward:3:twice", "relay.answer:5:twice", "ssh.line.out:7:twice",
     "ssh.line.in:11:twice"],
    ["db.answer.advance:3:delay=1500", "relay.answer:4:delay=1500",
     "work.ended.before:1:delay=1500"],
    # it is in the database, and nobody was told
    [f"db.answer.{name}:drop" for name in (
        "take:1", "fleet:1", "load:2", "beat:3", "revision:1")],
    [f"db.answer.{name}:drop" for name in (
        "advance:2", "advance:7", "advance:12", "request_take:1",
        "request_done:1")],
    [f"db.answer.{name}:drop" for name in (
        "hello:1", "hook_offer:1", "hook_take:1", "hook_done:1", "tidy:1",
        "schedule_tick:1")],
    [f"db.answer.{name}:drop" for name in (
        "content:1", "pull_next:1", "pull_done:1", "release:1",
        "goodbye:1")],
    ["file.written:1:error", "put.written:1:error", "copy.keep:1:error",
     "copy.written:1:error"],
]


def points():
    """As lib/fault.c has them: an index is a place in the file of marks."""
    with open(f"{TOP}/lib/fault.h") as f:
        names = re.findall(r'X\("([a-z._]+)"', f.read())
    return [n for n in names if "." in n] + [
        f"db.{way}.{n}" for n in names if "." not in n
        for way in WAYS]


def occurrences(nth):
    """Each point once; and what a change goes through, at the step of which
    only a person can say whether it happened: the third on its host."""
    beside = {f"db.{way}.{name}" for names in BESIDE for name in names
              for way in WAYS}
    return [
        "+".join(f"db.{way}.{name}:1" for name in names for way in WAYS)
        for names in BESIDE] + [
        f"{p}:{nth if p.startswith(OFTEN) else 1}"
        for p in points() if p not in beside] + [
        f"{p}:3" for p in points() if p.startswith("work.")]


def actions():
    if ROUNDS > 1:
        return [f for faults in ACTIONS for f in faults]
    return ["+".join(faults) for faults in ACTIONS]


def asked(run):
    return [f if f.count(":") == 2 else f"{f}:exit" for f in run.split("+")]


def one_is_enough(run):
    """What such a crash does to the next backend is seen in others."""
    return re.fullmatch(r"[a-z._]+:1|work[a-z.]+:3", run) and not (
        run.startswith(OFTEN) and run.endswith(":1"))


class Tap:
    """Lines of several worlds; runs are taken from one queue."""

    def __init__(self, runs, all_of_them):
        self.runs, self.all_of_them = list(runs), all_of_them
        self.nr, self.good, self.true = 0, True, 0
        self.lock = threading.Lock()
        self.points = set()

    def tell(self, good, text):
        with self.lock:
            self.nr += 1
            self.good &= good
            print(f"{'ok' if good else 'not ok'} {self.nr} - {text}",
                  flush=True)

    def next(self):
        with self.lock:
            return self.runs.pop(0) if self.runs else None

    def one(self, crashes, run):
        begin = time.monotonic()
        try:
            note = crashes.run(asked(run), self.all_of_them,
                               1 if ROUNDS == 1 and one_is_enough(run) else 2)
        except Exception as error:  # a thread's end would be told to nobody
            self.tell(False, f"{run}: {error!r}")
            return False
        self.true += "one of two" not in note
        self.tell(True,
                  f"{run} # {time.monotonic() - begin:.1f} s{note}")
        return True

    def world(self):
        """Until the queue is empty, or one failed that may still be going on
        in it."""
        crashes = Crashes(points())
        with crashes.w:
            while (run := self.next()) is not None:
                if not self.one(crashes, run):
                    break
            names = points()
            with self.lock:
                self.points |= {names[i] for i in crashes.w.passed |
                                crashes.w.came_by()}

    def worlds(self):
        while self.runs:
            self.world()

    def all(self):
        worlds = [threading.Thread(target=self.worlds)
                  for _ in range(min(WORLDS, len(self.runs)))]
        for t in worlds:
            t.start()
        for t in worlds:
            t.join()
        if self.runs:
            self.tell(False, f"{len(self.runs)} were not run")


def known(runs):
    strange = [f for run in runs for f in run.split("+")
               if f.split(":")[0] not in points()]
    if strange:
        sys.exit(f"20-crash: lib/fault.h has no {' '.join(strange)}")
    return runs


def singles(runs):
    tap = Tap(runs or actions() + [x for n in range(1, ROUNDS + 1)
                                   for x in occurrences(n)], True)
    tap.all()
    if not runs:
        missing = sorted(set(points()) - tap.points)
        tap.tell(not missing, f"every point was passed {' '.join(missing)}")
    print(f"1..{tap.nr}")
    return tap.good


def pair(rng):
    """Two that one rollout comes by, whatever the first does to it."""
    one, other = rng.sample([
        p for p in points() if "request_" not in p and
        p.rpartition(".")[2] not in ("release", "goodbye", "revision")], 2)
    nth = rng.randint(1, 3) if other.startswith(OFTEN) else 1
    return f"{one}:1+{other}:{nth}"


def pairs(n, seed):
    rng = random.Random(seed)
    tap = Tap([pair(rng) for _ in range(n)], False)
    tap.all()
    print(f"# in {tap.true} of {n} both died")
    tap.tell(tap.true >= 0.9 * n, f"both died in most: {tap.true} of {n}")
    print(f"1..{tap.nr}")
    return tap.good


if sys.argv[1:2] == ["--pairs"]:
    sys.exit(not pairs(int(sys.argv[2]), int(sys.argv[3])))
sys.exit(not singles(known(sys.argv[1:])))
