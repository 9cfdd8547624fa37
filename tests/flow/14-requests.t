#!/usr/bin/env python3
"""14-requests - plan, check, discover, greet: asked of a real coordinator.

usage: 14-requests.t [TEST…]
"""
import json
import os
import subprocess

from engine_lib import BIN, World, address, main, test, wait_for

PROCEDURE = """
procedure: flow-stop
format: 1
description: Weight to zero, stop, start, weight back.
strategy: {order: [name]}
vars:
  word: {type: word, required: true, description: what work is done}
probes:
  unit: {run: "sh FILES/unit-show ${backend.name}", format: kv}
preflight:
  - code: UNIT
    expect: unit.ActiveState == active
    hint: start it
phases:
  - phase: drain
    takes_out: true
    rest: none
    steps:
      - name: zero
        target: director
        remember: {vhosts: {value: service.vhosts, where: service.vhosts > 0, place: int 0..1000}}
        run: sh FILES/ring-set ${backend.address} 0 up
        check: service.vhosts == 0
        undo: {run: "sh FILES/ring-set ${backend.address} ${steps.zero.vhosts} up", check: "service.vhosts == ${steps.zero.vhosts}"}
  - phase: stop
    no_pause: true
    rest: out
    steps:
      - name: stop
        no_return: true
        run: sh FILES/unit-set ${backend.name} inactive
        check: unit.ActiveState == inactive
        undo: {run: "sh FILES/unit-set ${backend.name} active", check: unit.ActiveState == active}
  - phase: work
    rest: out
    steps:
      - name: work
        run: sh FILES/work ${vars.word}
        undo: none
  - phase: start
    proves: true
    rest: none
    steps:
      - name: start
        run: sh FILES/unit-set ${backend.name} active
        check: unit.ActiveState == active
        undo: none
  - phase: return
    rest: in
    steps:
      - name: back
        target: director
        run: sh FILES/ring-set ${backend.address} ${steps.zero.vhosts} up
        check: service.vhosts == ${steps.zero.vhosts}
        undo: none
"""


def procedure(w):
    w.one("select fleet.add_procedure(:'v')",
          v=PROCEDURE.replace("FILES", w.files))


def ask(w, kind, args):
    """The finished request as a dict, its findings beside it."""
    number = w.one(f"select fleet.request('{kind}', 'mail-hel', :'v')",
                   v=json.dumps(args))
    wait_for(f"{kind} is answered", lambda: w.one(
        f"select done_at from fleet_internal.request "
        f"where request_id = {number}"), 60)
    row = json.loads(w.one(f"select to_jsonb(q) from fleet_internal.request q "
                           f"where request_id = {number}"))
    row["findings"] = json.loads(w.one(
        "select coalesce(jsonb_agg(f order by position), '[]') "
        f"from fleet_internal.finding f where request_id = {number}"))
    return row


def codes(row, severity):
    return sorted({f["code"] for f in row["findings"]
                   if f["severity"] == severity})


def with_copy(w):
    """The same with a file in the middle; the agents permit it."""
    conf = os.path.join(w.files, "conf")
    os.mkdir(conf)
    for b in w.backends:
        with open(os.path.join(w.root(b), "etc/drydock/allow"), "a") as f:
            f.write(f"change copy <path under {conf}>\n")
    text = PROCEDURE.replace("FILES", w.files).replace(
        "name: work\n", "name: conf\n        copy: {from: "
        f'"${{vars.conf}}", to: "{conf}/${{backend.name}}"}}\n'
        "      - name: work\n").replace(
        "vars:\n", "vars:\n  conf: {type: file, required: true, "
        "description: what is put there}\n").replace(
        "procedure: flow-stop", "procedure: flow-copy")
    w.one("select fleet.add_procedure(:'v')", v=text)
    return conf


PLAN = {"procedure": "flow-stop", "vars": {"word": "hard"}}


@test
def planned_checked_and_carried_out():
    with World() as w:
        procedure(w)
        w.daemon()
        plan = ask(w, "plan", PLAN)
        assert plan["ok"], plan
        rollout = plan["result"]["rollout"]
        assert w.one("select count(*) from fleet_internal.step") == "15"
        check = ask(w, "check", {"rollout": rollout})
        assert check["ok"] and check["result"]["errors"] == 0, check
        done = codes(check, "ok")
        for code in ("AGENT_REACHABLE", "CLOCK_SKEW", "IN_SERVICE", "UNIT",
                     "GROUP_READY", "MEMBERS_AGREE", "ASKED_ALL"):
            assert code in done, (code, done)
        # asking has changed nothing
        assert not w.counts(), w.counts()
        w.one(f"select fleet.start({rollout})")
        w.wait_state(rollout, "succeeded")
        for b in w.backends:
            assert w.read(f"ring/{address(b)}") == "100 up"


def garbage(w):
    """What nobody should send or store, and the owner of a database can."""
    for text in ("", "x" * 7999, "-1", "99999999999999999999", "{", "\x1b[2J",
                 "1; drop"):
        for channel in ("fleet_command", "fleet_event"):
            w.one(f"select pg_notify('{channel}', :'v')", v=text)
    deep = "[" * 100 + "]" * 100
    w.one("insert into fleet_internal.request (fleet_id, kind, args) select "
          "fleet_id, 'greet', :'v' from fleet_internal.fleet returning 1",
          v=f'{{"a": {deep}}}')


@test
def a_person_with_nothing_but_psql():
    with World() as w:
        w.put("hang-work-1", "")
        w.sql("create role anna login; grant fleet_operator to anna")
        w.daemon()
        owner, w.env = w.env, {**w.env, "PGUSER": "anna"}
        procedure(w)
        number = w.one("select fleet.plan('mail-hel', 'flow-stop', "
                       "'{\"word\": \"hard\"}')")
        wait_for("there is a plan", lambda: w.one(
            "select state from fleet.request where request = "
            f"{number}") == "done", 60)
        r = w.one("select result->>'rollout' from fleet.request where "
                  f"request = {number}")
        assert w.one(f"select count(*) from fleet.step where rollout = {r}"
                     ) == "15"
        w.env, operator = owner, w.env
        garbage(w)  # rows 57 and 58: the rollout moves nevertheless
        w.env = operator
        w.one(f"select fleet.start({r})")
        wait_for("mail1 is worked on", lambda: w.sql(
            "select state, current_backend, current_step from fleet.progress "
            f"where rollout = {r}") == [["running", "mail1", "work"]], 60)
        w.one(f"select fleet.pause({r}, 'tea', 'backend')")
        w.remove("hang-work-1")
        wait_for("it is paused", lambda: w.one(
            f"select state from fleet.rollout where rollout = {r}"
            ) == "paused", 60)
        assert w.sql("select backend, state from fleet.turn where rollout = "
                     f"{r} and state <> 'waiting'") == [["mail1", "done"]]
        # what to type next is there to be typed
        w.one(w.one(f"select sql from fleet.choice where rollout = {r} and "
                    "sql ~ 'resume'"))
        wait_for("it has succeeded", lambda: w.one(
            f"select state from fleet.rollout where rollout = {r}"
            ) == "succeeded", 60)
        assert w.one("select string_agg(distinct actor, ',') from fleet.event "
                     "where kind in ('rollout.started', 'rollout.pausing', "
                     f"'rollout.resumed') and rollout = {r}") == "anna"


@test
def a_file_is_copied_to_every_backend():
    with World() as w:
        conf = with_copy(w)
        w.daemon()
        text = "".join(f"line {n} of a longer file\n" for n in range(4000))
        for b in w.backends:
            with open(os.path.join(conf, b), "w") as f:
                f.write("old\n")
        sha = w.one("select fleet.put_content(convert_to(:'v', 'UTF8'))",
                    v=text)
        plan = ask(w, "plan", {
            "procedure": "flow-copy", "vars": {"word": "hard"},
            "files": {"conf": {"name": "x.conf", "sha256": sha}}})
        assert plan["ok"], plan
        rollout = plan["result"]["rollout"]
        w.one(f"select fleet.start({rollout})")
        w.wait_state(rollout, "succeeded")
        for b in w.backends:
            with open(os.path.join(conf, b)) as f:
                assert f.read() == text
        # what an undo would need is told, and goes an hour later
        kept = [f["host"] for f in ask(w, "doctor", {})["findings"]
                if f["code"] == "LEFT_KEPT" and f["severity"] == "ok"]
        assert sorted(kept) == w.backends, kept
        assert w.one("select string_agg(distinct remove, ';') from "
                     "fleet.residue where what = 'kept' and rollout = "
                     f"{rollout}") == \
            "none: it goes an hour after its rollout ended"
        w.database_clock(w.one("select now() + interval '61 min'"))
        wait_for("it goes", lambda: "LEFT_KEPT" not in codes(
            ask(w, "doctor", {}), "ok"), 60)
        # before the next one, the dry run shows what would be put back
        with open(os.path.join(conf, "mail2"), "w") as f:
            f.write("other\n")
        check = ask(w, "check", {"rollout": rollout})
        copies = {f["backend"]: f["detail"]["text"]
                  for f in check["findings"] if f["code"] == "COPY"}
        assert len(copies) == 3 and "-other" in copies["mail2"], copies


@test
def a_check_names_what_is_wrong():
    with World() as w:
        procedure(w)
        w.put("run/mail2", "inactive\n")
        w.put(f"ring/{address('mail3')}", "0 up\n")
        allow = os.path.join(w.root("mail1"), "etc/drydock/allow")
        with open(allow) as f:
            lines = [x for x in f if "work" not in x]
        with open(allow, "w") as f:
            f.writelines(lines)
        hold = os.path.join(w.root("dir2"), "etc/drydock/hold")
        with open(hold, "w") as f:
            f.write("anna: disk swap\n")
        w.daemon()
        check = ask(w, "check", PLAN)
        wrong = [(f["code"], f["host"] or f["backend"])
                 for f in check["findings"] if f["severity"] == "error"]
        for pair in (("UNIT", "mail2"), ("IN_SERVICE", "mail3"),
                     ("NOT_ALLOWED", "mail1"), ("HOST_HELD", "dir2")):
            assert pair in wrong, (pair, wrong)
        assert "would not start" in check["message"]
        assert w.one("select count(*) from fleet_internal.rollout") == "0"


@test
def what_cannot_be_planned_says_why():
    with World() as w:
        procedure(w)
        w.daemon()
        plan = ask(w, "plan", {"procedure": "flow-stop", "vars": {}})
        assert plan["ok"] is False, plan
        assert "word" in json.dumps(plan["findings"]), plan
        plan = ask(w, "plan", {**PLAN, "only": ["mail9"]})
        assert codes(plan, "error") == ["UNKNOWN_BACKEND"], plan
        plan = ask(w, "plan", {**PLAN, "only": ["mail2"], "save": False})
        assert [t["backend"] for t in plan["result"]["turns"]] == ["mail2"]
        assert w.one("select count(*) from fleet_internal.rollout") == "0"


@test
def discover_and_greet():
    with World() as w:
        w.put("ring/127.0.1.77", "100 up\n")
        w.daemon()
        found = ask(w, "discover", {})
        assert found["ok"], found
        names = {b["address"]: b["name"] for b in found["result"]["backends"]}
        assert names["127.0.1.77"] is None
        assert names[address("mail2")] == "mail2"
        assert codes(found, "notice") == ["NEW_BACKEND"], found
        greet = ask(w, "greet", {})
        assert greet["ok"], greet
        assert all(h["up"] for h in greet["result"]["hosts"])
        assert len(greet["result"]["hosts"]) == 5


@test
def what_a_dead_coordinator_took_is_answered():
    with World() as w:
        # taken by a process of that name that is gone; then by ourselves
        w.daemon()
        assert ask(w, "greet", {})["ok"]
        w.kill()
        number = w.one("select fleet.request('greet', 'mail-hel', '{}')")
        w.sql("update fleet_internal.request set taken_by = (select "
              "coordinator_id from fleet_internal.coordinator), taken_at = "
              "clock_timestamp() + interval '1 hour' "
              f"where request_id = {number}")
        w.daemon()
        wait_for("it is answered", lambda: w.one(
            "select ok from fleet_internal.request "
            f"where request_id = {number}") == "t", 30)


REFUSE = """
create function fleet_internal.refuse() returns trigger language plpgsql as $$
begin
    if new.code <> 'DATABASE_REFUSES' then
        raise exception 'the audit table is full';
    end if;
    return new;
end $$;
create trigger refuse before insert on fleet_internal.finding for each row
execute function fleet_internal.refuse()
"""


@test
def that_the_database_refuses_an_answer_is_the_answer():
    with World() as w:
        w.sql(REFUSE)
        w.daemon()
        row = ask(w, "greet", {})
        assert row["ok"] is False, row
        assert row["message"].startswith("the database refuses the answer: ")
        assert "the audit table is full" in row["message"], row
        assert codes(row, "error") == ["DATABASE_REFUSES"], row
        run = subprocess.run([os.path.join(BIN, "drydock"), "doctor"],
                             env=w.env, text=True, capture_output=True,
                             timeout=60)
        assert run.returncode == 5, run
        assert "the audit table is full" in run.stdout, run


@test
def a_scan_without_keys_says_so():
    with World() as w:
        w.daemon()
        number = w.one("select fleet.request('scan', null, :'v')",
                       v='{"host": "mail1"}')
        wait_for("scan is answered", lambda: w.one(
            "select done_at from fleet_internal.request "
            f"where request_id = {number}"), 30)
        assert "no host keys" in w.one(
            "select message from fleet_internal.request "
            f"where request_id = {number}")


main()
