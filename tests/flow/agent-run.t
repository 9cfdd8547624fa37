#!/usr/bin/env python3
"""agent-run - relay, runner, journal, epochs: with real processes and kills.

usage: agent-run.t [TEST…]
"""
import base64
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time

from agent_lib import AGENT, FLEET, RSS_MAX, Host, main, new_id, test, wait_for

ALLOW = """
read   echo <word>
read   cat <path under FILES>
read   sleep <int 0..100>
read   head -c <int 0..99999999> /dev/zero
read   tcp <ip> <port>
change sh FILES/job
change sh FILES/job <word>
change no-such-program
change yes
"""


def host(job="echo ran >> FILES/count\n", allow=ALLOW):
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
    assert r.do(c)["exit"] == 0
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
def discard_keeps_no_text_anywhere():
    secret = "Subject-of-a-mail-4711"
    h = host(f"echo {secret}; echo {secret} >&2\n")
    r = h.relay()
    r.hello()
    c = job(h, output="discard")
    result = r.do(c)
    assert result["out"]["bytes"] == len(secret) + 1
    assert "head" not in result["out"] and "head" not in result["err"]
    assert not r.ask("peek", attempt=c["attempt"], stream="out",
                     offset=0)["ok"]
    coded = base64.b64encode(secret.encode())[:-4]
    for where, _, names in os.walk(h.state):
        for name in names:
            path = os.path.join(where, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    data = f.read()
                assert secret.encode() not in data, path
                assert coded not in data, path
    h.close()


@test
def a_flood_is_bounded_and_counted():
    h = host("head -c 200000000 /dev/zero\n")
    r = h.relay()
    r.hello()
    c = job(h)
    r.ask(**c)
    runner = h.runner_pids()[0]
    peak = [0]

    def look():
        while not r.pushes:
            try:
                with open(f"/proc/{runner}/status") as f:
                    for line in f:
                        if line.startswith("VmRSS"):
                            peak[0] = max(peak[0], int(line.split()[1]))
            except OSError:
                return
            time.sleep(0.01)
    t = threading.Thread(target=look)
    t.start()
    result = r.ended(c["attempt"])
    t.join()
    assert result["out"]["bytes"] == 200000000 and result["out"]["cut"]
    assert len(base64.b64decode(result["out"]["head"])) == 8192
    kept = os.stat(f"{h.state}/out/{c['attempt']}.out").st_size
    assert kept == 1048576, kept
    assert peak[0] < RSS_MAX, f"runner RSS {peak[0]} kB"
    h.close()
    return f"200 MB, runner at most {peak[0]} kB"


@test
def peek_brings_the_rest():
    h = host("seq 1 20000\n")
    r = h.relay()
    r.hello()
    c = job(h)
    result = r.do(c)
    got = b""
    while True:
        a = r.ask("peek", attempt=c["attempt"], stream="out",
                  offset=len(got))
        got += base64.b64decode(a["data"])
        if a["eof"]:
            break
    assert len(got) == result["out"]["bytes"] == a["bytes"]
    assert got == b"".join(b"%d\n" % i for i in range(1, 20001))
    h.close()


@test
def the_environment_is_clean():
    h = host("env | sort; ls /proc/self/fd; cat /proc/self/stat | cut -d' ' "
             "-f5; echo $$; readlink /proc/self/fd/0\n")
    r = h.relay(LD_PRELOAD="", SSH_AUTH_SOCK="/x", TZ=":/etc/passwd",
                LC_ALL="tr_TR")
    r.hello()
    c = job(h)
    text = base64.b64decode(r.do(c)["out"]["head"]).decode().split("\n")
    names = {line.split("=")[0] for line in text if "=" in line}
    assert names <= {"PATH", "LANG", "TZ", "DRYDOCK_ATTEMPT", "PWD", "_",
                     "SHLVL", "OLDPWD"}, names
    assert f"DRYDOCK_ATTEMPT={c['attempt']}" in text
    assert "TZ=UTC" in text and "LANG=C.UTF-8" in text
    fds = [line for line in text if line.isdigit() and len(line) == 1]
    assert fds[:4] == ["0", "1", "2", "3"], fds  # 3: the listing itself
    assert text[-2] == "/dev/null"
    h.close()


@test
def probes_run_side_by_side_in_the_relay():
    h = host()
    r = h.relay()
    begun = time.monotonic()
    ids = [r.send("probe", argv=["sleep", "1"], timeout_ms=5000)
           for _ in range(8)]
    for i in ids:
        r.wait("probe", lambda: i in r.answers)
        assert r.answers[i]["exit"] == 0
    took = time.monotonic() - begun
    assert took < 3, took
    slow, _ = r.probe(["sleep", "60"], timeout_ms=200)
    assert slow["timed_out"] and slow["signal"] == 15, slow
    assert not [j for j in h.journal() if j["t"] == "begun"]
    h.close()
    return f"8 of 1 s in {took:.2f} s"


@test
def a_probe_reads_4_mib_and_says_when_it_was_cut():
    h = host()
    r = h.relay()
    answer, out = r.probe(["head", "-c", "3000000", "/dev/zero"])
    assert len(out) == 3000000 and not answer["out"]["cut"], answer
    answer, out = r.probe(["head", "-c", "9000000", "/dev/zero"])
    assert len(out) == 4194304 and answer["out"]["cut"]
    assert answer["out"]["bytes"] == 9000000
    answer, out = r.probe(["echo", "hello"], max_bytes=2)
    assert out == b"he" and answer["out"]["cut"]
    h.close()


@test
def tcp_reads_one_line():
    h = host()
    r = h.relay()
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    port = s.getsockname()[1]
    ident = r.send("tcp", address="127.0.0.1", port=port, timeout_ms=5000)
    peer, _ = s.accept()
    peer.sendall(b"* OK ready\r\nmore\r\n")
    r.wait("tcp", lambda: ident in r.answers)
    a = r.answers[ident]
    assert a["connected"] and base64.b64decode(a["line"]) == b"* OK ready", a
    silent = r.ask("tcp", address="127.0.0.1", port=port, timeout_ms=200)
    assert silent["connected"] and silent["why"], silent
    s.close()
    peer.close()
    dead = r.ask("tcp", address="127.0.0.1", port=port, timeout_ms=2000)
    assert dead["ok"] and not dead["connected"] and dead["why"], dead
    assert not r.ask("tcp", address="localhost", port=1,
                     timeout_ms=1000)["ok"]
    h.close()


@test
def bad_lines_end_the_conversation_and_do_nothing():
    h = host()
    c = json.dumps({"id": 1, **job(h)})
    bad = [b"{", b"[]", b'{"id":1}', b'{"id":1,"id":2,"verb":"ping"}',
           b'{"id":1e3,"verb":"ping"}', b'{"id":"1","verb":"ping"}',
           b'{"id":9223372036854775808,"verb":"ping"}',
           b"{'id':1,'verb':'ping'}", b'{"id":1,"verb":"ping"} x',
           b'{"id":1,"verb":"ping",}', b'{"id":NaN,"verb":"ping"}',
           b'{"id":1,"verb":"pi\\u0000ng"}', b'{"id":1,"verb":"\xc0\xaf"}',
           b'{"id":1,"verb":"\\ud800"}', b'{"id":-0,"verb":"ping"}',
           b'{"id":1,"verb":"ping","a":' + b"[" * 9 + b"]" * 9 + b"}",
           b'{"id":1,"verb":"ping","a":[' + b"1," * 513 + b"1]}",
           b'{"id":1,"verb":"' + b"x" * 66000 + b'"}',
           b'{"id":1,"verb":"ping","more":1}', b'{"id":1,"verb":"nope"}',
           c.replace('"epoch": 1', '"epoch": 1, "epoch": 1').encode(),
           c.replace('"timeout_ms": 20000', '"timeout_ms": 0').encode(),
           c.replace('"timeout_ms": 20000', '"timeout_ms": 86400001').encode(),
           c.replace('"seq": 1', '"seq": 1.0').encode()]
    good = h.relay()
    good.hello()
    for line in bad:
        r = h.relay()
        r.raw(line + b"\n")
        r.wait(f"an answer to {line[:40]}",
               lambda: r.eof or 0 in r.answers or 1 in r.answers)
        a = r.answers.get(0) or r.answers.get(1)
        assert a and not a["ok"] and a["code"] == "usage", (line[:60], a)
        r.close()
    for n in range(1, len(c), 7):
        r = h.relay()
        r.raw(c[:n].encode())
        r.close()
    assert h.count("count") == 0 and good.ask("ping")["ok"]
    assert not [j for j in h.journal() if j["t"] == "begun"]
    h.close()
    return f"{len(bad)} bad lines, cut at {len(c) // 7} places"


@test
def odd_words_are_refused():
    h = host()
    r = h.relay()
    r.hello()
    for word in ("", "-rf", "a\nb", "a\x7fb", "x" * 4097, "\x01"):
        no = r.ask(**h.change("run", argv=["sh", f"{h.files}/job", word]))
        assert not no["ok"], word
    for change in ({"attempt": "x"}, {"step": ""}, {"who": "x" * 5000},
                   {"attempt": "00000000-0000-0000-0000-000000000000"},
                   {"argv": []}, {"argv": [""]}, {"output": "maybe"},
                   {"undo_of": new_id()}, {"sha256": "x"}):
        no = r.ask(**{**job(h), **change})
        assert no is not None and no["code"] == "usage", (change, no)
    assert h.count("count") == 0
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
    hello = r.hello(2)
    assert hello["journal"] == "ok" and hello["fleets"][0]["floor"] == 2
    assert r.ask(**{**first, "epoch": 2})["code"] == "floor"
    assert r.do(job(h, epoch=2))["exit"] == 0
    assert h.count("count") == 3
    os.rename(path, path + ".away")
    h.kill_runner()
    r = h.relay()
    assert r.hello(2)["journal"].startswith("missing")
    assert r.ask(**job(h, epoch=2))["code"] in ("journal", "epoch")
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


@test
def a_reader_that_sleeps_costs_no_memory():
    h = host()
    env = h.env()
    p = subprocess.Popen([AGENT], env=env, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE)
    for i in range(1, 13):
        p.stdin.write(json.dumps(
            {"id": i, "verb": "probe", "timeout_ms": 60000, "argv":
             ["head", "-c", "4000000", "/dev/zero"]}).encode() + b"\n")
    p.stdin.flush()
    time.sleep(1)
    with open(f"/proc/{p.pid}/status") as f:
        rss = [line for line in f if line.startswith("VmRSS")][0].split()[1]
    p.stdin.close()
    total = answers = 0
    for line in p.stdout:
        total += len(line)
        answers += b'"exit":0' in line
    p.wait()
    assert answers == 12 and total > 12 * 4000000
    assert int(rss) < RSS_MAX * 2, rss
    h.close()
    return f"{total >> 20} MiB went through, {rss} kB while nobody read"


if __name__ == "__main__":
    main()
