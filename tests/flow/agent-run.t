#!/usr/bin/env python3
"""agent-run - relay, runner, journal, epochs: with real processes and kills.

usage: agent-run.t [TEST…]
"""
import base64
import os
import random
import resource
import shutil
import signal
import subprocess
import time

from agent_lib import (FLEET, RSS_MAX, host, job, main, new_id, set_job,
                       started, test, wait_for)


@test
def a_change_runs_once_and_is_told():
    h = host("echo ran >> FILES/count; echo out; echo err >&2; exit 3\n")
    r = h.relay()
    hello = r.hello()
    assert r.magic == "drydock-agent 1"
    assert hello["ok"] and hello["journal"] == "ok", hello
    c = job(h)
    before = len(h.journal())
    result = r.do(c)
    assert result["exit"] == 3 and h.count("count") == 1
    assert base64.b64decode(result["out"]["head"]) == b"out\n"
    assert base64.b64decode(result["err"]["head"]) == b"err\n"
    assert result["out"]["lines"] == 1 and result["out"]["bytes"] == 4
    assert [j["t"] for j in h.journal()[before:]] == ["begun", "ended"]
    log = h.syslog()
    assert "accepted: anna, rollout 17: step r/b/step-1: run sh" in log, log
    h.close()


@test
def the_same_id_twice_runs_once():
    h = host("echo ran >> FILES/count; sleep 0.3\n")
    a, b = h.relay(), h.relay()
    a.hello(), b.hello()
    c = job(h)
    ids = [(x, x.send(**c)) for x in (a, b, a, b)]
    for x, ident in ids:
        x.wait("answers", lambda: ident in x.answers)
        assert x.answers[ident]["state"] == "running"
    assert a.ended(c["attempt"])["exit"] == 0
    b.wait("the push reaches both", lambda: b.pushes)
    again = a.ask(**c)
    assert again["state"] == "ended" and h.count("count") == 1
    other = a.ask(**{**c, "argv": ["sh", f"{h.files}/job", "x"]})
    assert other["code"] == "conflict", other
    assert len(h.runner_pids()) == 1
    h.close()


@test
def without_a_descriptor_nothing_is_started():
    h = host("echo ran >> FILES/count\n")
    r = h.relay()
    r.hello()
    r.do(job(h))
    pid, = h.runner_pids()
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = 1 + max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd"))
    ran = 1
    for n in range(used, used + 12):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (n, hard))
        change = job(h)
        answer = r.ask(**change)
        ended = answer["ok"] and r.ended(change["attempt"])
        ran += bool(ended) and ended.get("exit") == 0
        assert h.count("count") == ran, (n, answer, ended)
    assert h.runner_pids() == [pid] and 1 < ran < 13, ran
    h.close()


@test
def two_relays_at_once_start_one_runner():
    h = host()
    relays = [h.relay() for _ in range(8)]
    for r in relays:
        assert r.ask("ping")["ok"]
    assert len(h.runner_pids()) == 1, h.runner_pids()
    h.close()


@test
def a_dead_relay_touches_nothing():
    h = host("echo ran >> FILES/count; sleep 1; echo done >> FILES/count\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    started(h)
    r.kill()
    r = h.relay()
    assert r.ask(**c)["state"] == "running"
    assert r.ended(c["attempt"])["exit"] == 0 and h.count("count") == 2
    h.close()


@test
def a_killed_runner_leaves_unknown_and_never_reruns():
    h = host("echo ran >> FILES/count; sleep 60 & sleep 60\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    started(h)
    h.kill_runner()
    r.wait("the relay ends with its runner", lambda: r.eof)
    r = h.relay()
    answer = r.ask(**c)
    assert answer["state"] == "unknown" and "runner" in answer["why"], answer
    assert r.ask("ask", attempt=c["attempt"])["state"] == "unknown"
    left = subprocess.run(["pgrep", "-f", f"{h.files}/job"],
                          capture_output=True, text=True).stdout
    assert left == "", f"still there: {left}"
    assert "an earlier runner left" in h.syslog()
    time.sleep(0.2)
    assert h.count("count") == 1
    h.close()


def own_group(h):
    """The directory of the group that the job says it is in; None: of none."""
    with open(f"{h.files}/group") as f:
        path = [x[3:].strip("\n") for x in f if x.startswith("0::")][0]
    for mount in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
        if "/drydock-" in path and os.path.isdir(mount + path):
            return mount + path
    return None


@test
def a_killed_runner_leaves_no_group():
    h = host("cat /proc/self/cgroup > FILES/group; echo ran >> FILES/count; "
             "sleep 60\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    started(h)
    group = own_group(h)
    if group is None:
        h.close()
        return "none to be had here"
    other = f"{os.path.dirname(group)}/drydock-{new_id()}"
    os.mkdir(other)  # another runner's, before it has put its command there
    try:
        h.kill_runner()
        assert os.path.isdir(group)
        assert h.relay().ask(**c)["state"] == "unknown"
        assert not os.path.exists(group), "the group is still there"
        assert os.path.isdir(other), "another runner's group is gone"
    finally:
        os.rmdir(other)
    h.close()


@test
def killed_at_random_instants_nothing_runs_twice():
    h = host("echo $1 >> FILES/count; sleep 0.01\n")
    told = {"running": 0, "ended": 0, "unknown": 0, "none": 0}
    dice = random.Random(4711)
    for _ in range(40):
        r = h.relay()
        r.hello()
        c = h.change("run", argv=["sh", f"{h.files}/job", new_id()])
        runner = h.runner_pids()[0]
        r.send(**c)
        time.sleep(dice.random() * 0.04)
        os.kill(runner, signal.SIGKILL)
        h.kill_runner()
        r.close()
        r = h.relay()
        told[r.ask("ask", attempt=c["attempt"])["state"]] += 1
        answer = r.ask(**c)  # as a coordinator does: the same again
        if answer["state"] == "running":
            assert r.ended(c["attempt"])["exit"] == 0
            answer = r.ask(**c)
        with open(f"{h.files}/count", "a+") as f:
            f.seek(0)
            ran = f.read().count(c["argv"][2])
        assert ran <= 1, (ran, answer)
        assert answer["state"] != "ended" or ran == 1, (ran, answer)
        r.close()
    assert told["unknown"] > 0 and told["none"] + told["ended"] > 0, told
    h.close()
    return str(told)


@test
def a_reboot_leaves_unknown():
    h = host("echo ran >> FILES/count; sleep 60\n")
    boot = os.path.join(h.root, "proc/sys/kernel/random")
    os.makedirs(boot)
    with open(f"{boot}/boot_id", "w") as f:
        f.write(new_id() + "\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    started(h)
    h.kill_runner()
    with open(f"{boot}/boot_id", "w") as f:
        f.write(new_id() + "\n")
    answer = h.relay().ask(**c)
    assert answer["state"] == "unknown" and "boot" in answer["why"], answer
    h.close()


@test
def a_killed_command_is_a_result():
    h = host("echo $$ >> FILES/count; exec sleep 60\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    started(h)
    with open(f"{h.files}/count") as f:
        os.kill(int(f.read()), signal.SIGKILL)
    result = r.ended(c["attempt"])
    assert result["signal"] == 9 and not result["timed_out"], result
    h.close()


@test
def who_closes_its_output_has_not_ended():
    h = host("exec >&- 2>&-; sleep 0.5; echo ran >> FILES/count; exit 4\n")
    r = h.relay()
    r.hello()
    result = r.do(job(h))
    assert result["exit"] == 4 and h.count("count") == 1, result
    h.close()


@test
def a_program_that_is_not_there_is_a_result():
    h = host()
    r = h.relay()
    r.hello()
    result = r.do(h.change("run", argv=["no-such-program"]))
    assert result["exit"] == 127, result
    assert b"cannot run" in base64.b64decode(result["err"]["head"])
    h.close()


@test
def time_over_ends_the_whole_group():
    h = host("trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > FILES/pid; "
             "while :; do sleep 1; done' & wait\n")
    r = h.relay()
    r.hello()
    c = job(h, timeout_ms=500)
    begun = time.monotonic()
    result = r.do(c)
    took = time.monotonic() - begun
    assert result["timed_out"] and result["signal"] == 9, result
    with open(f"{h.files}/pid") as f:
        pid = f.read().strip()

    def gone():
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True
    wait_for("the grandchild is gone", gone, 2)
    h.close()
    return f"{took:.1f} s for 0.5 s, grace 5 s"


@test
def epochs_fence_at_every_request():
    h = host()
    r = h.relay()
    assert r.hello(0)["fleets"][0]["epoch"] == 0
    before = job(h)
    assert r.ask(**before)["code"] == "epoch"
    assert r.hello(5)["ok"]
    assert r.do(job(h, epoch=5))["exit"] == 0
    other = h.relay()
    no = other.hello(5, coordinator="ops2")
    assert no["code"] == "epoch" and no["epoch"] == 5, no
    assert other.hello(6, coordinator="ops2")["ok"]
    late = r.ask(**job(h, epoch=5))
    assert late["code"] == "epoch" and late["epoch"] == 6, late
    assert r.hello(5)["code"] == "epoch"
    assert other.ask(**job(h, epoch=7))["code"] == "epoch"
    assert other.hello(6 + 1000001, coordinator="ops2")["code"] == "epoch"
    for bad in (-1, "6", 6.0, True, 2**63 - 1):
        assert other.hello(bad, coordinator="ops2")["code"] == "usage", bad
    assert h.relay().hello(2**63) is None, "no integer of ours"
    h.kill_runner()
    r = h.relay()
    assert r.hello(5)["code"] == "epoch", "epochs outlive the runner"
    assert h.count("count") == 1
    h.close()


@test
def the_wrong_host_and_the_wrong_fleet_are_refused():
    h = host()
    r = h.relay()
    assert r.hello(host="mail2")["code"] == "host"
    assert r.hello(name="mail-tku")["code"] == "fleet"
    assert r.ask(**job(h))["code"] == "epoch"
    h.close()


@test
def a_hold_file_refuses_every_change_with_its_text():
    h = host()
    r = h.relay()
    r.hello()
    h.write("hold", "disk is being replaced, anna\n")
    assert r.hello()["hold"] == "disk is being replaced, anna"
    c = job(h)
    no = r.ask(**c)
    assert no["code"] == "hold" and "disk is being" in no["why"], no
    assert "refused: anna" in h.syslog()
    os.unlink(os.path.join(h.etc, "hold"))
    assert r.do(job(h))["exit"] == 0
    h.close()


@test
def a_late_copy_of_a_refused_change_is_not_begun():
    h = host()
    r, late = h.relay(), h.relay()
    r.hello(), late.hello()
    c = job(h)
    late.child.send_signal(signal.SIGSTOP)
    ident = late.send(**c)
    h.write("hold", "anna works here\n")
    no = r.ask(**c)
    assert no["code"] == "hold", no
    os.unlink(os.path.join(h.etc, "hold"))
    late.child.send_signal(signal.SIGCONT)
    late.wait("the copy's answer", lambda: ident in late.answers)
    same = late.answers[ident]
    assert not same["ok"] and same["why"] == no["why"], same
    assert r.do(job(h, step=c["step"]))["exit"] == 0
    # a copy that hangs longer than its runner lives ends with it
    late.child.send_signal(signal.SIGSTOP)
    c = job(h)
    late.send(**c)
    h.kill_runner()
    r = h.relay()
    assert r.hello()["ok"]
    late.child.send_signal(signal.SIGCONT)
    late.wait("the relay ends with its runner", lambda: late.eof)
    assert r.ask("ask", attempt=c["attempt"])["state"] == "none"
    assert h.count("count") == 1
    h.close()


@test
def what_was_refused_for_good_stays_refused():
    h = host("echo ran >> FILES/count; sleep 1\n")
    r = h.relay()
    r.hello()
    after = job(h, after=new_id())
    assert r.ask(**after)["code"] == "after"
    before = job(h, step=after["step"], attempt=after["after"])
    assert r.do(before)["exit"] == 0
    assert r.ask(**after)["code"] == "after", "what it waited for came late"
    allow = h.change("run", argv=["echo", "x"])
    assert r.ask(**allow)["code"] == "allow"
    h.allow(f"change echo x\nchange sh {h.files}/job\n")
    assert r.ask(**allow)["code"] == "allow"
    assert r.do({**allow, "attempt": new_id()})["exit"] == 0
    # but who is told to ask again may
    busy = job(h, after=job(h)["attempt"])
    first = job(h, step=busy["step"], attempt=busy["after"])
    r.ask(**first)
    assert r.ask(**busy)["code"] == "busy"
    r.ended(first["attempt"])
    assert r.do(busy)["exit"] == 0
    epoch = job(h, epoch=2)
    assert r.ask(**epoch)["code"] == "epoch"
    r.hello(2)
    assert r.do(epoch)["exit"] == 0
    h.close()


@test
def one_that_was_abandoned_came_or_never_comes():
    h = host("echo ran $1 >> FILES/count\n")
    r = h.relay()
    r.hello()

    def again(before, *abandoned, **keys):
        return job(h, step=before["step"], abandoned=[
            a["attempt"] for a in abandoned], **keys)

    def is_late(change):
        no = r.ask(**change)
        assert no["code"] == "after", no
        return no["record"] if "record" in no else None

    lost = job(h)
    first = again(lost, lost)
    assert r.do(first)["exit"] == 0, "it never came"
    assert is_late(lost)["attempt"] == first["attempt"]
    came = again(lost, after=first["attempt"])
    assert r.do(came)["exit"] == 0
    second = again(lost, came, after=first["attempt"])
    assert r.do(second)["exit"] == 0, "it came"
    assert is_late(lost)["attempt"] == second["attempt"]
    # another than those that are named
    no = r.ask(**again(lost, lost, came, after=first["attempt"]))
    assert no["record"]["attempt"] == second["attempt"], no
    # and when the later one is refused, too
    lost = again(lost, after=second["attempt"])
    h.write("hold", "anna works here\n")
    refused = again(lost, lost, after=second["attempt"])
    assert r.ask(**refused)["code"] == "hold"
    os.unlink(os.path.join(h.etc, "hold"))
    assert is_late(lost) is None
    third = again(lost, lost, after=second["attempt"])
    assert r.do(third)["exit"] == 0
    assert h.count("count") == 4
    # a runner that was started since knows the order, too
    h.kill_runner()
    r = h.relay()
    r.hello()
    assert is_late(lost)["attempt"] == third["attempt"]
    assert h.count("count") == 4
    h.close()


@test
def the_allow_file_decides():
    h = host()
    r = h.relay()
    r.hello()
    no = r.ask(**h.change("run", argv=["rm", "-rf", "/"]))
    assert no["code"] == "allow", no
    no, _ = r.probe(["sh", f"{h.files}/job"])
    assert no["code"] == "allow", "a change is not a look"
    no = r.ask(**h.change("run", argv=["echo", "x"]))
    assert no["code"] == "allow", "a look is not a change"
    os.chmod(os.path.join(h.etc, "allow"), 0o666)
    no = r.ask(**job(h))
    assert no["code"] == "allow" and "chmod" in no["why"], no
    h.allow("read echo <word>\nchange <word>\n")
    no = r.ask(**job(h))
    assert "allow:2:" in no["why"], no
    assert h.count("count") == 0
    h.close()


@test
def a_forgotten_attempt_comes_back_with_its_note():
    h = host()
    r = h.relay()
    r.hello()
    first = job(h, note={"vhosts": 100})
    r.do(first)
    second = job(h, step=first["step"])
    no = r.ask(**second)
    assert no["code"] == "after", no
    assert no["record"]["attempt"] == first["attempt"]
    assert no["record"]["note"] == {"vhosts": 100}
    assert no["record"]["result"]["exit"] == 0
    assert r.do({**second, "after": first["attempt"]})["exit"] == 0
    third = job(h, after=new_id())
    no = r.ask(**third)
    assert no["code"] == "after" and no["record"] is None, no
    assert h.count("count") == 2
    h.close()


@test
def what_was_begun_of_a_step_is_told_one_by_one():
    h = host()
    r = h.relay()
    r.hello(2)
    first = job(h, epoch=2, note={"vhosts": 100})
    second = job(h, epoch=2, step=first["step"], after=first["attempt"])
    for change in (first, job(h, epoch=2), second):
        r.do(change)

    def begun(after=None, **keys):
        return r.ask("begun", **{"fleet": FLEET, "epoch": 2,
                                 "step": first["step"], "after": after,
                                 **keys})

    for again in (False, True):
        record = begun()["record"]
        assert record["attempt"] == first["attempt"], record
        assert record["note"] == {"vhosts": 100} and (
            record["result"]["exit"] == 0), record
        record = begun(first["attempt"])["record"]
        assert record["attempt"] == second["attempt"], record
        assert record["state"] == "ended", record
        for nothing in (begun(second["attempt"]), begun(new_id()),
                        begun(step="r/mail1/other")):
            assert nothing["ok"] and "record" not in nothing, nothing
        if not again:
            h.kill_runner()
            r = h.relay()
            r.hello(2)
    assert begun(epoch=1)["code"] == "epoch"
    assert begun(fleet=new_id())["code"] == "epoch"
    assert begun(step=7)["code"] == "usage"
    assert begun("first")["code"] == "usage"
    h.close()


@test
def a_fleet_that_is_refused_harms_no_other():
    h = host()
    r = h.relay()
    other, lost = new_id(), new_id()
    hello = r.ask("hello", host="mail1", coordinator="ops1", fleets=[
        {"uuid": other, "name": "mail-two", "epoch": 3},
        {"uuid": FLEET, "name": "mail-hel", "epoch": 5},
        {"uuid": lost, "name": "mail-hel", "epoch": 2000000}])
    assert hello["ok"], hello
    two, hel, far = hello["fleets"]
    assert two["code"] == "fleet" and two["epoch"] == 0, two
    assert "not of fleet" in two["why"], two
    assert far["code"] == "epoch" and far["epoch"] == 0, far
    assert hel["epoch"] == 5 and "code" not in hel, hel
    assert r.ask(**job(h, fleet=other, epoch=3))["code"] == "epoch"
    assert r.do(job(h, epoch=5))["exit"] == 0
    # another coordinator, behind in one of them
    b = h.relay()
    hello = b.ask("hello", host="mail1", coordinator="ops2", fleets=[
        {"uuid": FLEET, "name": "mail-hel", "epoch": 4},
        {"uuid": lost, "name": "mail-hel", "epoch": 1}])
    hel, far = hello["fleets"]
    assert hel["code"] == "epoch" and hel["epoch"] == 5, hel
    assert far["epoch"] == 1 and "code" not in far, far
    assert r.do(job(h, epoch=5))["exit"] == 0
    # who comes for one fleet only is refused whole
    no = b.hello(epoch=4)
    assert not no["ok"] and no["code"] == "epoch" and no["epoch"] == 5, no
    h.close()


@test
def below_the_floor_nothing_runs():
    h = host()
    r = h.relay()
    r.hello()
    old = job(h)
    r.do(old)
    assert r.ask("forget", fleet=FLEET, epoch=1, floor=old["seq"])["floor"] == 1
    assert r.ask("ask", attempt=old["attempt"])["state"] == "none"
    for again in range(2):
        no = r.ask(**old)
        assert no["code"] == "floor", no
        assert r.hello()["fleets"][0]["floor"] == 1
        h.kill_runner()
        r = h.relay()
    assert h.count("count") == 1
    h.close()


@test
def one_step_has_one_command_at_a_time():
    h = host("echo ran >> FILES/count; sleep 60\n")
    r = h.relay()
    r.hello()
    first = job(h)
    r.ask(**first)
    second = job(h, step=first["step"], after=first["attempt"])
    assert r.ask(**second)["code"] == "busy"
    h.close()


@test
def a_damaged_journal_refuses_until_a_person_decides():
    h = host()
    r = h.relay()
    r.hello()
    first = job(h)
    r.do(first)
    r.do(job(h))
    r.close()
    h.kill_runner()
    path = f"{h.state}/journal"
    with open(path, "r+b") as f:
        data = f.read()
        at = data.index(first["attempt"].encode())
        f.seek(at)
        f.write(b"X")
    r = h.relay()
    hello = r.hello()
    assert hello["journal"].startswith("damaged"), hello
    no = r.ask(**job(h))
    assert no["code"] == "journal" and "--journal-accept-loss" in no["hint"]
    assert h.run_agent("--journal-accept-loss", "looked, anna").returncode == 0
    r = h.relay()
    hello = r.hello(2, seq=3)
    assert hello["journal"] == "ok" and hello["fleets"][0]["floor"] == 3
    for seq in (1, 2, 3):
        no = r.ask(**{**first, "epoch": 2, "seq": seq})
        assert no["code"] == "floor" and "were lost" in no["why"], no
    # what follows one that was lost is new, and is done
    next_one = {"step": first["step"], "epoch": 2}
    assert r.do(job(h, after=first["attempt"], **next_one))["exit"] == 0
    assert r.ask(**job(h, after=first["attempt"], **next_one))[
        "code"] == "after"
    assert h.count("count") == 3
    os.rename(path, path + ".away")
    h.kill_runner()
    r = h.relay()
    assert r.hello(2)["journal"].startswith("missing")
    assert r.ask(**job(h, epoch=2))["code"] in ("journal", "epoch")
    h.close()


@test
def a_new_journal_begins_nothing_of_before():
    """Its directory was taken away under a command that runs; what asks
    again for what runs there must not begin it a second time."""
    h = host("echo ran >> FILES/count; sleep 60\n")
    r = h.relay()
    r.hello(seq=0)
    first = job(h)
    r.ask(**first)
    started(h)
    r.close()
    h.kill_runner()
    shutil.rmtree(h.state)
    os.mkdir(h.state, 0o700)
    r = h.relay()
    hello = r.hello(seq=first["seq"])
    assert hello["journal"] == "ok" and hello["fleets"][0]["floor"] == 1
    assert r.ask("ask", attempt=first["attempt"])["state"] == "none"
    assert r.ask(**first)["code"] == "floor"
    set_job(h, "echo ran >> FILES/count\n")
    assert r.do(job(h, step=first["step"],
                    after=first["attempt"]))["exit"] == 0
    assert h.count("count") == 2
    assert "no change up to 1 is begun" in h.syslog()
    h.close()


@test
def a_runner_without_work_goes_and_comes_back():
    h = host()
    r = h.relay(DRYDOCK_AGENT_IDLE_MS="100")
    r.hello()
    r.do(job(h))
    r.close()
    wait_for("the runner is gone", lambda: not h.runner_pids())
    r = h.relay()
    assert r.hello()["ok"] and r.do(job(h))["exit"] == 0
    h.close()


@test
def contents_are_named_only_when_whole():
    import hashlib
    h = host()
    r = h.relay()
    data = os.urandom(100000)
    sha = hashlib.sha256(data).hexdigest()
    have = 0
    while have < len(data):
        piece = data[have:have + 45000]
        a = r.ask("put", sha256=sha, size=len(data), offset=have,
                  data=base64.b64encode(piece).decode())
        assert a["have"] == have + len(piece), a
        have = a["have"]
    a = r.ask("put", sha256=sha, size=len(data), offset=0, data="")
    assert a["have"] == len(data)
    wrong = "0" * 64
    a = r.ask("put", sha256=wrong, size=3, offset=0, data="YWJj")
    assert not a["ok"], a
    assert sorted(os.listdir(f"{h.state}/content")) == [sha]
    h.close()


@test
def the_sheet_is_a_file_under_the_epoch():
    h = host()
    r = h.relay()
    r.hello()
    text = "rollout 17: dovecot is stopped\nsystemctl start dovecot\n"
    no = r.ask("sheet", fleet=FLEET, epoch=2, rollout=17, text=text)
    assert no["code"] == "epoch"
    assert r.ask("sheet", fleet=FLEET, epoch=1, rollout=17, text=text)["ok"]
    with open(f"{h.state}/SHEET") as f:
        assert f.read() == text
    assert r.ask("sheet", fleet=FLEET, epoch=1, rollout=17, text="")["ok"]
    assert not os.path.exists(f"{h.state}/SHEET")
    h.close()


@test
def a_command_has_a_group_of_its_own():
    h = host("cat /proc/self/cgroup\n")
    r = h.relay()
    r.hello()
    c = job(h)
    text = base64.b64decode(r.do(c)["out"]["head"]).decode()
    path = [line[3:] for line in text.split("\n") if line[:3] == "0::"][0]
    if "/drydock-" not in path:
        top = path if path != "/" else ""
        assert not os.access(f"/sys/fs/cgroup{top}/cgroup.procs", os.W_OK)
        h.close()
        return "none to be had here"
    assert path.endswith("/drydock-" + c["attempt"]), path
    h.close()


@test
def a_step_costs_two_flushes_and_4_mib():
    h = host("true\n")
    r = h.relay()
    r.hello()
    runner = h.runner_pids()[0]
    trace = os.path.join(h.root, "trace")
    s = subprocess.Popen(["strace", "-f", "-qq", "-e",
                          "trace=fdatasync,fsync,openat", "-o", trace, "-p",
                          str(runner)], stderr=subprocess.DEVNULL)
    wait_for("strace is there", lambda: "TracerPid:\t0\n" not in
             open(f"/proc/{runner}/status").read())
    for _ in range(20):
        assert r.do(job(h))["exit"] == 0
    s.send_signal(signal.SIGINT)
    s.wait()
    with open(trace) as f:
        calls = f.read()
    flushes = calls.count("sync(")
    # to be moved into its group, not born there, takes 10 ms
    assert 'cgroup.procs", O_WRONLY' not in calls
    assert ".out" not in calls, "a file for what printed nothing"
    with open(f"/proc/{runner}/status") as f:
        rss = [line for line in f if line.startswith("VmRSS")][0].split()[1]
    assert 40 <= flushes <= 41, flushes
    assert int(rss) <= RSS_MAX, rss
    begun = time.monotonic()
    for _ in range(100):
        r.do(job(h))
    ms = (time.monotonic() - begun) * 10
    h.close()
    return f"{flushes} flushes for 20 steps, {rss} kB, {ms:.1f} ms a step"


@test
def a_full_disk_refuses_the_next_and_loses_no_end():
    h = host("echo ran >> FILES/count; while [ ! -e FILES/go ]; do sleep 0.1; "
             "done; head -c 20000 /dev/zero | tr '\\\\0' x\n")
    os.makedirs(h.state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "none",
                    h.state], check=True)
    try:
        r = h.relay()
        r.hello()
        c = job(h)
        r.ask(**c)
        started(h)
        with open(f"{h.state}/filler", "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                pass
        refused, began = None, []
        for _ in range(100):
            more = h.change("run", argv=["no-such-program"])
            a = r.ask(**more)
            if not a["ok"]:
                refused = a
                break
            began.append(more["attempt"])
            r.ended(more["attempt"])
        assert refused and refused["code"] == "space", refused
        with open(f"{h.files}/go", "w"):
            pass
        result = r.ended(c["attempt"])
        assert result["exit"] == 0 and result["out"]["bytes"] == 20000
        assert result["out"]["cut"], "the file had no room"
        h.kill_runner()
        r = h.relay()
        assert r.ask("ask", attempt=c["attempt"])["state"] == "ended"
        for attempt in began:
            assert r.ask("ask", attempt=attempt)["state"] == "ended"
        os.unlink(f"{h.state}/filler")
        assert r.do(job(h))["exit"] == 0
        h.end_runner()
    finally:
        h.kill_runner()
        subprocess.run(["umount", "-l", h.state], check=True)
    h.close()
    return f"{len(began)} more fitted into what was reserved"


@test
def a_failed_flush_stops_everything():
    h = host()
    r = h.relay()
    r.hello()
    r.do(job(h))
    runner = h.runner_pids()[0]
    s = subprocess.Popen(["strace", "-qq", "-e", "trace=fdatasync", "-e",
                          "inject=fdatasync:error=EIO", "-o", "/dev/null",
                          "-p", str(runner)], stderr=subprocess.DEVNULL)
    wait_for("strace is there", lambda: "TracerPid:\t0\n" not in
             open(f"/proc/{runner}/status").read())
    c = job(h)
    no = r.ask(**c)
    assert no["code"] == "journal", no
    s.send_signal(signal.SIGINT)
    s.wait()
    assert r.ask(**c)["code"] == "journal", "it never trusts that disk again"
    assert r.hello()["journal"].startswith("damaged")
    time.sleep(0.2)
    assert h.count("count") == 1
    h.kill_runner()
    r = h.relay()
    r.hello()
    assert r.ask(**c)["state"] == "unknown", "it may have been durable"
    assert h.count("count") == 1
    h.close()


if __name__ == "__main__":
    main()
