#!/usr/bin/env python3
"""17-hooks - somebody is told: hooks run for events, at least once, bounded,
without holding up the engine; the shipped examples against a sink of ours.

usage: 17-hooks.t [TEST…]
"""
import base64
import email
import http.server
import json
import os
import signal
import subprocess
import threading
import time

from engine_lib import BIN, HEAR, TOP, World, main, test, wait_for

HOOKS = os.path.join(TOP, "deploy/hooks")


def program(w, name, text):
    path = os.path.join(w.top, name)
    with open(path, "w") as f:
        f.write("#!/bin/bash\n" + text.replace("FILES", w.files))
    os.chmod(path, 0o755)
    return path


def heard(w, name="heard"):
    """Events that a program wrote, one a line; whole lines only."""
    try:
        with open(os.path.join(w.files, name)) as f:
            return [json.loads(x) for x in f if x.endswith("\n")]
    except FileNotFoundError:
        return []


def kinds(w, name="heard"):
    return [e["kind"] for e in heard(w, name)]


def shift(w, by):
    w.sql("insert into fleet_internal.clock_offset values (true, "
          f"'{by}') on conflict (only_one) do update set offset_by = "
          "clock_offset.offset_by + excluded.offset_by")


def drydock(w, *argv):
    return subprocess.run([f"{BIN}/drydock", *argv], env=w.env, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)


def runs(w, hook):
    return [tuple(r) for r in w.sql(
        "select kind, state, attempts, result from fleet.hook_run "
        f"where hook = '{hook}' order by run")]


@test
def a_halt_and_the_end_are_told_and_nothing_waits_for_a_hook():
    with World() as w:
        tell = program(w, "tell", HEAR +
                       "env >FILES/env; ls -l /proc/self/fd >FILES/fds\n"
                       "echo told $1 $2\n")
        # its last run may outlive a daemon that is killed: not for ever
        slow = program(w, "slow", "trap '' TERM\n"
                       "for _ in $(seq 60); do sleep 1; done")
        w.put("fail-work-mail2", "")
        os.environ["PGPASSWORD"] = "hush"
        w.daemon(**{"hook.tell": f"{tell} a;b $HOME", "hook.slow": slow,
                    "hook.slow.on": "turn.working",
                    "hook.slow.timeout": "1s"})
        del os.environ["PGPASSWORD"]
        wait_for("both are offered", lambda: w.one(
            "select count(*) from fleet.hook") == "2", 120)
        r = w.start()
        w.wait_turn(r, 1, "held")
        wait_for("the halt is told", lambda: kinds(w) == ["turn.held"], 120)
        event = heard(w)[0]
        assert event["attempt"] == 1 and event["rollout"] == r, event
        assert event["backend"] == "mail2" and event["fleet"] == "mail-hel"
        assert event["severity"] == "error" and "exit 3" in event["message"]
        wait_for("its end is known", lambda: runs(w, "tell") == [
            ("turn.held", "done", "1", "exit 0")], 120)
        # words, no shell; nothing of ours inside
        assert w.one("select output from fleet.hook_run where hook = 'tell'"
                     ).strip() == "told a;b $HOME"
        env = w.read("env")
        assert "hush" not in env and "PGHOST" not in env, env
        assert len(w.read("fds").splitlines()) <= 5, w.read("fds")
        # one that never ends is ended, and has not been waited for
        wait_for("slow was ended", lambda: (
            "turn.working", "to be repeated", "1",
            "signal 9, its time was over") in runs(w, "slow"), 120)
        assert w.turns(r) == ["done", "held", "waiting"]
        # it is told again every half hour
        shift(w, "31 min")
        wait_for("it is still out", lambda: kinds(w)[1:] == [
            "turn.still_out"], 120)
        w.remove("fail-work-mail2")
        w.one(f"select fleet.retry({r})")
        w.wait_state(r, "succeeded")
        wait_for("the summary is told",
                 lambda: kinds(w)[2:] == ["rollout.summary"], 120)
        detail = heard(w)[2]["detail"]
        assert detail["done"] and detail["backends"]["done"] == 3, detail
        assert detail["left_over"] == [] and detail["dead_ms_at_most"] > 0


@test
def what_fails_or_dies_is_run_again():
    with World() as w:
        hook = program(w, "hook", HEAR +
                       "while [ -e FILES/hang ]; do sleep 0.1; done\n"
                       "[ ! -e FILES/fail ] || { echo broken; exit 4; }\n")
        w.put("hang", "")
        w.put("fail", "")
        w.daemon(**{"hook.one": hook, "hook.one.on": "rollout.* turn.done"})
        wait_for("it is offered", lambda: w.one(
            "select count(*) from fleet.hook") == "1", 120)
        r = w.start()
        wait_for("it runs", lambda: len(heard(w)) == 1, 120)
        # the engine goes on, and one is one at a time
        w.wait_state(r, "succeeded")
        assert len(heard(w)) == 1
        w.kill()
        w.daemon(**{"hook.one": hook, "hook.one.on": "turn.done"})
        wait_for("it runs again", lambda: len(heard(w)) >= 2, 120)
        first, second = heard(w)[:2]
        assert (first["attempt"], second["attempt"]) == (1, 2)
        assert first["run"] == second["run"]
        w.remove("hang")
        wait_for("it failed", lambda: w.one(
            "select result || ' ' || output from fleet.hook_run where run = "
            f"{first['run']}").strip() == "exit 4 broken", 120)
        assert "hook one, attempt 2: exit 4" in w.log()
        w.remove("fail")
        shift(w, "1 h")
        wait_for("all is told", lambda: w.one(
            "select count(*) from fleet.hook_run where state <> 'done'"
        ) == "0", 60)
        assert kinds(w).count("turn.done") >= 3
        assert "rollout.summary" in kinds(w)


@test
def what_the_database_refuses_of_a_hook_is_told_and_not_run_again():
    with World() as w:
        w.sql("create function fleet_internal.refuse() returns trigger "
              "language plpgsql as $$ begin raise exception "
              "'the audit table is full'; end $$; create trigger refuse "
              "before update on fleet_internal.hook_queue for each row when "
              "(length(new.output) > 0) execute function "
              "fleet_internal.refuse()")
        hook = program(w, "hook", HEAR + "echo much\n")
        w.daemon(**{"hook.one": hook, "hook.one.on": "rollout.running"})
        wait_for("it is offered", lambda: w.one(
            "select count(*) from fleet.hook") == "1", 120)
        w.start()
        wait_for("its end is told", lambda: w.one(
            "select state || ' ' || result from fleet.hook_run") ==
            "done exit 0; the database refuses what it printed: the audit "
            "table is full", 120)
        shift(w, "1 h")
        time.sleep(7)
        assert len(heard(w)) == 1, heard(w)


@test
def hooks_are_read_again_and_tested():
    with World() as w:
        good = program(w, "good", HEAR)
        bad = program(w, "bad", "printf 'no \\033[31mway\\n'; exit 9\n")
        d = w.daemon(**{"hook.alarm": good, "hook.sick": bad})
        wait_for("they are offered", lambda: w.one(
            "select count(*) from fleet.hook") == "2", 120)
        r = str(w.plan())
        later = ("start", r, "--at", "tomorrow 01:00", "--yes")
        run = drydock(w, *later)
        assert run.returncode == 1, run
        assert "nobody would be told" in run.stderr, run
        assert "alarm of ops1: never tested" in run.stderr, run
        run = drydock(w, "hook", "test", "alarm")
        assert run.returncode == 0, run
        assert "exit 0" in run.stdout and "done" in run.stdout, run
        assert heard(w)[0]["kind"] == "hook.test"
        assert w.one("select alarm from fleet.hook where hook = 'alarm'") \
            == "t"
        run = drydock(w, *later)
        assert run.returncode == 0 and "will start" in run.stdout, run
        run = drydock(w, "cancel", r)
        assert run.returncode == 0, run
        run = drydock(w, *later, "--unattended-without-alarm")
        assert run.returncode == 1 and "cancelled" in run.stderr, run
        run = drydock(w, "hook", "test", "sick")
        assert run.returncode == 1 and "does not work" in run.stderr, run
        assert "exit 9" in run.stdout and "\x1b" not in run.stdout, run
        run = drydock(w, "hook", "test", "nobody")
        assert run.returncode == 1 and "alarm (ops1)" in run.stderr, run
        run = drydock(w, "hook", "list")
        assert "alarm" in run.stdout and "sick" in run.stdout, run

        # a file that is wrong changes nothing
        conf = os.path.join(w.top, "ops1.conf")
        with open(conf) as f:
            was = f.read()
        with open(conf, "a") as f:
            f.write("hook.alarm.when = now\n")
        d.send_signal(signal.SIGHUP)
        wait_for("it says so", lambda:
                 "everything stays as it was" in w.log(), 120)
        assert w.one("select count(*) from fleet.hook") == "2"
        with open(conf, "w") as f:
            f.write("".join(x for x in was.splitlines(True)
                            if "hook.sick" not in x))
            f.write("hook.alarm.on = turn.*\nhook.gone = /nowhere/x\n")
        d.send_signal(signal.SIGHUP)
        wait_for("the new ones are there", lambda: w.sql(
            "select hook, events from fleet.hook order by hook") == [
                ["alarm", "{turn.*}"], ["gone", w.one(
                    "select events from fleet.hook where hook = 'gone'")]],
            120)
        # its program is the same, so it still counts as tested
        assert w.one("select alarm from fleet.hook where hook = 'alarm'") \
            == "t"
        run = drydock(w, "hook", "test", "gone")
        assert run.returncode == 1, run
        assert "cannot run /nowhere/x" in run.stdout, run
        # leaving is not held up by a hook at work
        program(w, "good", "sleep 300\n")
        w.one("select fleet.hook_test('alarm')")
        wait_for("it runs", lambda: runs(w, "alarm")[-1][1] == "running", 120)
        assert w.kill(how=signal.SIGTERM) == 0


# ------------------------------------------------------------ the examples

class Sink(http.server.ThreadingHTTPServer):
    """Keeps what is posted; answers `status`."""
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taker)
        self.got = []
        self.status = 200
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Taker(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers.get("Authorization"),
                                json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args):
        pass


EVENT = {"hook": "x", "run": 7, "attempt": 1, "kind": "turn.held",
         "severity": "error", "rollout": 17, "backend": "mail\"2",
         "message": "mail2: exit 3\r\nBcc: all@example.net \u20ac",
         "detail": {"exit": 3}}


def example(name, event, *argv, path=None):
    env = {"PATH": (path + ":" if path else "") + "/usr/bin:/bin"}
    return subprocess.run([f"{HOOKS}/{name}", *argv], env=env, text=True,
                          input=json.dumps(event), capture_output=True)


def place(tmp, name, text):
    path = os.path.join(tmp, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


@test
def the_mail_has_one_subject_whatever_is_in_the_event():
    import tempfile
    with tempfile.TemporaryDirectory() as tmp:
        place(tmp, "sendmail", f"#!/bin/sh\necho \"$@\" >{tmp}/args\n"
              f"cat >{tmp}/mail\nexit $(cat {tmp}/exit)\n")
        place(tmp, "exit", "0")
        run = example("mail", EVENT, "a@example.net", "b@example.net",
                      path=tmp)
        assert run.returncode == 0, run
        with open(f"{tmp}/mail") as f:
            mail = email.message_from_file(f)
        assert mail["To"] == "a@example.net, b@example.net"
        assert mail["Bcc"] is None
        subject = str(email.header.make_header(
            email.header.decode_header(mail["Subject"])))
        assert subject == ("[drydock] error mail2: exit 3 Bcc: "
                           "all@example.net \u20ac"), subject
        text = base64.b64decode(mail.get_payload()).decode()
        assert "drydock status 17" in text and "kind: turn.held" in text
        with open(f"{tmp}/args") as f:
            assert f.read() == "-oi -t\n"
        place(tmp, "exit", "75")
        assert example("mail", EVENT, "a@example.net",
                       path=tmp).returncode == 75
        assert example("mail", EVENT).returncode == 64


@test
def the_webhook_posts_the_event_and_keeps_its_url_to_itself():
    import tempfile
    sink = Sink()
    with tempfile.TemporaryDirectory() as tmp:
        conf = place(tmp, "web.curl", f'url = "{sink.url}/hush"\n')
        run = example("webhook", EVENT, conf)
        assert run.returncode == 0, run
        assert sink.got == [("/hush", None, EVENT)], sink.got
        sink.status = 500
        assert example("webhook", EVENT, conf).returncode != 0
    sink.shutdown()


@test
def the_downtime_begins_and_ends_with_the_outage():
    import tempfile
    sink = Sink()
    with tempfile.TemporaryDirectory() as tmp:
        conf = place(tmp, "icinga.curl", 'user = "drydock:hush"\n')
        for kind in ("outage.opened", "outage.closed", "turn.held"):
            run = example("downtime", {**EVENT, "kind": kind}, sink.url,
                          conf)
            assert run.returncode == 0, run
        paths = [g[0] for g in sink.got]
        assert paths == ["/v1/actions/remove-downtime",
                         "/v1/actions/schedule-downtime",
                         "/v1/actions/remove-downtime"], paths
        assert sink.got[0][1].startswith("Basic ")
        begin = sink.got[1][2]
        assert begin["filter_vars"] == {"backend": "mail\"2"}
        assert begin["end_time"] - begin["start_time"] == 14400
        assert sink.got[2][2]["filter_vars"]["author"] == "drydock"
        sink.status = 500
        assert example("downtime", {**EVENT, "kind": "outage.closed"},
                       sink.url, conf).returncode != 0
    sink.shutdown()


@test
def the_examples_are_clean():
    subprocess.run(["shellcheck", *(os.path.join(HOOKS, x) for x in
                                    sorted(os.listdir(HOOKS)))], check=True)


main()
