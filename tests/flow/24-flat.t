#!/usr/bin/env python3
"""24-flat - rollout after rollout: memory and descriptors stay as they are,
and within their limits.

usage: 24-flat.t [TEST…]
ROLLOUTS is how many follow each other (20); 500 in tests/run --long.

One drydockd, its drydock-ssh, and the runner of each agent.  What they have
after the first third, when all of theirs is warm, they may not outgrow in the
rest.  And a turn of many steps, which drydockd has in memory as a whole.
"""
import os

import engine_lib
from agent_lib import main, test, wait_for
from proxy_lib import free_port
from ssh_lib import SshWorld

ROLLOUTS = int(os.environ.get("ROLLOUTS", 20))
ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
GROWTH = 200  # kB, and for each rollout
MOST = {"drydockd": 15360, "drydock-ssh": 15360, "runner": 4096}  # kB, resident
LONG = 400  # steps of a turn
EACH = {"runner": 2}  # it knows each change until the journal is pruned


def memory(pid, what="Private_"):
    """kB that are its own; or what=Rss."""
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f
                   if line.startswith(what))


def processes(w):
    """{name: [pid...]}"""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().decode(errors="replace").split("\0")
            with open(f"/proc/{pid}/environ", "rb") as f:
                ours = f"DRYDOCK_AGENT_ROOT={w.top}/".encode() in f.read()
        except OSError:
            continue
        name = os.path.basename(words[0])
        if name == "drydock-agent" and ours:
            name = "runner" if "--runner" in words else "relay"
        elif not (name in ("drydockd", "drydock-ssh") and w.top in
                  " ".join(words)):
            continue
        found.setdefault(name, []).append(int(pid))
    return found


def has(w):
    """{name: (kB of the largest, descriptors of all)}"""
    return {name: (max(memory(p) for p in pids),
                   sum(len(os.listdir(f"/proc/{p}/fd")) for p in pids))
            for name, pids in processes(w).items()}


def one(w):
    rollout = w.start(only=ONLY)
    w.wait_state(rollout, "succeeded", 120)


@test
def nothing_grows():
    class FlatWorld(SshWorld):
        PORT = free_port()

    with FlatWorld(["mail1", "mail2"]) as w:
        w.daemon(log_level="notice")
        w.wait_greeted()
        for _ in range(max(10, ROLLOUTS // 3)):
            one(w)
        before = has(w)
        assert set(before) == {"drydockd", "drydock-ssh", "relay", "runner"}
        left = ROLLOUTS - max(10, ROLLOUTS // 3)
        for _ in range(left):
            one(w)
        wait_for("no descriptor is left over", lambda: all(
            fds <= before[name][1] for name, (_, fds) in has(w).items()), 30)
        after = has(w)
        resident = {name: max(memory(p, "Rss") for p in pids)
                    for name, pids in processes(w).items()}
    for name, most in MOST.items():
        assert resident[name] <= most, resident
    for name, (kb, _) in after.items():
        grown = kb - before[name][0]
        most = GROWTH + left * EACH.get(name, 0.5)
        assert grown <= most, (name, before, after)
    return ", ".join(f"{name} {before[name][0]} then {kb} kB"
                     for name, (kb, _) in sorted(after.items())) + \
        f"; resident {resident}"


@test
def a_long_turn_fits():
    class LongWorld(SshWorld):
        PORT = free_port()

    engine_lib.PHASES = [{"name": "all", "rest": "in", "proves": True}]
    with LongWorld(["mail1", "mail2"]) as w:
        w.allow("change true")
        daemon = w.daemon(log_level="notice")
        rollout = w.start([
            {"name": f"s{i}", "phase": "all", "kind": "run",
             "target": "backend", "argv": ["true"], "idempotent": True,
             "undo": "none", "timeout_ms": 20000} for i in range(LONG)],
            only=ONLY)
        w.wait_state(rollout, "succeeded", 240)
        with open(f"/proc/{daemon.pid}/status") as f:
            most = int(next(line.split()[1] for line in f
                            if line.startswith("VmHWM")))
    assert most <= MOST["drydockd"], most
    return f"{LONG} steps: drydockd at most {most} kB"


main()
