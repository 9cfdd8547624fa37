"""lab_rollout.py - a whole Dovecot rollout in the lab, driven through SQL.

usage: lab_rollout.py plan | start N | wait N SECONDS
The plan is given expanded, so this stands on engine, agents and the real ring
alone; procedures in YAML have tests of their own.
"""
import json
import subprocess
import sys
import time

from lab_agent import address

BACKENDS = ["mail1", "mail2", "mail3"]
WEIGHT = "service.vhosts"
KEPT = "${steps.weight-zero.vhosts}"
UNIT = "systemctl show -p ActiveState -p Result -p MainPID dovecot"


def sql(text, value=None):
    argv = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"]
    if value is not None:
        argv += ["-v", "v=" + value]
    run = subprocess.run(argv, input=text, text=True, capture_output=True)
    if run.returncode != 0:
        sys.exit(text + "\n" + run.stderr)
    return run.stdout.strip()


def run(name, phase, argv, check, target="backend", undo="none", **more):
    return {"name": name, "phase": phase, "kind": "run", "target": target,
            "argv": argv.split(), "check": check, "undo": undo,
            "timeout_ms": 60000, **more}


def undo(argv, check, target="backend"):
    return {"kind": "run", "target": target, "argv": argv.split(),
            "check": check, "timeout_ms": 60000}


def poll(name, phase, until, seconds, then):
    return {"name": name, "phase": phase, "kind": "poll", "target": "backend",
            "poll": {"until": until, "every_ms": 1000,
                     "at_most_ms": seconds * 1000, "then": then}}


def steps():
    ring = "doveadm director "
    return [
        run("weight-zero", "drain", ring + "update ADDRESS 0",
            WEIGHT + " == 0", "director",
            undo(ring + "update ADDRESS " + KEPT, WEIGHT + " == " + KEPT,
                 "director"),
            remember=[{"name": "vhosts", "value": WEIGHT,
                       "where": WEIGHT + " > 0"}],
            keep={"until": "weight-back", "repair": 1}),
        poll("wait-users", "drain", "service.users == 0", 5, "continue"),
        run("move-users", "stop", ring + "flush ADDRESS",
            "service.users == 0", "director"),
        run("stop-lmtp", "stop", "doveadm service stop lmtp",
            "lmtp.listening == n",
            undo=undo("doveadm reload", "lmtp.listening == y")),
        run("stop-dovecot", "stop", "systemctl stop dovecot",
            "unit.ActiveState == inactive and unit.Result == success "
            "and unit.MainPID == 0", no_return=True,
            undo=undo("systemctl start dovecot",
                      "unit.ActiveState == active"),
            keep={"until": "start-dovecot"}),
        run("director-down", "stop", ring + "down ADDRESS",
            "service.state == down", "director",
            undo(ring + "up ADDRESS", "service.state == up", "director")),
        run("start-dovecot", "start", "systemctl start dovecot",
            "unit.ActiveState == active"),
        poll("works", "verify",
             'inbox.messages >= 3 and imap.text ~ "OK"', 20, "fail"),
        run("director-up", "return", ring + "up ADDRESS",
            "service.state == up", "director"),
        run("weight-back", "return", ring + "update ADDRESS " + KEPT,
            WEIGHT + " == " + KEPT, "director", keep={"until": "end"}),
        {"name": "soak", "phase": "return", "kind": "wait",
         "target": "backend", "wait_ms": 2000}]


PHASES = [
    {"name": "drain", "takes_out": True, "rest": "none"},
    {"name": "stop", "no_pause": True, "rest": "out", "deadline_ms": 300000},
    {"name": "start", "rest": "none"},
    {"name": "verify", "proves": True, "rest": "none"},
    {"name": "return", "rest": "in"}]


def probe(argv, form, **more):
    return {"target": "backend", "run": argv.split(), "format": form,
            "timeout_ms": 10000, **more}


def plan_of(backend):
    plan = {
        "procedure": "lab", "sha256": "0" * 64,
        "probes": {
            "unit": probe(UNIT, "kv"),
            "lmtp": probe("doveadm -f tab service status lmtp", "tab",
                          row={"name": "lmtp"}),
            "inbox": probe("doveadm -f tab mailbox status -u PROBE messages "
                           "INBOX", "tab", row={"mailbox": "INBOX"}),
            "imap": {"target": "each director", "tcp": "ADDRESS:143",
                     "timeout_ms": 5000}},
        "preflight": [{"code": "UNIT", "hint": "start it",
                       "expect": "unit.ActiveState == active"}],
        "phases": PHASES, "steps": steps()}
    text = json.dumps(plan).replace("ADDRESS", address(backend))
    return json.loads(text.replace("PROBE", "probe" + backend[4:]))


def plan():
    """Stores a plan; its number. Only a fleet that is held can have one."""
    until = time.monotonic() + 30
    while sql("select count(*) from fleet_internal.fleet "
              "where holder is not null") == "0":
        if time.monotonic() > until:
            sys.exit("no coordinator took the fleet")
        time.sleep(0.2)
    sha = sql("insert into fleet_internal.procedure (name, sha256, text) "
              "values ('lab', encode(sha256('lab'), 'hex'), 'lab') "
              "on conflict do nothing; select sha256 from "
              "fleet_internal.procedure where name = 'lab'")
    ids = dict(line.split("|") for line in sql(
        "select name, backend_id from fleet_internal.backend").splitlines())
    doc = {"procedure_sha256": sha, "strategy": {}, "turns": [
        {"backend": b, "backend_id": int(ids[b]), "plan": plan_of(b)}
        for b in BACKENDS]}
    return sql("select fleet_internal.plan_save(fleet_id, epoch, null, "
               ":'v'::jsonb) from fleet_internal.fleet", json.dumps(doc))


def wait(rollout, seconds):
    """Prints events until the rollout ends; true when it succeeded."""
    until, seq, state = time.monotonic() + seconds, 0, "?"
    while time.monotonic() < until:
        state = sql("select state from fleet_internal.rollout where "
                    "rollout_id = " + rollout)
        for line in sql("select seq || ' ' || to_char(at, 'HH24:MI:SS') || "
                        "' ' || kind || ' ' || left(message, 90) from "
                        "fleet_internal.event where seq > %d order by seq"
                        % seq).splitlines():
            print("#", line)
            seq = int(line.split()[0])
        if state in ("succeeded", "incomplete", "aborted"):
            break
        time.sleep(0.3)
    print("# rollout %s: %s" % (rollout, state))
    for line in sql("select kind, gate, why from fleet_internal.hold "
                    "where ended_at is null").splitlines():
        print("# hold", line)
    return state == "succeeded"


def main():
    words = sys.argv[1:]
    if words == ["plan"]:
        print(plan())
    elif words[:1] == ["start"]:
        sql("select fleet.start(%s)" % words[1])
    elif words[:1] == ["wait"]:
        sys.exit(not wait(words[1], float(words[2])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
