#!/usr/bin/env python3
"""agent-output - what commands, probes and strangers say: bounded, counted,
kept or not, and never an instruction; with real processes.

usage: agent-output.t [TEST…]
"""
import base64
import hashlib
import json
import os
import socket
import subprocess
import threading
import time

from agent_lib import AGENT, RSS_MAX, host, job, main, new_id, test


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
def a_probe_that_discards_only_counts():
    h = host()
    r = h.relay()
    answer, out = r.probe(["seq", "100000"], output="discard")
    assert out == b"" and answer["exit"] == 0
    assert answer["out"] == {
        "bytes": 588895, "lines": 100000, "cut": False, "sha256":
        hashlib.sha256(b"".join(b"%d\n" % i for i in range(1, 100001)))
        .hexdigest()}, answer
    # what it complains of is told
    answer, out = r.probe(["ls", "/nowhere"], output="discard")
    assert answer["err"]["bytes"] > 0 and not answer["err"]["cut"]
    assert b"/nowhere" in r.chunks[(answer["id"], "err")]
    answer, out = r.probe(["echo", "hello"], output="keep")
    assert out == b"hello\n"
    no, _ = r.probe(["echo", "hello"], output="drop")
    assert not no["ok"] and no["code"] == "usage", no
    assert "keep or discard" in no["why"]
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
def what_is_no_request_ends_a_conversation_with_the_runner_too():
    h = host()
    r = h.relay()
    assert r.hello()["ok"]
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(f"{h.state}/runner.sock")
        s.sendall(b'{"id": 1, "verb": \n')
        said = b""
        while data := s.recv(4096):  # and the end, or the time is over
            said += data
    assert json.loads(said)["code"] == "usage", said
    assert r.ask("ping")["ok"] and r.do(job(h))["exit"] == 0
    h.close()


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
