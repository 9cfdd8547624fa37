"""ssh_lib - a World whose agents are reached through a real sshd.

Its addresses are all of 127.0.0.0/8; one sshd listens on them and a forced
command picks the agent's directory by the address that was asked.  What
`faults()` asks for reaches drydockd, drydock-ssh and the agents alike, though
each of them clears its children's environment.
"""
import os
import subprocess

from engine_lib import BIN, IMPATIENT, MEMBERS, World, address

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FORCED = """#!/bin/sh
set -- $SSH_CONNECTION
. TOP/fault
exec env DRYDOCK_AGENT_ROOT=TOP/at/$3 BIN/drydock-agent
"""
WRAPPED = """#!/bin/sh
. TOP/fault
exec BIN/PROGRAM "$@"
"""


class SshWorld(World):
    FORCED = FORCED
    PORT = 2298
    SSHD_CONF = ""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.sshd = None
        self.passed = set()  # before the faults at hand
        self.ssh = os.path.join(self.top, "ssh")
        self.faults()
        self.ssh_files()
        self.ssh_start()
        with open(f"{self.ssh}/host.pub") as f:
            key = " ".join(f.read().split()[:2])
        self.sql(f"update fleet_internal.host set port = {self.PORT}, "
                 "ssh_user = 'root', host_keys = array[:'k']", k=key)

    def script(self, name, text):
        path = os.path.join(self.ssh, name)
        with open(path, "w") as f:
            f.write(text.replace("TOP", self.top).replace("BIN", BIN)
                    .replace("PROGRAM", name))
        os.chmod(path, 0o755)
        return path

    def ssh_files(self):
        os.makedirs(self.ssh)
        os.makedirs(os.path.join(self.top, "at"))
        for name in [*self.backends, *MEMBERS]:
            os.symlink(self.root(name),
                       os.path.join(self.top, "at", address(name)))
        for key in ("host", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", os.path.join(self.ssh, key)], check=True)
        forced = self.script("forced", self.FORCED)
        self.script("drydock-ssh", WRAPPED)
        self.script("drydockd", WRAPPED)
        with open(f"{self.ssh}/client.pub") as f:
            public = f.read()
        with open(f"{self.ssh}/authorized", "w") as f:
            f.write(f'restrict,command="{forced}" {public}')

    def ssh_start(self):
        os.makedirs("/run/sshd", exist_ok=True)
        with open(f"{self.ssh}/conf", "w") as f:
            # sshd takes the first it reads of each
            f.write(f"{self.SSHD_CONF}\n"
                    f"Port {self.PORT}\nListenAddress 0.0.0.0\n"
                    f"HostKey {self.ssh}/host\nPidFile none\n"
                    f"AuthorizedKeysFile {self.ssh}/authorized\n"
                    "PermitRootLogin forced-commands-only\nUsePAM no\n"
                    "StrictModes no\nMaxStartups 400\nLogLevel ERROR\n")
        self.sshd = subprocess.Popen([
            os.path.join(TESTS, "plain_root"), "/usr/sbin/sshd", "-D", "-f",
            f"{self.ssh}/conf", "-E", f"{self.ssh}/log"])

    def faults(self, asked=None):
        """From now on, for whoever is started; each fault happens once."""
        self.passed |= self.came_by()
        if self.marks():
            os.unlink(f"{self.top}/marks")
        with open(os.path.join(self.top, "fault"), "w") as f:
            f.write(f"export DRYDOCK_FAULT_FILE={self.top}/marks\n")
            if asked:
                f.write(f"export DRYDOCK_FAULT={asked}\n")

    def marks(self):
        """The bytes of each point, as lib/fault.h has it."""
        try:
            with open(f"{self.top}/marks", "rb") as f:
                data = f.read()
        except FileNotFoundError:
            return []
        return [data[i:i + 16] for i in range(0, len(data), 16)]

    def came_by(self):
        """The points, by their place in the list, that somebody came by."""
        return {i for i, marks in enumerate(self.marks()) if marks[0]}

    def fired(self):
        """The (place in the list, NTH) of all that happened."""
        return {(i, nth) for i, marks in enumerate(self.marks())
                for nth in range(1, 16) if marks[nth]}

    def daemon(self, name="ops1", **more):
        return self.daemon_start(
            name, f"{self.ssh}/drydockd",
            **{"ssh_key": f"{self.ssh}/client",
               "ssh_program": f"{self.ssh}/drydock-ssh", **IMPATIENT, **more})

    def close(self):
        super().close()
        if self.sshd is not None:
            self.sshd.terminate()
            self.sshd.wait()
