#!/usr/bin/env python3
"""20-crash - every fault point of lib/fault.h is hit, and dies there once.

usage: 20-crash.t [POINT:NTH…]    one rollout for each; all without arguments
       20-crash.t --pairs N SEED  N rollouts, each with two points that die

Real PostgreSQL, real sshd, agents, drydock-ssh and drydockd on loopback.  The
process that comes by the point ends as by SIGKILL; only drydockd is started
again, as systemd would.  The rollout must come to its end by that alone, or be
held for a person with a reason (a command that had begun and of which nobody
knows the end).  Then three records that know nothing of each other are
compared: what the hosts did, the agents' journals, and the database's rows;
and an observer has watched the ring all the time.
"""
import os
import random
import re
import signal
import sys
import time

from agent_lib import TOP, wait_for
from engine_lib import address, steps
from records_lib import Observer, records_agree
from ssh_lib import SshWorld

BACKENDS = ["mail1", "mail2"]
LIMIT = 240
EXPECTED = {"unit NAME inactive": 1, "unit NAME active": 1, "work NAME": 2}


def points():
    with open(f"{TOP}/lib/fault.h") as f:
        return re.findall(r'X\("([a-z.]+)"', f.read())


def occurrences():
    """Each point once; and what a change goes through, at the step of which
    only a person can say whether it happened: the third on its host."""
    return [f"{p}:1" for p in points()] + [
        f"{p}:3" for p in points() if p.startswith("work.")]


def the_steps(w, sha):
    """The usual ones, with a file brought and a folder emptied."""
    copy = {"name": "conf", "phase": "change", "kind": "copy",
            "target": "backend", "timeout_ms": 20000, "idempotent": True,
            "copy": {"sha256": sha, "to": f"{w.files}/conf-NAME"}}
    clean = {"name": "empty", "phase": "change", "kind": "clean",
             "target": "backend", "timeout_ms": 20000, "undo": "none",
             "idempotent": True, "clean": {"inside": f"{w.files}/vmail-NAME"}}
    rows = steps()
    at = [r["name"] for r in rows].index("start")
    return rows[:at] + [copy, clean] + rows[at:]


class Crashes:
    def __init__(self):
        self.w = w = SshWorld(backends=["mail1", "mail2", "mail3"])
        self.nr = 0
        for name in BACKENDS:
            os.makedirs(f"{w.files}/vmail-{name}")
            w.allow(f"change copy <path under {w.files}>")
            w.allow(f"change clean <path under {w.files}/vmail-{name}>")

    def reset(self, asked):
        """Everything in service, nobody runs, a content never seen."""
        w = self.w
        self.nr += 1
        for name in list(w.daemons):
            w.kill(name)
        for pid in w.agent_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for("the agents are gone", lambda: not w.agent_pids())
        for name in BACKENDS:
            with open(f"{w.files}/vmail-{name}/mail{self.nr}", "w"):
                pass
        if os.path.exists(f"{w.files}/count"):
            w.remove("count")
        w.faults(asked)

    def run(self, asked):
        """One rollout; "" or what is wrong."""
        w = self.w
        self.reset(asked)
        sha = w.one(f"select fleet.put_content('new {self.nr}'::bytea)")
        w.daemon()
        with Observer(w, again=w.daemon) as observer:
            rollout = w.start(the_steps(w, sha), only=BACKENDS)
            settled = self.to_the_end(rollout)
        assert w.fired(), "nothing died there"
        observer.saw_one_out_at_most()
        self.effects_are_right()
        records_agree(w, rollout)
        return settled

    def to_the_end(self, rollout):
        w, settled = self.w, 0
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            if w.state(rollout) == "succeeded":
                return settled
            if "held" in w.turns(rollout):
                settled += self.settle(rollout)
            time.sleep(0.05)
        w.explain(rollout)
        raise AssertionError(f"not at its end after {LIMIT} s")

    def settle(self, rollout):
        """A person looks what happened to a step of which nobody knows.

        Or of which is known that its process was killed: that has failed.
        """
        w = self.w
        rows = w.sql("select s.name, b.name, s.state "
                     "from fleet_internal.step s "
                     "join fleet_internal.turn t using (turn_id) "
                     "join fleet_internal.backend b using (backend_id) "
                     f"where t.rollout_id = {rollout} and "
                     "t.state = 'held' and t.asked is null and "
                     "s.state in ('unknown', 'failed')")
        if not rows:
            return 0  # it was answered, and goes on; else its time runs out
        step, backend, state = rows[0]
        why = w.one("select why from fleet_internal.hold where "
                    "ended_at is null and kind = 'turn'")
        if state == "failed" and step in ("conf", "empty"):
            assert "signal 9" in why, why
            w.one(f"select fleet.retry({rollout})")
            return 1
        # all others have a check or may be repeated
        assert (step, state) == ("change", "unknown") and "settle" in why, (
            rows, why)
        done = w.counts()[f"work {backend}"] == 2
        w.one(f"select fleet.settle({rollout}, 'change', {done}, 'looked')")
        if not done:
            wait_for("the coordinator heard it", lambda: w.one(
                "select count(*) from fleet_internal.turn where rollout_id "
                f"= {rollout} and asked is not null") == "0", 60)
            w.one(f"select fleet.retry({rollout})")
        return 1

    def effects_are_right(self):
        w, counts = self.w, self.w.counts()
        for b in BACKENDS:
            assert w.read(f"ring/{address(b)}") == "100 up"
            assert w.read(f"run/{b}") == "active"
            assert w.read(f"conf-{b}") == f"new {self.nr}"
            left = [n for n in os.listdir(f"{w.files}/vmail-{b}")
                    if not n.startswith(".drydock")]
            assert left == [], left
            for line, n in EXPECTED.items():
                ran = counts.get(line.replace("NAME", b))
                # `flushed` says that it may run twice
                more = 1 if line.startswith("work") else 0
                assert n <= ran <= n + more, counts
            for value in ("0", "100"):
                assert counts[f"ring {address(b)} {value} up"] == 1, counts


def report(nr, name, crashes, asked):
    begin = time.monotonic()
    try:
        settled = crashes.run(asked)
    except AssertionError as error:
        print(f"not ok {nr} - {name}: {error}", flush=True)
        return False
    note = f", {settled} settled" if settled else ""
    print(f"ok {nr} - {name} # {time.monotonic() - begin:.1f} s{note}",
          flush=True)
    return True


def all_were_passed(nr, crashes):
    seen = crashes.w.passed | crashes.w.came_by()
    missing = [p for i, p in enumerate(points()) if i not in seen]
    print(f"{'not ok' if missing else 'ok'} {nr} - every point was passed"
          f" {' '.join(missing)}")
    return not missing


def known(names):
    strange = [n for n in names if n.split(":")[0] not in points()]
    if strange:
        sys.exit(f"20-crash: lib/fault.h has no {' '.join(strange)}")
    return names


def singles(names):
    good, nr = True, 0
    crashes = Crashes()
    with crashes.w:
        for nr, name in enumerate(names or occurrences(), 1):
            good &= report(nr, name, crashes, f"{name}:exit")
        if not names:
            nr += 1
            good &= all_were_passed(nr, crashes)
    print(f"1..{nr}")
    return good


def pairs(n, seed):
    rng = random.Random(seed)
    good = True
    crashes = Crashes()
    with crashes.w:
        for nr in range(1, n + 1):
            # some are passed once by a process: the first is sure to be hit
            one, other = rng.sample(points(), 2)
            asked = f"{one}:1:exit,{other}:{rng.randint(1, 3)}:exit"
            good &= report(nr, asked, crashes, asked)
    print(f"1..{n}")
    return good


if sys.argv[1:2] == ["--pairs"]:
    sys.exit(not pairs(int(sys.argv[2]), int(sys.argv[3])))
sys.exit(not singles(known(sys.argv[1:])))
