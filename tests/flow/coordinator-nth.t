#!/usr/bin/env python3
"""coordinator-nth - a call of drydockd or drydock-ssh fails in a rollout.

usage: coordinator-nth.t [PROGRAM:KIND:N…]
       COORDINATOR_NTH=100 coordinator-nth.t    100 times as many calls

Real PostgreSQL, real sshd.  A rollout is counted first, then there is one for
each call that has its turn: an allocation, a write, a read, a fork, or
something opened.  Out of memory a program says so and ends, as lib/alloc.h has
it, and is started again; of all else nobody dies without a word, what our own
code was refused stands in the log, no descriptor is lost, and each command ran
once.
"""
import os
import queue
import random
import signal
import sys
import threading
import time

from agent_lib import wait_for
from nth_lib import SHIM, nth_function, nth_told
from proxy_lib import free_port
from records_lib import Observer, each_ran_once, records_agree
from ssh_lib import SshWorld

THICK = int(os.environ.get("COORDINATOR_NTH", "1"))
LIMIT = 150
ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
PROGRAMS = ("drydockd", "drydock-ssh")
# how many calls of a kind have their turn
TURNS = {"malloc": 2, "write": 2, "read": 2, "open": 1, "fork": 1}
# what out of memory ends in a library that does not look at what it gets
CARELESS = ("libjson-c", "libcrypto")
# how what failed is told
WORDS = ("out of memory", "Cannot allocate memory", "Input/output error",
         "Too many open files", "Resource temporarily", "Connection reset",
         "closed (lost)")
# the log itself; a string that is kept where there is more room than it needs
SILENT = ("log_vwith", "x_vasprintf")


class Lane:
    """A world in which one rollout follows the other."""

    def __init__(self, port):
        self.w = type("LaneWorld", (SshWorld,), {"PORT": port})(
            ["mail1", "mail2"])
        self.nr, self.ends = 0, []

    def shim(self, asked):
        w = self.w
        self.nr += 1
        self.told = f"{w.top}/told-{self.nr}"
        with open(f"{w.top}/fault", "w") as f:  # and no faults
            f.write(f"export LD_PRELOAD={SHIM} DRYDOCK_NTH={asked}\n"
                    f"export DRYDOCK_NTH_LOG={self.told}\n")

    def again(self):
        """As systemd would; how it ended is kept."""
        self.ends.append(self.w.daemons["ops1"].wait())
        self.w.daemon()

    def rollout(self, asked):
        """One, to its end; what the programs said meanwhile."""
        w, self.ends = self.w, []
        if "ops1" in w.daemons:
            w.kill()  # a failed one left it
        if os.path.exists(f"{w.files}/count"):
            w.remove("count")
        self.shim(asked)
        begun = len(w.log()) if self.nr > 1 else 0
        w.daemon()
        with Observer(w, again=self.again) as observer:
            rollout = w.start(only=ONLY)
            w.wait_state(rollout, "succeeded", LIMIT)
        each_ran_once(w, ONLY)
        records_agree(w, rollout)
        observer.saw_one_out_at_most()
        self.descriptors = self.open_now()
        self.ends.append(w.kill(how=signal.SIGTERM))
        return w.log()[begun:]

    def open_now(self):
        """Of the two programs; a line that is being greeted again has time."""
        pid = self.w.daemons["ops1"].pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            pids = [pid, *map(int, f.read().split())]
        return sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids)

    def count(self, program):
        self.rollout(f"{program}:none:0")
        return nth_told(self.told)[0]

    def run(self, asked, most):
        """Whose call failed, if one did; it must have been told."""
        log = self.rollout(asked)
        lines = nth_told(self.told)[1]
        fired = [x for x in lines if x.startswith("fired:")]
        ends = [x for x in lines if not x.startswith("fired:")]
        if "malloc" in asked:
            assert not ends or "out of memory" in log or any(
                c in ends[0] for c in CARELESS), (ends, log[-2000:])
        else:
            assert not ends, (ends, log[-2000:])
            assert all(0 <= e <= 2 for e in self.ends), self.ends
        assert self.descriptors <= most, (self.descriptors, most)
        who = nth_function(fired[0]) if fired else None
        if who is not None and who not in SILENT:
            assert any(word in log for word in WORDS), f"untold: {who}"
        return (who or "a library") if fired else None


def turns(lane):
    """Which calls, evenly spread from a random one on."""
    found = []
    for program in PROGRAMS:
        calls = lane.count(program)
        for kind, n in TURNS.items():
            total = calls[kind]
            n = min(total, n * THICK)
            off = random.random()
            found += [f"{program}:{kind}:{1 + int((i + off) * total / n)}"
                      for i in range(n)]
    random.shuffle(found)
    return found


class Results:
    def __init__(self):
        self.lock, self.nr, self.bad, self.fired = threading.Lock(), 0, 0, 0

    def one(self, asked, lane, most):
        begin, error, who = time.monotonic(), None, None
        try:
            who = lane.run(asked, most)
        except Exception as e:  # the other lane goes on
            error = e
        with self.lock:
            self.nr += 1
            self.bad += error is not None
            self.fired += who is not None
            for line in str(error).splitlines() if error else []:
                print(f"# {line[:2000]}")
            print(f"{'not ok' if error else 'ok'} {self.nr} - {asked}: "
                  f"{who or 'nothing failed'} # "
                  f"{time.monotonic() - begin:.1f} s", flush=True)


def work(lane, todo, results, most):
    while True:
        try:
            asked = todo.get_nowait()
        except queue.Empty:
            return
        results.one(asked, lane, most)


def main(names):
    results, todo = Results(), queue.Queue()
    lanes = [Lane(free_port()), Lane(free_port())]
    with lanes[0].w, lanes[1].w:
        picked = turns(lanes[0])
        most = lanes[0].descriptors
        for name in names or picked:
            todo.put(name)
        threads = [threading.Thread(target=work, args=(
            lane, todo, results, most)) for lane in lanes]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    results.nr += 1
    good = results.fired * 2 > results.nr or names
    print(f"{'ok' if good else 'not ok'} {results.nr} - {results.fired} calls "
          "failed")
    print(f"1..{results.nr}")
    return good and not results.bad


if __name__ == "__main__":
    sys.exit(not main(sys.argv[1:]))
