"""pair_lib - a World whose database is a primary with a synchronous standby.

Two servers in one socket directory, each with its own port and data: what is
told of a commit is on both.  fail_over() is what a failover manager does: the
primary dies, the standby is promoted and may commit alone until its own
standby was made, out of a copy of it.
"""
import os
import shutil
import signal
import subprocess
import time

from engine_lib import PG_BIN, World, wait_for


class Server:
    def __init__(self, w, name, port):
        self.w, self.port = w, port
        self.data = os.path.join(w.pg, name)
        self.log = os.path.join(w.pg, f"{name}.log")
        self.env = {**os.environ, "PGHOST": w.pg, "PGPORT": str(port),
                    "PGUSER": "postgres", "PGDATABASE": "postgres"}

    def run(self, program, *argv):
        subprocess.run(
            self.w.as_postgres(f"{PG_BIN}/{program}", "-D", self.data, *argv),
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def control(self, *argv):
        self.run("pg_ctl", "-w", "-t", "60", "-s", "-l", self.log, *argv)

    def start(self):
        self.control("-o", f"-k {self.w.pg} -p {self.port} -c listen_addresses="
                     " -c fsync=off -c max_connections=200", "start")

    def pids(self):
        """The postmaster, then its children."""
        try:
            with open(f"{self.data}/postmaster.pid") as f:
                pid = f.readline().strip()
        except FileNotFoundError:
            return []
        return [pid, *subprocess.run(
            ["ps", "-o", "pid=", "--ppid", pid], text=True,
            capture_output=True).stdout.split()]

    def signal(self, how):
        for pid in self.pids():
            try:
                os.kill(int(pid), how)
            except ProcessLookupError:
                pass

    def kill(self):
        """As a machine that dies."""
        pids = self.pids()
        self.signal(signal.SIGKILL)
        wait_for("PostgreSQL is gone", lambda: not any(
            os.path.exists(f"/proc/{p}") for p in pids))
        if pids:
            os.unlink(f"{self.data}/postmaster.pid")

    def sql(self, text, database="postgres"):
        return subprocess.run(
            ["psql", "-X", "-q", "-At", "-d", database, "-v",
             "ON_ERROR_STOP=1", "-c", text], env=self.env, check=True,
            text=True, capture_output=True).stdout.strip()

    def commits_wait_for(self, standbys):
        """synchronous_standby_names, in effect when this returns."""
        self.sql(f"alter system set synchronous_standby_names = '{standbys}'")
        self.sql("select pg_reload_conf()")
        wait_for("that setting is in effect", lambda: self.sql(
            "show synchronous_standby_names") == standbys)

    def promote(self):
        self.control("promote")
        self.commits_wait_for("")


class PairWorld(World):
    def database_init(self, data):
        self.first = Server(self, "one", 5432)
        self.second = Server(self, "two", 5433)
        super().database_init(self.first.data)

    def database_env(self):
        """Of who is the first: an old one may take writes, too."""
        return {"PGHOST": self.pg, "PGPORT": str(self.first.port)}

    def database_up(self):
        self.first.start()

    def standby(self):
        """How the first sees it: "sync" is what it should be."""
        return self.first.sql("select sync_state from pg_stat_replication")

    def attached(self):
        """A standby, made anew if there is none."""
        if self.standby() == "sync":
            return
        self.second.kill()
        shutil.rmtree(self.second.data, ignore_errors=True)
        self.second.run("pg_basebackup", "-R", "-X", "stream", "-c", "fast",
                        "--no-sync", "-h", self.pg, "-p",
                        str(self.first.port), "-U", "postgres")
        self.second.start()
        self.first.commits_wait_for("*")
        wait_for("the standby is synchronous",
                 lambda: self.standby() == "sync", 60)

    def fail_over(self, pause=0):
        """The first dies and the second is the first; seconds since then."""
        self.first.kill()
        time.sleep(pause)
        self.second.promote()
        self.first, self.second = self.second, self.first
        self.env.update(self.database_env())
        return time.monotonic()

    def daemon(self, name="ops1", **more):
        """It asks the second one first."""
        conninfo = (f"host={self.pg},{self.pg} dbname=drydock user=drydockd "
                    f"port={self.second.port},{self.first.port} "
                    "target_session_attrs=read-write")
        return super().daemon(name, **{"database": conninfo, **more})

    def close(self):
        for server in (self.first, self.second):
            server.signal(signal.SIGCONT)
            server.kill()
        super().close()
