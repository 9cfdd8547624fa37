#!/usr/bin/env python3
"""host-pin - keys of hosts over the real drydock-ssh and a real sshd.

usage: host-pin.t [TEST…]
"""
import os
import subprocess

from engine_lib import BIN, main, test, wait_for
from ssh_lib import SshWorld


def drydock(w, *argv):
    run = subprocess.run(
        [f"{BIN}/drydock", *argv], stdin=subprocess.DEVNULL, text=True,
        capture_output=True, env={
            **w.env, "DRYDOCK_DATABASE": f"host={w.pg} dbname=drydock"})
    return run.returncode, run.stdout + run.stderr


def keys(w, host, key=None):
    """What is pinned; or pins that, past the commands."""
    if key is not None:
        w.sql("update fleet_internal.host set host_keys = "
              f"array_remove(array[:'k'], '') where name = '{host}'", k=key)
    return w.one("select array_to_string(host_keys, ',') "
                 f"from fleet_internal.host where name = '{host}'")


def public(w, name):
    with open(os.path.join(w.ssh, f"{name}.pub")) as f:
        return " ".join(f.read().split()[:2])


def fingerprint(w, name):
    return subprocess.run(
        ["ssh-keygen", "-l", "-f", os.path.join(w.ssh, f"{name}.pub")],
        capture_output=True, text=True, check=True).stdout.split()[1]


@test
def scan_shows_asks_and_stores():
    with SshWorld(["mail1", "mail2"]) as w:
        keys(w, "mail1", "")
        w.daemon()
        code, said = drydock(w, "host", "pin", "mail1", "--scan")
        assert code == 2 and fingerprint(w, "host") in said, said
        assert "on its own disk?" in said and "--yes" in said, said
        assert keys(w, "mail1") == ""
        code, said = drydock(w, "host", "pin", "mail1", "--scan", "--yes")
        assert code == 0 and "1 key pinned" in said, said
        assert keys(w, "mail1") == public(w, "host")


@test
def another_key_is_refused_and_seen():
    with SshWorld(["mail1", "mail2"]) as w:
        keys(w, "dir1", public(w, "client"))
        w.daemon()
        wait_for("the refusal is known", lambda: w.one(
            "select why_silent from fleet.host where host = 'dir1'"), 30)
        code, said = drydock(w, "host", "show", "dir1")
        assert code == 0 and fingerprint(w, "host") in said, said
        assert "is not pinned" in said, said
        assert "drydock host pin NAME --scan" in said, said
        code, said = drydock(w, "host", "list")
        assert code == 0 and "is not pinned" in said, said
        assert w.one("select agent_version is null from fleet.host "
                     "where host = 'dir1'") == "t"
        assert drydock(w, "host", "pin", "dir1", "--scan", "--yes")[0] == 0
        wait_for("its agent answers", lambda: w.one(
            "select why_silent is null and agent_version is not null "
            "from fleet.host where host = 'dir1'") == "t", 90)


@test
def a_host_that_nobody_reaches_is_told_everywhere():
    with SshWorld(["mail1", "mail2"]) as w:
        w.sshd.terminate()
        w.sshd.wait()
        w.daemon()
        wait_for("it is known", lambda: w.one(
            "select why_silent from fleet.host where host = 'dir1'"), 60)
        todo = "on dir1: systemctl status ssh"
        for argv in (("host", "list"), ("host", "show", "dir1"),
                     ("status",)):
            code, said = drydock(w, *argv)
            assert code == 0 and "Connection refused" in said, said
            assert todo in said and f"127.0.2.1 port {w.PORT}" in said, said
        # a plan is no rollout that could hold, and names it all the same
        code, said = drydock(w, "status", str(w.plan(only=["mail1"])))
        assert code == 0 and "SILENT  dir1  since" in said, said
        assert f"type: {todo}" in said, said


@test
def a_host_with_rsa_alone_is_told_why():
    with SshWorld(["mail1", "mail2"]) as w:
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f",
                        f"{w.ssh}/rsa"], check=True)
        os.replace(f"{w.ssh}/rsa", f"{w.ssh}/host")
        w.sshd.terminate()
        w.sshd.wait()
        w.ssh_start()
        keys(w, "mail1", "")
        w.daemon()
        code, said = drydock(w, "host", "pin", "mail1", "--scan", "--yes")
        assert code == 1 and "only an RSA key" in said, said
        assert "rsa-sha2" in said and "ssh-keygen -A" in said, said
        assert keys(w, "mail1") == ""
        # the others are pinned to the key that it had: told at contact too
        wait_for("it is known", lambda: w.one(
            "select why_silent from fleet.host where host = 'dir1'"), 60)
        for argv in (("host", "show", "dir1"), ("status",)):
            code, said = drydock(w, *argv)
            said = " ".join(said.split())
            assert code == 0 and "offers no key of the pinned type" in said
            assert "only an RSA key" in said and "rsa-sha2" in said, said
            assert "on dir1: ssh-keygen -A && systemctl reload ssh" in said
            assert "drydock host pin dir1 --scan" in said, said


main()
