"""agent_lib - agents for the flow tests: a host is a directory.

A Host has its own /etc/drydock and /var/lib/drydock below a temporary directory
(DRYDOCK_AGENT_ROOT, honoured by test builds only); a Relay is a conversation
with `drydock-agent` over pipes, as sshd would have it.  Needs nothing but
Python's own library.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("DRYDOCK_BIN", os.path.join(TOP, "build/dev/bin"))
AGENT = os.path.join(BIN, "drydock-agent")
FLEET = "f1ee7000-0000-4000-8000-000000000001"
DEADLINE = 20.0
# A sanitizer needs memory of its own: no figure of ours then.
RSS_MAX = 65536 if "asan" in BIN else 4096


def new_id():
    return str(uuid.uuid4())


def wait_for(what, condition, seconds=DEADLINE):
    """Until condition() is true; its value."""
    end, pause = time.monotonic() + seconds, 0.01
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(pause)
        pause = min(pause * 1.2, 0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


HOSTS = []


class Host:
    def __init__(self, allow, name="mail1", fleets=("mail-hel",)):
        HOSTS.append(self)
        self.root = tempfile.mkdtemp(prefix="drydock-agent-")
        self.files = os.path.join(self.root, "files")
        self.etc = os.path.join(self.root, "etc/drydock")
        self.state = os.path.join(self.root, "var/lib/drydock")
        os.makedirs(self.etc)
        os.makedirs(self.files)
        self.write("agent.conf", f"name = {name}\n" +
                   "".join(f"fleet = {f}\n" for f in fleets))
        self.allow(allow)
        self.seq = 0
        self.relays = []

    def write(self, name, text):
        path = os.path.join(self.etc, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o644)

    def allow(self, text):
        self.write("allow", text.replace("FILES", self.files))

    def env(self, **more):
        return {"PATH": os.environ["PATH"], "DRYDOCK_AGENT_ROOT": self.root,
                "DRYDOCK_SEEDED": os.environ.get("DRYDOCK_SEEDED", ""),
                "ASAN_OPTIONS": f"log_path={self.root}/asan", **more}

    def relay(self, **env):
        relay = Relay(self, self.env(**env))
        self.relays.append(relay)
        return relay

    def run_agent(self, *args):
        return subprocess.run([AGENT, *args], env=self.env(), text=True,
                              capture_output=True)

    def journal(self):
        """The records, each a dict."""
        out = self.run_agent("--journal").stdout
        return [json.loads(line) for line in out.splitlines()]

    def runner_pids(self):
        """Runners of this host: by their environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read()
                with open(f"/proc/{pid}/environ", "rb") as f:
                    env = f.read()
                with open(f"/proc/{pid}/stat") as f:
                    state = f.read().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if (b"--runner" in line and state != "Z" and
                    f"DRYDOCK_AGENT_ROOT={self.root}\0".encode() in env + b"\0"):
                found.append(int(pid))
        return found

    def kill_runner(self):
        """And what it has just forked, as a crash would."""
        for pid in self.runner_pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for("the runner is gone", lambda: not self.runner_pids())

    def end_runner(self):
        """Politely, so that it can tell what it leaked."""
        for pid in self.runner_pids():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            wait_for("the runner is gone", lambda: not self.runner_pids(), 2)
        except AssertionError:
            self.kill_runner()

    def syslog(self):
        try:
            with open(os.path.join(self.root, "syslog")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def change(self, verb, **keys):
        """A change; seq grows by itself."""
        self.seq += 1
        return {"verb": verb, "attempt": new_id(), "fleet": FLEET, "epoch": 1,
                "seq": self.seq, "step": f"r/b/step-{self.seq}", "after": None,
                "note": {}, "who": "anna, rollout 17", "timeout_ms": 20000,
                **keys}

    def count(self, name):
        """Lines of a file: what was done how often."""
        try:
            with open(os.path.join(self.files, name)) as f:
                return len(f.readlines())
        except FileNotFoundError:
            return 0

    def close(self):
        HOSTS.remove(self)
        for relay in self.relays:
            relay.close()
        self.end_runner()
        for name in os.listdir(self.root):
            if name.startswith("asan."):
                with open(os.path.join(self.root, name)) as f:
                    raise AssertionError(f.read())
        shutil.rmtree(self.root, ignore_errors=True)


class Relay:
    def __init__(self, host, env, argv=(AGENT,)):
        self.host = host
        self.child = subprocess.Popen(
            argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lock = threading.Condition()
        self.answers, self.pushes, self.chunks = {}, [], {}
        self.magic, self.eof, self.id = None, False, 0
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for raw in self.child.stdout:
            with self.lock:
                self.take(raw)
                self.lock.notify_all()
        with self.lock:
            self.eof = True
            self.lock.notify_all()

    def take(self, raw):
        if self.magic is None:
            self.magic = raw.decode().rstrip("\n")
            return
        line = json.loads(raw)
        if "push" in line:
            self.pushes.append(line)
        elif "chunk" in line:
            key = (line["id"], line["chunk"])
            self.chunks[key] = (self.chunks.get(key, b"") +
                                base64.b64decode(line["data"]))
        else:
            self.answers[line["id"]] = line

    def raw(self, data):
        try:
            self.child.stdin.write(data)
            self.child.stdin.flush()
        except BrokenPipeError:
            pass

    def send(self, verb, **keys):
        self.id += 1
        line = {"id": self.id, "verb": verb, **keys}
        self.raw(json.dumps(line).encode() + b"\n")
        return self.id

    def wait(self, what, condition, seconds=DEADLINE):
        with self.lock:
            if not self.lock.wait_for(condition, seconds):
                raise AssertionError(f"not within {seconds} s: {what}")
            return condition()

    def ask(self, verb, seconds=DEADLINE, **keys):
        """Send and wait for the answer; an end of the line is None."""
        ident = self.send(verb, **keys)
        self.wait(f"answer to {verb}",
                  lambda: ident in self.answers or self.eof, seconds)
        return self.answers.get(ident)

    def hello(self, epoch=1, coordinator="ops1", host="mail1",
              name="mail-hel", **more):
        return self.ask("hello", host=host, coordinator=coordinator, fleets=[
            {"uuid": FLEET, "name": name, "epoch": epoch, **more}])

    def ended(self, attempt, seconds=DEADLINE):
        """The result, pushed or asked for."""
        def pushed():
            return [p for p in self.pushes if p["attempt"] == attempt]
        answer = self.ask("ask", attempt=attempt)
        if answer["state"] == "ended":
            return answer["result"]
        self.wait("the push", pushed, seconds)
        return pushed()[0]["result"]

    def do(self, change, seconds=DEADLINE):
        """Send a change and wait until it ended: its result."""
        answer = self.ask(**change)
        if not answer["ok"]:
            return answer
        return self.ended(change["attempt"], seconds)

    def probe(self, argv, **keys):
        answer = self.ask("probe", argv=argv,
                          **{"timeout_ms": 10000, **keys})
        return answer, self.chunks.get((answer["id"], "out"), b"")

    def kill(self):
        self.child.kill()
        self.child.wait()

    def close(self):
        try:
            self.child.stdin.close()
        except OSError:
            pass
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
        self.child.stdout.close()


# what a host may do whose changes are a script, `job`
JOB_ALLOW = """
read   echo <word>
read   seq <int 0..999999>
read   ls /nowhere
read   cat <path under FILES>
read   sleep <int 0..100>
read   head -c <int 0..99999999> /dev/zero
read   tcp <ip> <port>
change sh FILES/job
change sh FILES/job <word>
change no-such-program
change yes
"""


def host(job="echo ran >> FILES/count\n", allow=JOB_ALLOW):
    h = Host(allow)
    set_job(h, job)
    return h


def set_job(h, job):
    with open(os.path.join(h.files, "job"), "w") as f:
        f.write(job.replace("FILES", h.files))


def job(h, **keys):
    return h.change("run", argv=["sh", f"{h.files}/job"], **keys)


def started(h):
    wait_for("the command runs", lambda: h.count("count") > 0)


def own_network():
    """From here on the file runs in a network namespace of its own: its
    loopback is nobody else's, and nftables may drop there what it likes."""
    if "DRYDOCK_NETNS" not in os.environ:
        os.environ["DRYDOCK_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


def main():
    """Run what @test collected; TAP."""
    only = sys.argv[1:]
    tests = [t for t in TESTS if not only or t.__name__ in only]
    print(f"1..{len(tests)}")
    failed = 0
    for i, fn in enumerate(tests, 1):
        begun = time.monotonic()
        try:
            note = fn()
            verdict = "ok"
        except Exception as e:  # an assertion or a broken conversation
            import traceback
            note, verdict = None, "not ok"
            failed += 1
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            for host in list(HOSTS):
                try:
                    host.kill_runner()
                    host.close()
                except Exception as e:
                    print(f"# and then: {e}")
        words = fn.__name__.replace("_", " ")
        ms = (time.monotonic() - begun) * 1000
        print(f"{verdict} {i} - {words}" + (f": {note}" if note else "") +
              f" # {ms:.0f} ms", flush=True)
    sys.exit(1 if failed else 0)
