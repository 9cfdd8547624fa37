"""bench_lib - a World whose agents are reached through a real sshd.

Its addresses are all of 127.0.0.0/8; one sshd listens on them and a forced
command picks the agent's directory by the address that was asked.  PostgreSQL
flushes here, unlike in the flow tests: a flush is what a step costs.
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
from engine_lib import BIN, World, address, wait_for  # noqa: E402,F401

PORT = 2299
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


class SshWorld(World):
    def __init__(self, backends, **more):
        super().__init__(backends, **more)
        self.sshd = None
        self.sql("alter system set fsync = on; "
                 "select pg_reload_conf()")
        self.restart_with_flush()
        self.ssh_files()
        self.ssh_start()
        self.pin()

    def restart_with_flush(self):
        # the command line of database_up() says fsync=off: go past it
        self.database_stop()
        subprocess.run(self.as_postgres(
            f"{engine_lib.PG_BIN}/pg_ctl", "-D", f"{self.pg}/data", "-w",
            "-t", "60", "-s", "-l", f"{self.pg}/log", "-o",
            f"-k {self.pg} -c listen_addresses= -c max_connections=200",
            "start"), check=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL)

    def ssh_files(self):
        self.ssh = os.path.join(self.top, "ssh")
        os.makedirs(self.ssh)
        os.makedirs(os.path.join(self.top, "at"))
        for name in [*self.backends, *engine_lib.MEMBERS]:
            os.symlink(self.root(name),
                       os.path.join(self.top, "at", address(name)))
        for key in ("host", "client"):
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                os.path.join(self.ssh, key))
        forced = os.path.join(self.ssh, "forced")
        with open(forced, "w") as f:
            f.write(FORCED.replace("TOP", self.top).replace("BIN", BIN))
        os.chmod(forced, 0o755)
        with open(os.path.join(self.ssh, "client.pub")) as f:
            public = f.read()
        with open(os.path.join(self.ssh, "authorized"), "w") as f:
            f.write(f'restrict,command="{forced}" {public}')

    def ssh_start(self):
        os.makedirs("/run/sshd", exist_ok=True)
        conf = os.path.join(self.ssh, "conf")
        with open(conf, "w") as f:
            f.write(f"Port {PORT}\nListenAddress 0.0.0.0\n"
                    f"HostKey {self.ssh}/host\nPidFile none\n"
                    f"AuthorizedKeysFile {self.ssh}/authorized\n"
                    "PermitRootLogin prohibit-password\nUsePAM no\n"
                    "StrictModes no\nMaxStartups 400\nLogLevel ERROR\n")
        self.sshd = subprocess.Popen(
            ["unshare", "-m", "sh", "-ec", 'mount --bind "$1" /etc/passwd; '
             'shift; exec "$@"', "sh", self.plain_shell(), "/usr/sbin/sshd",
             "-D", "-f", conf, "-E", f"{self.ssh}/log"])

    def plain_shell(self):
        """passwd for sshd alone: root's own shell may take 100 ms to start,
        which each of ssh's commands would pay, and we once a channel"""
        path = os.path.join(self.ssh, "passwd")
        with open("/etc/passwd") as f, open(path, "w") as to:
            for line in f:
                if line.startswith("root:"):
                    line = f"root:x:0:0:root:{self.ssh}:/bin/sh\n"
                to.write(line)
        os.chmod(path, 0o644)
        return path

    def pin(self):
        with open(os.path.join(self.ssh, "host.pub")) as f:
            key = " ".join(f.read().split()[:2])
        self.sql(f"update fleet_internal.host set port = {PORT}, "
                 f"ssh_user = 'root', host_keys = array[:'k']", k=key)

    def daemon(self, name="ops1", **more):
        conf = os.path.join(self.top, f"{name}.conf")
        keys = {"database": f"host={self.pg} user=drydockd dbname=drydock",
                "name": name, "ssh_key": f"{self.ssh}/client",
                "ssh_program": f"{BIN}/drydock-ssh", **more}
        with open(conf, "w") as f:
            for key, value in keys.items():
                f.write(f'{key} = "{value}"\n')
        log = open(os.path.join(self.top, f"{name}.log"), "a")
        self.daemons[name] = subprocess.Popen(
            [engine_lib.DAEMON, "-c", conf], stderr=log, stdout=log)
        return self.daemons[name]

    def ssh_argv(self, host, *more):
        return ["ssh", "-F", "none", "-p", str(PORT), "-i",
                f"{self.ssh}/client", "-o", "StrictHostKeyChecking=no", "-o",
                f"UserKnownHostsFile={self.ssh}/known", "-o", "LogLevel=ERROR",
                *more, f"root@{address(host)}"]

    def __exit__(self, *exc):
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait()
        return super().__exit__(*exc)
