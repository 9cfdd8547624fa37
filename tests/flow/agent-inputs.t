#!/usr/bin/env python3
"""agent-inputs - bad input for an agent: refused in a sentence, nothing done.

Each case bears the number of its class; tests/README.md says where the others
are tried.

usage: agent-inputs.t [TEST…]
"""
import base64
import json
import os
import subprocess

from agent_lib import AGENT, FLEET, Host, main, new_id, test, wait_for

ALLOW = """
change sh FILES/job
change sh FILES/job <word>
change copy <path under FILES/etc>
change clean <path under FILES/vmail>
read   echo <word>
"""
NIL = "00000000-0000-0000-0000-000000000000"
LATIN = b'{"id":1,"verb":"ping","a":"\xc0\xaf"}'
SURROGATE = b'{"id":1,"verb":"ping","a":"\\ud800"}'


class Place:
    def __init__(self):
        self.h = Host(ALLOW)
        for name in ("etc", "vmail", "vmail/box"):
            os.mkdir(f"{self.h.files}/{name}")
        with open(f"{self.h.files}/job", "w") as f:
            f.write(f"echo ran >>{self.h.files}/count\n")
        self.r = self.h.relay()
        assert self.r.hello(epoch=5)["ok"]
        self.before = self.state()

    def state(self):
        """All that a refused input must not change."""
        tree = [os.path.join(at, n) for at, dirs, files in
                os.walk(self.h.files) for n in dirs + files]
        return (self.h.journal(), sorted(tree),
                sorted(os.listdir(f"{self.h.state}/out")))

    def change(self, **keys):
        return self.h.change("run", epoch=5, argv=["sh",
                             f"{self.h.files}/job"], **keys)

    def unchanged(self, what):
        assert self.state() == self.before, f"{what} changed something"


def raw_lines(good):
    """row, line, what its answer says: the conversation may end."""
    return [
        (16, b"x" * 66000, "longer than"),
        (17, b'{"id":1,"verb":"nope"}', "verb"),
        (21, b'{"id":1,"id":1,"verb":"ping"}', "twice"),
        (21, good.replace(b'"seq": 1', b'"seq": 1, "seq": 1'), "twice"),
        (22, b'{"id":1e3,"verb":"ping"}', ""),
        (22, b'{"id":1.0,"verb":"ping"}', ""),
        (22, b'{"id":"1","verb":"ping"}', ""),
        (22, b'{"id":true,"verb":"ping"}', ""),
        (22, b'{"id":-0,"verb":"ping"}', ""),
        (22, b'{"id":9223372036854775808,"verb":"ping"}', ""),
        (22, b'{"id":18446744073709551616,"verb":"ping"}', ""),
        (23, b'{"id":1,"verb":"ping","a\\u0000b":1}', ""),
        (23, b'{"id":1,"verb":"pi\\u0000ng"}', ""),
        (23, SURROGATE, ""),
        (23, LATIN, ""),
        (24, b'{"id":1,"verb":"ping","a":' + b"[" * 9 + b"]" * 9 + b"}",
         "deep"),
        (24, b'{"id":1,"verb":"ping","a":[' + b"1," * 5000 + b"1]}", ""),
        (25, b'{"id":NaN,"verb":"ping"}', ""),
        (25, b'{"id":Infinity,"verb":"ping"}', ""),
        (25, b"{'id':1,'verb':'ping'}", ""),
        (25, b'{"id":1,/* */"verb":"ping"}', ""),
        (25, b'{"id":1,"verb":"ping",}', ""),
        (25, b'{"id":1,"verb":"ping"}{"id":2,"verb":"ping"}', ""),
    ]


@test
def lines_that_are_no_requests():
    p = Place()
    good = json.dumps({"id": 1, **p.change()}).encode()
    cases = raw_lines(good)
    for row, line, says in cases:
        r = p.h.relay()
        r.raw(line + b"\n")
        r.wait(f"row {row}: an answer to {line[:50]}",
               lambda: r.eof or 0 in r.answers or 1 in r.answers)
        a = r.answers.get(0) or r.answers.get(1)
        assert a and a["code"] == "usage", (row, line[:60], a)
        assert says in a["why"] and a["why"], (row, line[:60], a)
        r.close()
    for n in [1, 2, len(good) // 3, len(good) // 2, len(good) - 1,
              len(good)]:
        r = p.h.relay()  # row 18: a request without its end
        r.raw(good[:n])
        r.close()
    p.unchanged("a bad line")
    p.h.close()
    return f"{len(cases)} lines, 6 cuts"


def requests(p):
    """row, keys of a change that are wrong, code, what it says."""
    other = new_id()
    job = f"{p.h.files}/job"
    return [
        (19, {"fleet": other}, "epoch", "say hello"),
        (26, {"attempt": "17"}, "usage", "attempt"),
        (26, {"attempt": NIL}, "usage", "attempt"),
        (26, {"after": NIL}, "usage", "after"),
        (27, {"epoch": 0}, "usage", "epoch"),
        (27, {"epoch": -1}, "usage", "epoch"),
        (27, {"epoch": 4}, "epoch", "held under epoch 5"),
        (27, {"epoch": 6}, "epoch", "held under epoch 5"),
        (27, {"epoch": 2**63 - 1}, "usage", "epoch"),
        (28, {"step": ""}, "usage", "step"),
        (28, {"step": "x" * 513}, "usage", "step"),
        (28, {"argv": ["sh", "../job"]}, "allow", "../job"),
        (29, {"argv": ["sh", job, "a\nb"]}, "", ""),
        (29, {"argv": ["sh", job, "a\0b"]}, "usage", ""),
        (29, {"argv": ["sh", job, "-rf"]}, "allow", ""),
        (29, {"argv": ["sh", job, "x" * 4097]}, "usage", ""),
        (29, {"argv": []}, "usage", ""),
        (33, {"timeout_ms": 0}, "usage", "timeout_ms"),
        (33, {"timeout_ms": 86400001}, "usage", "timeout_ms"),
        (33, {"seq": 0}, "usage", "seq"),
        (33, {"seq": 2**63}, "usage", ""),
    ]


@test
def changes_that_are_wrong_in_one_word():
    p = Place()
    for row, keys, code, says in requests(p):
        r = p.h.relay()
        assert r.hello(epoch=5)["ok"]
        no = r.ask(**{**p.change(), **keys})
        # a number that is none may end the conversation
        no = no or r.answers.get(0)
        assert no and not no["ok"], (row, keys, no)
        assert no["code"] == code or (code == "" and no["code"] in
                                      ("usage", "allow")), (row, keys, no)
        assert says in no["why"] + no.get("hint", ""), (row, keys, no)
        r.close()
    p.unchanged("a refused change")
    # row 26: an id used for something else
    done = p.change()
    assert p.r.do(done)["exit"] == 0
    no = p.r.ask(**{**done, "argv": ["sh", f"{p.h.files}/job", "other"]})
    assert no["code"] == "conflict", no
    assert p.h.count("count") == 1
    p.h.close()
    return f"{len(requests(p))} changes"


@test
def greetings_for_somebody_else():
    p = Place()
    for row, keys, code, says in [
            (31, {"host": "mail2"}, "host", 'this host is "mail1"'),
            (31, {"name": "mail-two"}, "fleet", "not of fleet"),
            (27, {"epoch": 4}, "epoch", "held under epoch 5"),
            (27, {"epoch": 5, "coordinator": "ops2"}, "epoch", "ops1's"),
            (27, {"epoch": 1000006}, "epoch", "too far from 5"),
            (27, {"epoch": -1}, "usage", "epoch")]:
        no = p.h.relay().hello(**{"epoch": 5, **keys})
        assert not no["ok"] and no["code"] == code, (row, keys, no)
        assert says in no["why"], (row, keys, no)
    # row 19: twice is fine, and an attempt that nobody made is none
    assert p.r.hello(epoch=5)["ok"] and p.r.hello(epoch=5)["ok"]
    assert p.r.ask("ask", attempt=new_id())["state"] == "none"
    p.unchanged("a greeting")
    p.h.close()


@test
def contents_and_places_that_are_wrong():
    p = Place()
    at = p.h.files
    data = base64.b64encode(b"other").decode()
    no = p.r.ask("put", sha256="0" * 64, size=5, offset=0, data=data)
    assert not no["ok"] and "sha256 is" in no["why"], no  # row 30
    for row, verb, keys in [
            *[(39, "clean", {"inside": x}) for x in (
                "/", "", ".", "..", "//", "/var/../", "vmail",
                f"{at}/vmail/", f"{at}/vmail/../etc", "/" + "x" * 5000)],
            *[(45, "copy", {"sha256": "1" * 64, "to": f"{at}/etc/{x}"})
              for x in ("../x", "../../etc/x", "a/../../x", "", ".", "..",
                        "a//b", "a\0b", "x" * 5000)]]:
        r = p.h.relay()
        assert r.hello(epoch=5)["ok"]
        no = r.ask(**p.h.change(verb, epoch=5, **keys)) or r.answers.get(0)
        assert no and not no["ok"], (row, keys, no)
        assert no["code"] in ("usage", "allow"), (row, keys, no)
        r.close()
    p.unchanged("a bad place")
    p.h.close()


def journal_cases(whole):
    """what it is, the file's bytes, how the agent says it."""
    return [
        ("zero length", b"", "damaged"),
        ("all zero", bytes(len(whole)), "damaged"),
        ("garbage", b"\x17" * len(whole), "damaged"),
        ("not whole chunks", whole[:-1], "damaged"),
        ("its beginning gone", bytes(4096) + whole[4096:], "damaged"),
        ("of another host", whole, "another machine"),
    ]


@test
def a_journal_that_is_not_ours():
    p = Place()
    assert p.r.do(p.change())["exit"] == 0
    p.h.kill_runner()
    path = f"{p.h.state}/journal"
    with open(path, "rb") as f:
        whole = f.read()
    for what, text, says in journal_cases(whole):
        if "another" in says:
            with open(f"{p.h.root}/etc/machine-id", "w") as f:
                f.write("0" * 31 + "1\n")
        with open(path, "wb") as f:
            f.write(text)
        r = p.h.relay()
        hello = r.hello(epoch=5)
        assert hello["ok"] and says in hello["journal"], (what, hello)
        no = r.ask(**p.change())
        assert no["code"] == "journal", (what, no)
        assert "drydock-agent --journal-accept-loss" in no["hint"]
        r.close()
        p.h.kill_runner()
        with open(path, "rb") as f:
            assert f.read() == text, f"{what}: it was written to"
    assert p.h.count("count") == 1  # row 60
    p.h.close()


@test
def a_hostile_environment_changes_nothing():
    p = Place()  # row 63
    with open(f"{p.h.files}/job", "w") as f:
        f.write("env | sort\n")
    p.h.kill_runner()
    r = p.h.relay(PGHOST="evil", TZ=":/etc/passwd",
                  SSH_AUTH_SOCK="/x", LC_ALL="tr_TR.UTF-8", HOME="/evil",
                  BASH_ENV="/evil", IFS="x")
    assert r.hello(epoch=5)["ok"]
    out = base64.b64decode(r.do(p.change())["out"]["head"]).decode()
    for word in ("evil", "nowhere", "passwd", "tr_TR", "SSH_AUTH"):
        assert word not in out, out
    p.h.close()


def refused_start(p, says):
    no = p.h.relay().hello(epoch=5)
    assert no and not no["ok"] and says in no["why"], (says, no)


@test
def a_state_directory_that_cannot_be():
    p = Place()  # row 64
    state = p.h.state
    p.h.kill_runner()
    os.rename(state, f"{state}.kept")
    os.symlink(f"{state}.kept", state)
    refused_start(p, "cannot open")
    os.unlink(state)
    with open(state, "w"):
        pass
    refused_start(p, "cannot open")
    os.unlink(state)
    os.mkdir(state, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "none",
                    state], check=True)
    try:
        refused_start(p, "Read-only file system")
    finally:
        # a relay that was refused may be on its way out
        wait_for("nobody is in it", lambda: subprocess.run(
            ["umount", state]).returncode == 0)
    os.chown(state, 65534, 0)
    refused_start(p, "must belong to uid 0")
    os.rmdir(state)
    # none at all: this host never worked for anybody
    r = p.h.relay()
    assert r.hello(epoch=5)["ok"]
    assert os.stat(state).st_mode & 0o7777 == 0o700
    assert p.h.count("count") == 0
    p.h.close()


@test
def a_start_that_cannot_be():
    p = Place()  # rows 15 and 64
    p.h.kill_runner()
    # a state directory that others may write to
    os.chmod(p.h.state, 0o777)
    no = p.h.relay().hello(epoch=5)
    assert no is None or not no["ok"], no
    if no:
        assert "written by nobody else" in no["why"], no
    os.chmod(p.h.state, 0o700)
    # configuration that others may write to, that is empty, or is gone
    conf = f"{p.h.etc}/agent.conf"
    for mode, text, says in ((0o666, "name = mail1\nfleet = mail-hel\n", ""),
                             (0o644, "", "name"),
                             (0o644, "name = mail1\nwhat = 1\n", "what"),
                             (0o644, "name = mail1\nname = mail2\n",
                              "name"), (None, "", "agent.conf")):
        if mode is None:
            os.unlink(conf)
        else:
            p.h.write("agent.conf", text)
            os.chmod(conf, mode)
        no = p.h.relay().hello(epoch=5)
        assert no and not no["ok"] and no["code"] == "host", (text, no)
        assert says in no["why"], (text, no)
    # words that it does not know
    for argv in (["--what"], ["more"], ["--journal-accept-loss"]):
        run = subprocess.run([AGENT, *argv], env=p.h.env(), text=True,
                             capture_output=True, stdin=subprocess.DEVNULL)
        assert run.returncode == 2 and "usage" in run.stderr, (argv, run)
    p.h.close()


main()
