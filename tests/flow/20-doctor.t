#!/usr/bin/env python3
"""20-doctor - what is not in order on hosts: told, and by whom it is mended.

usage: 20-doctor.t [TEST…]
"""
import json
import os
import re
import shlex
import subprocess

from clock_lib import ClockWorld
from engine_lib import BIN, World, address, main, test, wait_for

# what no terminal should get: control characters, and a text turned around
RAW = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e]")
EVIL = "a\x1b]0;owned\x07\x1b[2J\u202e\u009b"


def drydock(w, *argv):
    run = subprocess.run([f"{BIN}/drydock", *argv], env=w.env, text=True,
                         capture_output=True)
    return run.returncode, run.stdout + run.stderr


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
             "apt-mark unhold -- dovecot-core"],
            ["policy", "policy-rc.d", "", "", "t", "drydock doctor --fix"],
            ["trash", trash, str(r), "flushed", "t", f"rm -r -- {trash}"]], rows
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
        assert "LISTEN" in text and "SCHEMA" in text, text
        assert w.sql("select * from fleet.residue") == []
        # a schema that another release made
        w.sql("create table kept as select * from "
              "fleet_internal.schema_migration order by version desc limit 1;"
              "delete from fleet_internal.schema_migration m using kept k "
              "where m.version = k.version")
        code, text = drydock(w, "doctor")
        assert code == 5 and "drydock init   (upgrades it)" in text, text
        w.sql("insert into fleet_internal.schema_migration select * from "
              "kept; insert into fleet_internal.schema_migration (version, "
              "name, sha256) values (9999, 'later', repeat('0', 64))")
        code, text = drydock(w, "doctor")
        assert code == 5 and "schema 9999, this drydock was" in text, text
        assert "or a later release" in text, text
        w.sql("delete from fleet_internal.schema_migration where version "
              "= 9999")
        # nobody to ask: said at once, and not waited for
        w.kill()
        w.sql("update fleet_internal.coordinator set beat_at = beat_at - "
              "interval '1 min'")
        code, found = findings(w)
        assert code == 5 and found == {"NO_COORDINATOR": [""],
                                       "DEAD_COORDINATOR": [""]}, found


def told(w, code):
    """What a doctor says under that code: severity, message, hint."""
    _, text = drydock(w, "doctor", "-o", "json")
    return [(f["severity"], f["message"], f["hint"]) for f in
            json.loads(text.split("\n", 1)[0])["findings"]
            if f["code"] == code]


def clean(w):
    code, text = drydock(w, "doctor")
    assert code == 0 and "nothing is left over" in text, text


def typed(w, hint):
    """The first command of a hint, as it stands there."""
    argv = shlex.split(hint.split("   (")[0])
    assert argv[0] == "drydock", hint
    code, text = drydock(w, *argv[1:])
    assert code == 0, (hint, text)


def nobody_owns_it(w):
    """Aborted where it could not come back; then somebody mends it."""
    w.put("fail-mail1-active", "")
    r = w.start(only=["mail1"])
    w.wait_turn(r, 0, "held")
    w.one(f"select fleet.abort({r}, 'enough')")
    w.wait_state(r, "aborted")
    [(severity, message, hint)] = told(w, "BACKEND_OUT")
    assert severity == "warning", severity
    assert f"rollout {r} is over and nobody owns it" in message, message
    assert hint.startswith("drydock include mail1 --fleet mail-hel"), hint
    assert "drydock exclude mail1 --accept-out" in hint, hint
    [(severity, message, _)] = told(w, "LEFT_SHEET")
    assert severity == "ok" and "how to finish by hand" in message, message
    [row] = w.sql("select name, remove from fleet.residue "
                  "where what = 'sheet'")
    assert row == ["/var/lib/drydock/SHEET", "drydock include mail1"], row
    w.remove("fail-mail1-active")
    w.put("run/mail1", "active\n")
    w.put(f"ring/{address('mail1')}", "100 up\n")
    typed(w, hint)
    wait_for("it is in service again", lambda: w.one(
        "select count(*) from fleet_internal.outage where back_at is null")
        == "0", 60)
    wait_for("its sheet is gone", lambda: not told(w, "LEFT_SHEET"), 60)
    clean(w)


def roles_and_clock(w):
    w.sql("insert into fleet_internal.clock_offset values (true, '1 s')")
    [(severity, message, hint)] = told(w, "CLOCK_MOVED")
    assert severity == "error" and "00:00:01" in message, message
    statement, who = hint.split("   (as ")
    w.sql(f"set role {who.strip(')')}; {statement}")
    clean(w)
    for role in ("fleet_reader", "fleet_operator"):
        w.sql(f"drop owned by {role}; drop role {role}")
        [(severity, message, hint)] = told(w, "ROLE_MISSING")
        assert severity == "error" and role in message, message
        typed(w, hint)
        w.sql(f"set role {role}; select * from fleet.fleet")
        clean(w)
    w.clock("wall", 300)
    faults = wait_for("the clocks differ", lambda: [
        f for f in told(w, "CLOCK_SKEW") if f[0] == "error"], 60)
    assert len(faults) == 4 and "timedatectl" in faults[0][2], faults
    assert "its clock is 5m" in faults[0][1], faults
    w.clock("wall", 0)
    wait_for("and agree", lambda: not [
        f for f in told(w, "CLOCK_SKEW") if f[0] != "ok"], 60)
    clean(w)


def hostile_words(w):
    """What a host says reaches nobody as it is."""
    status = f"{w.root('mail2')}/var/lib/dpkg/status"
    os.makedirs(os.path.dirname(status))
    with open(status, "w") as f:
        f.write(f"Package: {EVIL}'\nStatus: hold ok installed\n\n")
    release = w.hold("mail2", EVIL)
    found = wait_for("both are told", lambda: told(w, "HOST_HELD") and
                     told(w, "APT_HOLD"), 60)
    assert EVIL in found[0][1], found
    for argv in (["doctor"], ["doctor", "-o", "json"], ["status"],
                 ["host", "list", "-o", "csv"], ["host", "show", "mail2"]):
        code, text = drydock(w, *argv)
        assert not RAW.search(text), (argv, text)
        assert argv[0] != "doctor" or "owned" in text, text
    assert w.one("select remove from fleet.residue where what = 'apt-hold'"
                 ).startswith("apt-mark unhold -- 'a")
    release()
    os.unlink(status)
    wait_for("it is over", lambda: not told(w, "HOST_HELD"), 60)
    clean(w)


@test
def what_it_says_is_done_and_then_nothing_is_left():
    with ClockWorld(["mail1", "mail2"]) as w:
        w.sql("update fleet_internal.host set host_keys = "
              "'{ssh-ed25519 AAAA}'")
        w.daemon()
        w.wait_greeted()
        clean(w)
        nobody_owns_it(w)
        roles_and_clock(w)
        hostile_words(w)


main()
