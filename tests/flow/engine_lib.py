"""engine_lib - a whole fleet on one machine, for the flow tests.

A World has a private PostgreSQL (Unix socket), agents as directories below
one root (transport_exec), any number of drydockd, and a small service of
files: `ring/ADDRESS` holds "vhosts state", `run/NAME` says whether a backend
runs.  Every change writes a line to `count`, so a test can say what ran, and
how often.
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from agent_lib import BIN, TOP, main, test, wait_for  # noqa: F401
from cluster_lib import PG_BIN, as_postgres, cluster_copy

# Debian's psql is Perl that looks for a cluster: 60 ms before each query.
os.environ["PATH"] = PG_BIN + os.pathsep + os.environ["PATH"]
DAEMON = os.path.join(BIN, "drydockd")
BACKENDS = ["mail1", "mail2", "mail3"]
MEMBERS = ["dir1", "dir2"]
IMPATIENT = {"log_level": "debug", "heartbeat": "200ms", "lease": "1500ms"}

RING_STATUS = """
cd FILES/ring
printf '['
sep=
for a in *; do
	read -r vhosts state <"$a"
	printf '%s{"mail server ip":"%s","vhosts":%s,"state":"%s"}' \\
		"$sep" "$a" "$vhosts" "$state"
	sep=,
done
printf ']\\n'
"""
RING_SET = """
echo "ring $1 $2 $3" >>FILES/count
[ ! -e FILES/fail-ring ] || exit 1
echo "$2 $3" >FILES/ring/.$1.$$
mv FILES/ring/.$1.$$ FILES/ring/$1
"""
# What a hook hears, a line each in one write. Nothing from one that is ended,
# or whose coordinator was killed before it wrote to it.
HEAR = """
text=$(cat) && [ -n "$text" ] && printf '%s\\n' "$text" >>FILES/heard
"""
UNIT_SHOW = 'echo "ActiveState=$(cat FILES/run/$1)"\n'
UNIT_SET = """
echo "unit $1 $2" >>FILES/count
[ ! -e FILES/hang-$1-$2 ] || while [ -e FILES/hang-$1-$2 ]; do sleep 0.05; done
[ ! -e FILES/fail-$1-$2 ] || exit 7
echo "$2" >FILES/run/$1
"""
WORK = """
echo "work $1" >>FILES/count
[ ! -e FILES/slow ] || sleep 0.3
n=$(grep -c "work $1" FILES/count)
while [ -e FILES/hang-work-$n ]; do sleep 0.05; done
[ ! -e FILES/fail-work-$1 ] || exit 3
"""

ALLOW = """
read   sh FILES/ring-status
read   sh FILES/unit-show <name>
read   true
change sh FILES/ring-set <ip> <int 0..1000> <name>
change sh FILES/unit-set <name> <name>
change sh FILES/work <name>
"""


def address(name):
    if name.startswith("mail"):
        return f"127.0.1.{name[4:]}"
    return f"127.0.2.{name[3:]}"


def inventory(backends=BACKENDS, **more):
    return {
        "fleet": "mail-hel", "timezone": "UTC", "min_up": "all but 1",
        "ssh": {"user": "drydock", "port": 22},
        "service": {"from": "each director", "run": ["sh", "FILES/ring-status"],
                    "format": "json", "key": "mail server ip",
                    "in": "state == up and vhosts > 0",
                    "strangers": "refuse"},
        "groups": {"director": {
            "members": [{"name": m, "address": address(m)} for m in MEMBERS],
            "min_gap_ms": 50, "confirm_ms": 100}},
        "backends": [{"name": b, "address": address(b),
                      "address_elsewhere": True} for b in backends],
        "allow_single": False, **more}


def ring(step, phase, value, more=None):
    return {"name": step, "phase": phase, "kind": "run", "target": "director",
            "argv": ["sh", "FILES/ring-set", "ADDRESS", value, "up"],
            "timeout_ms": 20000, **(more or {})}


def unit(step, phase, to, more=None):
    return {"name": step, "phase": phase, "kind": "run", "target": "backend",
            "argv": ["sh", "FILES/unit-set", "NAME", to],
            "check": f"unit.ActiveState == {to}",
            "timeout_ms": 20000, "settle_ms": 3000, **(more or {})}


def steps():
    return [
        ring("weight-zero", "drain", "0", {
            "remember": [{"name": "vhosts", "value": "service.vhosts",
                          "where": "service.vhosts > 0"}],
            "check": "service.vhosts == 0",
            "keep": {"until": "weight-back", "repair": 1},
            "undo": {"kind": "run", "target": "director", "timeout_ms": 20000,
                     "argv": ["sh", "FILES/ring-set", "ADDRESS",
                              "${steps.weight-zero.vhosts}", "up"],
                     "check": "service.vhosts == "
                              "${steps.weight-zero.vhosts}"}}),
        {"name": "drained", "phase": "drain", "kind": "poll",
         "target": "backend",
         "poll": {"until": "service.vhosts == 0", "every_ms": 200,
                  "at_most_ms": 5000, "then": "fail",
                  "record": "service.vhosts"}},
        {"name": "flushed", "phase": "stop", "kind": "run",
         "target": "backend", "argv": ["sh", "FILES/work", "NAME"],
         "idempotent": True, "undo": "none", "timeout_ms": 20000},
        unit("stop", "stop", "inactive", {
            "no_return": True, "keep": {"until": "start"},
            "undo": {"kind": "run", "target": "backend", "timeout_ms": 20000,
                     "argv": ["sh", "FILES/unit-set", "NAME", "active"],
                     "check": "unit.ActiveState == active"}}),
        {"name": "change", "phase": "change", "kind": "run",
         "target": "backend", "argv": ["sh", "FILES/work", "NAME"],
         "require": "unit.ActiveState == inactive", "undo": "none",
         "timeout_ms": 20000},
        unit("start", "start", "active", {"undo": "none"}),
        {"name": "works", "phase": "verify", "kind": "poll",
         "target": "backend",
         "poll": {"until": "unit.ActiveState == active", "every_ms": 200,
                  "at_most_ms": 5000, "then": "fail"}},
        ring("weight-back", "return", "${steps.weight-zero.vhosts}", {
            "check": "service.vhosts == ${steps.weight-zero.vhosts}",
            "undo": "none"}),
    ]


PHASES = [
    {"name": "drain", "takes_out": True, "rest": "out"},
    {"name": "stop", "no_pause": True, "deadline_ms": 60000},
    {"name": "change", "rest": "out"},
    {"name": "start"},
    {"name": "verify", "proves": True},
    {"name": "return", "rest": "in"},
]


def plan_of(backend, the_steps, probes=None):
    text = json.dumps({
        "procedure": "flow", "sha256": "0" * 64,
        "probes": {"unit": {"target": "backend",
                            "run": ["sh", "FILES/unit-show", "NAME"],
                            "format": "kv", "timeout_ms": 10000},
                   **(probes or {})},
        "preflight": [{"code": "UNIT", "hint": "start it",
                       "expect": "unit.ActiveState == active"}],
        "phases": PHASES, "steps": the_steps})
    return json.loads(text.replace("ADDRESS", address(backend))
                      .replace("NAME", backend))


class World:
    LISTEN = ""  # PostgreSQL, beside its Unix socket

    def __init__(self, backends=BACKENDS, **more):
        self.top = tempfile.mkdtemp(prefix="drydock-flow-")
        os.chmod(self.top, 0o755)
        self.files = os.path.join(self.top, "files")
        self.backends = backends
        self.daemons = {}
        self.probes = {}
        for d in ("files", "files/ring", "files/run", "hosts", "pg"):
            os.makedirs(os.path.join(self.top, d))
        self.scripts()
        for name in [*backends, *MEMBERS]:
            self.host(name)
        for name in backends:
            self.put(f"ring/{address(name)}", "100 up\n")
            self.put(f"run/{name}", "active\n")
        self.database()
        self.sql_json("select fleet.import(:'v'::jsonb)",
                      self.fill(inventory(backends, **more)))

    def second_fleet(self, backends, **more):
        """Another fleet behind the same members; before any daemon."""
        for name in backends:
            self.host(name)
            self.put(f"ring/{address(name)}", "100 up\n")
            self.put(f"run/{name}", "active\n")
        for fleet, names in (("mail-hel", self.backends),
                             ("mail-two", backends)):
            doc = inventory(names, fleet=fleet, **more)
            doc["service"]["strangers"] = "ignore"
            self.sql_json("select fleet.import(:'v'::jsonb)", self.fill(doc))

    # ---------------------------------------------------------- the pieces
    def put(self, name, text):
        with open(os.path.join(self.files, name), "w") as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.files, name)) as f:
            return f.read().strip()

    def remove(self, name):
        os.unlink(os.path.join(self.files, name))

    def scripts(self):
        for name, text in (("ring-status", RING_STATUS), ("work", WORK),
                           ("ring-set", RING_SET), ("unit-show", UNIT_SHOW),
                           ("unit-set", UNIT_SET)):
            self.put(name, text.replace("FILES", self.files))

    def fill(self, doc):
        return json.loads(json.dumps(doc).replace("FILES", self.files))

    def root(self, name):
        return os.path.join(self.top, "hosts", name)

    def allow(self, line):
        """One more line in every host's allow file."""
        for name in [*self.backends, *MEMBERS]:
            with open(os.path.join(self.root(name), "etc/drydock/allow"),
                      "a") as f:
                f.write(line.replace("FILES", self.files) + "\n")

    def probe(self, name, argv, script):
        """A probe of the backend with format text, and its script."""
        self.put(os.path.basename(argv[-1]),
                 script.replace("FILES", self.files))
        self.allow("read " + " ".join(argv))
        self.probes[name] = {"target": "backend", "run": argv,
                             "format": "text", "timeout_ms": 10000}

    def hold(self, name, why):
        """The host's agent refuses every change until the answer is called."""
        path = os.path.join(self.root(name), "etc/drydock/hold")
        with open(path, "w") as f:
            f.write(why + "\n")
        os.chmod(path, 0o644)
        return lambda: os.unlink(path)

    def silence(self, name):
        """Its agent does not start any more: a host that is gone."""
        os.unlink(os.path.join(self.root(name), "etc/drydock/agent.conf"))

    def conf(self, name, *fleets):
        """Its agent.conf: who it is, and for whom."""
        path = os.path.join(self.root(name), "etc/drydock/agent.conf")
        with open(path, "w") as f:
            f.write(f"name = {name}\n" +
                    "".join(f"fleet = {x}\n" for x in fleets))
        os.chmod(path, 0o644)

    def speak(self, name):
        """A silenced host again."""
        self.conf(name, "mail-hel", "mail-two")

    def records(self, name):
        """The journal of a host, each record a dict; none: it was never met."""
        if not os.path.exists(os.path.join(self.root(name),
                                           "var/lib/drydock/journal")):
            return []
        run = subprocess.run(
            [f"{BIN}/drydock-agent", "--journal"], text=True,
            capture_output=True,
            env={**os.environ, "DRYDOCK_AGENT_ROOT": self.root(name)})
        assert run.returncode == 0, f"{name}: {run.stderr}"
        return [json.loads(line) for line in run.stdout.splitlines()]

    def wait_greeted(self):
        """Every host answered this coordinator's last start."""
        wait_for("every host is greeted", lambda: self.one(
            "select bool_and(seen_at > started_at) from fleet_internal.host, "
            "(select max(started_at) as started_at from "
            "fleet_internal.coordinator) c") == "t", 60)

    def sheet(self, name):
        with open(os.path.join(self.root(name),
                               "var/lib/drydock/SHEET")) as f:
            return f.read()

    def host(self, name):
        etc = os.path.join(self.root(name), "etc/drydock")
        os.makedirs(etc)
        with open(os.path.join(self.root(name), "etc/machine-id"),
                  "w") as f:
            f.write(hashlib.md5(name.encode()).hexdigest() + "\n")
        self.speak(name)
        with open(os.path.join(etc, "allow"), "w") as f:
            f.write(ALLOW.replace("FILES", self.files))
        os.chmod(os.path.join(etc, "allow"), 0o644)

    # ------------------------------------------------------------ database
    def as_postgres(self, *argv):
        return as_postgres(*argv)

    def database(self):
        self.pg = os.path.join(self.top, "pg")
        shutil.chown(self.pg, "postgres")
        self.database_init(f"{self.pg}/data")
        self.database_up()
        self.env = {**os.environ, "PGUSER": "postgres",
                    "PGDATABASE": "drydock", **self.database_env()}

    def database_init(self, data):
        cluster_copy(data)

    def database_env(self):
        return {"PGHOST": self.pg}

    def database_up(self, flush="fsync=off", socket=None):
        subprocess.run(self.as_postgres(
            f"{PG_BIN}/pg_ctl", "-D", f"{self.pg}/data", "-w", "-t", "60",
            "-s", "-l", f"{self.pg}/log", "-o",
            f"-k {socket or self.pg} -c {flush} "
            f"-c listen_addresses={self.LISTEN} "
            "-c max_connections=200", "start"),
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def database_stop(self):
        subprocess.run(self.as_postgres(
            f"{PG_BIN}/pg_ctl", "-D", f"{self.pg}/data", "-w", "-s", "-m",
            "fast", "stop"), check=True)

    def database_aside(self, text):
        """What a stopped database has when it comes back; nobody looks on."""
        aside = f"{self.pg}/aside"
        os.makedirs(aside, exist_ok=True)
        shutil.chown(aside, "postgres")
        self.database_up(socket=aside)
        self.env["PGHOST"] = aside
        self.sql(text)
        self.env["PGHOST"] = self.pg
        self.database_stop()

    def database_kill(self):
        """SIGKILL to the postmaster and its children, as a dying machine."""
        with open(f"{self.pg}/data/postmaster.pid") as f:
            pid = int(f.readline())
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], text=True,
            capture_output=True).stdout.split()
        for p in [pid, *map(int, children)]:
            try:
                os.kill(p, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for("PostgreSQL is gone", lambda: not any(
            os.path.exists(f"/proc/{p}") for p in [pid, *children]))
        os.unlink(f"{self.pg}/data/postmaster.pid")

    def sql(self, text, **variables):
        """Rows as lists of strings."""
        argv = ["psql", "-X", "-q", "-At", "-F", "\x1f", "-v",
                "ON_ERROR_STOP=1"]
        for key, value in variables.items():
            argv += ["-v", f"{key}={value}"]
        run = subprocess.run(argv, input=text, env=self.env, text=True,
                             capture_output=True)
        if run.returncode != 0:
            raise AssertionError(f"{text}\n{run.stderr}")
        return [line.split("\x1f") for line in run.stdout.splitlines()]

    def one(self, text, **variables):
        rows = self.sql(text, **variables)
        return rows[0][0] if rows else None

    def sql_json(self, text, doc):
        return self.one(text, v=json.dumps(doc))

    def database_clock(self, at):
        """The database's time is that one from now on."""
        self.one("insert into fleet_internal.clock_offset values (true, "
                 ":'v'::timestamptz - clock_timestamp()) on conflict "
                 "(only_one) do update set offset_by = excluded.offset_by",
                 v=at)
        self.sql("select fleet_internal.wake(fleet_id) from "
                 "fleet_internal.fleet")

    # ------------------------------------------------------------- daemons
    def daemon(self, name="ops1", **more):
        exe = (f"env DRYDOCK_AGENT_ROOT={self.top}/hosts/%n "
               f"{BIN}/drydock-agent")
        return self.daemon_start(
            name, DAEMON, **{"agent_exec": exe, **IMPATIENT, **more})

    def daemon_start(self, name, program, **more):
        """That program as coordinator `name`, with these keys."""
        conf = os.path.join(self.top, f"{name}.conf")
        keys = {"database": f"host={self.pg} user=drydockd dbname=drydock",
                "name": name, "state": f"{self.top}/{name}.state", **more}
        with open(conf, "w") as f:
            for key, value in keys.items():
                f.write(f'{key} = "{value}"\n')
        log = open(os.path.join(self.top, f"{name}.log"), "a")
        self.daemons[name] = subprocess.Popen([program, "-c", conf],
                                              stderr=log, stdout=log)
        return self.daemons[name]

    def kill(self, name="ops1", how=signal.SIGKILL):
        d = self.daemons.pop(name)
        d.send_signal(how)
        return d.wait(70)

    def log(self, name="ops1"):
        with open(os.path.join(self.top, f"{name}.log")) as f:
            return f.read()

    # ------------------------------------------------------------ rollouts
    def plan(self, the_steps=None, strategy=None, only=None,
             fleet="mail-hel"):
        text = "name: flow\n"
        sha = self.one("insert into fleet_internal.procedure "
                       "(name, sha256, text) values ('flow', encode(sha256("
                       "convert_to(:'v', 'UTF8')), 'hex'), :'v') on conflict "
                       "do nothing; select sha256 from "
                       "fleet_internal.procedure where name = 'flow'", v=text)
        the_steps = the_steps or steps()
        ids = dict(self.sql("select b.name, b.backend_id from "
                            "fleet_internal.backend b"))
        doc = {"procedure_sha256": sha, "strategy": strategy or {},
               "turns": [{"backend": b, "backend_id": int(ids[b]),
                          "plan": self.fill(plan_of(b, the_steps,
                                                    self.probes))}
                         for b in only or self.backends]}
        return wait_for("a plan is saved", lambda: self.plan_save(doc,
                                                                fleet), 20)

    def plan_save(self, doc, fleet):
        try:
            return int(self.sql_json(
                "select fleet_internal.plan_save(f.fleet_id, f.epoch, null, "
                ":'v'::jsonb) from fleet_internal.fleet f where "
                f"f.name = '{fleet}'", doc))
        except AssertionError as error:
            if "not yours any more" not in str(error):
                raise
            return None  # nobody has the fleet yet

    def start(self, *args, **keys):
        rollout = self.plan(*args, **keys)
        self.one(f"select fleet.start({rollout})")
        return rollout

    def state(self, rollout):
        return self.one("select state from fleet_internal.rollout where "
                        f"rollout_id = {rollout}")

    def turns(self, rollout):
        return [r[0] for r in self.sql(
            f"select state from fleet_internal.turn where rollout_id = "
            f"{rollout} order by position")]

    def wait_state(self, rollout, state, seconds=60):
        try:
            wait_for(f"rollout is {state}",
                     lambda: self.state(rollout) == state, seconds)
        except AssertionError:
            self.explain(rollout)
            raise

    def wait_turn(self, rollout, turn, state, seconds=60):
        try:
            wait_for(f"turn {turn} is {state}",
                     lambda: self.turns(rollout)[turn] == state, seconds)
        except AssertionError:
            self.explain(rollout)
            raise

    def explain(self, rollout):
        print(f"# state {self.state(rollout)} turns {self.turns(rollout)}")
        for row in self.sql("select seq, severity, kind, message from "
                            "fleet_internal.event order by seq desc limit 12"):
            print("#", " ".join(row))
        for row in self.sql("select kind, gate, why from fleet_internal.hold "
                            "where ended_at is null"):
            print("# hold", " ".join(row))
        for name in ("ops1", "ops2"):
            if os.path.exists(os.path.join(self.top, f"{name}.log")):
                print(f"# log of {name}:")
                for line in self.log(name).splitlines()[-20:]:
                    print("#  ", line[11:200])

    def counts(self):
        """What ran, and how often."""
        try:
            lines = self.read("count").splitlines()
        except FileNotFoundError:
            return {}
        return {line: lines.count(line) for line in lines}

    def attempts_match(self):
        """Attempts that ended in the database = commands that ran."""
        rows = int(self.one("select count(*) from fleet_internal.attempt "
                            "where state = 'ended'"))
        return rows, sum(self.counts().values())

    # ----------------------------------------------------------------- end
    def agent_pids(self):
        mark = f"DRYDOCK_AGENT_ROOT={self.top}/".encode()
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark in f.read():
                        found.append(int(pid))
            except OSError:
                pass
        return found

    def kill_agents(self, name):
        """Relay, runner and what they run: as a host that dies."""
        mark = f"DRYDOCK_AGENT_ROOT={self.root(name)}\0".encode()
        for pid in self.agent_pids():
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark in f.read() + b"\0":
                        os.kill(pid, signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass

    def close(self):
        for name in list(self.daemons):
            self.kill(name)
        for pid in self.agent_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(self.as_postgres(
            f"{PG_BIN}/pg_ctl", "-D", f"{self.pg}/data", "-m", "immediate",
            "-s", "stop"), stderr=subprocess.DEVNULL)
        if "DRYDOCK_KEEP" not in os.environ:
            shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
