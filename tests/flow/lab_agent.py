"""lab_agent.py - speaks with an agent of the lab through real sshd and sudo.

Standard library only. Channel is one ssh with one agent at its end; whatever
comes is kept, so that a late push is found too.
"""
import json
import os
import subprocess
import threading
import time
import uuid


def address(host):
    """As the lab numbers its hosts (deploy/lab/common.sh)."""
    base = 10 if host.startswith("dir") else 20
    number = int(host.lstrip("dirmal"))
    return "10.77.%s.%d" % (os.environ["LAB_NET"], base + number)


class Channel:
    """Context manager: an agent greeted, or not when greet is false."""

    def __init__(self, host, fleet=None, epoch=1, greet=True):
        self.host, self.fleet, self.epoch = host, fleet, epoch
        self.serial = 0
        self.seen = []
        self.news = threading.Condition()
        self.ssh = subprocess.Popen(
            ["ssh", "-T", "-F", "none", "-i", os.environ["LAB_STATE"] + "/key",
             "-o", "UserKnownHostsFile=" + known_hosts(host),
             "-o", "BatchMode=yes", "-o", "ConnectTimeout=10",
             "drydock@" + address(host), "anything", "at", "all"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.read, daemon=True).start()
        self.wait(lambda line: line == "drydock-agent 1", 15)
        if greet:
            self.hello = self.ask("hello", host=host, coordinator="test",
                                  fleets=[{"uuid": fleet, "name": "lab",
                                           "epoch": epoch}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ssh.kill()
        self.ssh.wait()

    def read(self):
        for line in self.ssh.stdout:
            line = line.rstrip("\n")
            item = json.loads(line) if line.startswith("{") else line
            with self.news:
                self.seen.append(item)
                self.news.notify_all()

    def wait(self, fits, seconds):
        until = time.monotonic() + seconds
        with self.news:
            while True:
                for item in self.seen:
                    if fits(item):
                        return item
                left = until - time.monotonic()
                if left <= 0:
                    raise TimeoutError("%s: nothing in %d s" %
                                       (self.host, seconds))
                self.news.wait(left)

    def ask(self, verb, seconds=20, **rest):
        self.serial += 1
        ident = self.serial
        line = json.dumps({"id": ident, "verb": verb, **rest})
        self.ssh.stdin.write(line + "\n")
        self.ssh.stdin.flush()
        return self.wait(lambda i: isinstance(i, dict) and "ok" in i
                         and i.get("id") == ident, seconds)

    def run(self, change):
        return self.ask("run", **change)

    def ended(self, change, seconds=60):
        """Asks until the change is no longer running; its last answer."""
        until = time.monotonic() + seconds
        while True:
            answer = self.ask("ask", attempt=change["attempt"])
            if answer.get("state") != "running":
                return answer
            if time.monotonic() > until:
                raise TimeoutError("still running")
            time.sleep(0.1)


def known_hosts(host):
    """A file with the one pinned key of this host."""
    state = os.environ["LAB_STATE"]
    path = "%s/test/known-%s" % (state, host)
    with open("%s/host-keys/%s" % (state, host), encoding="utf-8") as key, \
            open(path, "w", encoding="utf-8") as out:
        out.write(address(host) + " " + key.read())
    return path


def new_change(host, fleet, seq, argv, epoch=1, timeout_ms=60000):
    return {"attempt": str(uuid.uuid4()), "fleet": fleet, "epoch": epoch,
            "seq": seq, "step": "%s/%s/step%d" % (fleet, host, seq),
            "after": None, "note": {}, "who": "test", "argv": argv,
            "timeout_ms": timeout_ms, "output": "keep"}
