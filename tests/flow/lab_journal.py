"""lab_journal.py - what ran, by the agents' journals, against what is told.

usage: lab_journal.py once ROLLOUT        false: something ran twice, or the
                                          database tells other attempts
       lab_journal.py told ROLLOUT        the same, but a step that was undone
                                          may have been begun again
       lab_journal.py again ROLLOUT       the same, but once more for each that
                                          was lost or failed, and for each retry
                                          that a person asked for
       lab_journal.py times ROLLOUT STEP  "HOST BEGUN ENDED" in ms, a line each
       lab_journal.py count ROLLOUT       how many commands were begun
"""
import json
import os
import subprocess
import sys


def sql(text):
    run = subprocess.run(["psql", "-XqAt", "-F", "\t", "-c", text],
                         capture_output=True, text=True, check=True)
    return [line.split("\t") for line in run.stdout.splitlines()]


def journal(host):
    run = subprocess.run(["lab", "exec", host, "drydock-agent", "--journal"],
                         capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit("# %s: %s" % (host, run.stderr))
    return [json.loads(line) for line in run.stdout.splitlines()]


def begun(rollout):
    """Every command of the rollout that an agent began, whatever came of it."""
    uuid = sql("select uuid from fleet_internal.rollout where rollout_id = "
               + rollout)[0][0]
    for host in sorted(os.listdir(os.environ["LAB_STATE"] + "/hosts")):
        records = journal(host)
        ended = {r["attempt"]: r["result"] for r in records
                 if r["t"] == "ended"}
        for record in records:
            request = record.get("request", {})
            if record["t"] == "begun" and \
                    request.get("step", "").startswith(uuid + "/"):
                yield {"host": host, "id": request["attempt"],
                       "step": request["step"].split("/", 1)[1],
                       "argv": request.get("argv"),
                       "began": record["wall_ms"],
                       "result": ended.get(request["attempt"])}


def twice(values):
    values = list(values)
    return sorted({v for v in values if values.count(v) > 1})


def undecided(command, state):
    """Lost with its host, or ended and did not do it."""
    return state in ("unknown", "abandoned") or \
        (command["result"] or {}).get("exit") != 0


def retries(rollout):
    """How often a person asked for one, by backend."""
    return dict(sql("select backend, count(*) from fleet.event where "
                    "kind = 'turn.retry' and rollout = %s group by 1"
                    % rollout))


def places(rollout, ran):
    """What is done on each member of a group is done once on each of them."""
    each = {r[0] for r in sql(
        "select backend || '/' || step from fleet.step "
        "where rollout = %s and target like 'each %%'" % rollout)}
    for c in ran:
        c["place"] = c["step"] + (" on " + c["host"]
                                  if c["step"] in each else "")


def once(rollout, how="once"):
    ran = list(begun(rollout))
    places(rollout, ran)
    told = {r[0]: (r[1], r[2], r[3]) for r in sql(
        "select attempt_id, backend || '/' || step, host, state "
        "from fleet.attempt "
        "where rollout = %s and state <> 'unsent'" % rollout)}
    # its host was proven gone: another one was told
    gone = {i for i in told if told[i][2] == "abandoned"}
    if how == "again":
        gone |= {c["id"] for c in ran
                 if c["id"] in told and undecided(c, told[c["id"]][2])}
    asked = retries(rollout) if how == "again" else {}
    done = [] if how == "told" else [c["place"] for c in ran
                                     if c["id"] not in gone]
    wrong = ["begun %d times: %s" % (done.count(place), place)
             for place in twice(done) if done.count(place) > 1 +
             int(asked.get(place.split("/")[0], 0))]
    wrong += ["attempt begun twice: " + i for i in twice(c["id"] for c in ran)]
    wrong += ["not told: %(step)s on %(host)s" % c for c in ran
              if c["id"] not in told]
    wrong += ["told, but never begun: %s on %s" % told[i][:2] for i in told
              if i not in {c["id"] for c in ran} | gone]
    for line in wrong:
        print("#", line)
    print("# %d commands were begun, %d attempts told" % (len(ran), len(told)))
    return bool(ran) and not wrong


def times(rollout, step):
    for c in begun(rollout):
        if c["step"].split("/")[1] == step:
            print(c["host"], c["began"], c["began"] + c["result"]["ms"]
                  if c["result"] else "-")


def main():
    words = sys.argv[1:]
    if len(words) == 2 and words[0] in ("once", "told", "again"):
        sys.exit(not once(words[1], how=words[0]))
    if len(words) == 3 and words[0] == "times":
        times(words[1], words[2])
    elif len(words) == 2 and words[0] == "count":
        print(len(list(begun(words[1]))))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
