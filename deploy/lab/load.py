#!/usr/bin/python3
"""load.py - live mail users, and a count of everything they suffer.

Short clients log in, append and leave all the time; long ones stay in IDLE
and come back when dropped; senders deliver over LMTP. Everybody goes through
the directors. SIGTERM ends the run early, in order. Each accepted message carries an id of its own; at the end the
mailboxes are read through the directors again and each id must be there
exactly once. Ends by itself: time and number of clients are bounded.
"""
import argparse
import imaplib
import json
import os
import random
import shutil
import signal
import smtplib
import socket
import sys
import threading
import time

TIMEOUT = 40          # a login may rightly wait for a moving user: 30 s
SETTLE = 45           # how long the final reading may try again
HEADER = "X-Lab-Id"


def gate(host):
    """This machine's own address in the lab, as the source to bind to: once
    the lab is gone the same numbers would lead out by the default route."""
    return (host.rsplit(".", 1)[0] + ".1", 0)


class Imap(imaplib.IMAP4):
    """IMAP from inside the lab only."""

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout,
                                        gate(self.host))


class Tally:
    """All counters, shared by the client threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.count = dict.fromkeys(
            ["logins", "logins_failed", "logins_over_1s", "drops",
             "appends", "appends_failed", "deliveries",
             "deliveries_deferred", "deliveries_refused"], 0)
        self.slowest_login = 0.0
        self.drops_of = {}    # long user -> times
        self.accepted = {}    # id -> user: must be found once
        self.uncertain = {}   # id -> user: answer lost, 0 or 1 is right
        self.errors = []      # the first of them, with the time

    def add(self, name, n=1):
        with self.lock:
            self.count[name] += n

    def dropped(self, user):
        """A long session ended that its user did not end: when."""
        self.add("drops")
        with self.lock:
            self.drops_of.setdefault(user, []).append(round(time.time(), 3))

    def error(self, what, why):
        with self.lock:
            if len(self.errors) < 200:
                self.errors.append({"at": stamp(), "what": what,
                                    "why": str(why)[:200]})

    def login_took(self, seconds):
        with self.lock:
            self.count["logins"] += 1
            self.count["logins_over_1s"] += seconds > 1
            self.slowest_login = max(self.slowest_login, seconds)


def stamp():
    now = time.time()
    return time.strftime("%H:%M:%S", time.gmtime(now)) + \
        ".%03d" % (now % 1 * 1000)


class Fleet:
    """What a client needs to know: directors, end of the run, tally."""

    def __init__(self, directors, seconds):
        self.directors = directors
        self.run = "%06x" % random.randrange(1 << 24)
        self.until = time.monotonic() + seconds
        self.tally = Tally()
        self.serial = 0
        self.users = []

    def user(self, kind, number):
        name = "live-%s-%s%d" % (self.run, kind, number)
        self.users.append(name)
        return name

    def end(self):
        """Now rather than later; clients look at it every half second."""
        self.until = min(self.until, time.monotonic())

    def running(self):
        return time.monotonic() < self.until

    def pause(self, seconds):
        """Sleeps, but not beyond the end of the run."""
        time.sleep(max(0, min(seconds, self.until - time.monotonic())))

    def message(self, user):
        with self.tally.lock:
            self.serial += 1
            ident = "%s-%06d" % (self.run, self.serial)
        text = ("From: load@localhost\r\nTo: %s@localhost\r\n"
                "Subject: load\r\n%s: %s\r\n\r\nmessage %s\r\n"
                % (user, HEADER, ident, ident))
        return ident, text.encode()

    def login(self, user):
        """Logs in, or counts a failed login and answers None."""
        began = time.monotonic()
        try:
            imap = Imap(random.choice(self.directors), timeout=TIMEOUT)
            imap.login(user, "x")
        except (imaplib.IMAP4.error, OSError) as why:
            self.tally.add("logins_failed")
            self.tally.error("login", why)
            return None
        self.tally.login_took(time.monotonic() - began)
        return imap


def leave(imap):
    try:
        imap.logout()
    except (imaplib.IMAP4.error, OSError):
        pass


def short_client(fleet, number):
    """Logs in, appends, leaves: again and again, as a webmail does."""
    user = fleet.user("short", number)
    while fleet.running():
        imap = fleet.login(user)
        if imap is None:
            fleet.pause(0.2)
            continue
        append(fleet, imap, user)
        leave(imap)
        fleet.pause(random.uniform(0.05, 0.25))


def append(fleet, imap, user):
    ident, text = fleet.message(user)
    try:
        answer, why = imap.append("INBOX", None, None, text)
    except (imaplib.IMAP4.error, OSError) as error:
        fleet.tally.uncertain[ident] = user
        fleet.tally.add("drops")
        fleet.tally.error("append", error)
        return
    if answer == "OK":
        fleet.tally.accepted[ident] = user
        fleet.tally.add("appends")
    else:
        fleet.tally.add("appends_failed")
        fleet.tally.error("append", why)


def long_client(fleet, number):
    """Stays in IDLE, as a telephone does, and comes back when dropped."""
    user = fleet.user("long", number)
    while fleet.running():
        imap = fleet.login(user)
        if imap is None:
            fleet.pause(0.5)
            continue
        if not idle(fleet, imap):
            fleet.tally.dropped(user)
        leave(imap)


def idle(fleet, imap):
    """True when the run ended first, false when the session was dropped."""
    try:
        imap.select("INBOX")
        while fleet.running():
            idle_once(fleet, imap)
    except (imaplib.IMAP4.error, OSError):
        return not fleet.running()
    return True


def idle_once(fleet, imap):
    tag = imap._new_tag()                     # imaplib has no IDLE yet
    imap.send(tag + b" IDLE\r\n")
    line = imap.readline()
    while line.startswith(b"* "):
        line = imap.readline()
    if not line.startswith(b"+"):
        raise imaplib.IMAP4.abort("no idle: %r" % line)
    imap.sock.settimeout(0.5)
    ends = time.monotonic() + 20
    while fleet.running() and time.monotonic() < ends:
        try:
            if imap.sock.recv(4096) == b"":
                raise imaplib.IMAP4.abort("dropped")
        except socket.timeout:
            pass
    imap.sock.settimeout(TIMEOUT)
    imap.send(b"DONE\r\n")
    # The reader behind imap.file saw a timeout of the socket only through
    # recv() above, so it is still whole.
    while not imap.readline().startswith(tag):
        pass


def sender(fleet, number):
    """Delivers over LMTP, one connection a message, as a queue does."""
    users = [fleet.user("post%d-" % number, i) for i in range(4)]
    while fleet.running():
        user = random.choice(users)
        ident, text = fleet.message(user)
        deliver(fleet, user, ident, text)
        fleet.pause(random.uniform(0.1, 0.3))


def deliver(fleet, user, ident, text):
    told = False
    try:
        director = random.choice(fleet.directors)
        lmtp = smtplib.LMTP(director, 24, local_hostname="load",
                            source_address=gate(director))
        lmtp.sock.settimeout(TIMEOUT)
        lmtp.ehlo_or_helo_if_needed()
        lmtp.mail("load@localhost")
        code, why = lmtp.rcpt(user)
        if code == 250:
            told = True
            code, why = lmtp.data(text)
            told = False
        lmtp.close()
    except (smtplib.SMTPException, OSError) as error:
        if told:
            fleet.tally.uncertain[ident] = user
        fleet.tally.add("deliveries_deferred")
        fleet.tally.error("lmtp", error)
        return
    if code == 250:
        fleet.tally.accepted[ident] = user
        fleet.tally.add("deliveries")
    elif 400 <= code < 500:
        fleet.tally.add("deliveries_deferred")
        fleet.tally.error("lmtp", "%d %s" % (code, why))
    else:
        fleet.tally.add("deliveries_refused")
        fleet.tally.error("lmtp", "%d %s" % (code, why))


def mailbox(user, director, patience):
    """All ids in a user's mailbox as {uid: id}, through one director."""
    left = patience - time.monotonic()
    if left <= 0:
        raise OSError("no time left")
    imap = Imap(director, timeout=min(TIMEOUT, left))
    imap.login(user, "x")
    imap.select("INBOX", readonly=True)
    _, rows = imap.uid("FETCH", "1:*",
                       "(BODY.PEEK[HEADER.FIELDS (%s)])" % HEADER)
    leave(imap)
    found = {}
    for row in rows:
        if isinstance(row, tuple):
            uid = row[0].split(b"UID ")[1].split()[0].decode()
            found[uid] = row[1].split(b":")[1].strip().decode()
    return found


def content(fleet, user, patience):
    """Reads one mailbox through every director, with patience."""
    while True:
        try:
            return [mailbox(user, d, patience) for d in fleet.directors]
        except (imaplib.IMAP4.error, OSError, IndexError) as why:
            if time.monotonic() >= patience:
                fleet.tally.error("reading " + user, why)
                return None
            time.sleep(1)


def reckon(fleet):
    """Each accepted message exactly once, each uncertain one at most."""
    settled = time.monotonic() + SETTLE
    seen, unread, differ = {}, [], []
    for user in fleet.users:
        # a machine so slow that it had no time for the last is not a loss
        patience = max(settled, time.monotonic() + TIMEOUT)
        views = content(fleet, user, patience)
        if views is None:
            unread.append(user)
            continue
        if any(view != views[0] for view in views):
            differ.append(user)
        for ident in views[0].values():
            seen[ident] = seen.get(ident, 0) + 1
    accepted = fleet.tally.accepted
    return {
        "accepted": len(accepted),
        "uncertain": len(fleet.tally.uncertain),
        "missing": sorted(i for i in accepted if i not in seen)[:50],
        "doubled": sorted(i for i, n in seen.items() if n > 1)[:50],
        "unread_users": unread,
        "directors_differ": differ,
    }


def run_clients(fleet, args):
    kinds = [(short_client, args.short), (long_client, args.long),
             (sender, args.senders)]
    threads = [threading.Thread(target=kind, args=(fleet, n), daemon=True)
               for kind, count in kinds for n in range(1, count + 1)]
    for thread in threads:
        thread.start()
    while fleet.running():
        time.sleep(0.2)
    patience = fleet.until + TIMEOUT + 5
    for thread in threads:
        thread.join(max(0, patience - time.monotonic()))
    return sum(thread.is_alive() for thread in threads)


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--seconds", type=float, required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--mail", help="mail store; this run's users go when whole")
    p.add_argument("--short", type=int, default=6)
    p.add_argument("--long", type=int, default=20)
    p.add_argument("--senders", type=int, default=2)
    p.add_argument("directors", nargs="+")
    args = p.parse_args()
    if not 0 < args.seconds <= 3600:
        p.error("SECONDS is 1 to 3600")
    return args


def sweep(mail, run):
    """This run's mailboxes go; only called when nothing was amiss."""
    for name in os.listdir(mail):
        if name.startswith("live-%s-" % run):
            shutil.rmtree(os.path.join(mail, name), ignore_errors=True)


def main():
    args = arguments()
    fleet = Fleet(args.directors, args.seconds)
    signal.signal(signal.SIGTERM, lambda *_: fleet.end())
    began = stamp()
    stuck = run_clients(fleet, args)
    result = {"run": fleet.run, "began": began, "seconds": args.seconds,
              **fleet.tally.count,
              "slowest_login_s": round(fleet.tally.slowest_login, 3),
              "drops_of": fleet.tally.drops_of,
              "stuck_clients": stuck, "content": reckon(fleet)}
    found = result["content"]
    result["content_whole"] = not (
        found["missing"] or found["doubled"] or found["unread_users"]
        or found["directors_differ"])
    result["errors"] = fleet.tally.errors
    with open(args.out + ".new", "w", encoding="utf-8") as out:
        json.dump(result, out, indent=1)
        out.write("\n")
    os.replace(args.out + ".new", args.out)
    if result["content_whole"] and args.mail:
        sweep(args.mail, fleet.run)
    return 0 if result["content_whole"] else 1


if __name__ == "__main__":
    sys.exit(main())
