#!/usr/bin/env python3
"""19-hosts - what is left on hosts, and who tells them that it may go.

usage: 19-hosts.t [TEST…]
"""
import os
import shutil
import subprocess

from engine_lib import BIN, World, inventory, main, steps, test, wait_for

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


def channels(w, host):
    """The relays that a coordinator's channels to that host began."""
    mark = f"DRYDOCK_AGENT_ROOT={w.root(host)}\0".encode()
    found = set()
    for pid in w.agent_pids():
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                ours = mark in f.read() + b"\0"
            with open(f"/proc/{pid}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if ours and parent in [d.pid for d in w.daemons.values()]:
            found.add(pid)
    return found


@test
def a_host_that_left_the_inventory_is_left_alone():
    with World(["mail1", "mail2", "mail3"]) as w:
        w.daemon()
        w.wait_greeted()
        hosts = ["dir1", "dir2", "mail1", "mail2", "mail3"]
        before = {h: channels(w, h) for h in hosts}
        assert all(before.values()), before
        w.sql_json("select fleet.import(:'v'::jsonb, prune := true)",
                   w.fill(inventory(["mail1", "mail2"])))
        wait_for("its channel is closed", lambda: not channels(w, "mail3"), 30)
        # it is welcome when it comes back; the others noticed nothing
        w.sql_json("select fleet.import(:'v'::jsonb)",
                   w.fill(inventory(["mail1", "mail2", "mail3"])))
        rollout = w.start()
        w.wait_state(rollout, "succeeded")
        after = {h: channels(w, h) for h in hosts}
        assert after.pop("mail3") and not before["mail3"] & channels(
            w, "mail3"), after
        assert all(before[h] == after[h] for h in after), (before, after)


def machine(w, name, text):
    with open(f"{w.root(name)}/etc/machine-id", "w") as f:
        f.write(f"{text}\n")


def why_silent(w, name):
    return w.one("select why_silent from fleet.host where host = "
                 f"'{name}'") or ""


@test
def a_copy_of_another_machine_is_told_and_not_used():
    with World(["mail1", "mail2", "mail3"]) as w:
        w.sql("update fleet_internal.host set machine_id = repeat('1', 32) "
              "where name = 'mail1'")
        for name in ("mail1", "mail3"):
            machine(w, name, "1" * 32)
        w.daemon()
        why = "it is another machine: this machine is known as mail1"
        wait_for("it is told", lambda: why_silent(w, "mail3") == why, 30)
        r = w.start()
        wait_for("it is a hold", lambda: w.one(
            "select count(*) from fleet.hold where gate = 'check' and "
            f"position('MACHINE_ID mail3: {why};' in why) > 0") == "1", 60)
        for argv, code in ((["status", str(r)], 0), (["doctor"], 5)):
            found, text = drydock(w, *argv)
            text = " ".join(text.split())
            assert found == code and "MACHINE_ID mail3" in text, text
        assert "if it is a copy, on mail3: rm /etc/machine-id" in text, text
        assert not w.counts(), w.counts()
        machine(w, "mail3", "3" * 32)
        w.kill_agents("mail3")
        shutil.rmtree(f"{w.root('mail3')}/var/lib/drydock")
        code, text = drydock(w, "check", str(r))
        assert code == 0, text
        w.wait_state(r, "succeeded")
        assert not why_silent(w, "mail3"), why_silent(w, "mail3")
        assert w.counts()["unit mail3 active"] == 1, w.counts()
        events = [row[0] for row in w.sql(
            "select kind from fleet.event where kind ~ '^hold' and message "
            "~ 'another machine' order by seq")]
        assert events == ["hold.ended"], events  # it began as the check did


@test
def a_host_that_was_set_up_anew_is_taken_when_its_keys_are_pinned():
    with World(["mail1", "mail2", "mail3"]) as w:
        w.sql("update fleet_internal.host set machine_id = repeat('9', 32) "
              "where name = 'mail3'")
        machine(w, "mail3", "3" * 32)
        w.daemon()
        r = w.start()
        why = ("it is another machine: its machine id is " + "3" * 32 +
               ", not " + "9" * 32 + " as before")
        wait_for("it is told", lambda: why_silent(w, "mail3") == why, 60)
        code, text = drydock(w, "doctor")
        assert code == 5 and "drydock host pin mail3 --scan" in text, text
        key = os.path.join(w.top, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        key], check=True)
        code, text = drydock(w, "--yes", "host", "pin", "mail3",
                             "--from-file", f"{key}.pub")
        assert code == 0, text
        w.wait_state(r, "succeeded", 150)
        assert w.one("select machine_id from fleet.host where host = 'mail3' "
                     "and why_silent is null") == "3" * 32


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


def kept_otherwise(w):
    """Row 34: a byte that changed behind its count, and a file that grew."""
    w.kill()
    attempt = w.one("update fleet_internal.output set rest = null, pulled_at "
                    "= null where head is not null and bytes > 8192 returning "
                    "attempt_id")
    kept = f"{w.root('mail1')}/var/lib/drydock/out/{attempt}"
    with open(f"{kept}.out", "r+b") as f:
        f.seek(20000)
        f.write(b"!")
    with open(f"{kept}.err", "ab") as f:
        f.write(b"more\n")
    w.daemon()
    wait_for("both are told", lambda: w.one(
        "select count(*) from fleet_internal.output where pull_why is not "
        "null") == "2", 60)


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
        kept_otherwise(w)
        lie = [s for s in streams(w) if s[:2] == ["flushed", "out"]][0]
        assert lie[3] == "8192" and "not what it counted" in lie[5], lie
        longer = [s for s in streams(w) if s[:2] == ["flushed", "err"]][0]
        assert longer[3] == "8192" and "other bytes" in longer[5], longer
        assert w.one("select count(*) from fleet.event where kind = "
                     "'output.differs' and backend = 'mail1'") == "1"
        code, text = drydock(w, "log", str(r), "--step", "flushed",
                             "--output")
        assert "(there was more: what the host kept is not" in text


main()
