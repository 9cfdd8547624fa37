#!/usr/bin/env python3
"""agent-forget - records, outputs, contents and packages do not pile up.

usage: agent-forget.t [TEST…]
"""
import base64
import hashlib
import os
import random
import time

from agent_lib import FLEET, Host, main, new_id, test, wait_for

ALLOW = """
change sh FILES/job
change head -c <int 0..99999999> /dev/zero
change copy <path under FILES/etc>
"""
DAY = 24 * 3600


class Work:
    """A host that counts what ran, and a conversation with it."""

    def __init__(self, job="echo ran >>FILES/count\necho said\n", **env):
        self.h = Host(ALLOW)
        self.env = env
        os.mkdir(f"{self.h.files}/etc")
        self.job(job)
        self.connect()

    def job(self, text):
        with open(f"{self.h.files}/job", "w") as f:
            f.write(text.replace("FILES", self.h.files))

    def connect(self):
        self.r = self.h.relay(**self.env)
        self.hello = self.r.hello()
        assert self.hello["ok"], self.hello

    def run(self, n):
        """n changes, as many at once as the runner takes."""
        changes = [self.change() for _ in range(n)]
        for i in range(0, n, 8):
            for c in changes[i:i + 8]:
                self.r.send(**c)
            for c in changes[i:i + 8]:
                assert self.r.ended(c["attempt"])["exit"] == 0
        return changes

    def change(self):
        return self.h.change("run", argv=["sh", f"{self.h.files}/job"])

    def forget(self, floor, epoch=1):
        return self.r.ask("forget", fleet=FLEET, epoch=epoch, floor=floor)

    def known(self, change):
        return self.r.ask("ask", attempt=change["attempt"])["state"] != "none"

    def there(self, name):
        try:
            return sorted(os.listdir(f"{self.h.state}/{name}"))
        except FileNotFoundError:
            return []

    def attempts(self, name):
        """Of which something is kept."""
        return {n.rsplit(".", 1)[0] for n in self.there(name)}

    def put(self, text):
        data = text.encode()
        sha = hashlib.sha256(data).hexdigest()
        a = self.r.ask("put", sha256=sha, size=len(data), offset=0,
                       data=base64.b64encode(data).decode())
        assert a["have"] == len(data), a
        return sha

    def age(self, name, days):
        path = f"{self.h.state}/{name}"
        at = time.time() - days * DAY
        os.utime(path, (at, at))

    def restart(self):
        self.h.kill_runner()
        self.connect()


@test
def only_the_holder_makes_it_forget():
    w = Work()
    old = w.run(1)[0]
    no = w.forget(1, epoch=7)
    assert not no["ok"] and no["code"] == "epoch", no
    no = w.r.ask("forget", fleet=new_id(), epoch=1, floor=1)
    assert not no["ok"] and no["code"] == "epoch", no
    assert w.known(old)
    assert w.forget(1)["floor"] == 1 and not w.known(old)
    # never back, and what is above it stays
    new = w.run(1)[0]
    assert w.forget(0)["floor"] == 1 and w.known(new)
    w.h.close()


@test
def what_runs_is_not_forgotten():
    w = Work("echo ran >>FILES/count\n"
             "while [ ! -e FILES/go ]; do sleep 0.05; done\necho late\n")
    c = w.change()
    assert w.r.ask(**c)["state"] == "running"
    assert w.forget(c["seq"])["floor"] == c["seq"]
    open(f"{w.h.files}/go", "w").close()
    result = w.r.ended(c["attempt"])
    assert base64.b64decode(result["out"]["head"]) == b"late\n"
    assert w.there("out") != []
    w.h.close()


@test
def the_journal_shrinks_while_its_runner_lives():
    w = Work()
    done = w.run(130)
    pids = w.h.runner_pids()
    before = len(w.h.journal())
    assert w.forget(done[-3]["seq"])["ok"]
    after = w.h.journal()
    assert len(after) < before / 10, (before, len(after))
    assert w.h.runner_pids() == pids
    for again in range(2):
        assert [w.known(c) for c in done[-4:]] == [False, False, True, True]
        assert w.hello["fleets"][0]["epoch"] == 1
        assert w.r.ask(**done[0])["code"] == "floor"
        w.restart()
        assert w.hello["fleets"][0]["floor"] == done[-3]["seq"]
    assert w.run(1) and w.h.count("count") == 131
    assert len(w.attempts("out")) == 3, w.there("out")
    w.h.close()
    return f"{before} records, then {len(after)}"


@test
def killed_at_any_instant_of_it_nothing_is_half_forgotten():
    rnd = random.Random(44)
    w = Work()
    done, told = w.run(110), 0
    for round_ in range(6):
        done += w.run(2)
        floor = done[-2]["seq"]
        w.r.send("forget", fleet=FLEET, epoch=1, floor=floor)
        time.sleep(rnd.uniform(0, 0.012))
        w.restart()
        assert w.hello["journal"] == "ok", w.hello
        got = w.hello["fleets"][0]["floor"]
        assert got in (told, floor), (got, told, floor)
        told = got
        known = {c["attempt"] for c in done if w.known(c)}
        assert known == {c["attempt"] for c in done if c["seq"] > told}
        files = w.attempts("out")
        assert files == known, files ^ known
        for c in rnd.sample(done, 4):
            w.r.ask(**c)
    assert w.h.count("count") == len(done)
    w.h.close()
    return f"floor {told} of {done[-1]['seq']}"


@test
def what_belongs_to_nobody_is_swept_when_the_runner_starts():
    w = Work()
    mine = w.run(1)[0]["attempt"]
    lost = new_id()
    open(f"{w.h.state}/out/{lost}.out", "w").close()
    os.makedirs(f"{w.h.state}/kept/{lost}/deep")
    open(f"{w.h.state}/kept/{lost}/deep/old", "w").close()
    w.restart()
    assert w.attempts("out") == {mine}, w.there("out")
    assert w.there("kept") == []
    # whose it is is not known when the journal is not whole
    open(f"{w.h.state}/out/{lost}.out", "w").close()
    w.h.kill_runner()
    os.unlink(f"{w.h.state}/journal")
    w.connect()
    assert w.hello["journal"].startswith("missing"), w.hello
    assert w.attempts("out") == {mine, lost}
    w.h.close()


@test
def contents_and_packages_go_by_age_but_not_what_is_wanted():
    w = Work()
    old, wanted, young = w.put("old"), w.put("wanted"), w.put("young")
    for sha in (old, wanted):
        w.age(f"content/{sha}", 8)
    w.put("wanted")  # a step that needs it puts it again
    os.makedirs(f"{w.h.state}/debs", exist_ok=True)
    for name, days in (("a_1_all.deb", 31), ("b_1_all.deb", 29)):
        open(f"{w.h.state}/debs/{name}", "w").close()
        w.age(f"debs/{name}", days)
    done = w.run(1)[0]
    assert len(w.there("content")) == 3
    assert w.forget(done["seq"])["ok"]
    assert w.there("content") == sorted([wanted, young]), w.there("content")
    assert w.there("debs") == ["b_1_all.deb"]
    assert "removed 1 old files from" in w.h.syslog()
    # and the change that needs what went gets it again
    assert w.put("old") == old
    c = w.h.change("copy", sha256=old, to=f"{w.h.files}/etc/a")
    assert w.r.do(c)["exit"] == 0
    w.h.close()


@test
def outputs_are_bounded_oldest_first():
    w = Work(DRYDOCK_AGENT_OUT_MAX="300000")
    ids = []
    for _ in range(8):
        c = w.h.change("run", argv=["head", "-c", "100000", "/dev/zero"])
        assert w.r.do(c)["out"]["bytes"] == 100000
        ids.append(c["attempt"])
        time.sleep(0.02)

    def kept():
        return [i for i in ids if f"{i}.out" in w.there("out")]

    wait_for("old ones are gone", lambda: len(kept()) <= 5)
    assert kept() == ids[-len(kept()):], "not the oldest went"
    no = w.r.ask("peek", attempt=ids[0], stream="out", offset=0)
    assert not no["ok"] and "nothing is kept" in no["why"], no
    # the record itself stays: it says how much there was
    assert w.r.ask("ask", attempt=ids[0])["result"]["out"]["bytes"] == 100000
    w.h.close()


main()
