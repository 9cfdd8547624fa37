#!/usr/bin/env python3
"""13-memory - lost commits, unknown ends, built-in actions with their undo.

usage: 13-memory.t [TEST…]
"""
import os
import shutil
import subprocess

from engine_lib import BIN, World, address, main, steps, test, wait_for
from records_lib import records_agree


def each_ran_once(w):
    counts = w.counts()
    for b in w.backends:
        assert counts[f"unit {b} inactive"] == 1, counts
        assert counts[f"unit {b} active"] == 1, counts
        assert counts[f"work {b}"] == 2, counts
        assert counts[f"ring {address(b)} 0 up"] == 1, counts


@test
def a_database_that_lost_its_last_commits_costs_no_second_run():
    with World() as w:
        the_steps = steps()
        the_steps[1]["poll"].update(until="gone.text == yes",
                                    at_most_ms=90000)
        w.put("gone", "no\n")
        w.probe("gone", ["sh", "FILES/gone-show"], "echo $(cat FILES/gone)\n")
        w.daemon()
        r = w.start(the_steps)
        wait_for("it drains", lambda: w.one(
            "select count(*) from fleet_internal.step where state = 'running' "
            "and kind = 'poll'") == "1")
        w.database_stop()
        shutil.copytree(f"{w.pg}/data", f"{w.pg}/old", symlinks=True)
        subprocess.run(["chown", "-R", "postgres", f"{w.pg}/old"], check=True)
        w.database_up()
        w.put("hang-work-2", "")
        w.put("gone", "yes\n")
        wait_for("it is being changed",
                 lambda: w.counts().get("work mail1") == 2, 40)
        epoch = int(w.one("select epoch from fleet_internal.fleet"))
        w.kill()
        w.database_kill()
        shutil.rmtree(f"{w.pg}/data")
        os.rename(f"{w.pg}/old", f"{w.pg}/data")
        w.database_up()
        assert w.one("select count(*) from fleet_internal.attempt") == "1"
        w.remove("hang-work-2")
        w.daemon()
        w.wait_state(r, "succeeded", 90)
        each_ran_once(w)
        assert int(w.one("select epoch from fleet_internal.fleet")) > epoch
        adopted = w.one("select count(*) from fleet_internal.attempt "
                        "where origin = 'journal'")
        assert int(adopted) >= 2, adopted
        return f"{adopted} adopted"


@test
def an_unknown_end_without_a_check_waits_for_a_person():
    with World() as w:
        the_steps = steps()
        w.put("work", "echo \"work $1\" >>FILES/count\n"
              "while [ -e FILES/hang ]; do sleep 0.05; done\n".replace(
                  "FILES", w.files))
        for s in the_steps:
            s.pop("idempotent", None)
        w.put("hang", "")
        w.daemon()
        r = w.start(the_steps)
        wait_for("it works", lambda: w.counts().get("work mail1"))
        w.kill_agents("mail1")
        w.wait_turn(r, 0, "held", 90)
        assert "settle" in w.one("select why from fleet_internal.hold "
                                 "where ended_at is null")
        w.remove("hang")
        w.one(f"select fleet.settle({r}, 'flushed', true, 'looked at it')")
        w.wait_state(r, "succeeded")
        assert w.counts()["work mail1"] == 2, w.counts()


def works(w, backend):
    wait_for(f"it works on {backend}", lambda: w.counts().get(
        f"work {backend}"))


def accept_loss(w, name):
    subprocess.run(
        [f"{BIN}/drydock-agent", "--journal-accept-loss", "looked at it"],
        check=True, stdout=subprocess.DEVNULL,
        env={**os.environ, "DRYDOCK_AGENT_ROOT": w.root(name)})


def settled(w, r, turn, backend):
    """Held, for nobody knows; the person who looked has it done anew."""
    w.wait_turn(r, turn, "held", 90)
    why = w.one("select why from fleet_internal.hold where ended_at is null")
    assert "nobody knows" in why and "settle" in why, why
    assert w.counts()[f"work {backend}"] == 1, w.counts()
    w.one(f"select fleet.settle({r}, 'flushed', false, 'looked at it', "
          f"'{backend}')")
    wait_for("the hold says what is left", lambda: w.one(
        "select max(why) from fleet_internal.hold where ended_at is null")
        == "flushed was not done, so it is said: retry it, or restore")
    assert w.counts()[f"work {backend}"] == 1, w.counts()
    w.one(f"select fleet.retry({r}, '{backend}')")


@test
def what_ran_when_a_journal_was_lost_is_not_begun_again():
    """Its directory is taken away under a command that runs; on the next
    backend only the file, and its loss is accepted."""
    with World() as w:
        the_steps = steps()
        w.put("work", "echo \"work $1\" >>FILES/count\n"
              "while [ -e FILES/hang-$1 ]; do sleep 0.05; done\n".replace(
                  "FILES", w.files))
        for s in the_steps:
            s.pop("idempotent", None)
        for backend in ("mail1", "mail2"):
            w.put(f"hang-{backend}", "")
        w.daemon()
        r = w.start(the_steps, only=["mail1", "mail2"])
        works(w, "mail1")
        state = os.path.join(w.root("mail1"), "var/lib/drydock")
        w.kill_agents("mail1")
        shutil.rmtree(state)
        os.mkdir(state, 0o700)
        w.remove("hang-mail1")
        settled(w, r, 0, "mail1")
        works(w, "mail2")
        w.kill_agents("mail2")
        os.unlink(os.path.join(w.root("mail2"), "var/lib/drydock/journal"))
        w.remove("hang-mail2")
        why, what = wait_for("the host's screen says so", lambda: (w.sql(
            "select why_silent, type_next from fleet.host where host = 'mail2' "
            "and why_silent like 'its journal%'") or [None])[0])
        assert "missing" in why and "--journal-accept-loss" in what, (why,
                                                                      what)
        accept_loss(w, "mail2")
        settled(w, r, 1, "mail2")
        w.wait_state(r, "succeeded")
        assert w.counts()["work mail1"] == w.counts()["work mail2"] == 3, \
            w.counts()


@test
def a_copied_file_is_put_back_by_its_own_undo():
    with World() as w:
        w.put("conf", "old\n")
        w.put("fail-work-mail1", "")
        w.allow(f"change copy <path under {w.files}>")
        sha = w.one("select fleet.put_content('new\n'::bytea)")
        the_steps = steps()
        copy = {"name": "conf", "phase": "drain", "kind": "copy",
                "target": "backend", "timeout_ms": 20000,
                "copy": {"sha256": sha, "to": "FILES/conf"}}
        the_steps.insert(2, copy)
        w.daemon()
        r = w.start(the_steps, only=["mail1"])
        w.wait_turn(r, 0, "held")
        assert w.read("conf") == "new"
        w.one(f"select fleet.restore({r})")
        w.wait_turn(r, 0, "restored")
        assert w.read("conf") == "old"
        assert w.read(f"ring/{address('mail1')}") == "100 up"


def flushed_again(w, backend, state):
    """One more attempt, as the rows have it, that never came to its host."""
    step = ("(select s.step_id from fleet_internal.step s "
            "join fleet_internal.turn using (turn_id) "
            "join fleet_internal.backend b using (backend_id) "
            f"where s.name = 'flushed' and b.name = '{backend}')")
    w.sql("insert into fleet_internal.attempt (attempt_id, step_id, nr, "
          "host_id, after, seq, epoch, argv, note, sent_at) "
          "select gen_random_uuid(), step_id, nr + 1, host_id, attempt_id, "
          "seq, epoch, argv, note, sent_at from fleet_internal.attempt "
          f"where step_id = {step}; "
          f"update fleet_internal.attempt set state = '{state}', "
          f"ended_at = fleet_internal.clock() where step_id = {step} "
          "and nr = 2")


@test
def one_that_was_abandoned_before_it_came_bars_no_way():
    """As when a member was gone, and is asked again once it is back.  What
    the rows call ended and no journal knows is for a person."""
    with World() as w:
        w.put("fail-work-mail1", "")
        w.put("fail-work-mail2", "")
        w.daemon()
        r = w.start(only=["mail1", "mail2"])
        w.wait_turn(r, 0, "held")
        flushed_again(w, "mail1", "abandoned")
        w.remove("fail-work-mail1")
        w.one(f"select fleet.retry({r}, 'mail1')")
        w.wait_turn(r, 1, "held")
        assert w.turns(r)[0] == "done", w.turns(r)
        flushed_again(w, "mail2", "ended")
        w.remove("fail-work-mail2")
        w.one(f"select fleet.retry({r}, 'mail2')")
        why = wait_for("it is held again", lambda: w.one(
            "select max(why) from fleet_internal.hold where ended_at is null "
            "and why like '%refused (after)%'"))
        assert why.startswith("flushed: mail2 refused (after): "), why
        w.one(f"select fleet.restore({r})")
        w.wait_turn(r, 1, "restored")
        states = w.sql("select a.state from fleet_internal.attempt a join "
                       "fleet_internal.step s using (step_id) "
                       "where s.name = 'flushed' order by step_id, a.nr")
        assert [s for s, in states] == ["ended", "abandoned", "ended"] + [
            "ended", "ended", "unsent"], states


def copy(w, name, text, **more):
    sha = w.one(f"select fleet.put_content('{text}\n'::bytea)")
    return {"name": name, "phase": "drain", "kind": "copy",
            "target": "backend", "timeout_ms": 60000,
            "copy": {"sha256": sha, "to": f"FILES/{name}", **more}}


@test
def a_refused_content_is_no_refused_copy():
    """Of a copy that runs there the content is not put again; of one that was
    never sent, a refused content is its end: nothing was done."""
    with World() as w:
        w.allow("change copy <path under FILES>\nread sh FILES/checked")
        # not in the dry run of the check before
        w.put("checked", "grep -q ^0 FILES/ring/ADDRESS || exit 0\n"
              "echo checked >>FILES/count\n"
              "while [ -e FILES/hang ]; do sleep 0.05; done\n"
              .replace("FILES", w.files).replace("ADDRESS",
                                                 address("mail1")))
        w.put("hang", "")
        the_steps = steps()
        the_steps[2:2] = [copy(w, "runs", "new",
                               validate=["sh", "FILES/checked"]),
                          copy(w, "comes", "newer")]
        w.daemon()
        r = w.start(the_steps, only=["mail1"])
        wait_for("it is being copied", lambda: w.counts().get("checked"))
        w.kill()
        content = os.path.join(w.root("mail1"), "var/lib/drydock/content")
        shutil.rmtree(content)
        with open(content, "w"):
            pass  # nothing can be put now
        w.daemon("ops2")
        wait_for("the copy is asked for",
                 lambda: "runs: attempt" in w.log("ops2"))
        w.remove("hang")
        w.wait_turn(r, 0, "held")
        assert w.read("runs") == "new" and w.counts()["checked"] == 1
        why = w.one("select why from fleet_internal.hold "
                    "where ended_at is null")
        assert why.startswith("comes: mail1 refused (space): "), why
        os.unlink(content)
        w.one(f"select fleet.retry({r}, 'mail1')")
        w.wait_state(r, "succeeded")
        assert w.read("comes") == "newer"
        states = w.sql("select s.name, a.state from fleet_internal.attempt a "
                       "join fleet_internal.step s using (step_id) "
                       "where s.kind = 'copy' order by a.nr, s.name")
        assert [tuple(s) for s in states] == [
            ("comes", "unsent"), ("runs", "ended"), ("comes", "ended")], states
        records_agree(w, r)


main()
