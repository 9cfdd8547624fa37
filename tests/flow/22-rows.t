#!/usr/bin/env python3
"""22-rows - what the database says or refuses makes no sense: it is told.

usage: 22-rows.t [TEST…]
"""
import datetime
import os
import subprocess
import time

from engine_lib import BIN, World, main, steps, test, wait_for
from records_lib import each_ran_once

# what somebody does past every guard, what is said of it, and the repair
ROWS = [
    ("update turn set state = 'moved' where turn_id = TURN",
     'turn TURN: state is "moved"',
     "update turn set state = 'working' where turn_id = TURN"),
    ("update step set state = 'done' where step_id = STEP",
     'step STEP: state is "done"',
     "update step set state = 'running' where step_id = STEP"),
    ("update step set kind = 'shell' where step_id = STEP",
     'step STEP: kind is "shell"',
     "update step set kind = 'run' where step_id = STEP"),
    ("update step set target = 'each switch' where step_id = STEP",
     'step STEP: target is "each switch"',
     "update step set target = 'backend' where step_id = STEP"),
    ("update step set phase = 'limbo' where step_id = STEP",
     'step STEP: phase is "limbo"',
     "update step set phase = 'start' where step_id = STEP"),
    ("update attempt set state = 'lost' where attempt_id = 'ATTEMPT'",
     'attempt ATTEMPT: state is "lost"',
     "update attempt set state = 'sent' where attempt_id = 'ATTEMPT'"),
    ("update turn_phase set state = 'odd' where turn_id = TURN "
     "and name = 'verify'",
     "turn_phase of turn TURN: a phase's state is \"odd\"",
     "update turn_phase set state = 'pending' where turn_id = TURN "
     "and name = 'verify'"),
    ("insert into hold (fleet_id, rollout_id, kind, since, why) select "
     "fleet_id, rollout_id, 'strike', clock(), 'nobody works today' "
     "from rollout where rollout_id = ROLLOUT",
     'kind is "strike"', "delete from hold where kind = 'strike'"),
    ("update rollout set state = 'walking' where rollout_id = ROLLOUT",
     'rollout ROLLOUT: state is "walking"',
     "update rollout set state = 'running' where rollout_id = ROLLOUT"),
    # what fails in SQL itself, and what only the inventory's reader finds
    ("insert into hold (fleet_id, rollout_id, kind, since, until, why) select "
     "fleet_id, rollout_id, 'gate', '-infinity', 'infinity', "
     "'until the cows come home' "
     "from rollout where rollout_id = ROLLOUT",
     "infinity", "delete from hold where until = 'infinity'"),
    ("update fleet set revision = revision + 1, service = jsonb_set(service, "
     "'{format}', '\"xml\"') where name = 'mail-hel'", "no such format: xml",
     "update fleet set revision = revision + 1, service = jsonb_set(service, "
     "'{format}', '\"json\"') where name = 'mail-hel'"),
]
CHECKS = ["step_kind_check", "turn_phase_state_check", "hold_kind_check",
          "hold_finite_check"]


def by_hand(w, text):
    """As somebody who may do everything, and wakes the coordinator."""
    w.sql("set session_replication_role = replica; set search_path = "
          f"fleet_internal, pg_catalog; {text}; "
          "select wake(fleet_id) from fleet")


def drydock(w, *argv):
    run = subprocess.run([os.path.join(BIN, "drydock"), *argv], env=w.env,
                         text=True, capture_output=True)
    return run.returncode, " ".join((run.stdout + run.stderr).split())


def told(w, fleet="mail-hel"):
    return w.one("select why from fleet.hold where kind = 'database' and "
                 f"fleet = '{fleet}' and critical") or ""


def numbers(w, rollout):
    """What stands at the step that hangs."""
    turn, step, attempt = w.sql(
        "select t.turn_id, s.step_id, a.attempt_id from fleet_internal.step s "
        "join fleet_internal.turn t using (turn_id) join "
        "fleet_internal.attempt a using (step_id) where s.state = 'running' "
        f"and t.rollout_id = {rollout}")[0]
    return {"TURN": turn, "STEP": step, "ATTEMPT": attempt,
            "ROLLOUT": str(rollout)}


def fill(text, names):
    for key, value in names.items():
        text = text.replace(key, value)
    return text


def stands_still(w, rollout, row, names):
    broken, words, mended = (fill(text, names) for text in row)
    by_hand(w, broken)
    wait_for(f"it is told: {words}", lambda: words in told(w), 30)
    code, said = drydock(w, "status", str(rollout))
    assert code == 0 and words in said, said
    assert "put that row right in psql" in said, said
    by_hand(w, mended)
    wait_for(f"it is over: {words}", lambda: not told(w), 30)


@test
def a_row_that_makes_no_sense_holds_its_fleet_alone():
    with World(["mail1", "mail2"]) as w:
        w.second_fleet(["mail4", "mail5"])
        for name in CHECKS:
            table = name.rsplit("_", 2)[0]
            w.sql(f"alter table fleet_internal.{table} drop constraint {name}")
        w.put("hang-mail1-active", "")
        w.daemon()
        the_steps = steps()
        the_steps[5]["timeout_ms"] = 600000  # it hangs all the while
        r = w.start(the_steps)
        wait_for("mail1 is out", lambda: w.counts().get("unit mail1 active"),
                 60)
        names = numbers(w, r)
        for row in ROWS:
            stands_still(w, r, row, names)
        # its command ends meanwhile, and the coordinator is another one
        by_hand(w, fill(ROWS[0][0], names))
        wait_for("it is told", lambda: told(w), 30)
        w.remove("hang-mail1-active")
        w.kill()
        w.daemon()
        w.wait_state(w.start(only=["mail4"], fleet="mail-two"), "succeeded")
        assert w.counts()["work mail1"] == 2, w.counts()
        wait_for("the new one reads it too", lambda: "stands still" in
                 w.log().rsplit("begins as", 1)[1], 60)
        # whoever greets its host: the way back stays there
        assert drydock(w, "doctor", "--fleet", "mail-hel")[0] == 5
        time.sleep(0.5)  # time enough to do the wrong thing
        assert "mail1" in w.sheet("mail1"), "the way back is gone"
        assert told(w) and w.state(r) == "running"
        assert w.one("select count(*) from fleet.event where kind = "
                     "'hold.database' and message like '%moved%'") == "2"
        by_hand(w, fill(ROWS[0][2], names))
        w.wait_state(r, "succeeded")
        for b in w.backends:
            assert w.counts()[f"unit {b} active"] == 1, w.counts()
        # no rollout is in hand any more: the doctor tells it
        by_hand(w, ROWS[-1][0])
        why = wait_for("it is told", lambda: told(w), 30)
        code, said = drydock(w, "doctor", "--fleet", "mail-hel")
        assert code == 5 and "STRANGE_ROW" in said and why in said, said
        by_hand(w, ROWS[-1][2])
        wait_for("it is over", lambda: not told(w), 30)


REFUSE = """
create function refuse() returns trigger language plpgsql as $$
begin
	raise exception 'the audit table is full';
end $$;
create trigger refuse before update on fleet_internal.step for each row
when (new.name = 'change' and new.state = 'running') execute function refuse()
"""


def refused_at(w):
    """When each was logged."""
    return [datetime.datetime.fromisoformat(line.split()[0].rstrip("Z"))
            for line in w.log().splitlines() if "audit table" in line]


def refusals(w):
    """Begun, and over: an event each."""
    return [row[0] for row in w.sql(
        "select kind from fleet.event where message ~ 'audit table is full' "
        "order by seq")]


@test
def what_the_database_refuses_is_told_once():
    """Refused with it: that the step before has ended."""
    with World(["mail1", "mail2"]) as w:
        w.sql(REFUSE)
        w.put("hang-mail1-active", "")
        w.daemon()
        r = w.start()
        why = wait_for("it is told", lambda: told(w), 60)
        assert why == "the database refuses: the audit table is full", why
        code, said = drydock(w, "status", str(r))
        for words in ("DATABASE (critical) write since", why,
                      "tried again within a minute", f"drydock abort {r}"):
            assert words in said, (words, said)
        code, said = drydock(w, "doctor", "--fleet", "mail-hel")
        assert code == 5 and "DATABASE_REFUSES" in said, said
        w.kill()
        before = len(refused_at(w))
        w.daemon()
        wait_for("the next coordinator is refused, and again",
                 lambda: len(refused_at(w)) > before + 1, 60)
        assert told(w) == why
        first, again = refused_at(w)[-2:]
        assert (again - first).total_seconds() > 2.5, w.log()
        assert refusals(w) == ["hold.database"], refusals(w)
        w.sql("drop trigger refuse on fleet_internal.step")
        wait_for("it goes on", lambda: w.counts().get("unit mail1 active"), 60)
        wait_for("it is over", lambda: not told(w), 30)
        assert refusals(w) == ["hold.database", "hold.ended"], refusals(w)
        w.remove("hang-mail1-active")
        w.wait_state(r, "succeeded")
        assert refusals(w) == ["hold.database", "hold.ended"], refusals(w)
        each_ran_once(w, w.backends)
        w.sql("revoke execute on function fleet_internal.beat(int, uuid) "
              "from fleet_coordinator")
        wait_for("a refused heartbeat is told", lambda: "the heartbeat is "
                 "refused, so others take the fleets: permission denied"
                 in w.log(), 60)
        why = "select why from fleet.no_coordinator"
        wait_for("who asks is told that one is there all the same",
                 lambda: "and writes no heartbeat; the last one was of" in
                 (w.one(why) or ""), 60)


main()
