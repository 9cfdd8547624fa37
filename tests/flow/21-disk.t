#!/usr/bin/env python3
"""21-disk - the database's disk is full: nothing begins that cannot be
written, nothing is lost, and it goes on when there is space again.

usage: 21-disk.t [TEST…]

PostgreSQL's data, or its log of what was written, is on a small tmpfs.  Each
command of the rollout runs once.
"""
import os
import subprocess
import time

from engine_lib import World, main, steps, test, wait_for
from records_lib import Observer, each_ran_once, records_agree

ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
GOES_ON = 20  # seconds after there is space again


class DiskWorld(World):
    """Its database has few megabytes for tables, and for its log of writes."""
    SMALL = {"base": "96m", "pg_wal": "24m"}

    def database_init(self, data):
        super().database_init(data)
        for name, size in self.SMALL.items():
            self.move(os.path.join(data, name), size)
        with open(f"{data}/postgresql.conf", "a") as f:
            f.write("min_wal_size = 2MB\nmax_wal_size = 4MB\n")

    def move(self, path, size):
        """What is there, to a small disk in its place."""
        aside = path + ".aside"
        os.rename(path, aside)
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700",
                        "drydock-flow", path], check=True)
        subprocess.run(["cp", "-a", f"{aside}/.", path], check=True)
        subprocess.run(["chown", "postgres:", path], check=True)

    def ballast(self, name):
        return os.path.join(self.pg, "data", name, "ballast")

    def use_up(self, name):
        """Nothing is left on it."""
        with open(self.ballast(name), "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"\0" * 4096)
            except OSError:
                pass

    def relieve(self, name):
        os.unlink(self.ballast(name))

    def crowd(self):
        """No page of what a rollout writes has room for many rows more."""
        for table in ("attempt", "event", "turn_phase"):
            self.sql(f"alter table fleet_internal.{table} "
                     "set (fillfactor = 10)")

    def write_until_it_ends(self):
        write = ("select pg_logical_emit_message(false, 'flow', "
                 "repeat('x', 500000))")
        with open(os.devnull, "w") as null:
            while subprocess.run(["psql", "-X", "-c", write], env=self.env,
                                 stdout=null, stderr=null).returncode == 0:
                pass

    def up_again(self):
        """It may have come back by itself."""
        if not os.path.exists(f"{self.pg}/data/postmaster.pid"):
            self.database_up()

    def close(self):
        for name in self.SMALL:
            subprocess.run(["umount", "-l", f"{self.pg}/data/{name}"])
        super().close()


def ran():
    return sum(w.counts().values())


def at_the_door():
    """A rollout that drained its backend; it goes on when the door is open."""
    if os.path.exists(f"{w.files}/count"):
        w.remove("count")
    w.put("door", "closed\n")
    the_steps = steps()
    the_steps[1]["poll"] = {"until": "door.text ~ open", "every_ms": 200,
                            "at_most_ms": 60000, "then": "fail"}
    rollout = w.start(the_steps, only=ONLY)
    wait_for("it is drained", lambda: ran() >= 1, 60)
    return rollout


def said(since, words):
    wait_for(f"drydockd says {words}", lambda: words in w.log()[since:], 60)


def stands_still(since):
    """Nothing is done meanwhile, and it is not told again and again."""
    begun = ran()
    time.sleep(4)
    assert ran() == begun, w.counts()
    lines = [x for x in w.log()[since:].splitlines() if "debug:" not in x]
    assert len(lines) < 40, "\n".join(lines)


def goes_on(rollout, observer):
    since, begun = time.monotonic(), ran()
    wait_for("it goes on", lambda: ran() > begun, 60)
    took = time.monotonic() - since
    w.wait_state(rollout, "succeeded")
    each_ran_once(w, ONLY)
    records_agree(w, rollout)
    observer.saw_one_out_at_most()
    assert w.daemons["ops1"].poll() is None, "drydockd ended"
    assert took <= GOES_ON, f"{took:.1f} s"
    return f"went on after {took:.1f} s"


@test
def a_phase_does_not_begin_that_cannot_be_written():
    with Observer(w) as observer:
        rollout = at_the_door()
        w.crowd()
        since = len(w.log())
        w.use_up("base")
        w.put("door", "open\n")
        said(since, "No space left on device")
        assert "the database is away" in w.log()[since:]
        stands_still(since)
        assert ran() == 1, w.counts()
        w.relieve("base")
        return goes_on(rollout, observer)


@test
def a_server_that_ends_for_lack_of_space_is_waited_for():
    with Observer(w) as observer:
        rollout = at_the_door()
        since = len(w.log())
        w.use_up("pg_wal")
        w.write_until_it_ends()
        w.put("door", "open\n")
        said(since, "the database is away")
        stands_still(since)
        w.relieve("pg_wal")
        w.up_again()
        return goes_on(rollout, observer)


w = DiskWorld(["mail1", "mail2"])
with w:
    w.probe("door", ["sh", "FILES/show-door"], "cat FILES/door\n")
    w.daemon()
    main()
