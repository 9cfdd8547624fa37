"""crash_lib - a rollout, or requests, in which named processes die.

What dies, and where, is asked as lib/fault.h has it.  Only drydockd is started
again, as systemd would; a person settles what nobody can know, and lets go on
what stands still (`stop`).
"""
import json
import os
import re
import signal
import subprocess
import time

from agent_lib import wait_for
from engine_lib import HEAR, MEMBERS, address, steps
from proxy_lib import free_port
from psql_lib import Session
from records_lib import Observer, records_agree
from ssh_lib import SshWorld

BACKENDS = ["mail1", "mail2"]
LIMIT = 240
STANDS = 2  # seconds, what is stopped
EXPECTED = {"unit NAME inactive": 1, "unit NAME active": 1, "work NAME": 2}
PROCEDURE = """
procedure: crash
format: 1
description: Weight to zero, a new file, weight back.
vars:
  conf: {type: file, required: true, description: what is put there}
phases:
  - phase: drain
    takes_out: true
    rest: none
    steps:
      - name: zero
        target: director
        remember: {vhosts: {value: service.vhosts, where: service.vhosts > 0, place: int 0..1000}}
        run: sh FILES/ring-set ${backend.address} 0 up
        check: service.vhosts == 0
        undo: {run: "sh FILES/ring-set ${backend.address} ${steps.zero.vhosts} up", check: "service.vhosts == ${steps.zero.vhosts}"}
  - phase: work
    rest: out
    proves: true
    steps:
      - name: conf
        copy: {from: "${vars.conf}", to: "FILES/conf-${backend.name}"}
  - phase: return
    rest: in
    steps:
      - name: back
        target: director
        run: sh FILES/ring-set ${backend.address} ${steps.zero.vhosts} up
        check: service.vhosts == ${steps.zero.vhosts}
        undo: none
"""


def the_steps(w, sha):
    """The usual ones, with a file brought and a folder emptied."""
    at_backend = {"target": "backend", "timeout_ms": 20000,
                  "idempotent": True}
    copy = {**at_backend, "name": "conf", "phase": "change", "kind": "copy",
            "copy": {"sha256": sha, "to": f"{w.files}/conf-NAME"}}
    inside = {"inside": f"{w.files}/vmail-NAME"}
    clean = {**at_backend, "name": "empty", "phase": "change",
             "kind": "clean", "undo": "none", "clean": inside}
    purge = {**at_backend, "name": "purge-empty", "phase": "return",
             "kind": "clean", "undo": "none", "on_failure": "ignore",
             "when": "${steps.empty.state} == passed",
             "clean": {**inside, "purge_of": "${steps.empty.attempt}"}}
    rows = steps()
    at = [r["name"] for r in rows].index("start")
    return rows[:at] + [copy, clean] + rows[at:] + [purge]


class CrashWorld(SshWorld):
    """One of several; what it asks of its database is asked by one psql."""
    session = None

    def __init__(self, *args, **more):
        self.PORT = free_port()
        super().__init__(*args, **more)

    def sql(self, text, **variables):
        if self.session is None:
            self.session = Session(self.env)
        try:
            return self.session.ask(text, **variables)
        except AssertionError:
            self.session = None
            raise

    def hang_up(self):
        if self.session is not None:
            self.session.close()
        self.session = None

    def database_stop(self):
        self.hang_up()
        super().database_stop()

    def close(self):
        self.hang_up()
        super().close()


class Crashes:
    def __init__(self, points):
        self.points = points
        self.w = w = CrashWorld(backends=BACKENDS)
        self.nr = 0
        for name in BACKENDS:
            os.makedirs(f"{w.files}/vmail-{name}")
            w.put(f"conf-{name}", "old")
            w.allow(f"change copy <path under {w.files}>")
            w.allow(f"change clean <path under {w.files}/vmail-{name}>")
        # more than a result brings
        w.put("work", w.read("work") + "\nseq 4000\n")
        w.put("hook", "#!/bin/sh" + HEAR.replace("FILES", w.files))
        os.chmod(f"{w.files}/hook", 0o755)
        self.procedure = PROCEDURE.replace("FILES", w.files)
        w.one("select fleet.add_procedure(:'v')", v=self.procedure)

    # ------------------------------------------------------------ the world
    def daemon(self):
        self.w.daemon(**{"hook.tell": f"{self.w.files}/hook",
                         "hook.tell.on": "turn.working turn.done"})

    def reset(self, asked, anew):
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
        for name in [*w.backends, *MEMBERS] if anew else []:
            subprocess.run(["rm", "-rf", f"{w.root(name)}/var/lib/drydock"],
                           check=True)
        for name in BACKENDS:
            with open(f"{w.files}/vmail-{name}/mail{self.nr}", "w"):
                pass
        if os.path.exists(f"{w.files}/count"):
            w.remove("count")
        w.faults(asked)

    def stopped(self):
        """Processes of this world that stand still."""
        mark = self.w.top.encode()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as f:
                    state = f.read().rsplit(")", 1)[1].split()[0]
                with open(f"/proc/{pid}/environ", "rb") as f:
                    ours = state == "T" and mark in f.read()
            except OSError:
                continue
            if ours:
                yield int(pid)

    def let_go(self):
        """What has stood still for long enough goes on."""
        if not self.stops:
            return
        now = time.monotonic()
        standing = set(self.stopped())
        self.since = {p: self.since.get(p, now) for p in standing}
        for pid, since in self.since.items():
            if now - since > STANDS:
                os.kill(pid, signal.SIGCONT)

    # ---------------------------------------------------------- a rollout
    def run(self, faults, all_of_them=True, turns=2):
        """What happened to a rollout, in words."""
        w, self.since, self.only = self.w, {}, BACKENDS[:turns]
        self.stops = any(f.endswith(":stop") for f in faults)
        self.reset(",".join(faults),
                   any(f.startswith("journal.") for f in faults))
        if faults[0].split(":")[0].split(".")[-1].startswith("request_"):
            return self.requests(faults)
        sha = w.one(f"select fleet.put_content('new {self.nr}'::bytea)")
        crossed = any(".revision:" in f for f in faults)
        if crossed:
            w.put("hang-mail1-inactive", "")
        self.daemon()
        with Observer(w, again=self.daemon) as observer:
            rollout = w.start(the_steps(w, sha), only=self.only)
            if crossed:
                self.cross(rollout)
            settled = self.to_the_end(rollout)
            self.leave(faults)
            fired = self.all_fired(faults, 60 if all_of_them else 5)
        assert fired or not all_of_them and w.fired(), "nothing died there"
        observer.saw_one_out_at_most()
        self.effects_are_right()
        records_agree(w, rollout)
        return (f", {settled} settled" if settled else "") + (
            "" if fired else ", one of two")

    def due(self, faults):
        """As the world tells what happened."""
        return {(self.points.index(point), int(nth))
                for point, nth, _ in (f.split(":", 2) for f in faults)}

    def all_fired(self, faults, seconds):
        """Some are passed after the rollout's end only."""
        due = self.due(faults)
        end = time.monotonic() + seconds
        while not due <= self.w.fired() and time.monotonic() < end:
            self.let_go()
            time.sleep(0.1)
        return due <= self.w.fired()

    def leave(self, faults):
        """For what only a coordinator that is asked to end comes by."""
        due = self.due(f for f in faults if re.search(
            r"[.](release|goodbye):", f))
        while not due <= self.w.fired():
            wait_for("it has the fleet", lambda: "ours, epoch" in
                     self.w.log().rpartition("begins as")[2], 60)
            ops = self.w.daemons["ops1"]
            ops.terminate()
            ops.wait(60)

    def cross(self, rollout):
        """A command comes while the database is away, and a phase that may not
        pause is carried to its end without it."""
        w, since = self.w, len(self.w.log())
        wait_for("it is being stopped",
                 lambda: "unit mail1 inactive" in w.counts(), 60)
        w.database_stop()
        w.remove("hang-mail1-inactive")
        wait_for("the phase has ended",
                 lambda: "stop passed" in w.log()[since:], 60)
        w.database_aside("update fleet_internal.rollout set revision = "
                         f"revision + 1 where rollout_id = {rollout}")
        w.database_up()

    def to_the_end(self, rollout):
        w, settled = self.w, 0
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            state, held = w.sql(
                "select state, exists (select from fleet_internal.turn t where"
                " t.rollout_id = r.rollout_id and t.state = 'held') "
                f"from fleet_internal.rollout r where rollout_id = {rollout}"
            )[0]
            if state == "succeeded":
                return settled
            if held == "t":
                settled += self.settle(rollout)
            self.let_go()
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
            assert "signal 9" in why or "exit 1" in why, why
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
        for b in self.only:
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

    # ----------------------------------------------------------- requests
    def ask(self, kind, args, fleet="'mail-hel'"):
        w = self.w
        number = w.one(f"select fleet.request('{kind}', {fleet}, :'v')",
                       v=json.dumps(args))
        wait_for(f"{kind} is answered", lambda: w.one(
            "select done_at from fleet_internal.request "
            f"where request_id = {number}"), LIMIT)
        ok, result, why = w.sql(
            "select ok, result, message from fleet_internal.request "
            f"where request_id = {number}")[0]
        assert ok == "t", (kind, result, why)
        return json.loads(result)

    def requests(self, faults):
        """What is asked is answered, once, and nothing is changed by it."""
        w = self.w
        self.daemon()
        with Observer(w, again=self.daemon) as observer:
            w.wait_greeted()
            plan = self.ask("plan", {
                "procedure": "crash",
                "files": {"conf": {"name": "conf", "sha256": self.sha()}}})
            self.ask("check", {"rollout": plan["rollout"]})
            self.ask("scan", {"host": "mail1"}, "null")
            fired = self.all_fired(faults, 5)
        assert fired, f"nothing died there: {w.fired()}"
        observer.saw_one_out_at_most()
        assert not w.counts(), w.counts()
        plans = w.one("select count(*) from fleet_internal.rollout where "
                      f"rollout_id >= {plan['rollout']}")
        assert plans == "1", f"{plans} plans"
        w.one(f"select fleet.cancel({plan['rollout']}, 'only asked')")
        return ""

    def sha(self):
        return self.w.one(
            f"select fleet.put_content('asked {self.nr}'::bytea)")
