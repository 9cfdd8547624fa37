#!/usr/bin/env python3
"""15-sheet - the sheet that says how to finish by hand.

usage: 15-sheet.t [TEST…]
"""
import hashlib
import os
import re

from engine_lib import World, address, main, steps, test, wait_for


def with_one_left_out():
    wipe = {"name": "wipe", "phase": "change", "kind": "run", "target":
            "backend", "argv": ["sh", "FILES/wipe"], "undo": "none",
            "skip": "it was not asked for"}
    return steps()[:5] + [wipe] + steps()[5:]


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def sheet(w, host):
    path = os.path.join(w.root(host), "var/lib/drydock/SHEET")
    try:
        with open(path) as f:
            return f.read()
    except FileNotFoundError:
        return None


@test
def it_is_there_from_the_point_of_no_return_to_the_end():
    with World() as w:
        w.put("hang-mail1-inactive", "")
        w.daemon()
        rollout = w.start(with_one_left_out())
        wait_for("the stop hangs", lambda: "unit mail1 inactive" in w.counts(),
                 60)
        text = sheet(w, "mail1")
        assert text is not None, "no sheet before the stop began"
        assert f"rollout {rollout} " in text
        assert "[x] weight-zero, dir" in text, text
        assert "[?] stop, here:" in text, text
        assert "[ ] start, here:" in text, text
        # the exact commands, with what was remembered
        assert "unit-set mail1 active" in text, text
        assert f"ring-set {address('mail1')} 100 up" in text, text
        assert "${" not in text, text
        # what they are read from, for who has no drydock to read it
        assert re.search(r"^  unit, here:\n +sh \S+/unit-show mail1$", text,
                         re.M), text
        assert re.search(r"^  service, on each director:\n +sh \S+/ring-status"
                         r"\n +of the row whose \S", text, re.M), text
        # what was left out when it was planned is nobody's to do
        assert "wipe" not in text, text
        assert sheet(w, "mail2") is None
        # the database has the same, for who cannot get at the host
        assert w.one("select md5(sheet) from fleet.turn where backend = "
                     f"'mail1' and rollout = {rollout}") == md5(text)
        # it outlives everybody who could have written it
        w.kill()
        assert sheet(w, "mail1") == text
        w.remove("hang-mail1-inactive")
        w.daemon()
        w.wait_state(rollout, "succeeded")
        wait_for("the last sheet is gone",
                 lambda: all(sheet(w, b) is None for b in w.backends), 10)
        assert w.one("select count(sheet) from fleet.turn") == "0"


STEERED = """
grant fleet_operator to drydockd;
create function steered() returns trigger language plpgsql
security definer as $$
begin
	perform fleet.abort(rollout_id, 'asked as it begins')
	   from fleet_internal.turn where turn_id = new.turn_id;
	return null;
end $$;
create trigger steered after update of state on fleet_internal.step
	for each row when (new.state = 'running' and old.state = 'pending'
		and new.name = 'STEP') execute function steered();
"""


@test
def both_are_the_same_where_it_comes_to_rest():
    with World(["mail1", "mail2"]) as w:
        w.daemon()
        w.sql(STEERED.replace("STEP", "change"))
        rollout = w.start(only=["mail1"])
        w.wait_turn(rollout, 0, "out")
        w.wait_state(rollout, "aborted")

        def same():
            there = sheet(w, "mail1")
            return there is not None and md5(there) == w.one(
                "select md5(sheet) from fleet.turn where backend = 'mail1' "
                f"and rollout = {rollout}")
        wait_for("the database has what the host has", same, 60)
        assert "[?] change, here:" in sheet(w, "mail1") or \
            "[x] change, here:" in sheet(w, "mail1"), sheet(w, "mail1")


main()
