#!/usr/bin/env python3
"""10-rollout - a whole rollout: three backends, one after the other.

usage: 10-rollout.t [TEST…]
"""
from engine_lib import World, address, main, test


@test
def three_backends_one_after_the_other():
    with World() as w:
        w.daemon()
        r = w.start()
        w.wait_state(r, "succeeded")
        assert w.turns(r) == ["done"] * 3
        for b in w.backends:
            assert w.read(f"ring/{address(b)}") == "100 up"
            assert w.read(f"run/{b}") == "active"
        assert sum(w.counts().values()) == 3 * 6, w.counts()
        rows, ran = w.attempts_match()
        assert rows == ran, (rows, ran)
        spans = w.sql("select out_since, back_at from fleet_internal.outage "
                      "order by 1")
        assert len(spans) == 3 and all(back for _, back in spans)
        for (_, back), (since, _) in zip(spans, spans[1:]):
            assert back <= since, "two were out at once"
        sheet = w.sheet("mail3")
        assert "mail3" in sheet and "rollout" in sheet, sheet
        assert f"ring-set {address('mail3')} 100 up" in sheet, sheet
        assert w.one("select count(*) from fleet_internal.sample") == "3"


main()
