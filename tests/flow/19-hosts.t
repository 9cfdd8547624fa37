#!/usr/bin/env python3
"""19-hosts - what is left on hosts, and who tells them that it may go.

usage: 19-hosts.t [TEST…]
"""
import json
import os
import subprocess

from engine_lib import BIN, World, main, steps, test, wait_for

FORGOTTEN = "the hosts forgot"


def clock(w, offset):
    w.one("insert into fleet_internal.clock_offset values (true, "
          f"'{offset}') on conflict (only_one) do update set offset_by = "
          f"'{offset}'")


def floors(w):
    """host: the floor in its journal, 0 when it never forgot."""
    out = {}
    for name in os.listdir(f"{w.top}/hosts"):
        seen = [r["floor"] for r in w.records(name) if r["t"] == "floor"]
        out[name] = seen[-1] if seen else 0
    return out


def sheet_path(w, host):
    return f"{w.root(host)}/var/lib/drydock/SHEET"


@test
def agents_forget_an_hour_after_a_rollout_ended():
    with World(["mail1", "mail2"]) as w:
        w.daemon()
        first = w.start()
        w.wait_state(first, "succeeded")
        last = int(w.one("select last_seq from fleet_internal.rollout where "
                         f"rollout_id = {first}"))
        assert last == int(w.one("select max(seq) from "
                                 "fleet_internal.attempt")), last
        assert set(floors(w).values()) == {0}, floors(w)
        # one of them is away meanwhile, and the coordinator is killed
        w.silence("mail2")
        w.kill_agents("mail2")
        clock(w, "61 min")
        wait_for(FORGOTTEN, lambda: sorted(
            n for n, f in floors(w).items() if f == last) ==
            ["dir1", "dir2", "mail1"], 60)
        w.kill()
        w.speak("mail2")
        # what a coordinator that died could not take away any more
        with open(sheet_path(w, "mail2"), "w") as f:
            f.write("drydock is working on this host\n")
        w.daemon()
        wait_for(FORGOTTEN, lambda: floors(w)["mail2"] == last, 60)
        wait_for("the old sheet is gone",
                 lambda: not os.path.exists(sheet_path(w, "mail2")), 60)
        # and the next rollout is not refused anything
        second = w.start()
        w.wait_state(second, "succeeded")
        assert w.counts()["unit mail2 inactive"] == 2, w.counts()
        least = int(w.one(
            "select min(seq) from fleet_internal.attempt a join "
            "fleet_internal.step using (step_id) join fleet_internal.turn "
            f"using (turn_id) where rollout_id = {second}"))
        assert least > last
        return f"floor {last}"


@test
def the_sheet_of_a_backend_that_is_left_out_stays():
    with World(["mail1", "mail2"]) as w:
        w.put("fail-mail1-active", "")
        w.daemon()
        r = w.start()
        w.wait_turn(r, 0, "held")
        path = sheet_path(w, "mail1")
        assert os.path.exists(path)
        w.one(f"select fleet.abort({r}, 'enough')")
        w.wait_turn(r, 0, "out")
        w.wait_state(r, "aborted")
        w.kill()
        w.daemon()
        w.wait_greeted()
        assert os.path.exists(path), "the way back is gone"
        # by hand, as the sheet says; then a person asks for it
        w.put("run/mail1", "active\n")
        w.put("ring/127.0.1.1", "100 up\n")
        w.one("select fleet.include(fleet := 'mail-hel', backend := 'mail1')")
        wait_for("it is back", lambda: w.one(
            "select count(*) from fleet_internal.outage where back_at is null")
            == "0", 60)
        wait_for("the sheet is gone", lambda: not os.path.exists(path), 60)


LONG = """
echo "work $1" >>FILES/count
seq 1 60000
seq 1 3000 >&2
"""


def drydock(w, *argv):
    run = subprocess.run([f"{BIN}/drydock", *argv], env=w.env, text=True,
                         capture_output=True)
    return run.returncode, run.stdout + run.stderr


def streams(w):
    """step, stream, bytes, bytes here, whole as told, why not."""
    return w.sql(
        "select s.name, o.stream, bytes, octet_length(head || coalesce(rest, "
        "'')), coalesce(encode(sha256(head || coalesce(rest, '')), 'hex') = "
        "o.sha256, false), coalesce(pull_why, '') from fleet_internal.output "
        "o join fleet_internal.attempt using (attempt_id) join "
        "fleet_internal.step s using (step_id) where bytes > 8192 "
        "order by 1, 2")


@test
def the_rest_of_a_long_output_is_pulled_but_nothing_discarded():
    with World(["mail1", "mail2"]) as w:
        w.put("work", LONG.replace("FILES", w.files))
        the_steps = steps()
        assert the_steps[4]["name"] == "change"
        the_steps[4]["output"] = "discard"
        w.daemon()
        r = w.start(the_steps, only=["mail1"])
        wait_for("it printed", lambda: len(streams(w)) >= 2, 60)
        w.kill()
        w.daemon()
        w.wait_state(r, "succeeded")
        wait_for("the rest is here", lambda: [
            s[4] for s in streams(w) if s[0] == "flushed"] == ["t", "t"], 60)
        for step, stream, size, here, whole, why in streams(w):
            assert int(size) == {"out": 348894, "err": 13893}[stream]
            if step == "change":
                assert here == "" and whole == "f", "it was discarded"
            else:
                assert here == size and why == "", (step, stream, why)
        code, text = drydock(w, "log", str(r), "--step", "flushed",
                             "--output")
        assert code == 0 and "  | 59999\n  | 60000\n" in text, text[-300:]
        assert "there was more" not in text
        # an agent that kept something else than it counted
        w.sql("update fleet_internal.output set rest = null, pulled_at = null "
              "where stream = 'out' and head is not null")
        w.kill()
        w.sql("select fleet_internal.pull_done(fleet_id, epoch, attempt_id, "
              "'out', convert_to(repeat('x', bytes::int - 8192), 'UTF8'), "
              "null) from fleet_internal.output, fleet_internal.fleet "
              "where stream = 'out' and head is not null and bytes > 8192")
        lie = [s for s in streams(w) if s[:2] == ["flushed", "out"]][0]
        assert lie[3] == "8192" and "not what it counted" in lie[5], lie
        assert w.one("select count(*) from fleet.event where kind = "
                     "'output.differs' and backend = 'mail1'") == "1"
        code, text = drydock(w, "log", str(r), "--step", "flushed",
                             "--output")
        assert "(there was more: what the host kept is not" in text


@test
def a_second_fleet_that_hosts_do_not_know_harms_nobody():
    with World(["mail1", "mail2"]) as w:
        w.second_fleet(["mail4", "mail5"])
        for name in ("dir1", "dir2"):
            w.conf(name, "mail-hel")
        w.daemon()
        first = w.start()
        w.wait_state(first, "succeeded")
        assert w.counts()["unit mail2 inactive"] == 1
        second = w.plan(only=["mail4"], fleet="mail-two")
        code, text = drydock(w, "check", str(second))
        assert code == 5 and "FLEET_NAME" in text, (code, text)
        assert "add fleet = NAME to /etc/drydock/agent.conf there" in text
        w.one(f"select fleet.start({second})")
        why = wait_for("it says what is missing", lambda: w.one(
            "select why from fleet.hold where rollout = "
            f"{second} and why like '%FLEET_NAME dir1%'"), 90)
        assert "FLEET_NAME dir2" in why and "FLEET_NAME mail4" not in why, why
        code, text = drydock(w, "status", str(second))
        assert "FLEET_NAME dir1" in " ".join(text.split()), text
        assert "unit mail4 inactive" not in w.counts()
        for name in ("dir1", "dir2"):
            w.speak(name)
        w.wait_state(second, "succeeded", 120)


def findings(w, *more):
    """exit code, {code: [host or backend or ""]} of what is not ok."""
    code, text = drydock(w, "doctor", "-o", "json", *more)
    found = {}
    for f in json.loads(text.split("\n", 1)[0])["findings"]:
        if f["severity"] != "ok":
            assert f["hint"], f
            found.setdefault(f["code"], []).append(
                f["host"] or f["backend"] or "")
    return code, found


@test
def doctor_finds_what_is_left_and_takes_away_what_is_ours():
    with World(["mail1", "mail2"]) as w:
        os.mkdir(f"{w.files}/vmail")
        w.allow("change clean <path under FILES/vmail>")
        w.daemon()
        r = w.start(only=["mail1"])
        w.wait_state(r, "succeeded")
        attempt = w.one("select attempt_id from fleet_internal.attempt join "
                        "fleet_internal.step s using (step_id) where s.name "
                        "= 'flushed'")
        # what a killed change, a person and a clean leave behind
        trash = f"{w.files}/vmail/box/.drydock-trash-{attempt}"
        os.makedirs(trash)
        held = f"{w.root('mail1')}/var/lib/drydock/held"
        open(held, "w").close()
        status = f"{w.root('mail2')}/var/lib/dpkg/status"
        os.makedirs(os.path.dirname(status))
        with open(status, "w") as f:
            f.write("Package: dovecot-core\nStatus: hold ok installed\n\n"
                    "Package: bash\nStatus: install ok installed\n")
        code, found = findings(w)
        everybody = ["dir1", "dir2", "mail1", "mail2"]
        assert code == 5 and found == {
            "LEFT_POLICY": ["mail1"], "APT_HOLD": ["mail2"],
            "LEFT_TRASH": everybody, "PIN_MISSING": everybody}, found
        rows = w.sql("select what, name, rollout, step, ours, remove from "
                     "fleet.residue where host in ('mail1', 'mail2') and "
                     "not (host = 'mail2' and what = 'trash') order by 1")
        assert rows == [
            ["apt-hold", "dovecot-core", "", "", "f",
             "apt-mark unhold dovecot-core"],
            ["policy", "policy-rc.d", "", "", "t", "drydock doctor --fix"],
            ["trash", trash, str(r), "flushed", "t", f"rm -r {trash}"]], rows
        # a look changes nothing; --fix only what carries our mark
        assert os.path.exists(held)
        code, found = findings(w, "--fix")
        assert code == 5 and "LEFT_POLICY" not in found, found
        assert not os.path.exists(held) and os.path.isdir(trash)
        assert found["APT_HOLD"] == ["mail2"]
        # a person does the rest
        os.rmdir(trash)
        os.unlink(status)
        w.sql("update fleet_internal.host set host_keys = "
              "'{ssh-ed25519 AAAA}'")
        code, text = drydock(w, "doctor")
        assert code == 0 and "nothing is left over" in text, text
        assert "LISTEN" in text and "1 ok" in text, text
        assert w.sql("select * from fleet.residue") == []
        # nobody to ask: said at once, and not waited for
        w.kill()
        w.sql("update fleet_internal.coordinator set beat_at = beat_at - "
              "interval '1 min'")
        code, found = findings(w)
        assert code == 5 and found == {"NO_COORDINATOR": [""],
                                       "DEAD_COORDINATOR": [""]}, found


main()
