#!/usr/bin/env python3
"""agent-package - the built-in package, with real dpkg and apt-get.

The agent runs in a chroot whose root is an overlay over this machine's: what is
installed there never touches the machine.  A repository of four small packages
is made in it.  Needs root, overlayfs and dpkg-dev.

usage: agent-package.t [TEST…]
"""
import base64
import os
import shutil
import subprocess
import tempfile

from agent_lib import AGENT, Host, Relay, main, test, wait_for

ALLOW = """
change package ddk-*
"""


def run(*argv, **keys):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          **keys).stdout


# invoke-rc.d does nothing in a chroot, so the question is asked by hand.
POSTINST = """#!/bin/sh
set -e
if [ "$1" = configure ]; then
	if [ -e /etc/slow ]; then touch /etc/slow.now; sleep 60; fi
	if [ -x /usr/sbin/policy-rc.d ]; then
		/usr/sbin/policy-rc.d ddk restart || exit 0
	fi
	echo restart >> /var/lib/ddk-started
fi
"""


class Box(Host):
    """A Host in a chroot of its own."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="drydock-box-")
        run("mount", "-t", "tmpfs", "none", self.base)
        for name in ("upper", "work", "merged"):
            os.mkdir(f"{self.base}/{name}")
        self.merged = f"{self.base}/merged"
        run("mount", "-t", "overlay", "none", "-o",
            f"lowerdir=/,upperdir={self.base}/upper,"
            f"workdir={self.base}/work", self.merged)
        for name in ("proc", "dev"):
            run("mount", "--rbind", f"/{name}", f"{self.merged}/{name}")
            run("mount", "--make-rslave", f"{self.merged}/{name}")
        super().__init__("")
        self.etc = f"{self.merged}/etc/drydock"
        self.state = f"{self.merged}/var/lib/drydock"
        shutil.rmtree(self.etc, ignore_errors=True)
        shutil.rmtree(self.state, ignore_errors=True)
        os.makedirs(self.etc)
        self.write("agent.conf", "name = mail1\nfleet = mail-hel\n")
        self.allow(ALLOW)
        self.repository()

    def inside(self, *argv):
        return run("chroot", self.merged, *argv)

    def deb(self, name, version, depends="", files=(), scripts=()):
        top = tempfile.mkdtemp(dir=self.base)
        os.chmod(top, 0o755)
        os.mkdir(f"{top}/DEBIAN")
        with open(f"{top}/DEBIAN/control", "w") as f:
            f.write(f"Package: {name}\nVersion: {version}\n"
                    "Architecture: all\nMaintainer: t <t@example.org>\n"
                    f"{depends}Description: test\n")
        for path, text in files:
            os.makedirs(os.path.dirname(f"{top}{path}"), exist_ok=True)
            with open(f"{top}{path}", "w") as f:
                f.write(text)
            os.chmod(f"{top}{path}", 0o755)
        for path, text in scripts:
            with open(f"{top}/DEBIAN/{path}", "w") as f:
                f.write(text)
            os.chmod(f"{top}/DEBIAN/{path}", 0o755)
        run("dpkg-deb", "--root-owner-group", "-b", top,
            f"{self.merged}/repo/")

    def repository(self):
        os.mkdir(f"{self.merged}/repo")
        for version in ("1:1.0-1", "1:2.0-1"):
            self.deb("ddk-core", version,
                     files=[("/etc/ddk.conf", f"version {version}\n")],
                     scripts=[("conffiles", "/etc/ddk.conf\n"),
                              ("postinst", POSTINST)])
            self.deb("ddk-imap", version,
                     depends=f"Depends: ddk-core (= {version})\n")
        self.deb("ddk-core", "1:3.0-1")  # and no ddk-imap for it
        self.deb("ddk-rival", "1:1.0-1", depends="Conflicts: ddk-imap\n")
        self.deb("other", "1")
        with open(f"{self.merged}/repo/Packages", "w") as f:
            f.write(run("dpkg-scanpackages", "-m", ".",
                        cwd=f"{self.merged}/repo"))
        shutil.rmtree(f"{self.merged}/etc/apt/sources.list.d")
        if os.path.exists(f"{self.merged}/usr/sbin/policy-rc.d"):
            os.unlink(f"{self.merged}/usr/sbin/policy-rc.d")
        with open(f"{self.merged}/etc/apt/sources.list", "w") as f:
            f.write("deb [trusted=yes] copy:/repo ./\n")
        self.inside("apt-get", "-o", "APT::Sandbox::User=root", "update")
        self.inside("apt-get", "-y", "-o", "APT::Sandbox::User=root",
                    "install", "ddk-core=1:1.0-1", "ddk-imap=1:1.0-1")
        self.inside("apt-get", "clean")

    def env(self, **more):
        """No DRYDOCK_AGENT_ROOT: in here the paths are the real ones."""
        return {"PATH": os.environ["PATH"], "DRYDOCK_BOX": self.base, **more}

    def runner_pids(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    env = f.read() + b"\0"
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read()
            except OSError:
                continue
            if (b"--runner" in line and
                    f"DRYDOCK_BOX={self.base}\0".encode() in env):
                found.append(int(pid))
        return found

    def relay(self, **env):
        relay = Relay(self, self.env(**env),
                      ["chroot", self.merged, AGENT])
        self.relays.append(relay)
        return relay

    def versions(self):
        out = self.inside("dpkg-query", "-W", "-f",
                          "${Package} ${Version} ${db:Status-Status}\n")
        return {line.split()[0]: line.split()[1]
                for line in out.splitlines()
                if line.startswith("ddk-") and line.endswith(" installed")}

    def started(self):
        try:
            with open(f"{self.merged}/var/lib/ddk-started") as f:
                return len(f.readlines())
        except FileNotFoundError:
            return 0

    def close(self):
        super().close()
        run("umount", "-R", "-l", self.merged)
        run("umount", "-l", self.base)
        os.rmdir(self.base)


def box():
    b = Box()
    r = b.relay()
    assert r.hello()["ok"]
    return b, r


def said(result):
    return base64.b64decode(result["err"]["head"]).decode()


OLD = {"ddk-core": "1:1.0-1", "ddk-imap": "1:1.0-1"}
NEW = {"ddk-core": "1:2.0-1", "ddk-imap": "1:2.0-1"}
SET = {"match": "ddk-*", "version": "1:2.0-1", "services": "hold"}


@test
def a_set_is_fetched_changed_and_put_back():
    b, r = box()
    with open(f"{b.merged}/etc/ddk.conf", "a") as f:
        f.write("by hand\n")
    no_fetch = r.do(b.change("package", **SET), 60)
    assert no_fetch["exit"] == 1, "the change itself downloads nothing"
    assert b.versions() == OLD
    dry = r.ask("dry", kind="package", fetch=True, **SET, seconds=60)
    assert dry["ok"], dry
    assert dry["data"]["removals"] == [] and dry["data"]["also"] == []
    assert b.versions() == OLD
    debs = sorted(os.listdir(f"{b.state}/debs"))
    assert debs == ["ddk-core_1%3a1.0-1_all.deb",
                    "ddk-imap_1%3a1.0-1_all.deb"], debs
    shutil.rmtree(f"{b.merged}/repo")  # from here on there is no network
    before = b.started()
    assert before > 0, "the service starts when nothing holds it"
    c = b.change("package", **SET)
    result = r.do(c, 60)
    assert result["exit"] == 0, said(result)
    assert b.versions() == NEW
    assert b.started() == before, "held down"
    assert not os.path.exists(f"{b.merged}/usr/sbin/policy-rc.d")
    with open(f"{b.merged}/etc/ddk.conf") as f:
        assert "by hand" in f.read(), "the file of the host's owner stays"
    packages = {p["name"]: (p["old"], p["new"])
                for p in result["data"]["packages"]}
    assert packages["ddk-core"] == ("1:1.0-1", "1:2.0-1"), packages
    result = r.do(b.change("package", undo_of=c["attempt"]), 60)
    assert result["exit"] == 0, said(result)
    assert b.versions() == OLD
    b.close()


@test
def removals_are_told_and_never_done():
    b, r = box()
    one = {"packages": [{"name": "ddk-core", "version": "1:3.0-1"}]}
    dry = r.ask("dry", kind="package", **one, seconds=60)
    assert not dry["ok"] and dry["data"]["removals"] == ["ddk-imap"], dry
    result = r.do(b.change("package", **one), 60)
    assert result["exit"] == 1 and b.versions() == OLD, said(result)
    rival = {"packages": [{"name": "ddk-rival", "version": "1:1.0-1"}]}
    dry = r.ask("dry", kind="package", **rival, seconds=60)
    assert not dry["ok"] and dry["data"]["removals"] == ["ddk-imap"], dry
    b.close()


@test
def what_the_allow_file_does_not_name_is_refused():
    b, r = box()
    no = r.ask(**b.change("package", packages=[
        {"name": "other", "version": "1"}]))
    assert no["code"] == "allow", no
    result = r.do(b.change("package", match="dpkg*", version="1"), 60)
    assert result["exit"] == 1 and "change package dpkg" in said(result)
    result = r.do(b.change("package", packages=[
        {"name": "ddk-core", "version": "9"}]), 60)
    assert result["exit"] == 1 and b.versions() == OLD
    b.close()


@test
def a_new_package_is_removed_by_the_undo():
    b, r = box()
    b.inside("dpkg", "-r", "ddk-imap")
    both = {"packages": [{"name": n, "version": "1:2.0-1"}
                         for n in ("ddk-core", "ddk-imap")]}
    dry = r.ask("dry", kind="package", fetch=True, **both, seconds=60)
    assert dry["ok"], dry
    c = b.change("package", **both)
    assert r.do(c, 60)["exit"] == 0 and b.versions() == NEW
    result = r.do(b.change("package", undo_of=c["attempt"]), 60)
    assert result["exit"] == 0, said(result)
    assert b.versions() == {"ddk-core": "1:1.0-1"}
    b.close()


@test
def a_policy_that_is_not_ours_stays():
    b, r = box()
    r.ask("dry", kind="package", fetch=True, **SET, seconds=60)
    path = f"{b.merged}/usr/sbin/policy-rc.d"
    with open(path, "w") as f:
        f.write("#!/bin/sh\nexit 0\n")
    dry = r.ask("dry", kind="package", **SET, seconds=60)
    assert not dry["ok"] and "not ours" in dry["why"], dry
    result = r.do(b.change("package", **SET), 60)
    assert result["exit"] == 1 and "not ours" in said(result)
    assert os.path.exists(path) and b.versions() == OLD
    b.close()


@test
def a_unit_that_cannot_be_masked_is_found_before_anything_is_touched():
    b, r = box()
    os.makedirs(f"{b.merged}/run/systemd/system")  # as where systemd is
    with open(f"{b.merged}/var/lib/dpkg/info/ddk-core.list", "a") as f:
        f.write("/lib/systemd/system/ddk.service\n")
    dry = r.ask("dry", kind="package", **SET, seconds=60)
    assert dry["ok"], dry
    unit = f"{b.merged}/etc/systemd/system/ddk.service"
    os.symlink("/dev/null", unit)
    dry = r.ask("dry", kind="package", **SET, seconds=60)
    assert dry["ok"], "one that is masked for good is held as well"
    os.unlink(unit)
    with open(unit, "w") as f:
        f.write("[Service]\nExecStart=/bin/true\n")
    dry = r.ask("dry", kind="package", **SET, seconds=60)
    assert not dry["ok"] and "ddk.service cannot be masked: " \
        "/etc/systemd/system/ddk.service is stronger" in dry["why"], dry
    leave = {**SET, "services": "leave"}
    assert r.ask("dry", kind="package", **leave, seconds=60)["ok"]
    b.close()


@test
def a_killed_change_holds_nothing_down_for_ever():
    b, r = box()
    policy = f"{b.merged}/usr/sbin/policy-rc.d"
    slow = b.merged + "/etc/slow"
    r.ask("dry", kind="package", fetch=True, **SET, seconds=60)
    with open(slow, "w"):
        pass
    c = b.change("package", **SET)
    r.ask(**c)
    wait_for("it sleeps in the postinst",
             lambda: os.path.exists(slow + ".now"))
    assert os.path.exists(policy) and os.path.exists(f"{b.state}/held")
    b.kill_runner()
    r = b.relay()
    assert r.ask("ask", attempt=c["attempt"])["state"] == "unknown"
    assert not os.path.exists(policy), "released by the next runner"
    os.unlink(slow + ".now")
    c = b.change("package", timeout_ms=4000, **SET)
    r.ask(**c)
    wait_for("it sleeps again", lambda: os.path.exists(slow + ".now"))
    result = r.ended(c["attempt"])
    assert result["timed_out"], result
    assert not os.path.exists(policy), "released after the time was over"
    os.unlink(slow)
    result = r.do(b.change("package", **SET), 60)
    assert result["exit"] == 0, said(result)
    assert b.versions() == NEW, "dpkg --configure -a mended it"
    b.close()


@test
def what_a_power_failure_left_half_installed_is_mended():
    deb = "/repo/{}_2.0-1_all.deb"
    for half, unpacked in (("ddk-core", "ddk-imap"), ("ddk-imap", "ddk-core")):
        b, r = box()
        r.ask("dry", kind="package", fetch=True, **SET, seconds=60)
        before = b.started()
        b.inside("dpkg", "--unpack", "--force-depends", deb.format(unpacked))
        path = f"{b.merged}/var/lib/dpkg/status"
        with open(path) as f:
            status = f.read()
        broken = status.replace(
            f"Package: {half}\nStatus: install ok installed",
            f"Package: {half}\nStatus: install reinstreq half-installed")
        assert broken != status
        with open(path, "w") as f:
            f.write(broken)
        assert b.versions() == {}
        result = r.do(b.change("package", **SET), 60)
        assert result["exit"] == 0, said(result)
        assert b.versions() == NEW
        assert b.started() == before, "held down while it was configured, too"
        b.close()


if __name__ == "__main__":
    main()
