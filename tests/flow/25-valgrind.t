#!/usr/bin/env python3
"""25-valgrind - a rollout whose drydockd and drydock-ssh run under valgrind.

usage: VALGRIND=yes 25-valgrind.t [TEST…]      needs the package valgrind

Nothing is read that was not written, and nothing is lost.  Not the agent:
Debian 12's valgrind does not know pidfd_open(), without which it starts
nothing.
"""
import os
import shutil
import signal
import sys

from agent_lib import main, test
from proxy_lib import free_port
from records_lib import each_ran_once
from ssh_lib import SshWorld

ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
LIMIT = 300
CHECK = ("valgrind -q --leak-check=full --errors-for-leak-kinds=definite "
         "--log-file=TOP/valgrind.%p ")


class CheckedWorld(SshWorld):
    PORT = free_port()

    def script(self, name, text):
        return super().script(name, text.replace(
            "exec BIN/PROGRAM", f"exec {CHECK} BIN/PROGRAM"))


@test
def nothing_is_found():
    with CheckedWorld(["mail1", "mail2"]) as w:
        w.daemon(heartbeat="1s", lease="15s")
        rollout = w.start(only=ONLY)
        w.wait_state(rollout, "succeeded", LIMIT)
        each_ran_once(w, ONLY)
        assert w.kill(how=signal.SIGTERM) == 0
        logs = [n for n in os.listdir(w.top) if n.startswith("valgrind.")]
        assert len(logs) == 2, logs
        for name in logs:
            with open(os.path.join(w.top, name)) as f:
                found = f.read()
            assert found == "", found


if "VALGRIND" not in os.environ:
    print("1..0 # SKIP in the long form")
    sys.exit(0)
if shutil.which("valgrind") is None:
    print("not ok 1 - there is no valgrind; apt-get install valgrind")
    sys.exit(1)
main()
