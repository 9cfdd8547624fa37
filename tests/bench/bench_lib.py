"""bench_lib - the flow tests' SshWorld, as figures need it.

PostgreSQL flushes here, unlike in the flow tests: a flush is what a step
costs.  The agents' hosts also run plain commands, for who compares, and the
daemon runs as it is installed.
"""
import os
import statistics
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
os.environ.setdefault("DRYDOCK_BIN", os.path.join(TOP, "build/bench/bin"))
sys.path.insert(0, os.path.join(TOP, "tests/flow"))

import engine_lib  # noqa: E402
import ssh_lib  # noqa: E402
from engine_lib import BIN, address, wait_for  # noqa: E402,F401

FORCED = """#!/bin/sh
# the agent of the host that was asked, or a plain command for who compares
set -- $SSH_CONNECTION
[ -z "$SSH_ORIGINAL_COMMAND" ] || [ "$SSH_ORIGINAL_COMMAND" = drydock-agent ] ||
	exec sh -c "$SSH_ORIGINAL_COMMAND"
exec env DRYDOCK_AGENT_ROOT=TOP/at/$3 BIN/drydock-agent
"""


def run(*argv, **more):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          **more).stdout


def median(values):
    return statistics.median(values)


def flush_ms(folder, n=200):
    """One write and fdatasync, as journal and WAL do."""
    path = os.path.join(folder, "flush")
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.posix_fallocate(fd, 0, 1 << 20)
    os.fsync(fd)
    begin = time.monotonic()
    for i in range(n):
        os.pwrite(fd, b"x" * 300, i * 300)
        os.fdatasync(fd)
    spent = (time.monotonic() - begin) * 1000 / n
    os.close(fd)
    return spent


def commit_ms(w, n=200):
    """One row and its commit, in the server."""
    return float(w.one(
        "create table if not exists bench_commit (n int); "
        "create or replace procedure bench_commit(n int) language plpgsql as "
        "'begin for i in 1..n loop insert into bench_commit values (i); "
        "commit; end loop; end'; "
        "create temp table bench_begin as select clock_timestamp() as at; "
        f"call bench_commit({n}); "
        "select extract(epoch from clock_timestamp() - at) * 1000 "
        "from bench_begin")) / n


def rss_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def cpu_s(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid, name):
    out = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(pid)],
                         capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in out.splitlines()
            if name in line]


class SshWorld(ssh_lib.SshWorld):
    FORCED = FORCED
    PORT = 2299

    def database_up(self):
        super().database_up("fsync=on")

    def daemon(self, name="ops1", **more):
        return self.daemon_start(
            name, engine_lib.DAEMON, ssh_key=f"{self.ssh}/client",
            ssh_program=f"{BIN}/drydock-ssh", **more)

    def ssh_argv(self, host, *more):
        return ["ssh", "-F", "none", "-p", str(self.PORT), "-i",
                f"{self.ssh}/client", "-o", "StrictHostKeyChecking=no", "-o",
                f"UserKnownHostsFile={self.ssh}/known", "-o", "LogLevel=ERROR",
                *more, f"root@{address(host)}"]


PORT = SshWorld.PORT
