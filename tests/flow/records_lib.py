"""records_lib - what a fault leaves behind, asked of records that do not know
of each other: what the hosts did, the agents' journals, the database's rows,
and an observer who watched the ring all the time.
"""
import threading
import time

from engine_lib import MEMBERS, address


class Observer(threading.Thread):
    """Looks at the ring's files: how many are out at once, at most.

    It is also what systemd would be: a drydockd that ended is started by
    `again`.
    """

    def __init__(self, w, again=None):
        super().__init__(daemon=True)
        self.w, self.again = w, again
        self.most, self.looks, self.over = 0, 0, False

    def run(self):
        while not self.over:
            out = 0
            for b in self.w.backends:
                try:
                    row = self.w.read(f"ring/{address(b)}")
                except FileNotFoundError:
                    continue  # being renamed
                out += row != "" and row != "100 up"
            self.most = max(self.most, out)
            self.looks += 1
            if self.again and self.w.daemons["ops1"].poll() is not None:
                self.again()
            time.sleep(0.01)

    def saw_one_out_at_most(self):
        assert self.most <= 1 and self.looks > 10, (self.most, self.looks)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.over = True
        self.join()


def each_ran_once(w, backends=None):
    """What the hosts did for one rollout of the usual steps."""
    counts = w.counts()
    for b in backends or w.backends:
        assert counts[f"unit {b} inactive"] == 1, counts
        assert counts[f"unit {b} active"] == 1, counts
        assert counts[f"work {b}"] == 2, counts
        assert counts[f"ring {address(b)} 0 up"] == 1, counts
        assert counts[f"ring {address(b)} 100 up"] == 1, counts


def outages_in_turn(w):
    """One for each backend of the one rollout, none inside another."""
    spans = w.sql("select out_since, back_at from fleet_internal.outage "
                  "order by 1")
    assert len(spans) == len(w.backends) and all(back for _, back in spans)
    for (_, back), (since, _) in zip(spans, spans[1:]):
        assert back <= since, "two were out at once"


def records_agree(w, rollout):
    """Begun and ended in a journal = sent and ended in the database."""
    uuid = w.one("select uuid from fleet_internal.rollout where "
                 f"rollout_id = {rollout}")
    begun, ended = set(), set()
    for host in [*w.backends, *MEMBERS]:
        for record in w.records(host):
            if (record["t"] == "begun" and
                    record["request"].get("step", "").startswith(uuid)):
                begun.add(record["request"]["attempt"])
            elif record["t"] == "ended":
                ended.add(record["attempt"])
    rows = dict(w.sql(
        "select a.attempt_id, a.state from fleet_internal.attempt a "
        "join fleet_internal.step s using (step_id) "
        "join fleet_internal.turn t using (turn_id) "
        f"where t.rollout_id = {rollout}"))
    unknown_to_us = begun - set(rows)
    assert not unknown_to_us, f"only in a journal: {unknown_to_us}"
    for id_, state in rows.items():
        if state == "ended":
            assert id_ in begun & ended, f"{id_} ended only in the rows"
        elif id_ in begun:
            assert state == "unknown", (id_, state)


def epochs_only_rise(w):
    """No agent began a thing for an epoch below one that it had accepted."""
    for host in [*w.backends, *MEMBERS]:
        newest = 0
        for record in w.records(host):
            if record["t"] not in ("epoch", "begun"):
                continue
            epoch = record.get("request", record).get("epoch", newest)
            assert epoch >= newest, f"{host}: {epoch} after {newest}"
            newest = epoch
