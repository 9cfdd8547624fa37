#!/usr/bin/env python3
"""cli-every.t - every steering command in every state, typed and by psql.

What the table allows works, on either side; everything else is refused with
the same words on both, exit 1, DETAIL and HINT.  Every command that a hint or
fleet.choice offers is pasted: the offers are accepted, the hints at least
understood.  Every command that there is stands in the table or in ELSEWHERE.
A fleet each for what changes something: the states are built by
steer_states.sql.
"""
import json
import os
import re
import shlex
import subprocess
import sys

from steer_lib import BIN, Fleet, all_ok, beating, main, make_all, ok, psql

# verb: SQL, command line; R rollout, F fleet, B its first backend, W its
# window, S its schedule
COMMANDS = {
    "start": ("fleet.start(R)", "start R --yes"),
    "start later": ("fleet.start(R, '2099-01-01T00:00Z',"
                    " unattended_without_alarm => true)",
                    "start R --at 2099-01-01T00:00Z"
                    " --unattended-without-alarm --yes"),
    "start unheard": ("fleet.start(R, '2099-01-01T00:00Z')",
                      "start R --at 2099-01-01T00:00Z --yes"),
    "cancel": ("fleet.cancel(R)", "cancel R"),
    "pause": ("fleet.pause(R, 'tea')", "pause R --reason tea"),
    "resume": ("fleet.resume(R)", "resume R"),
    "approve": ("fleet.approve(R)", "approve R"),
    "override": ("fleet.override(R, 'target_in', 'tea', 'B')",
                 "override R target_in --backend B --reason tea"),
    "override slot": ("fleet.override(R, 'slot', 'tea', 'B')",
                      "override R slot --backend B --reason tea"),
    "override value": ("fleet.override(R, 'value', 'tea', 'B',"
                       " 'weight.hosts', to_jsonb(100))",
                       "override R --backend B --reason tea"
                       " --value weight.hosts=100"),
    "retry": ("fleet.retry(R, 'B')", "retry R B"),
    "retry from": ("fleet.retry(R, 'B', 'users')", "retry R B --from users"),
    "restore": ("fleet.restore(R, 'B')", "restore R B"),
    "skip": ("fleet.skip(R, 'B', 'tea')", "skip R B --reason tea --yes"),
    "skip out": ("fleet.skip(R, 'B', 'tea', true)",
                 "skip R B --reason tea --accept-out --confirm F"),
    "settle": ("fleet.settle(R, 'look', true, 'tea', 'B')",
               "settle R look --done --reason tea --backend B"),
    "abort": ("fleet.abort(R, 'tea')", "abort R --reason tea --yes"),
    "exclude": ("fleet.exclude('F', 'B', 'tea')",
                "exclude B --fleet F --reason tea"),
    "exclude out": ("fleet.exclude('F', 'B', 'tea', true)",
                    "exclude B --fleet F --reason tea --accept-out --confirm F"),
    "include": ("fleet.include('F', 'B')", "include B --fleet F"),
    "schedule add": ("fleet.schedule_add('F', 'first Tue 01:00', 'restart',"
                     " unattended_without_alarm => true)",
                     "schedule add 'first Tue 01:00' restart --fleet F"
                     " --unattended-without-alarm"),
    "schedule unheard": ("fleet.schedule_add('F', 'first Tue 01:00',"
                         " 'restart')",
                         "schedule add 'first Tue 01:00' restart --fleet F"),
    "schedule cancel": ("fleet.schedule_remove('F', S)",
                        "schedule cancel sS --fleet F"),
    "schedule cancel once": ("fleet.cancel(R)", "schedule cancel R"),
    "window add": ("fleet.window_add('F', 'Tue-Thu 01:00-05:00')",
                   "window add 'Tue-Thu 01:00-05:00' --fleet F"),
    "window add again": ("fleet.window_add('F', '31 Dec', forbid => true)",
                         "window add '31 Dec' --forbid --fleet F"),
    "window remove": ("fleet.window_remove('F', W)",
                      "window remove W --fleet F"),
}
EX = "exclude, exclude out"
RUN = "pause, abort"
FIX = "override value"
STATES = {
    "planned": "start, start later, cancel, " + EX,
    "stale": "cancel, " + EX,
    "scheduled": "cancel, " + EX,
    "cancelled": EX,
    "running": f"{RUN}, override, skip, skip out, {EX}",
    "pausing": f"resume, abort, override, skip, skip out, {EX}",
    "paused": f"resume, abort, override, {FIX}, skip, skip out, {EX}",
    "approval": f"{RUN}, approve, override, skip, skip out, {EX}",
    "aborting": f"skip, skip out, {EX}",
    "working": RUN,
    "drained": RUN,
    "stopped": RUN,
    "proved": RUN,
    "held in": f"{RUN}, {FIX}, retry, restore, skip, skip out",
    "held out": f"{RUN}, {FIX}, retry, restore, skip out",
    "held unknown": f"{RUN}, {FIX}, restore, skip out, settle",
    "held asked": f"{RUN}, {FIX}",
    "held paused": f"abort, {FIX}, retry, restore, skip out",
    "held aborting": f"{FIX}, retry, restore, skip out",
    "restoring": RUN,
    "undo failed": f"{RUN}, {FIX}, retry, skip out",
    "undo unknown": f"{RUN}, {FIX}, skip out",
    "restored": f"{RUN}, override, retry, skip, skip out, {EX}",
    "restored by a pause": f"{RUN}, override, retry, skip, skip out, {EX}",
    "out": f"{RUN}, include, exclude out",
    "aborted out": "include, exclude out",
    "taken over": "include",
    "succeeded": EX,
    "incomplete": EX,
}
# of the fleet: whatever its rollout does
ALWAYS = {"schedule add", "schedule cancel", "window add", "window remove"}
# commands that steer nothing, shown by other tests
ELSEWHERE = """init, import, export, fleet list, fleet show, coordinator list,
    backend list, backend show, host list, host show, host pin,
    procedure lint, procedure add, procedure list, procedure show,
    procedure diff, procedure allow, hook list, hook test, plan, check,
    schedule list, window list, window next, status, watch, wait, log,
    history, doctor, completion, help"""


def drydock(args):
    p = subprocess.run([os.path.join(BIN, "drydock")] + args, text=True,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       env=dict(os.environ, PGUSER="anna"))
    return p.returncode, p.stdout, p.stderr


def tried(calls):
    """Each call with its effects taken back: what was said."""
    if not calls:
        return []
    values = ", ".join("$x$" + c + "$x$" for c in calls)
    got = psql("set timezone = 'UTC'; "
               f"select test.try(c) from unnest(array[{values}]::text[])"
               " with ordinality x (c, n) order by n;", "anna")
    return [json.loads(line) for line in got.splitlines()]


def lines_of(stderr):
    found = {}
    for label, key in (("drydock: error: ", "error"), ("  why: ", "why"),
                       ("  hint: ", "hint")):
        for line in stderr.splitlines():
            if line.startswith(label):
                found[key] = line[len(label):]
    return found


def statements(hint):
    return re.findall(r"select .*?;", hint or "")


def commands(hint):
    return [c.strip() for c in re.findall(
        r"drydock [a-z].*?(?=$|;|  or )", hint or "")]


def allowed(state, verb):
    return (verb in STATES[state].split(", ") or verb in ALWAYS
            or verb == "schedule cancel once" and allowed(state, "cancel"))


def every_command():
    """No command is forgotten here."""
    _, out, _ = drydock(["help"])
    lines = out.split("\nTopics:")[0].splitlines()
    there = {re.match(r"drydock ([a-z ]*[a-z])(?=[\s[]|$)", line)[1]
             for line in lines}
    here = {" ".join(re.match(r"[a-z]+( [a-z]+)?", typed)[0].split())
            for _, typed in COMMANDS.values()}
    known = here | {re.sub(r"\s+", " ", c).strip()
                    for c in ELSEWHERE.split(",")}
    all_ok("every command stands in the table, or is known not to steer",
           sorted(there ^ known))


def refused(fleet, verb, said):
    """Faults of one refusal, by psql and typed."""
    where = f"{fleet.state}: {verb}: "
    faults = []
    if not re.match(r"RD00[1-7]$", said["code"]):
        faults.append(f"{where}{said['code']} {said['said']}")
    if not said["detail"] or not said["hint"]:
        faults.append(where + "no detail or no hint")
    code, out, err = drydock(fleet.typed(COMMANDS[verb][1]))
    told = lines_of(err)
    if code != (2 if said["code"] == "RD004" else 1) or out:
        faults.append(f"{where}exit {code}: {out}{err}")
    if told.get("error") != said["said"]:
        faults.append(f"{where}typed: {told.get('error')}\nSQL: {said['said']}")
    if "hint" not in told:
        faults.append(where + "typed: no hint")
    return faults, told.get("hint", "")


def is_new(seen, fleet, verb, said):
    """Typed once for each sentence: what is behind it is the same function."""
    key = (verb, fleet.plain(said["said"] + (said["hint"] or "")))
    return not (key in seen or seen.add(key))


def by_psql(fleets):
    """What each command says in each state, taken back each time."""
    answers = {}
    for state, fleet in fleets.items():
        said = tried(["select " + fleet.fill(sql)
                      for sql, _ in COMMANDS.values()])
        answers[state] = dict(zip(COMMANDS, said))
        all_ok(f"{state}: by psql only what the table allows",
               [f"{verb}: {a['code']} {a['said']}"
                for verb, a in answers[state].items()
                if (a["code"] == "ZZ000") != allowed(state, verb)])
    return answers


def typed_refusals(fleets, answers):
    hints, seen = {}, set()
    for state, fleet in fleets.items():
        faults = []
        for verb, said in answers[state].items():
            if said["code"] == "ZZ000" or not is_new(seen, fleet, verb, said):
                continue
            bad, hint = refused(fleet, verb, said)
            faults += bad
            hints.setdefault(state, []).append((said["hint"], hint))
        all_ok(f"{state}: what is refused is refused alike when typed", faults)
    return hints


def typed_effects(fleets, answers):
    seen, copies = set(), []
    for state, fleet in fleets.items():
        for verb, said in answers[state].items():
            if said["code"] == "ZZ000" and is_new(seen, fleet, verb, said):
                want = fleet.plain(said["said"].splitlines()[0])
                copies.append((verb, want, Fleet(state)))
    make_all()
    for verb, want, copy in copies:
        code, out, err = drydock(copy.typed(COMMANDS[verb][1]))
        got = copy.plain((out.splitlines() or [""])[0])
        ok(f"{copy.state}: {verb} typed: {want}",
           code == 0 and got == want,
           f"exit {code}: {out}{err}")


def offers_of(fleet):
    got = psql("select json_build_object('verb', verb, 'command', command,"
               " 'sql', sql, 'what', what) from fleet.choice where rollout ="
               f" {fleet.rollout} order by position", "anna")
    return [json.loads(line) for line in got.splitlines()]


def offers(fleets):
    """Every offer is accepted; what needs a person's answer is offered."""
    for state, fleet in fleets.items():
        faults = []
        rows = offers_of(fleet)
        for row, said in zip(rows, tried([r["sql"] for r in rows])):
            if said["code"] != "ZZ000":
                faults.append(f"{row['sql']}: {said['said']}")
        verbs = {r["verb"] for r in rows} - {"log"}
        may = {v.split()[0] for v in STATES[state].split(", ")}
        if state == "undo unknown":
            may.add("settle")
        faults += [f"offered: {v}" for v in sorted(verbs - may)]
        # of a backend that waits for nobody nothing is offered
        # and an abort or the end of a pause does by itself what is due
        for v in sorted(may - verbs - {"skip", "exclude", "include",
                                       "override"}):
            if not (v == "retry" and state in ("restored by a pause",
                                               "held aborting")):
                faults.append(f"not offered: {v}")
        all_ok(f"{state}: every offer is accepted, and none is missing", faults)


def paste_offers(fleets):
    """The same typed: each offer on a fleet of its own."""
    seen, copies = set(), []
    for state, fleet in fleets.items():
        for n, row in enumerate(offers_of(fleet)):
            key = fleet.plain(row["command"] + row["what"])
            if not (key in seen or seen.add(key)):
                copies.append((n, Fleet(state)))
    make_all()
    for n, fleet in copies:
        row = offers_of(fleet)[n]
        words = shlex.split(row["command"])[1:]
        code, out, err = drydock(words + ["--yes", "--confirm", fleet.name])
        ok(f"{fleet.state}: pasted: {fleet.plain(row['command'])}",
           code == 0, f"exit {code}: {out}{err}")


def paste_hints(fleets, hints):
    for state, pairs in hints.items():
        sql = sorted({s.replace("'BACKEND'", f"'{fleets[state].backend}'")
                      for said, _ in pairs for s in statements(said)})
        faults = [f"{s}: {said['code']} {said['said']}"
                  for s, said in zip(sql, tried(sql))
                  if said["code"] not in ("ZZ000", "RD006")]
        all_ok(f"{state}: every statement in a hint works", faults)
        faults = []
        for command in sorted({c for _, hint in pairs for c in commands(hint)}):
            words = shlex.split(command)[1:]
            offered = re.match("log|status|history|backend|coordinator",
                               words[0])
            code, _, err = drydock(words + ([] if offered else ["--help"]))
            if code != 0:
                faults.append(f"{command}: {code}: {err}")
            if "select " in command:
                faults.append(f"half translated: {command}")
        all_ok(f"{state}: every command in a hint is one", faults)


def steps():
    fleets = beating({state: Fleet(state) for state in STATES})
    every_command()
    offers(fleets)
    answers = by_psql(fleets)
    paste_hints(fleets, typed_refusals(fleets, answers))
    typed_effects(fleets, answers)
    paste_offers(fleets)


if __name__ == "__main__":
    sys.exit(main(steps))
