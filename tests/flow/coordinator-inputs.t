#!/usr/bin/env python3
"""coordinator-inputs - what a drydockd is given that it must not follow.

Each case bears the number of its class of bad input; the others are in
tests/README.md.

usage: coordinator-inputs.t [TEST…]
"""
import os
import subprocess

from engine_lib import BIN, DAEMON, IMPATIENT, World, main, test, wait_for
from agent_lib import new_id

# Says at any time what stands in FILES/lie-HOST, as one line of the agent's.
LIAR = """
while kill -0 $$ 2>/dev/null; do
	if [ -e FILES/lie-$1 ]; then
		cat FILES/lie-$1
		mv FILES/lie-$1 FILES/lied-$1
	fi
	sleep 0.1
done &
exec BIN/drydock-agent
"""
ENDED = ('{"push":"ended","attempt":"%s","state":"ended","result":{"exit":0,'
         '"ms":1,"out":{"bytes":0,"lines":0,"sha256":""},'
         '"err":{"bytes":0,"lines":0,"sha256":""}}}\n')


def lie(w, host, line):
    w.put("lie", line)
    os.rename(f"{w.files}/lie", f"{w.files}/lie-{host}")
    wait_for(f"{host} lies", lambda: os.path.exists(
        f"{w.files}/lied-{host}"), 60)
    os.unlink(f"{w.files}/lied-{host}")


# A server that is not there, in every way that libpq is told of one.
ENVIRONMENT = """#!/bin/sh
export PGHOST=/nowhere PGHOSTADDR=192.0.2.1 PGPORT=1 PGUSER=nobody
export PGDATABASE=none PGSERVICE=none PGSERVICEFILE=/nowhere
export PGOPTIONS='-c search_path=evil' PGSSLMODE=verify-full
export PGTARGETSESSIONATTRS=read-only PGAPPNAME=x PGCONNECT_TIMEOUT=2
export SSH_AUTH_SOCK=/nowhere TZ=:/etc/passwd LC_ALL=tr_TR.UTF-8
export BASH_ENV=/nowhere IFS=x HOME=/nowhere LOCPATH=/nowhere
exec DAEMON "$@"
"""


def started_twice(w):
    second = subprocess.run(
        [DAEMON, "-c", f"{w.top}/ops1.conf"], text=True, timeout=60,
        capture_output=True, stdin=subprocess.DEVNULL)
    assert second.returncode == 2, second
    assert "another drydockd runs with" in second.stderr, second
    assert w.one("select count(*) from fleet_internal.coordinator") == "1"


def tells_of_another(w, attempt):
    for told in (new_id(), attempt):
        lie(w, "mail2", ENDED % told)
    wait_for("it is not believed", lambda: "mail2 tells the end of an "
             "attempt of mail1" in w.log(), 60)
    # what nobody asked ends the conversation, and no more
    lie(w, "mail1", '{"id":4711,"ok":true}\n')
    wait_for("it is cut", lambda: "nobody asked question 4711"
             in w.log(), 60)
    assert w.one("select state from fleet_internal.attempt where "
                 f"attempt_id = '{attempt}'") == "sent"
    assert "unit mail1 inactive" not in w.counts()


@test
def a_bad_start_a_second_one_and_a_host_that_lies():
    with World(["mail1", "mail2"]) as w:
        w.put("liar", LIAR.replace("FILES", w.files).replace("BIN", BIN))
        w.put("started", ENVIRONMENT.replace("DAEMON", DAEMON))
        os.chmod(f"{w.files}/started", 0o755)
        w.put("hang-work-1", "")
        w.daemon_start("ops1", f"{w.files}/started", **{  # row 63
            **IMPATIENT, "agent_exec": f"env DRYDOCK_AGENT_ROOT={w.top}/hosts/"
            f"%n sh {w.files}/liar %n"})
        w.wait_greeted()
        r = w.start()
        wait_for("mail1 is worked on", lambda: w.counts().get("work mail1"))
        attempt = wait_for("it is known", lambda: w.one(
            "select attempt_id from fleet_internal.attempt join "
            "fleet_internal.step s using (step_id) where s.name = 'flushed'"))
        started_twice(w)  # row 64
        tells_of_another(w, attempt)  # row 35
        assert w.turns(r) == ["working", "waiting"], w.turns(r)
        w.remove("hang-work-1")
        w.wait_state(r, "succeeded")
        assert w.counts()["work mail1"] == 2, w.counts()
        assert "starting anew" not in w.log()


main()
