#!/usr/bin/env python3
"""agent-nth - the n-th allocation, write, flush, rename or fork fails.

usage: agent-nth.t [TEST…]
       AGENT_NTH=20 agent-nth.t    20 times as many calls have their turn

A conversation with a change that runs, a content and a copy is held again and
again, in relay and runner; each time the next call of a kind fails, until none
is left.  Whatever was said then must be true: nobody crashes, the journal is
whole, what ended well has happened once, and what did not can be done again.
"""
import base64
import hashlib
import os
import random
import signal
import threading
import time

from agent_lib import DEADLINE, Host, main, test
from nth_lib import SHIM, nth_told

ALLOW = "change sh FILES/job\nchange copy <path under FILES/etc>\n"
TEXT = b"a content\n"
SHA = hashlib.sha256(TEXT).hexdigest()
THICK = int(os.environ.get("AGENT_NTH", "1"))
# two cores; most of the time somebody waits
SIDE_BY_SIDE = threading.Semaphore(3)


class Talk:
    """One host, two changes, and one call that fails in the first talk."""

    def __init__(self, asked):
        self.h = h = Host(ALLOW)
        os.mkdir(f"{h.files}/etc")
        with open(f"{h.files}/job", "w") as f:
            f.write(f"echo ran >>{h.files}/count\n")
        self.log = f"{h.root}/nth"
        self.env = {"LD_PRELOAD": SHIM, "DRYDOCK_NTH": asked,
                    "DRYDOCK_NTH_LOG": self.log}
        self.changes = [
            h.change("run", argv=["sh", f"{h.files}/job"]),
            h.change("copy", sha256=SHA, to=f"{h.files}/etc/new")]
        self.told = {}

    def noted(self):
        return nth_told(self.log)[1]

    def put(self, r):
        return r.ask("put", sha256=SHA, size=len(TEXT), offset=0,
                     data=base64.b64encode(TEXT).decode())

    def result(self, r, change):
        """Of a change that was taken; None when nobody knows, or can say.

        Asked again and again: an end that could not be written is not pushed.
        """
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            now = r.ask("ask", attempt=change["attempt"])
            if now is None or not now["ok"] or now["state"] != "running":
                return (now or {}).get("result")
            time.sleep(0.02)
        raise AssertionError(f"it runs for ever: {now}")

    def first(self):
        """Goes as far as it is let; what it was told is kept."""
        r = self.h.relay(**self.env)
        hello = r.hello()
        if hello is not None and hello["ok"]:
            self.put(r)
            for c in self.changes:
                answer = r.ask(**c)
                if answer is not None and answer["ok"]:
                    self.told[c["attempt"]] = self.result(r, c)
        r.close()
        return r.child.returncode

    def again(self):
        """As a coordinator that comes back: asks, and does what is not done."""
        h = self.h
        h.kill_runner()
        r = h.relay()
        hello = r.hello()
        assert hello["ok"] and hello["journal"] == "ok", hello
        assert self.put(r)["ok"]
        for c in self.changes:
            self.settle(r, c)
        assert open(f"{h.files}/etc/new", "rb").read() == TEXT
        left = [n for n in os.listdir(f"{h.files}/etc") if n != "new" and
                not n.startswith(".")]
        assert left == [], left

    def settle(self, r, c):
        now = r.ask("ask", attempt=c["attempt"])
        told = self.told.get(c["attempt"])
        if told is not None:
            # what was told stands, whatever happened since
            assert now["state"] == "ended" and now["result"] == told, (
                now, told)
        if now["state"] == "none":
            assert r.do(c)["exit"] == 0
            return
        assert now["state"] in ("ended", "unknown"), now
        if now["state"] == "ended" and now["result"].get("exit") == 0:
            return
        more = self.h.change(c["verb"], step=c["step"], after=c["attempt"],
                             **{k: c[k] for k in ("argv", "sha256", "to")
                                if k in c})
        assert r.do(more)["exit"] == 0
        if c["verb"] == "run":
            self.repeated = True

    repeated = False

    def close(self, asked, returned):
        h, noted = self.h, self.noted()
        ran = h.count("count")
        assert 1 <= ran <= 1 + self.repeated, ran
        ends = [line for line in noted if not line.startswith("fired:")]
        if "malloc" in asked:
            # it says so and ends; json-c 0.16 does not look at all it gets
            assert all(line.startswith("abort:") or "libjson-c" in line
                       for line in ends), ends
            assert returned in (0, 1, -signal.SIGABRT, -signal.SIGSEGV)
        else:
            assert not ends and returned in (0, 1), (ends, returned)
        types = [record["t"] for record in h.journal()]
        assert types.count("begun") >= 2, types
        h.close()


def talk(asked):
    """Did a call fail in it?"""
    with SIDE_BY_SIDE:
        t = Talk(asked)
        returned = t.first()
        fired = any(n.startswith("fired:") for n in t.noted())
        t.again()
        t.close(asked, returned)
        return fired


def series(role, kind, step, found):
    n, count = random.randint(1, step), 0
    try:
        while talk(f"{role}:{kind}:{n}"):
            n += step
            count += 1
        found[f"{role} {kind}"] = count
    except Exception as e:
        found[f"{role} {kind}"] = e
        e.add_note(f"{role}:{kind}:{n}")


def all_series(*rows):
    """Each with its step: from one call to the next that has its turn."""
    found = {}
    threads = [threading.Thread(target=series, args=(
        role, kind, max(1, step // THICK), found))
        for role, kind, step in rows]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for e in found.values():
        if isinstance(e, Exception):
            raise e
    assert min(found.values()) > 0, found
    return ", ".join(f"{n} {name}" for name, n in sorted(found.items()))


@test
def a_call_of_the_system_fails():
    return all_series(("relay", "write", 9), ("relay", "fork", 1),
                      ("runner", "write", 24), ("runner", "fsync", 4),
                      ("runner", "rename", 1), ("runner", "fork", 1),
                      ("runner", "pidfd", 1),
                      ("relay", "open", 3), ("runner", "open", 12))


@test
def an_allocation_fails():
    return all_series(("relay", "malloc", 120), ("runner", "malloc", 480))


main()
