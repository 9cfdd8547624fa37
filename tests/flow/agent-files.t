#!/usr/bin/env python3
"""agent-files - the built-ins copy and clean, with their dry runs and undo.

usage: agent-files.t [TEST…]
"""
import base64
import hashlib
import os
import signal
import socket
import stat
import subprocess
import threading
import time

from agent_lib import FLEET, RSS_MAX, Host, main, test, wait_for

ALLOW = """
read   grep -q good ${new_file}
change copy <path under FILES/etc>
change copy <path under FILES/etc> staged <path under FILES/staged>
change clean <path under FILES/vmail>
change clean <path under FILES/deep/vmail>
change clean <path under FILES/guarded> unless-running sleeping-dove
"""


class Files:
    """A host with these directories and a conversation with it."""

    def __init__(self):
        self.host = h = Host(ALLOW)
        for name in ("etc", "staged", "vmail", "guarded", "outside"):
            os.mkdir(f"{h.files}/{name}")
        self.at = h.files
        self.r = h.relay()
        assert self.r.hello()["ok"]

    def write(self, name, text, mode=0o644):
        with open(f"{self.at}/{name}", "w") as f:
            f.write(text)
        os.chmod(f"{self.at}/{name}", mode)

    def read(self, name):
        with open(f"{self.at}/{name}") as f:
            return f.read()

    def put(self, text):
        data = text.encode()
        sha = hashlib.sha256(data).hexdigest()
        a = self.r.ask("put", sha256=sha, size=len(data), offset=0,
                       data=base64.b64encode(data).decode())
        assert a["have"] == len(data), a
        return sha

    def do(self, verb, **keys):
        c = self.host.change(verb, **keys)
        return c["attempt"], self.r.do(c, 120)

    def listing(self, name):
        return sorted(os.listdir(os.fsencode(f"{self.at}/{name}")))

    def close(self):
        self.host.close()


def said(result):
    return base64.b64decode(result["err"]["head"]).decode()


@test
def copy_keeps_the_old_file_and_undo_puts_it_back():
    f = Files()
    f.write("etc/a.conf", "old good\n", 0o640)
    os.chown(f"{f.at}/etc/a.conf", 8, 12)
    sha = f.put("new good\n")
    to = f"{f.at}/etc/a.conf"
    check = ["grep", "-q", "good", "${new_file}"]
    dry = f.r.ask("dry", kind="copy", sha256=sha, to=to, validate=check)
    assert dry["ok"] and "-old good" in dry["text"], dry
    assert "+new good" in dry["text"] and f.read("etc/a.conf")[:3] == "old"
    attempt, result = f.do("copy", sha256=sha, to=to, validate=check)
    assert result["exit"] == 0, said(result)
    assert f.read("etc/a.conf") == "new good\n"
    st = os.stat(to)
    assert (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (8, 12, 0o640)
    _, result = f.do("copy", undo_of=attempt)
    assert result["exit"] == 0, said(result)
    assert f.read("etc/a.conf") == "old good\n"
    st = os.stat(to)
    assert (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)) == (8, 12, 0o640)
    assert f.listing("etc") == [b"a.conf"]
    assert attempt in os.listdir(f"{f.host.state}/kept")
    assert f.r.ask("forget", fleet=FLEET, epoch=1, floor=f.host.seq)["ok"]
    assert os.listdir(f"{f.host.state}/kept") == []
    assert os.listdir(f"{f.host.state}/out") == []
    f.close()


@test
def copy_of_a_new_file_is_undone_by_its_removal():
    f = Files()
    sha = f.put("x\n")
    attempt, result = f.do("copy", sha256=sha, to=f"{f.at}/etc/new.conf",
                           mode="0600", owner="mail", group="mail")
    assert result["exit"] == 0, said(result)
    st = os.stat(f"{f.at}/etc/new.conf")
    assert stat.S_IMODE(st.st_mode) == 0o600 and st.st_uid != 0
    _, result = f.do("copy", undo_of=attempt)
    assert result["exit"] == 0 and f.listing("etc") == []
    f.close()


@test
def copy_refuses_what_is_not_valid_and_changes_nothing():
    f = Files()
    f.write("etc/a.conf", "old good\n")
    sha = f.put("bad\n")
    attempt, result = f.do("copy", sha256=sha, to=f"{f.at}/etc/a.conf",
                           validate=["grep", "-q", "good", "${new_file}"])
    assert result["exit"] == 1 and "not valid" in said(result)
    assert f.read("etc/a.conf") == "old good\n"
    assert f.listing("etc") == [b"a.conf"]
    _, result = f.do("copy", undo_of=attempt)
    assert result["exit"] == 0, said(result)
    assert f.read("etc/a.conf") == "old good\n"
    f.close()


@test
def copy_takes_a_staged_file_from_its_place_only():
    f = Files()
    f.write("staged/s", "secret\n", 0o600)
    f.write("outside/s", "other\n")
    to = f"{f.at}/etc/s"
    _, result = f.do("copy", staged=f"{f.at}/staged/s", to=to, mode="0600")
    assert result["exit"] == 0, said(result)
    assert f.read("etc/s") == "secret\n"
    _, no = f.do("copy", staged=f"{f.at}/outside/s", to=to)
    assert no["code"] == "allow", no
    os.symlink(f"{f.at}/outside/s", f"{f.at}/staged/link")
    _, result = f.do("copy", staged=f"{f.at}/staged/link", to=to)
    assert result["exit"] == 1 and "without links" in said(result)
    f.close()


@test
def copy_goes_nowhere_else():
    f = Files()
    sha = f.put("x\n")
    os.symlink(f"{f.at}/outside", f"{f.at}/etc/dir")
    os.symlink(f"{f.at}/outside/file", f"{f.at}/etc/link")
    for to in (f"{f.at}/outside/a", "/etc/passwd", f"{f.at}/etc/../outside/a",
               "etc/a", f"{f.at}/etc/", f"{f.at}/etc//a", f"{f.at}/etcetera"):
        _, no = f.do("copy", sha256=sha, to=to)
        assert not no.get("ok", True), (to, no)
    for to in ("etc/dir/a", "etc/link", "etc/missing/a"):
        _, result = f.do("copy", sha256=sha, to=f"{f.at}/{to}")
        assert result["exit"] == 1, to
    _, result = f.do("copy", sha256="0" * 64, to=f"{f.at}/etc/a")
    assert result["exit"] == 1 and "put it first" in said(result)
    for mode in ("4755", "0888", "x", "1777"):
        _, no = f.do("copy", sha256=sha, to=f"{f.at}/etc/a", mode=mode)
        assert no.get("code") == "usage", (mode, no)
    assert f.listing("outside") == []
    f.close()


NAMES = [b"new\nline", b"-rf", b"*", b"x" * 255, b"\xff\xfe", b" ", b".dot",
         b"'", b"\x1b[2J"]


def fill(f, n):
    top = os.fsencode(f"{f.at}/vmail")
    for i in range(n):
        with open(top + b"/f%d" % i, "w"):
            pass
    for name in NAMES:
        os.mkdir(top + b"/" + name)
        with open(top + b"/" + name + b"/mail", "w") as g:
            g.write("x" * 100)
    os.mkfifo(top + b"/fifo")
    os.mknod(top + b"/device", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    s = socket.socket(socket.AF_UNIX)
    os.chdir(top)  # its path may be long
    s.bind("socket")
    os.chdir("/")
    s.close()
    os.symlink(b"/etc", top + b"/to-etc")
    with open(f"{f.at}/outside/linked", "w") as g:
        g.write("outside\n")
    os.link(os.fsencode(f"{f.at}/outside/linked"), top + b"/hard")
    return n + len(NAMES) + 5


@test
def clean_moves_aside_undo_brings_back_purge_removes():
    f = Files()
    n = fill(f, 10000)
    before = f.listing("vmail")
    inside = f"{f.at}/vmail"
    dry = f.r.ask("dry", kind="clean", inside=inside)
    assert dry["ok"] and dry["data"]["entries"] == n, dry
    assert dry["data"]["files"] == n + len(NAMES)
    assert f.listing("vmail") == before
    begun = time.monotonic()
    first, result = f.do("clean", inside=inside)
    moved_ms = (time.monotonic() - begun) * 1000
    assert result["exit"] == 0, said(result)
    assert result["data"]["entries"] == n
    assert f.listing("vmail") == [b".drydock-trash-" + first.encode()]
    _, result = f.do("clean", undo_of=first)
    assert result["exit"] == 0, said(result)
    assert f.listing("vmail") == before
    second, result = f.do("clean", inside=inside)
    assert result["exit"] == 0
    begun = time.monotonic()
    _, result = f.do("clean", inside=inside, purge_of=second)
    purged_ms = (time.monotonic() - begun) * 1000
    assert result["exit"] == 0, said(result)
    assert f.listing("vmail") == []
    assert f.read("outside/linked") == "outside\n"
    _, result = f.do("clean", inside=inside, purge_of=second)
    assert result["exit"] == 0, "a purge can be repeated"
    _, result = f.do("clean", undo_of=second)
    assert result["exit"] == 1 and "purged" in said(result)
    f.close()
    return f"{n} entries: aside {moved_ms:.0f} ms, purge {purged_ms:.0f} ms"


@test
def clean_takes_only_what_matches():
    f = Files()
    for name in ("a.cache", "b.cache", "keep", ".cache"):
        f.write(f"vmail/{name}", "x")
    _, result = f.do("clean", inside=f"{f.at}/vmail", match="*.cache")
    assert result["data"]["entries"] == 2
    left = [n for n in f.listing("vmail") if b"trash" not in n]
    assert left == [b".cache", b"keep"], left
    f.close()


@test
def clean_undo_never_overwrites():
    f = Files()
    f.write("vmail/a", "old")
    f.write("vmail/b", "old")
    attempt, _ = f.do("clean", inside=f"{f.at}/vmail")
    f.write("vmail/a", "new")
    _, result = f.do("clean", undo_of=attempt)
    assert result["exit"] == 1 and "taken again" in said(result)
    assert f.read("vmail/a") == "new" and f.read("vmail/b") == "old"
    f.close()


@test
def clean_refuses_bad_paths():
    f = Files()
    f.write("outside/keep", "x")
    os.symlink(f"{f.at}/outside", f"{f.at}/vmail/link")
    for path in ("/", "", ".", "..", "//", "/var/../", "vmail", "/tmp",
                 f"{f.at}/vmail/", f"{f.at}/vmail/../outside",
                 f"{f.at}/outside", f"{f.at}/vmailx", "/" + "x" * 5000,
                 f"{f.at}/vmail/./a", f"{f.at}//vmail"):
        _, no = f.do("clean", inside=path)
        assert no.get("code") in ("usage", "allow"), (path, no)
    for path in ("vmail/link", "vmail/link/deeper", "vmail/absent"):
        _, result = f.do("clean", inside=f"{f.at}/{path}")
        assert result["exit"] == 1 and "cannot open" in said(result), path
    os.makedirs(f"{f.at}/vmail/real/sub")
    os.symlink("real", f"{f.at}/vmail/inner")
    os.makedirs(f"{f.at}/outside/vmail/keep")
    os.symlink(f"{f.at}/outside", f"{f.at}/deep")
    for path in ("vmail/inner/sub", "deep/vmail"):
        _, result = f.do("clean", inside=f"{f.at}/{path}")
        assert result["exit"] == 1 and "cannot open" in said(result), path
    os.rename(f"{f.at}/vmail", f"{f.at}/vmail.real")
    os.symlink(f"{f.at}/outside", f"{f.at}/vmail")
    _, result = f.do("clean", inside=f"{f.at}/vmail")
    assert result["exit"] == 1 and "without links" in said(result)
    assert f.listing("outside") == [b"keep", b"vmail"]
    assert f.listing("outside/vmail") == [b"keep"]
    f.close()


@test
def clean_leaves_other_devices_alone():
    f = Files()
    os.mkdir(f"{f.at}/vmail/mnt")
    f.write("vmail/a", "x")
    subprocess.run(["mount", "-t", "tmpfs", "none", f"{f.at}/vmail/mnt"],
                   check=True)
    try:
        _, result = f.do("clean", inside=f"{f.at}/vmail")
        assert result["exit"] == 1 and "file system" in said(result)
        assert f.listing("vmail") == [b"a", b"mnt"]
        _, result = f.do("clean", inside=f"{f.at}/vmail/mnt")
        assert result["exit"] == 1 and "beneath" in said(result)
    finally:
        subprocess.run(["umount", f"{f.at}/vmail/mnt"], check=True)
    f.close()


@test
def purge_enters_no_mount_however_deep():
    f = Files()  # rows 40, 43: a bind mount has the same device as its parent
    f.write("outside/keep", "x")
    mounts = [f"{f.at}/vmail/a/b/bind", f"{f.at}/vmail/a/b/tmpfs"]
    for m in mounts:
        os.makedirs(m)
    subprocess.run(["mount", "--bind", f"{f.at}/outside", mounts[0]],
                   check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", mounts[1]], check=True)
    try:
        f.write("vmail/a/b/tmpfs/keep", "x")
        _, result = f.do("clean", inside=f"{f.at}/vmail/a/b/bind")
        assert result["exit"] == 1 and "beneath" in said(result)
        attempt, result = f.do("clean", inside=f"{f.at}/vmail")
        mounts = [m.replace("vmail", f"vmail/.drydock-trash-{attempt}", 1)
                  for m in mounts]
        assert result["exit"] == 0, said(result)
        _, result = f.do("clean", inside=f"{f.at}/vmail", purge_of=attempt)
        assert result["exit"] == 1, result
        for word in ("bind", "tmpfs", "could not be removed"):
            assert word in said(result), said(result)
        assert [os.listdir(m) for m in mounts] == [["keep"], ["keep"]]
    finally:
        for m in mounts:
            subprocess.run(["umount", m], check=True)
    _, result = f.do("clean", inside=f"{f.at}/vmail", purge_of=attempt)
    assert result["exit"] == 0, said(result)
    assert f.listing("vmail") == [] and f.listing("outside") == [b"keep"]
    f.close()


@test
def clean_waits_for_a_stopped_service():
    f = Files()
    f.write("guarded/a", "x")
    program = f"{f.at}/sleeping-dove"
    subprocess.run(["cp", "/bin/sleep", program], check=True)
    service = subprocess.Popen([program, "60"])
    try:
        _, result = f.do("clean", inside=f"{f.at}/guarded")
    finally:
        service.kill()
        service.wait()
    assert result["exit"] == 1 and "runs" in said(result), said(result)
    assert f.listing("guarded") == [b"a"]
    _, result = f.do("clean", inside=f"{f.at}/guarded")
    assert result["exit"] == 0, said(result)
    # the step may name it where the host's owner does not
    f.write("vmail/a", "x")
    service = subprocess.Popen([program, "60"])
    try:
        _, result = f.do("clean", inside=f"{f.at}/vmail",
                         unless_running="sleeping-dove")
    finally:
        service.kill()
        service.wait()
    assert result["exit"] == 1 and "runs" in said(result), said(result)
    assert f.listing("vmail") == [b"a"]
    _, result = f.do("clean", inside=f"{f.at}/vmail",
                     unless_running="sleeping-dove")
    assert result["exit"] == 0, said(result)
    f.close()


@test
def purge_removes_5000_levels_with_few_descriptors():
    f = Files()
    at = os.open(f"{f.at}/vmail", os.O_RDONLY)
    for _ in range(5000):
        os.mkdir("d", dir_fd=at)
        down = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = down
    os.close(at)
    attempt, _ = f.do("clean", inside=f"{f.at}/vmail")
    peak, memory = [0], [0]
    c = f.host.change("clean", inside=f"{f.at}/vmail", purge_of=attempt)
    f.r.ask(**c)
    runner = f.host.runner_pids()[0]
    while not [p for p in f.r.pushes if p["attempt"] == c["attempt"]]:
        try:
            with open(f"/proc/{runner}/task/{runner}/children") as g:
                for pid in g.read().split():
                    peak[0] = max(peak[0],
                                  len(os.listdir(f"/proc/{pid}/fd")))
                    with open(f"/proc/{pid}/statm") as s:
                        memory[0] = max(memory[0], int(s.read().split()[1]))
        except OSError:
            pass
    result = f.r.ended(c["attempt"])
    assert result["exit"] == 0, said(result)
    assert f.listing("vmail") == [] and 0 < peak[0] < 64, peak
    assert memory[0] * 4 <= 4 * RSS_MAX, memory
    f.close()
    return f"{result['data']['entries']} directories, at most {peak[0]} " \
           f"descriptors seen, {result['ms']} ms"


@test
def a_purge_that_was_killed_is_done_by_the_next():
    f = Files()  # row 44
    for i in range(40):
        os.mkdir(f"{f.at}/vmail/{i}")
        for j in range(50):
            f.write(f"vmail/{i}/{j}", "x")
    first, _ = f.do("clean", inside=f"{f.at}/vmail")
    trash = f"{f.at}/vmail/.drydock-trash-{first}"
    killed = f.host.change("clean", inside=f"{f.at}/vmail", purge_of=first)
    f.r.ask(**killed)
    wait_for("some are gone", lambda: not os.path.exists(trash) or
             len(os.listdir(trash)) < 40)
    f.host.kill_runner()
    f.r = f.host.relay()
    assert f.r.hello()["ok"]
    assert f.r.ask("ask", attempt=killed["attempt"])["state"] in (
        "unknown", "ended")
    left = sum(len(files) for _, _, files in os.walk(trash))
    _, result = f.do("clean", inside=f"{f.at}/vmail", purge_of=first)
    assert result["exit"] == 0 and f.listing("vmail") == [], said(result)
    f.close()
    return f"{left} of 2000 files were left"


@test
def an_immutable_file_is_told_and_the_rest_goes():
    f = Files()
    f.write("vmail/stays", "x")
    f.write("vmail/goes", "x")
    attempt, _ = f.do("clean", inside=f"{f.at}/vmail")
    trash = f"{f.at}/vmail/.drydock-trash-{attempt}"
    if subprocess.run(["chattr", "+i", f"{trash}/stays"],
                      capture_output=True).returncode != 0:
        f.close()
        return "no immutable files here: skipped"
    _, result = f.do("clean", inside=f"{f.at}/vmail", purge_of=attempt)
    subprocess.run(["chattr", "-i", f"{trash}/stays"], check=True)
    assert result["exit"] == 1 and "stays" in said(result), said(result)
    assert os.listdir(trash) == ["stays"]
    _, result = f.do("clean", inside=f"{f.at}/vmail", purge_of=attempt)
    assert result["exit"] == 0 and f.listing("vmail") == []
    f.close()


@test
def a_swapped_link_never_leads_out():
    f = Files()
    for i in range(100):
        f.write(f"outside/keep{i}", "x")
    inside = f"{f.at}/vmail"
    stop = threading.Event()
    swaps = [0]

    def swap():
        """A directory and a link to outside change places, all the time."""
        at = 0
        while not stop.is_set():
            for where in (inside, *(f"{inside}/{n}" for n in trashes)):
                try:
                    os.mkdir(f"{where}/d{at % 50}")
                    os.rename(f"{where}/d{at % 50}", f"{where}/real")
                    os.symlink(f"{f.at}/outside", f"{where}/d{at % 50}")
                    os.rename(f"{where}/d{at % 50}", f"{where}/swap")
                    swaps[0] += 1
                except OSError:
                    pass
                for name in ("real", "swap", f"d{at % 50}"):
                    try:
                        os.rename(f"{where}/{name}", f"{where}/e{at % 97}")
                    except OSError:
                        pass
            at += 1

    trashes = []
    t = threading.Thread(target=swap)
    t.start()
    begun = time.monotonic()
    rounds = moved = purged = 0
    while time.monotonic() - begun < 10:
        attempt, result = f.do("clean", inside=inside)
        moved += result["data"]["entries"]
        trashes[:] = [f".drydock-trash-{attempt}"]
        _, result = f.do("clean", inside=inside, purge_of=attempt)
        purged += result["data"]["entries"]
        rounds += 1
        assert len(os.listdir(f"{f.at}/outside")) == 100
    stop.set()
    t.join()
    assert len(os.listdir(f"{f.at}/outside")) == 100
    assert moved > 100 and purged > 100, (moved, purged)
    f.close()
    return f"{rounds} rounds against {swaps[0]} swaps, 0 of 100 lost"


if __name__ == "__main__":
    main()
