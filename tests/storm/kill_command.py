"""kill_command.py - SIGKILL to a command that some agent's runner runs.

usage: kill_command.py HOSTS SECONDS       HOSTS: the lab's folder of hosts
Most commands last for milliseconds, so it is looked for all the time. Prints
the host and the command; false when there was none for so long.
"""
import os
import signal
import sys
import time


def argv(pid):
    with open("/proc/%s/cmdline" % pid, "rb") as f:
        return f.read().decode(errors="replace").split("\0")[:-1]


def runners(roots):
    """{pid: host} of the runners whose root is that of one of our hosts."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = argv(pid)
            if words[1:] == ["--runner"] and \
                    words[0].endswith("drydock-agent"):
                root = os.stat("/proc/%s/root/" % pid)
                found[pid] = roots.get((root.st_dev, root.st_ino))
        except OSError:
            pass        # it ended meanwhile
    return {pid: host for pid, host in found.items() if host}


def strike(pid):
    """Kills the command that this runner runs; its words, if there is one."""
    try:
        with open("/proc/%s/task/%s/children" % (pid, pid)) as f:
            children = f.read().split()
        if not children:
            return None
        words = argv(children[0])
        if words[1:] in ([], ["--runner"]):
            return None     # not the command yet, or over
        os.kill(int(children[0]), signal.SIGKILL)
    except OSError:
        return None
    return words


def main():
    hosts, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
    roots, here, scan = {}, {}, 0.0
    for host in os.listdir(hosts):
        root = os.stat(os.path.join(hosts, host, "root"))
        roots[(root.st_dev, root.st_ino)] = host
    while time.monotonic() < until:
        if time.monotonic() >= scan:
            here, scan = runners(roots), time.monotonic() + 0.5
        for pid, host in here.items():
            words = strike(pid)
            if words is not None:
                print(host + ":", " ".join(words))
                return
        time.sleep(0.002)
    sys.exit(1)


if __name__ == "__main__":
    main()
