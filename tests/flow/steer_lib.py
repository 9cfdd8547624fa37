"""steer_lib - fleets in every state that a person can meet, without a
coordinator: a private PostgreSQL and steer_states.sql; and TAP.
"""
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("DRYDOCK_BIN", os.path.join(TOP, "build/dev/bin"))
CLUSTER = os.path.join(TOP, "tests/cluster")
NR = [0, 0]


def ok(name, good, *why):
    NR[0] += 1
    print(f"{'ok' if good else 'not ok'} {NR[0]} - {name}", flush=True)
    if not good:
        NR[1] += 1
        for line in why:
            print("# " + str(line).replace("\n", "\n# "), flush=True)


def all_ok(name, faults):
    ok(name, not faults, *faults[:20])


def psql(text, user="postgres", check=True):
    p = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                        "-U", user], input=text, text=True,
                       capture_output=True)
    if check and p.returncode != 0:
        print("Bail out! " + p.stderr)
        sys.exit(1)
    return p.stdout.strip()


class Fleet:
    made = []

    def __init__(self, state):
        self.state = state
        self.rollout = self.window = self.schedule = None
        self.name = f"f{len(Fleet.made):03}x"
        self.backend = self.name + "1"
        Fleet.made.append(self)

    def fill(self, template):
        for letter, nr in (("R", self.rollout), ("W", self.window),
                           ("S", self.schedule)):
            template = re.sub(rf"\b{letter}\b", str(nr), template)
        return (template.replace("'F'", f"'{self.name}'")
                .replace("'B'", f"'{self.backend}'"))

    def typed(self, template):
        words = {"R": self.rollout, "F": self.name, "B": self.backend,
                 "W": self.window, "sS": f"s{self.schedule}"}
        return [str(words.get(w, w)) for w in shlex.split(template)]

    def plain(self, text):
        """What is said of this fleet, without its name and numbers."""
        return re.sub(r"\bs?\d+\b", "N", text.replace(self.name, "F"))


def make_all():
    new = [(n, f) for n, f in enumerate(Fleet.made) if f.rollout is None]
    text = "".join(f"select test.make('{f.state}', '{f.name}', {n + 1}),"
                   f" test.window('{f.name}'), test.schedule('{f.name}');\n"
                   for n, f in new)
    for (_, fleet), ids in zip(new, psql(text).split()):
        fleet.rollout, fleet.window, fleet.schedule = map(int, ids.split("|"))


def fixture():
    subprocess.run([os.path.join(BIN, "drydock"), "init"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in ("tests/sql/fixture.sql", "tests/flow/steer_states.sql"):
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            psql(f.read())


def beating(fleets):
    """They are there, and their coordinator is alive however slow this is."""
    make_all()
    psql("update fleet_internal.coordinator set beat_at ="
         " clock_timestamp() + interval '1 h'")
    return fleets


def main(steps):
    """steps(), with a database that has the fixture and no fleet yet."""
    os.environ.update(PGTZ="UTC", LC_ALL="C.UTF-8", PGUSER="postgres",
                      PGDATABASE="postgres",
                      PGOPTIONS="-c client_min_messages=warning")
    for name in ("PGSERVICE", "PGPORT", "DRYDOCK_DATABASE", "DRYDOCK_FLEET"):
        os.environ.pop(name, None)
    socket = subprocess.run([CLUSTER, "start"], text=True, check=True,
                            stdout=subprocess.PIPE).stdout.strip()
    os.environ["PGHOST"] = socket
    try:
        fixture()
        steps()
    finally:
        subprocess.run([CLUSTER, "stop", socket], check=False)
    print(f"1..{NR[0]}")
    return NR[1] > 0
