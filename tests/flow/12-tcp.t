#!/usr/bin/env python3
"""12-tcp - PostgreSQL over TCP: TLS, a password, and a network that swallows.

usage: 12-tcp.t [TEST…]

The test runs in a network namespace of its own, so that nftables may drop what
it likes on its loopback.  A dead process answers with a reset; a dead machine,
or a firewall in between, says nothing at all, and only a time limit tells.
"""
import os
import subprocess
import time

from agent_lib import main, own_network, test, wait_for
from engine_lib import World
from records_lib import Observer, each_ran_once, records_agree

PORT = 5432
PASSWORD = "Wintermorgen-7-Ruderboote"
DEAD = """
table inet dead {
	chain in {
		type filter hook input priority 0
		tcp dport 5432 counter VERDICT
		tcp sport 5432 counter drop
	}
}
"""


class TcpWorld(World):
    LISTEN = "127.0.0.1"

    def database_init(self, data):
        super().database_init(data)
        subprocess.run(self.as_postgres(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=db", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", f"{data}/server.key", "-out", f"{data}/server.crt"),
            check=True, stderr=subprocess.DEVNULL)
        with open(f"{data}/pg_hba.conf", "w") as f:
            f.write("local all postgres trust\n"
                    "hostssl drydock drydockd 127.0.0.1/32 scram-sha-256\n")
        with open(f"{data}/postgresql.conf", "a") as f:
            f.write("ssl = on\n")

    def daemon(self, name="ops1", **more):
        passfile = os.path.join(self.top, "pgpass")
        self.sql(f"alter role drydockd password '{PASSWORD}'")
        with open(passfile, "w") as f:
            f.write(f"127.0.0.1:{PORT}:drydock:drydockd:{PASSWORD}\n")
        os.chmod(passfile, 0o600)
        return super().daemon(name, database=(
            f"host=127.0.0.1 port={PORT} user=drydockd dbname=drydock "
            f"passfile={passfile} sslmode=verify-full "
            f"sslrootcert={self.pg}/data/server.crt"), **more)

    def swallow(self, verdict="drop"):
        subprocess.run(["nft", "-f", "-"], check=True, text=True,
                       input=DEAD.replace("VERDICT", verdict))

    def heal(self):
        rules = subprocess.run(["nft", "list", "table", "inet", "dead"],
                               text=True, capture_output=True,
                               check=True).stdout.split()
        subprocess.run(["nft", "delete", "table", "inet", "dead"], check=True)
        return sum(int(rules[i + 1]) for i, word in enumerate(rules)
                   if word == "packets")

    def told(self, text, seconds):
        wait_for(f"drydockd says: {text}", lambda: text in self.log(), seconds)


def is_secret(w, daemon):
    """The password is where libpq reads it, and nowhere else."""
    for what in ("cmdline", "environ"):
        with open(f"/proc/{daemon.pid}/{what}", "rb") as f:
            assert PASSWORD.encode() not in f.read(), what
    assert PASSWORD not in w.log()
    with open(f"{w.top}/ops1.conf") as f:
        assert PASSWORD not in f.read()


@test
def a_black_hole_is_noticed_and_the_phase_goes_on_to_its_end():
    with TcpWorld() as w, Observer(w) as observer:
        w.put("hang-mail1-inactive", "")
        daemon = w.daemon()
        r = w.start()
        wait_for("it is being stopped",
                 lambda: w.counts().get("unit mail1 inactive"))
        assert w.one("select bool_and(ssl) from pg_stat_ssl join "
                     "pg_stat_activity using (pid) where "
                     "usename = 'drydockd'") == "t"
        w.swallow()
        begun = time.monotonic()
        w.remove("hang-mail1-inactive")
        wait_for("it is stopped", lambda: w.read("run/mail1") == "inactive")
        w.told("database: ", 60)
        noticed = time.monotonic() - begun
        # nothing new begins that is not written down
        assert w.counts()["work mail1"] == 1, w.counts()
        assert w.heal() > 0
        w.wait_state(r, "succeeded")
        each_ran_once(w)
        records_agree(w, r)
        observer.saw_one_out_at_most()
        is_secret(w, daemon)
        return f"noticed after {noticed:.0f} s"


own_network()
main()
