#!/usr/bin/env python3
"""25-valgrind - a rollout whose drydockd and drydock-ssh run under valgrind.

usage: VALGRIND=yes 25-valgrind.t [TEST…]      needs the package valgrind

Nothing is read that was not written, and nothing is lost.  Not the agent:
Debian 12's valgrind does not know pidfd_open(), without which it starts
nothing.  drydock-ssh without its filter of system calls, which would be
valgrind's, too.
"""
import os
import shutil
import signal
import sys

from agent_lib import BIN, main, test
from proxy_lib import free_port
from records_lib import each_ran_once
from ssh_lib import SshWorld

ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
LIMIT = 300
SHIM = os.path.join(os.path.dirname(BIN), "tests/unfiltered.so")
SUPPRESSED = os.path.join(os.path.dirname(__file__), "valgrind.supp")
CHECK = ("valgrind -q --vgdb=no --leak-check=full --show-leak-kinds=definite "
         "--errors-for-leak-kinds=definite --log-file=TOP/valgrind.%p "
         f"--suppressions={os.path.abspath(SUPPRESSED)} ")


class CheckedWorld(SshWorld):
    PORT = free_port()

    def script(self, name, text):
        return super().script(name, text.replace(
            "exec BIN/PROGRAM", f"export LD_PRELOAD={SHIM}\n"
            f"exec {CHECK} BIN/PROGRAM"))


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
                # what begins with dashes valgrind says of itself
                found = [x for x in f if not x.startswith("--")]
            assert not found, "".join(found)


if "VALGRIND" not in os.environ:
    print("1..0 # SKIP in the long form")
    sys.exit(0)
if shutil.which("valgrind") is None:
    print("not ok 1 - there is no valgrind; apt-get install valgrind")
    sys.exit(1)
main()
