"""records_lib - what a fault leaves behind, asked of records that do not know
of each other: what the hosts did, the agents' journals, the database's rows
and events, and an observer who watched the ring and the backends all the time.
"""
import os
import threading
import time

from engine_lib import MEMBERS, address


class Observer(threading.Thread):
    """Looks at the ring's files and at what runs: how many are out at once, at
    most, and whether one was stopped that users were still sent to.

    It is also what systemd would be: a drydockd that ended is started by
    `again`.
    """

    def __init__(self, w, again=None):
        super().__init__(daemon=True)
        self.w, self.again = w, again
        self.most, self.looks, self.over = 0, 0, False
        self.dead_with_users = set()

    def file(self, name):
        """What is in it, and which writing of it that is."""
        with open(os.path.join(self.w.files, name)) as f:
            stat = os.fstat(f.fileno())
            return f.read().strip(), stat.st_ino, stat.st_mtime_ns

    def look(self):
        """Each backend's row and unit; None while one is being written."""
        try:
            seen = {b: (self.file(f"ring/{address(b)}"), self.file(f"run/{b}"))
                    for b in self.w.backends}
        except FileNotFoundError:
            return None  # being renamed
        return seen if all(x[0] for pair in seen.values()
                           for x in pair) else None

    def judge(self, seen):
        wrong = {b: (row[0], unit[0]) for b, (row, unit) in seen.items()
                 if row[0] != "100 up" or unit[0] != "active"}
        self.most = max(self.most, len(wrong))
        self.dead_with_users |= {
            f"{b} {row} {unit}" for b, (row, unit) in wrong.items()
            if unit != "active" and row != "0 up"}

    def run(self):
        before = None
        while not self.over:
            # files are read one by one: what is the same in two looks was so
            # at one instant between them
            seen = self.look()
            if seen:
                self.looks += 1
                if before:
                    self.judge({b: x for b, x in seen.items()
                                if before[b] == x})
            before = seen
            if self.again and self.w.daemons["ops1"].poll() is not None:
                self.again()
            time.sleep(0.01)

    def saw_one_out_at_most(self):
        assert not self.dead_with_users, self.dead_with_users
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


class Records:
    """What the three say of one rollout; each check says what it compares."""

    def __init__(self, w, rollout):
        self.w, self.rollout = w, rollout
        self.uuid, self.fleet = w.sql(
            "select uuid, fleet_id from fleet_internal.rollout where "
            f"rollout_id = {rollout}")[0]
        self.journals = {host: w.records(host)
                         for host in [*w.backends, *MEMBERS]}
        self.rows = {row[0]: row[1:] for row in w.sql(
            "select a.attempt_id, a.state, h.name, a.seq, a.epoch, s.step_id "
            "from fleet_internal.attempt a join fleet_internal.host h "
            "using (host_id) join fleet_internal.step s using (step_id) "
            "join fleet_internal.turn t using (turn_id) "
            f"where t.rollout_id = {rollout}")}

    def lists(self, query):
        """No row of it may be there."""
        bad = self.w.sql(query.format(r=self.rollout, f=self.fleet))
        assert not bad, bad

    # ------------------------------------------------ journals against rows
    def begun(self):
        for host, records in self.journals.items():
            for record in records:
                request = record.get("request", {})
                if (record["t"] == "begun" and
                        request.get("step", "").startswith(self.uuid)):
                    yield host, request

    def attempts_agree(self):
        """Begun and ended in a journal = sent and ended in the database."""
        begun = {r["attempt"]: (host, str(r["seq"]), str(r["epoch"]))
                 for host, r in self.begun()}
        ended = {r["attempt"] for records in self.journals.values()
                 for r in records if r["t"] == "ended"}
        unknown_to_us = set(begun) - set(self.rows)
        assert not unknown_to_us, f"only in a journal: {unknown_to_us}"
        for id_, (state, host, seq, epoch, _) in self.rows.items():
            if id_ in begun:
                # adopted from a journal: the row has no number
                assert begun[id_][:2] == (host, seq or begun[id_][1]), (
                    id_, begun[id_], host, seq)
                assert int(begun[id_][2]) >= int(epoch) or not seq, id_
            if state == "ended":
                assert id_ in begun and id_ in ended, (
                    f"{id_} ended only in the rows")
            elif id_ in begun:
                assert state == "unknown", (id_, state)

    def journals_are_whole(self):
        """Begun once and ended once at most, in this order; a step's numbers
        only rise on a host, and none was given twice (I4).  One that is
        missing was of another host, or of what never was in a commit; a phase
        that is committed has its numbers before a second try has one."""
        numbers = {}
        for host, records in self.journals.items():
            begun, ended, newest = set(), set(), {}
            for record in records:
                if record["t"] == "begun":
                    r = record["request"]
                    assert r["attempt"] not in begun, f"{host}: twice {r}"
                    begun.add(r["attempt"])
                    step = r["fleet"], r["step"]
                    assert r["seq"] > newest.get(step, 0), (
                        f"{host}: {r['seq']} after {newest}")
                    newest[step] = r["seq"]
                    key = r["fleet"], r["seq"]
                    assert key not in numbers, (host, numbers[key], r)
                    numbers[key] = r["attempt"]
                elif record["t"] == "ended":
                    assert record["attempt"] in begun - ended, (host, record)
                    ended.add(record["attempt"])

    def epochs_only_rise(self):
        """No agent began a thing for an epoch below one that it had accepted
        (I5)."""
        for host, records in self.journals.items():
            newest = {}
            for record in records:
                if record["t"] not in ("epoch", "begun"):
                    continue
                r = record.get("request", record)
                had = newest.get(r["fleet"], 0)
                epoch = r.get("epoch", had)
                assert epoch >= had, f"{host}: {epoch} after {had}"
                newest[r["fleet"]] = epoch

    # -------------------------------------------------- events against rows
    def events_are_all_there(self):
        """Numbered without a gap, and of nothing that no row knows."""
        self.lists("select fleet_id, count(*), min(seq), max(seq) from "
                   "fleet_internal.event group by 1 "
                   "having min(seq) <> 1 or max(seq) <> count(*)")
        self.lists(
            "select e.seq, e.kind, e.message from fleet_internal.event e "
            "where e.fleet_id = {f} and not ("
            "(rollout_id is null or exists (select from fleet_internal.rollout"
            " x where x.rollout_id = e.rollout_id)) and "
            "(turn_id is null or exists (select from fleet_internal.turn x "
            "where x.turn_id = e.turn_id)) and "
            "(step_id is null or exists (select from fleet_internal.step x "
            "where x.step_id = e.step_id)))")

    def steps_are_told(self):
        """What is told of a step are edges of its machine, one after the
        other, from pending to where its row stands; and whatever began on a
        host was told to have begun."""
        edges = {tuple(row) for row in self.w.sql(
            "select from_, to_ from fleet_internal.edge "
            "where machine = 'step'")}
        at, began = {}, set()
        for seq, step, kind in self.w.sql(
                "select seq, step_id, kind from fleet_internal.event "
                f"where rollout_id = {self.rollout} and kind like 'step.%' "
                "and step_id is not null order by seq"):
            to = kind.split(".")[1]
            had = at.get(step, "pending")
            assert (had, to) in edges, f"event {seq}: {step} {had} -> {to}"
            at[step] = to
            if to == "running":
                began.add(step)
        for step, state in self.w.sql(
                "select step_id, s.state from fleet_internal.step s join "
                "fleet_internal.turn t using (turn_id) "
                f"where t.rollout_id = {self.rollout}"):
            assert at.get(step, "pending") == state, (step, at.get(step),
                                                      state)
        for id_, (state, _, _, _, step) in self.rows.items():
            assert step in began, f"{id_} {state}: nobody told of its step"

    # ------------------------------------------------- outages and evidence
    def outages_in_turn(self):
        """None inside another; one for each turn that is done (I1)."""
        self.lists(
            "select a.outage_id, b.outage_id from fleet_internal.outage a "
            "join fleet_internal.outage b on a.interlock = b.interlock "
            "and a.outage_id < b.outage_id and tstzrange(a.out_since, "
            "coalesce(a.back_at, 'infinity')) && tstzrange(b.out_since, "
            "coalesce(b.back_at, 'infinity'))")
        self.lists(
            "select t.turn_id, t.state, count(o) from fleet_internal.turn t "
            "left join fleet_internal.outage o on o.turn_id = t.turn_id and "
            "o.back_at is not null where t.rollout_id = {r} and "
            "t.state = 'done' group by 1, 2 having count(o) <> 1")

    def outages_are_opened_on_a_look(self):
        """At all others, who were all in service, not long before (I2)."""
        self.lists(
            "select o.outage_id, s.readings from fleet_internal.outage o "
            "join fleet_internal.turn t using (turn_id) "
            "left join fleet_internal.survey s using (survey_id) "
            "where t.rollout_id = {r} and (s.spared = o.backend_id and "
            "s.clear and s.at = o.survey_at and o.out_since - s.at between "
            "interval '0' and interval '30 s' and not exists (select from "
            "fleet_internal.backend b where b.fleet_id = o.fleet_id and "
            "b.backend_id <> o.backend_id and b.excluded_at is null and "
            "not exists (select from jsonb_array_elements(s.readings) x "
            "where (x->>'backend')::int = b.backend_id and "
            "(x->>'in_service')::bool))) is not true")

    def outages_are_closed_by_a_proof(self):
        """Of this backend, later, after all that was done to it (I6)."""
        self.lists(
            "select o.outage_id, o.out_since, o.back_at, p.* "
            "from fleet_internal.outage o "
            "join fleet_internal.turn t using (turn_id) "
            "left join fleet_internal.proof p using (proof_id) "
            "where t.rollout_id = {r} and o.back_at is not null and "
            "(p.backend_id = o.backend_id and p.in_service and "
            "p.at = o.back_at and p.at > o.out_since) is not true")

    def outages_are_told(self):
        """Opened before the first step that takes a backend out begins, closed
        when its last one has ended, each once."""
        self.lists(
            "with told as (select turn_id, (detail->>'outage')::bigint as id, "
            "min(seq) filter (where kind = 'outage.opened') as opened, "
            "min(seq) filter (where kind = 'outage.closed') as closed, "
            "count(*) as n from fleet_internal.event where rollout_id = {r} "
            "and kind in ('outage.opened', 'outage.closed') group by 1, 2), "
            "steps as (select e.turn_id, max(e.seq) as last, min(e.seq) "
            "filter (where p.takes_out) as first from fleet_internal.event e "
            "join fleet_internal.step s using (step_id) join "
            "fleet_internal.turn_phase p on p.turn_id = s.turn_id and "
            "p.name = s.phase where e.rollout_id = {r} group by 1) "
            "select t.turn_id, t.state, told.*, steps.* "
            "from fleet_internal.turn t left join told using (turn_id) "
            "left join steps using (turn_id) where t.rollout_id = {r} and "
            "t.state = 'done' and (told.n = 2 and opened < first and "
            "last < closed and exists (select from fleet_internal.outage o "
            "where o.outage_id = told.id and o.turn_id = t.turn_id)) "
            "is not true")


CHECKS = ["attempts_agree", "journals_are_whole", "epochs_only_rise",
          "events_are_all_there", "steps_are_told", "outages_in_turn",
          "outages_are_opened_on_a_look", "outages_are_closed_by_a_proof",
          "outages_are_told"]


def records_agree(w, rollout):
    """The agents' journals, the database's events and its rows tell the same
    story of a rollout, and it is one that may happen."""
    records = Records(w, rollout)
    for check in CHECKS:
        try:
            getattr(records, check)()
        except AssertionError as error:
            raise AssertionError(f"{check}: {error}") from error
