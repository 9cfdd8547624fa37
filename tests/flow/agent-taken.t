#!/usr/bin/env python3
"""agent-taken - the coordinator's machine is somebody else's now.

Whoever has its key speaks to each agent as drydockd does: a greeting, a right
epoch, any line.  What the owner of the host wrote into the allow file, here
the lab's, is all that can be had; nothing else is begun, read, written or
removed.

usage: agent-taken.t [TEST…]
"""
import os

from agent_lib import FLEET, TOP, Host, main, new_id, test

EPOCH = 5
CONTENT = "1" * 64

# What begins nothing: words that no line has, or not in that order, or more.
RUN = [
    ["sh", "-c", "touch CANARY"],
    ["/bin/sh", "-c", "touch CANARY"],
    ["env", "sh", "-c", "touch CANARY"],
    ["touch", "CANARY"],
    ["python3", "-c", "open('CANARY', 'w')"],
    ["/usr/bin/touch", "CANARY"],
    ["rm", "-rf", "CANARY/"],
    ["apt-get", "install", "-y", "drydock-lab-a"],
    ["dpkg", "-i", "/tmp/drydock-agent.deb"],
    ["systemctl", "stop", "ssh"],
    ["systemctl", "stop", "dovecot", "ssh"],
    ["systemctl", "stop"],
    ["systemctl", "--root=/nowhere", "stop", "dovecot"],
    ["systemctl", "stop", "dovecot\n"],
    ["systemctl", "stop", "dovecot "],
    ["systemctl", "stop", "Dovecot"],
    ["systemctl", "poweroff"],
    ["/tmp/systemctl", "stop", "dovecot"],
    ["./systemctl", "stop", "dovecot"],
    ["doveadm", "-o", "mail_plugins=x", "reload"],
    ["doveadm", "exec", "imap"],
    ["doveadm", "expunge", "-A", "mailbox", "INBOX", "all"],
    ["doveadm", "metacache", "flushall", "-i", "-f"],
    ["doveconf", "-n"],  # may be read, not begun
    ["tcp", "127.0.0.1", "22"],
    ["copy", "/etc/dovecot/a"],
    ["clean", "/var/dovecot/vmail"],
    ["doveadm", "director", "update", "127.0.1.1", "1001"],
    ["doveadm", "director", "update", "127.0.1.1", "-1"],
    ["doveadm", "director", "update", "127.0.1.1", "1e2"],
    ["doveadm", "director", "update", "127.0.1.1;x", "100"],
    ["doveadm", "director", "update", "localhost", "100"],
    ["doveadm", "director", "update", "127.0.1.1", "100", "100"],
    ["doveadm", "director", "flush", "all"],
    ["doveadm", "director", "add", "127.0.1.9"],
    ["doveadm", "director", "move", "postmaster", "127.0.1.1"],
    ["doveadm", "director", "move", "../x", "127.0.1.1"],
]
READ = [
    ["cat", "/etc/shadow"],
    ["cat", "CANARY"],
    ["doveadm", "fetch", "-u", "postmaster", "text", "mailbox", "INBOX"],
    ["doveadm", "fetch", "-u", "probe1@lab", "text", "mailbox", "Sent"],
    ["doveadm", "fetch", "-A", "text", "mailbox", "INBOX"],
    ["doveadm", "-f", "tab", "mailbox", "list", "-A"],
    ["doveconf", "-c", "/etc/shadow", "-n"],
    ["doveconf", "-n", "-x"],
    ["doveconf", "-P"],
    ["journalctl", "-q", "-u", "ssh", "--since=-1min", "--no-pager", "-o",
     "cat"],
    ["findmnt", "-n", "-o", "SOURCE", "-T", "/srv/mail/../../etc"],
    ["pgrep", "-a", "ssh"],
    ["doveadm", "reload"],  # may be begun, not read
    ["systemctl", "stop", "dovecot"],
]
ELSEWHERE = ["/etc/passwd", "/etc/dovecot/../cron.d/a", "/etc//dovecot/a",
             "/etc/dovecot/", "/etc/dovecotx/a", "/root/.ssh/authorized_keys",
             "/etc/drydock/allow", "/usr/bin/drydock-agent", "CANARY"]
CLEAN = ["/", "/etc", "/var/dovecot", "/var/dovecot/vmail/..",
         "/var/dovecot/vmailx", "/var/lib/drydock", "CANARY"]
# names, and why not
PACKAGES = [(["openssh-server"], "allow"),
            (["drydock-lab-a", "libc6"], "allow"),
            (["drydock-la"], "allow"),
            (["drydock-lab-a=1"], "usage"),
            (["-oDpkg::Pre-Invoke::=touch CANARY"], "usage"),
            (["./drydock-lab-a.deb"], "usage"),
            (["drydock-lab-a/stable"], "usage"),
            (["drydock-lab-*"], "usage")]
# a word of a copy that could do without the rest
COPY = [{"mode": "4755"}, {"sha256": "../" * 20 + "etc"},
        {"sha256": None, "staged": "/etc/shadow"},
        {"validate": ["sh", "-c", "touch CANARY"]},
        {"validate": ["doveconf", "-c", "/etc/shadow", "-n"]}]
GREETINGS = [{"epoch": EPOCH + 1000001}, {"epoch": EPOCH - 1},
             {"host": "mail2"}, {"name": "another"}]


def allow_of_the_lab():
    text = ""
    for name in ("backend", "director"):
        with open(f"{TOP}/deploy/lab/allow-{name}") as f:
            text += f.read()
    return text


class Taken:
    """A host whose coordinator is hostile."""

    def __init__(self):
        self.h = Host(allow_of_the_lab() + "change sh FILES/job\n")
        self.canary = f"{self.h.files}/canary"
        with open(f"{self.h.files}/job", "w") as f:
            f.write(f"echo ran >>{self.h.files}/count\n")
        with open(self.canary, "w") as f:
            f.write("a secret that nobody reads\n")
        self.r = self.h.relay()
        assert self.r.hello(epoch=EPOCH)["ok"]
        # it is the allow file that decides, not an agent that does nothing
        job = self.job()
        self.done = job["attempt"]
        assert self.r.do(job)["exit"] == 0
        self.tried = 0
        self.before = self.state()

    def job(self):
        """What is permitted."""
        return self.h.change("run", epoch=EPOCH,
                             argv=["sh", f"{self.h.files}/job"])

    def state(self):
        """All of the host but the order of its journal's free space."""
        found = {}
        for at, _, files in os.walk(self.h.root):
            for name in files:
                path = os.path.join(at, name)
                stat = os.stat(path)
                if name not in ("syslog", "count", "journal", "lock"):
                    found[path] = (stat.st_mtime_ns, stat.st_size)
        return found, [x for x in self.h.journal() if "attempt" in x]

    def fill(self, what):
        if isinstance(what, str):
            return what.replace("CANARY", self.canary)
        if isinstance(what, list):
            return [self.fill(x) for x in what]
        if isinstance(what, dict):
            return {k: self.fill(v) for k, v in what.items()}
        return what

    def refused(self, verb, codes, **keys):
        """On a conversation of its own: a bad line may end it."""
        r = self.h.relay()
        assert r.hello(epoch=EPOCH)["ok"]
        keys = {k: self.fill(v) for k, v in keys.items() if v is not None}
        no = r.ask(verb, **keys) or r.answers.get(0)
        assert no and no["ok"] is False and no["code"] in codes, (keys, no)
        assert not r.chunks, keys
        r.close()
        self.tried += 1

    def change(self, verb, codes=("allow", "usage"), **keys):
        change = self.h.change(verb, epoch=EPOCH, **keys)
        self.refused(codes=codes, **change)

    def close(self):
        assert self.state() == self.before, "something was changed"
        assert self.r.do(self.job())["exit"] == 0
        assert self.h.count("count") == 2
        self.h.close()
        return f"{self.tried} tried, none succeeded"


@test
def no_other_command_is_begun():
    t = Taken()
    for argv in RUN:
        t.change("run", ("allow",), argv=argv)
    # only what an agent does by itself is undone by it
    t.change("run", ("usage",), argv=RUN[0], undo_of=t.done)
    return t.close()


@test
def nothing_else_is_read():
    t = Taken()
    for argv in READ:
        t.refused("probe", ("allow",), argv=argv, timeout_ms=5000)
    for attempt, stream in ((new_id(), "out"), ("../../etc", "out"),
                            (t.done, "../x"), (t.done, "data")):
        t.refused("peek", ("usage",), attempt=attempt, stream=stream,
                  offset=0)
    return t.close()


@test
def nothing_else_is_written_or_removed():
    t = Taken()
    for to in ELSEWHERE:
        t.change("copy", sha256=CONTENT, to=to)
        t.refused("dry", ("allow", "usage"), kind="copy", sha256=CONTENT,
                  to=to, timeout_ms=5000)
    for keys in COPY:
        t.change("copy", **{"sha256": CONTENT, "to": "/etc/dovecot/a",
                            **keys})
    for inside in CLEAN:
        t.change("clean", inside=inside)
        t.refused("dry", ("allow", "usage"), kind="clean", inside=inside,
                  timeout_ms=5000)
    for names, code in PACKAGES:
        t.change("package", (code,),
                 packages=[{"name": n, "version": "1"} for n in names])
    return t.close()


@test
def it_is_nobody_elses_host():
    t = Taken()
    for keys in GREETINGS:
        r = t.h.relay()
        no = r.hello(**{"epoch": EPOCH, **keys})
        assert not no["ok"] or not all(
            f.get("code") is None for f in no["fleets"]), (keys, no)
        r.close()
        t.tried += 1
    for verb, keys in (("run", {"argv": ["sh", f"{t.h.files}/job"]}),
                       ("sheet", {"rollout": new_id(), "text": "come in"}),
                       ("forget", {"floor": 2**62}), ("left", {"fix": True}),
                       ("begun", {"step": "r/mail1/stop"})):
        for who in ({"fleet": new_id(), "epoch": EPOCH},
                    {"fleet": FLEET, "epoch": EPOCH + 1}):
            more = {**t.h.change("run"), **keys, **who} if verb == "run" \
                else {**keys, **who}
            t.refused(codes=("epoch", "fleet"), **{"verb": verb, **more})
    t.h.write("hold", "anna: hands off\n")
    t.refused(codes=("hold",), **t.job())
    os.unlink(f"{t.h.etc}/hold")
    return t.close()


main()
