#!/usr/bin/env python3
"""cli-rollout - an operator's evening: everything typed, nothing called.

usage: cli-rollout.t [TEST…]
"""
import json
import os
import shlex
import signal
import subprocess

from agent_lib import BIN, TOP, main, test, wait_for
from engine_lib import World


def load_procedure():
    """The procedure of 14-requests.t; its file name is no module's name."""
    path = f"{TOP}/tests/flow/14-requests.t"
    with open(path) as f:
        text = f.read()
    return text.split('PROCEDURE = """')[1].split('"""')[0]


class Typed:
    def __init__(self, w):
        self.w = w
        self.env = {**w.env, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def __call__(self, line, code=0, *more):
        run = subprocess.run([f"{BIN}/drydock", *line.split(), *more],
                             env=self.env, stdin=subprocess.DEVNULL,
                             text=True, capture_output=True, timeout=120)
        self.out, self.err = run.stdout, run.stderr
        assert run.returncode == code, \
            f"drydock {line}: exit {run.returncode}, not {code}\n" \
            f"{self.out}{self.err}"
        return self.out

    def follow(self, line, path):
        """That command in the background, what it prints in a file."""
        with open(path, "w") as f:
            return subprocess.Popen([f"{BIN}/drydock", *line.split()],
                                    env=self.env, stdin=subprocess.DEVNULL,
                                    stdout=f)

    def followed(self, line, path, process):
        """It has told what the whole command tells afterwards, once."""
        whole = self(line)
        assert whole.count("\n") > 5, whole
        wait_for("all is told", lambda: open(path).read() == whole, 20)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130

    def paste(self):
        """What the last hint says, as a shell would read it."""
        line = self.err.split("hint: drydock ")[1].splitlines()[0]
        return self("", 0, *shlex.split(line))

    def says(self, *words):
        for word in words:
            assert word in self.out + self.err, \
                f"nowhere: {word}\n{self.out}{self.err}"


def begin(w):
    w.daemon()
    path = os.path.join(w.top, "flow-stop.yaml")
    with open(path, "w") as f:
        f.write(load_procedure().replace("FILES", w.files))
    typed = Typed(w)
    typed(f"procedure add {path}")
    typed.says("procedure flow-stop", "added")
    return typed


@test
def an_evening_without_trouble():
    with World() as w:
        typed = begin(w)
        typed("plan flow-stop -e word=wax")
        typed.says("Plan 1", "3 backends", "Nothing was changed",
                   "no return from here", "drydock check 1")
        typed("check 1")
        typed.says("0 errors", "AGENT_REACHABLE", "5 ok")
        w.put("work", w.read("work") + "\necho waxed $1; echo hot >&2\n")
        paths = [f"{w.top}/followed-{n}" for n in (1, 2)]
        followers = [typed.follow("log 1 -f -n 1000", paths[0]),
                     typed.follow("log 1 -f --output", paths[1])]
        typed("start 1 --yes")
        typed.says("rollout 1 is started")
        typed("wait 1 --timeout 90s")
        typed.says("SUCCEEDED", "3 of 3 backends")
        typed.followed("log 1 -n 1000", paths[0], followers[0])
        typed.followed("log 1 --output", paths[1], followers[1])
        assert typed.out.count("| waxed wax\n") == 3, typed.out
        typed("status --exit-status -o json")
        assert json.loads(typed.out)["rollout"]["state"] == "succeeded"
        typed("history")
        typed.says("succeeded", "flow-stop")
        typed("log 1 -n 200")
        typed.says("mail1", "mail3")
        typed("backend list")
        typed.says("in service")


@test
def a_failure_and_what_the_operator_types():
    with World() as w:
        typed = begin(w)
        w.put("fail-work-wax", "")
        typed("start flow-stop -e word=wax", 2)  # and leaves no plan
        typed.says("Start what is planned now?")
        typed.paste()
        typed.says("rollout 1 is started")
        typed("wait 1 --timeout 90s", 4)
        typed.says("HALTED", "HELD", "mail1", "choose one:",
                   "drydock retry 1 mail1")
        typed("log 1 --output --backend mail1")
        typed("resume 1", 1)
        typed.says("is held", "drydock retry 1")
        typed("start flow-stop --yes -e word=wax", 1)  # nor does this
        typed.says("rollout 1 runs in fleet", "drydock watch 1")
        assert w.one("select count(*) from fleet.rollout") == "1"
        typed("pause 1 --reason", 0, "INC-4711 wax is out")
        typed.says("mail1 is held")
        w.remove("fail-work-wax")
        typed("retry 1 mail1")
        typed.says("is tried again from work")
        typed("wait 1 --timeout 90s", 4)
        typed.says("PAUSED", "INC-4711 wax is out", "drydock resume 1")
        typed("resume 1")
        typed("wait 1 --timeout 90s")
        typed.says("SUCCEEDED", "3 of 3 backends")


@test
def a_check_that_finds_something():
    with World() as w:
        typed = begin(w)
        w.put("run/mail2", "inactive\n")
        typed("check flow-stop -e word=wax", 5)
        typed.says("error UNIT mail2", "hint: start it", "would not start")
        typed("plan flow-stop", 5)
        typed.says("word")
        typed("plan flow-stop -e word=wax -e none=1", 5)
        typed.says("none")
        # what all of them have is told once, with the place in the file
        typed("plan flow-stop -e", 5, "word=two words")
        typed.says("error PROCEDURE mail1, mail2, mail3:\n  flow-stop:",
                   'error: the value of "word" does not fit: ',
                   "\n    ", "^^^^\n", "\n    hint: it is of type word")
        assert typed.out.count("does not fit") == 1, typed.out
        assert "\\x" not in typed.out, typed.out


@test
def discover_names_who_is_not_listed():
    with World() as w:
        typed = begin(w)
        path = os.path.join(w.top, "fleet.yaml")
        with open(path, "w") as f:
            f.write(typed("export"))
        w.put("ring/127.0.1.9", "100 up\n")
        typed(f"import {path} --discover")
        typed.says("nothing to change", "127.0.1.9")
        typed("host pin mail1 --scan --yes", 1)
        typed.says("no host keys")


main()
