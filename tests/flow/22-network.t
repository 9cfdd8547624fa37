#!/usr/bin/env python3
"""22-network - the network breaks, in all the ways it does.

usage: 22-network.t [TEST…]
NETWORK_ROUNDS=N  every stage with every effect, and all else, N times; without
it each kind once (SEED says when).

Real drydock-ssh, real sshd, agents on loopback; between them a proxy that
cuts, resets and falls silent at a stage of an exchange.  The rollout goes to
its end by itself and each command ran once.
"""
import os
import random
import signal
import subprocess
import time

from agent_lib import test, main, wait_for
from engine_lib import address, steps
from proxy_lib import EFFECTS, STAGES, Proxy, Rule, bad_line, free_port
from records_lib import Observer, each_ran_once, records_agree
from ssh_lib import SshWorld

SEED = int(os.environ.get("SEED", time.time()))
ROUNDS = int(os.environ.get("NETWORK_ROUNDS", 0))
ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
LIMIT = 150

rng = random.Random(SEED)


class NetWorld(SshWorld):
    PORT = free_port()

    def __init__(self):
        super().__init__(["mail1", "mail2"])
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                        f"{self.ssh}/other"], check=True)
        self.proxy = Proxy(self.PORT)
        self.sql(f"update fleet_internal.host set port = {self.proxy.port}")

    def sshd_stop(self):
        """With its sessions, as a host whose network service goes."""
        pids = subprocess.run(["ps", "-o", "pid=", "--ppid",
                               str(self.sshd.pid)], text=True,
                              capture_output=True).stdout.split()
        self.sshd.terminate()
        self.sshd.wait()
        for pid in pids:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def sshd_again(self, conf="", pause=0):
        self.sshd_stop()
        time.sleep(pause)
        self.SSHD_CONF = conf
        self.ssh_start()


def anew():
    """A drydockd whose back-off remembers nothing."""
    if "ops1" in w.daemons:
        w.kill()
    w.daemon()
    w.wait_greeted()


def ran():
    return sum(w.counts().values())


def begin(at=0, the_steps=None):
    """A rollout, when it has run so many commands."""
    if os.path.exists(f"{w.files}/count"):
        w.remove("count")
    rollout = w.start(the_steps, only=ONLY)
    wait_for(f"command {at}", lambda: ran() >= at, LIMIT)
    return rollout


def at_its_end(rollout, observer):
    w.wait_state(rollout, "succeeded", LIMIT)
    each_ran_once(w, ONLY)
    records_agree(w, rollout)
    observer.saw_one_out_at_most()


def strike(stages):
    """A rollout on whose lines those stages end with those effects."""
    hosts = rng.sample(["mail1", "dir1", "dir2"], len(stages))
    rules = {address(host): Rule(stage, effect, rng.randrange(6))
             for host, (stage, effect) in zip(hosts, stages)}
    anew()
    with Observer(w) as observer:
        w.proxy.rules = dict(rules)
        rollout = begin()
        for rule in rules.values():
            assert rule.hit.wait(LIMIT), f"no {rule.effect} {rule.stage}"
        at_its_end(rollout, observer)


def rounds(scenario, short=1):
    for _ in range(ROUNDS or short):
        w.sshd_again()
        anew()
        with Observer(w) as observer:
            at_its_end(scenario(), observer)
    return None if ROUNDS or short else "in the long form"


@test
def lines_are_cut_at_a_stage_of_an_exchange():
    if not ROUNDS:
        strike([("sent", "close"), ("mid_send", "reset"),
                ("mid_answer", "deaf")])
        return f"3 at once, seed {SEED}"
    pairs = [(s, e) for s in STAGES for e in EFFECTS] * ROUNDS
    for stage, effect in pairs:
        try:
            strike([(stage, effect)])
        except AssertionError as error:
            raise AssertionError(f"{effect} {stage}: {error}") from error
    return f"{len(pairs)}, seed {SEED}"


@test
def all_connections_flap():
    def scenario():
        rollout = begin()
        for _ in range(4):
            time.sleep(rng.uniform(0.2, 1))
            w.proxy.refuse = True
            w.proxy.cut(rng.choice(["close", "reset"]))
            time.sleep(rng.uniform(0.2, 1))
            w.proxy.refuse = False
        return rollout
    return rounds(scenario, short=0)


@test
def a_line_is_slow_and_loses():
    def scenario():
        w.proxy.slow = bad_line(SEED)
        rollout = begin()
        w.wait_state(rollout, "succeeded", LIMIT)
        w.proxy.slow = None
        return rollout
    return rounds(scenario, short=0)


@test
def sshd_is_restarted_with_tiny_limits():
    """Keys that are exchanged again each second, then one login at a time."""
    def scenario():
        rollout = begin(rng.randrange(1, 3))
        w.sshd_again("RekeyLimit 4K 1s", rng.uniform(0, 1))
        wait_for("some more commands", lambda: ran() >= 5, LIMIT)
        w.sshd_again("MaxStartups 1:100:1")
        return rollout
    return rounds(scenario)


@test
def sshd_is_away_for_longer_than_a_minute():
    """Nobody can tell anything meanwhile, and nobody is called a failure."""
    def scenario():
        rollout = begin(rng.randrange(2, 5))
        w.sshd_again(pause=90)
        return rollout
    return rounds(scenario, short=0)


@test
def sshd_closes_channels_that_are_idle():
    def scenario():
        w.put("hang-mail1-inactive", "")
        the_steps = steps()
        the_steps[3]["timeout_ms"] = 120000
        rollout = begin(3, the_steps)
        w.sshd_again("ChannelTimeout session:*=3s")
        opened = w.proxy.accepted[address("mail1")]
        # what lives so short and does its work is called back soon each time
        wait_for("the channel was opened again and again", lambda:
                 w.proxy.accepted[address("mail1")] >= opened + 5, 60)
        assert w.turns(rollout) == ["working"] and ran() == 3, w.counts()
        w.remove("hang-mail1-inactive")
        return rollout
    return rounds(scenario)


@test
def the_host_key_is_another_one():
    def scenario():
        rollout = begin(1)
        w.sshd_again(f"HostKey {w.ssh}/other")
        # the third time it waits for long, and says for what
        wait_for("it is said that the key is another", lambda: w.one(
            "select count(*) from fleet.host where why_silent like "
            "'%host key%tried again in%'") != "0", 60)
        before = w.counts()
        time.sleep(1)
        assert w.counts() == before, "it went on"
        w.sshd_again()
        if not ROUNDS:
            anew()  # a minute after such a key it would go on by itself
        return rollout
    return rounds(scenario)


w = NetWorld()
with w:
    w.put("slow", "")
    main()
