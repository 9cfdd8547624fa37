#!/usr/bin/python3
"""observe.py - watches a lab for two backends out at one instant.

About every 100 ms it asks every director, over the director's own admin
socket, for its table, and looks whether each backend's Dovecot has a master
process. A backend is out when any director says it is down, weighs 0 or is
unknown, or when its Dovecot does not run. More than one out is a violation.
It takes no part: it reads, and it does not know the coordinator. A director
that cannot be read is written down as a gap, never taken for a good answer.
Ends on SIGTERM or after --seconds; the verdict is in the file, always.
"""
import argparse
import json
import os
import signal
import socket
import sys
import time

PERIOD = 0.1


class Host:
    """A container, reached through /proc of its own pid 1."""

    def __init__(self, hosts, name):
        self.pid_file = os.path.join(hosts, name, "nspawn.pid")
        self.name = name

    def path(self, inside):
        nspawn = open(self.pid_file).read().strip()
        leader = open("/proc/%s/task/%s/children"
                      % (nspawn, nspawn)).read().split()[0]
        return "/proc/%s/root%s" % (leader, inside)

    def serves(self):
        """Whether a Dovecot master runs; false when the host is away."""
        try:
            pid = open(self.path("/run/dovecot/master.pid")).read().strip()
            comm = open(self.path("/proc/%s/comm" % pid)).read()
        except (OSError, IndexError):
            return False
        return comm.strip() == "dovecot"


class Director(Host):
    """Keeps one admin connection; raises OSError when it has no answer."""

    sock = None
    rest = b""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(2)
        # The path may be longer than a socket address: go by descriptor.
        folder = os.open(self.path("/run/dovecot"), os.O_PATH)
        try:
            self.sock.connect("/proc/self/fd/%d/director-admin" % folder)
        finally:
            os.close(folder)
        self.rest = b""
        self.sock.sendall(b"VERSION\tdirector-doveadm\t1\t0\n")
        self.line()

    def line(self):
        while b"\n" not in self.rest:
            more = self.sock.recv(65536)
            if not more:
                raise OSError("closed")
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def table(self):
        """{address: (vhosts, state)}"""
        try:
            if self.sock is None:
                self.connect()
            self.sock.sendall(b"HOST-LIST\n")
            rows = {}
            line = self.line()
            while line:
                field = line.split("\t")
                rows[field[0]] = (int(field[1]),
                                  "down" if field[4].startswith("D") else "up")
                line = self.line()
            return rows
        except (OSError, ValueError, IndexError) as why:
            if self.sock:
                self.sock.close()
            self.sock = None
            raise OSError(why) from why


class Watch:
    """The readings of one run, as spans."""

    def __init__(self, backends):
        self.backends = backends          # {address: Host}
        self.looks = self.gaps = 0
        self.longest_gap = 0.0
        self.violations = []
        self.spans = []                   # changes of the set that is out
        self.last = None
        self.max_out = 0

    def note(self, now, out, gaps):
        self.looks += 1
        self.gaps += len(gaps)
        names = sorted(out)
        self.max_out = max(self.max_out, len(names))
        if names != self.last:
            self.spans.append({"at": round(now, 3), "out": names,
                               "why": {n: sorted(out[n]) for n in names}})
            self.last = names
        if len(names) > 1:
            self.violation(now, out)

    def violation(self, now, out):
        """Instants in a row with the same set are one violation."""
        why = {n: sorted(out[n]) for n in sorted(out)}
        if self.violations and self.violations[-1]["why"] == why and \
                now - self.violations[-1]["until"] < 1:
            self.violations[-1]["until"] = round(now, 3)
            return
        self.violations.append({"at": round(now, 3), "until": round(now, 3),
                                "why": why})

    def result(self, began):
        return {"seconds": round(time.time() - began, 3),
                "looks": self.looks, "unanswered": self.gaps,
                "longest_between_looks_s": round(self.longest_gap, 3),
                "max_out": self.max_out, "violations": self.violations,
                "changes": self.spans}


def look(directors, backends):
    """({backend: {reasons}}, [directors without an answer])"""
    out, gaps = {}, []
    for director in directors:
        try:
            rows = director.table()
        except OSError:
            gaps.append(director.name)
            continue
        for address, host in backends.items():
            vhosts, state = rows.get(address, (None, "missing"))
            if state != "up":
                out.setdefault(host.name, set()).add(
                    "%s: %s" % (director.name, state))
            if vhosts == 0:
                out.setdefault(host.name, set()).add(
                    "%s: vhosts 0" % director.name)
    for host in backends.values():
        if not host.serves():
            out.setdefault(host.name, set()).add("dovecot stopped")
    return out, gaps


def write(path, result):
    with open(path + ".new", "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    os.replace(path + ".new", path)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", required=True)
    p.add_argument("--hosts", required=True)
    p.add_argument("--directors", required=True)
    p.add_argument("--seconds", type=float, default=7200)
    p.add_argument("backends", nargs="+", help="NAME=ADDRESS")
    args = p.parse_args()

    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(1))
    directors = [Director(args.hosts, n) for n in args.directors.split(",")]
    pairs = [b.split("=", 1) for b in args.backends]
    backends = {address: Host(args.hosts, name) for name, address in pairs}
    watch = Watch(backends)
    began = previous = time.time()
    while not stopped and time.time() - began < args.seconds:
        out, gaps = look(directors, backends)
        now = time.time()
        watch.longest_gap = max(watch.longest_gap, now - previous)
        previous = now
        watch.note(now, out, gaps)
        if watch.looks % 10 == 1:
            write(args.out, watch.result(began))
        time.sleep(PERIOD)
    write(args.out, watch.result(began))
    return 1 if watch.violations else 0


if __name__ == "__main__":
    sys.exit(main())
