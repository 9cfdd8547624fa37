#!/usr/bin/env python3
"""cli-flags - every option of every command, typed, and what it changes.

usage: cli-flags.t [TEST…]
What help lists is compared with what is typed here and in the files of
ELSEWHERE: an option that nobody types fails the last test.
"""
import json
import os
import re
import subprocess

from agent_lib import BIN, TOP, main, test, wait_for
from engine_lib import World

PROCEDURE = """
procedure: typed
format: 1
description: Wipe and work on each.
strategy: {order: [name], canary: 1}
vars:
  word: {type: word, required: true, description: what is worked with}
probes:
  unit: {run: "sh FILES/unit-show ${backend.name}", format: kv}
preflight:
  - {code: UNIT, expect: unit.ActiveState == active, hint: start it}
phases:
  - phase: work
    rest: in
    steps:
      - {name: wipe, run: "sh FILES/work wipe", destroys: true, undo: none}
      - {name: work, run: "sh FILES/work ${vars.word}", undo: none}
"""
NIGHT = "2026-12-01 00:30+00"  # a Tuesday
# typed by other tests, with what it does there
ELSEWHERE = {
    "cli-init.t": "init --print-sql",
    "cli-inputs.t": "import --dry-run, import --prune, host pin --from-file,"
                    " settle --backend",
    "cli-rollout.t": "import --discover, log --output, log --follow",
    "host-pin.t": "host pin --scan",
    "lab-shell.t": "plan --as-shell",
    "lab-sheet.t": "status --sheet",
    "lab-reboot.t": "settle --not-done",
    "cli-every.t": "settle --done, settle --reason, skip --reason,"
                   " skip --accept-out, exclude --reason,"
                   " exclude --accept-out, override --reason,"
                   " override --backend, override --value, window add --forbid",
    "cli-look.t": "status --exit-status, wait --for, override --expires,"
                  " log --output, watch --exit-status",
    "lab-service.t": "watch --plain",
    "20-doctor.t": "doctor --fix",
}


class Typed:
    """drydock, typed; which options of which commands is remembered."""
    pairs = set()

    def __init__(self, w):
        self.w = w
        self.env = {**w.env, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def __call__(self, line, *more, code=0):
        words = line.split() + [str(m) for m in more]
        run = subprocess.run([f"{BIN}/drydock", *words], env=self.env,
                             stdin=subprocess.DEVNULL, text=True,
                             capture_output=True, timeout=120)
        self.out, self.err = run.stdout, run.stderr
        assert run.returncode == code, \
            f"drydock {words}: exit {run.returncode}, not {code}\n" \
            f"{self.out}{self.err}"
        self.remember(words)
        return self.out

    def remember(self, words):
        if words[:2] == ["-o", "json"]:
            words = words[2:]
        command = next(c for c in COMMANDS if words[:len(c)] == list(c))
        flags = options(command)
        for word in words:
            word = word.split("=")[0]
            if word in flags:
                Typed.pairs.add((command, flags[word]))
            elif word in options(()):
                Typed.pairs.add(((), options(())[word]))

    def rows(self, line, key, *more):
        return json.loads(self("-o json " + line, *more))[key]

    def says(self, *words):
        text = " ".join((self.out + self.err).split())
        for word in words:
            assert word in text, f"nowhere: {word}\n{self.out}{self.err}"


def help_of(*words):
    return subprocess.run([f"{BIN}/drydock", *words], text=True, check=True,
                          capture_output=True).stdout


def commands():
    """The longest first: `host` is no command, `host pin` is."""
    lines = help_of("help").split("\nTopics:")[0].splitlines()
    found = [tuple(re.match(r"drydock ([a-z ]*[a-z])(?=[\s[]|$)",
                            line)[1].split()) for line in lines]
    return sorted(found, key=len, reverse=True)


def options(command, known={}):
    """{"-e": "--var", "--var": "--var", …}; of (): those of every command."""
    if command not in known:
        text = help_of(*command, "--help")
        head = "options of every command:" if not command else "options:"
        text = re.search(rf"^{head}\n(.*?)(\n\n|\Z)", text, re.M | re.S)
        known[command] = {
            name: found[2] for found in
            re.findall(r"^  ((-.), )?(--[a-z-]+)", text[1] if text else "",
                       re.M) for name in found[1:] if name}
    return known[command]


COMMANDS = commands()


def begin(w):
    w.database_clock(NIGHT)
    path = os.path.join(w.top, "typed.yaml")
    with open(path, "w") as f:
        f.write(PROCEDURE.replace("FILES", w.files))
    w.daemon()
    typed = Typed(w)
    typed("procedure add", path)
    return typed


def latest(w):
    return w.one("select max(rollout) from fleet.rollout")


def of(w, rollout, columns):
    return w.sql(f"select {columns} from fleet_internal.rollout where "
                 f"rollout_id = {rollout}")[0]


def event(w, rollout, kind):
    return w.one("select string_agg(actor || ': ' || message, '; ') from "
                 f"fleet.event where rollout = {rollout} and kind = '{kind}'")


def hold(w, rollout, kind, what=""):
    return wait_for(f"it waits: {kind} {what}", lambda: w.one(
        f"select why from fleet.hold where rollout = {rollout} and "
        f"kind = '{kind}' and why like '%{what}%'"), 60)


def a_plan(w, typed):
    typed("plan typed -e word=wax --except mail3 --save --full --note",
          "for tea")
    plan = typed.rows(f"plan {latest(w)}", "plan")
    assert w.turns(plan["rollout"]) == ["waiting"] * 2
    assert of(w, plan["rollout"], "note") == ["for tea"]
    steps = typed.rows("plan typed --var=word=wax --only=mail2 "
                       "--only mail3", "steps")
    assert [s["backend"] for s in steps] == ["mail2"] * 2 + ["mail3"] * 2
    assert steps[1]["spec"]["argv"][-1] == "wax", steps
    before = latest(w)
    typed("check typed --full -e word=wax --except mail1 --note x")
    typed.says("AGENT_REACHABLE mail2", "0 errors")
    assert "UNIT mail1" not in typed.out, typed.out
    typed("check typed -e word=wax --only mail9", code=5)
    typed.says("UNKNOWN_BACKEND")
    assert latest(w) == before
    # a plan is pinned: what would make another one is no option of it
    for verb in ("start", "check", "plan"):
        for more in (("--only", "mail1"), ("--except", "mail1"),
                     ("-e", "word=x"), ("--note", "x")):
            typed(f"{verb} {before} --yes", *more, code=2)
            typed.says("plan", "is made already", "hint:")
    assert w.state(before) == "planned"


@test
def a_start_waits_where_it_was_told_to():
    with World(change_pattern="CHG-[0-9]+") as w:
        typed = begin(w)
        typed("window add", "Wed 01:00-05:00", "--zone", "Asia/Tokyo")
        assert w.one("select opens_at from fleet.window") == \
            w.one("select '2026-12-01 16:00+00'::timestamptz")
        start = "start typed -e word=wax --yes"
        typed(start + " --only mail1", code=2)
        typed.says("needs a change ticket", "--change")
        w.one(f"select fleet.cancel({latest(w)})")
        typed(start + " --only mail1 --change CHG-7 --note tea --full")
        r = latest(w)
        hold(w, r, "window", "no window is open")
        assert of(w, r, "note, change_ref, ignore_window") == \
            ["tea", "CHG-7", "f"]
        typed(f"abort {r} --yes --reason", "not now")
        w.wait_state(r, "aborted")
        assert "not now" in event(w, r, "rollout.aborting")
        # no canary and no window: to its end, and watched to it
        typed(start + " --except mail3 --change CHG-8 --ignore-window "
              "--no-canary --watch")
        r = latest(w)
        typed.says("mail2", "succeeded")
        assert w.state(r) == "succeeded"
        assert of(w, r, "stop_after, ignore_window") == ["", "t"]
        # two, then a person; the procedure's canary of one does not count
        typed(start + " --change CHG-9 --ignore-window --stop-after 2")
        r = latest(w)
        hold(w, r, "approval")
        assert w.turns(r) == ["done", "done", "waiting"]
        typed(f"approve {r} --note", "looked at it")
        w.wait_state(r, "succeeded")
        assert "looked at it" in event(w, r, "rollout.approved")
        typed(start + " --no-canary --stop-after 2 --change CHG-9", code=2)
        typed.says("contradict")
        typed(start + " --stop-after 0 --change CHG-9", code=2)
        typed.says("--stop-after wants a number from 1")


def a_later_start(w, typed):
    alone = "--unattended-without-alarm"
    for missed in ("start", "skip"):
        typed(f"start typed -e word=wax --yes --missed {missed} {alone}",
              "--at", "2026-12-02 01:00")
        r = latest(w)
        assert of(w, r, "missed, start_at = '2026-12-02 01:00+00'") == \
            [missed, "t"]
        cancel = "cancel" if missed == "skip" else "schedule cancel"
        typed(f"{cancel} {r} --reason", "no disk")
        assert "no disk" in event(w, r, "rollout.cancelled")
    typed(f"start typed -e word=wax --yes --missed never {alone}",
          "--at", "2026-12-02 01:00", code=2)
    typed.says("start or skip")
    again = f"typed --var word=wax {alone} --change CHG-1 --ignore-window"
    typed("schedule add", "Tue 01:00", *again.split(), "--zone",
          "Asia/Tokyo", "--missed", "start", "--stop-after", "1",
          "--only", "mail1")
    typed("schedule add", "Tue 02:00", *again.split(), "--no-canary",
          "--except", "mail1")
    rows = [json.loads(r[0]) for r in w.sql(
        "select to_jsonb(s) from fleet_internal.schedule s order by 1")]
    first, second = sorted(rows, key=lambda r: r["schedule_id"])
    assert first["zone"] == "Asia/Tokyo" and first["missed"] == "start"
    assert w.one("select next_at = '2026-12-01 01:00+09' or next_at = "
                 "'2026-12-08 01:00+09' from fleet_internal.schedule "
                 "order by schedule_id limit 1") == "t", first
    assert first["args"]["only"] == ["mail1"], first
    assert first["args"]["vars"] == {"word": "wax"}, first
    assert first["options"]["stop_after"] == 1, first
    assert first["options"]["ignore_window"] is True, first
    assert "CHG-1" in first["options"].values(), first
    assert second["zone"] == "UTC" and second["missed"] == "skip"
    assert second["args"]["except"] == ["mail1"], second
    assert second["options"]["stop_after"] == 0, second
    typed("schedule cancel s1 --reason", "no disk either")
    assert "no disk either" in w.one(
        "select message from fleet.event where kind like 'schedule.%' "
        "and message like '%s1%' order by seq desc limit 1")


def paused(w, r):
    return w.sql("select mode, reason, expires_at is not null from "
                 "fleet_internal.pause where ended_at is null and "
                 f"rollout_id = {r}")


def a_pause(w, typed):
    w.put("hang-work-1", "")
    typed("start typed -e word=wax --yes --no-canary")
    r = latest(w)
    wait_for("it works", lambda: w.counts().get("work wipe") == 1)
    typed(f"pause {r} --after backend --expires 2h --reason tea")
    assert paused(w, r) == [["backend", "tea", "t"]]
    typed(f"resume {r} --note", "no tea left")
    assert "no tea left" in event(w, r, "rollout.resumed")
    typed(f"pause {r} --after step --reason tea")
    assert paused(w, r) == [["step", "tea", "f"]]
    typed(f"resume {r}")
    typed(f"pause {r} --keep-drained --expires 90m --reason tea")
    assert paused(w, r) == [["keep_drained", "tea", "t"]]
    typed(f"pause {r} --keep-drained --after step --expires 1h --reason x",
          code=2)
    typed.says("contradict")
    typed(f"pause {r} --after lunch --reason x", code=2)
    typed.says("--after does not know")
    w.remove("hang-work-1")
    wait_for("it rests", lambda: w.one(
        f"select state from fleet.rollout where rollout = {r}")
        == "paused", 60)
    typed(f"resume {r}")
    typed(f"wait {r} --timeout 60s")


def held(w, typed):
    before = latest(w)
    w.remove("count")
    w.put("fail-work-wax", "")
    typed("start typed -e word=wax --yes --no-canary")
    r = latest(w)
    typed(f"wait {r} --timeout 60s", code=4)
    typed(f"retry {r} mail1 --from wipe", code=1)
    typed.says("destroys: wipe", "--destroy-again")
    again = f"retry {r} mail1 --from wipe --destroy-again"
    typed(again, code=2)
    typed.says("--confirm mail-hel", "destroy will run a second time")
    assert w.counts()["work wipe"] == 1
    typed(again + " --confirm mail-hel")
    wait_for("it failed again", lambda: w.one(
        "select count(*) from fleet.event where kind = 'turn.held'")
        == "2", 60)
    assert w.counts()["work wipe"] == 2
    typed(f"restore {r} mail1 --reason", "wax is out")
    assert "wax is out" in event(w, r, "turn.restore"), w.sql(
        "select kind, message from fleet.event")
    w.wait_turn(r, 0, "restored")
    w.remove("fail-work-wax")
    typed(f"retry {r} mail1")
    typed(f"wait {r} --timeout 60s")
    assert w.counts()["work wax"] == 5

    # what is shown of it, and what is left out
    whole = typed(f"log {r} -n 1000 -o json").splitlines()
    some = typed(f"log {r} -n 1000 --json --backend mail1 --step work")
    some = [json.loads(x) for x in some.splitlines()]
    assert {(e["backend"], e["step"]) for e in some} == \
        {("mail1", "work")} and 2 <= len(some) < len(whole), some
    last = typed(f"log {r} --lines 3 --json").splitlines()
    assert last == whole[-3:], (last, whole)
    typed(f"log {r} -n 1000 --severity error --json")
    worst = [json.loads(x)["severity"] for x in typed.out.splitlines()]
    assert worst and set(worst) == {"error"}, worst
    typed(f"log {r} --since", "2101-01-01 00:00+00")
    assert typed.out == "", typed.out
    typed("plan typed -e word=wax --only mail2 -q")
    assert typed.err == "", typed.err
    plan = latest(w)
    for more, want in (("9", [plan, r, before]), ("1", [plan]),
                       ("9 --state planned", [plan]),
                       ("9 --state succeeded", [r, before]),
                       ("9 --backend mail3", [r, before])):
        got = typed.rows(f"history --limit {more}", "rollouts")
        assert [str(x["rollout"]) for x in got] == want, (more, got)


def of_every_command(w, typed):
    conninfo = f"host={w.pg} user=postgres dbname=drydock"
    del typed.env["PGHOST"]
    typed("backend list", code=6)
    for flag in ("-d", "--database"):
        typed("backend list", flag, conninfo)
    typed.env["PGHOST"] = w.pg
    typed("backend list --fleet none")
    assert "mail1" not in typed.out, typed.out
    typed("backend list --fleet mail-hel --format json")
    assert json.loads(typed.out)["backends"][0]["backend"] == "mail1"
    assert typed("procedure list --json") == typed("procedure list -o json")
    typed("backend list --json -o csv", code=2)
    typed.says("contradict")
    assert "\x1b[" in typed("backend list --color always")
    assert "\x1b[" not in typed("backend list --color=never")
    typed("backend list --color loud", code=2)
    typed("window list")
    assert "no windows" in typed.err, typed.err
    typed("window list --quiet")
    assert typed.err == "", typed.err
    typed("exclude mail1 --accept-out --reason x --confirm none", code=2)
    typed.says("is not the fleet's name")
    typed("exclude mail1 --reason x --yes --quiet")
    typed("status --version")
    assert re.fullmatch(r"drydock \S+\n", typed.out), typed.out
    typed("status --help")
    typed.says("usage: drydock status [ROLLOUT]")


@test
def what_is_planned_for_now_and_later():
    with World() as w:
        typed = begin(w)
        a_plan(w, typed)
        a_later_start(w, typed)
        of_every_command(w, typed)


@test
def where_it_rests_and_goes_on():
    with World() as w:
        typed = begin(w)
        a_pause(w, typed)
        held(w, typed)


@test
def no_option_is_forgotten():
    elsewhere = set()
    for file, text in ELSEWHERE.items():
        with open(os.path.join(TOP, "tests/flow", file)) as f:
            body = f.read()
        for pair in text.split(","):
            *command, flag = pair.split()
            letters = [k for k, v in options(tuple(command)).items()
                       if v == flag]
            assert any(re.search(rf"(?<![\w-]){k}(?![\w-])", body)
                       for k in letters), f"{file}: no {flag}"
            elsewhere.add((tuple(command), flag))
    there = {(c, flag) for c in [(), *COMMANDS]
             for flag in options(c).values()}
    missing = there - elsewhere - Typed.pairs
    assert not missing, sorted(" ".join([*c, f]) for c, f in missing)
    assert not elsewhere - there, sorted(elsewhere - there)


main()
