#!/usr/bin/env python3
"""22-loss - a third of all packets is lost, in both directions.

usage: 22-loss.t [TEST…]

The test runs in a network namespace of its own, so that nftables may drop what
it likes on its loopback: real drydock-ssh and sshd, PostgreSQL on a Unix
socket.  TCP sends again and again, or gives up; the rollout is slower, and
nothing else.
"""
import subprocess

from agent_lib import main, own_network, test
from proxy_lib import free_port
from records_lib import Observer, each_ran_once, records_agree
from ssh_lib import SshWorld

ONLY = ["mail1"]  # is worked on; mail2 is there to be in service
LIMIT = 300
LOSS = 30  # of 100
RULES = """
table inet loss {
	chain in {
		type filter hook input priority 0
		tcp dport PORT numgen random mod 100 < LOSS counter drop
		tcp sport PORT numgen random mod 100 < LOSS counter drop
	}
}
"""


def nft(text):
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def lost():
    rules = subprocess.run(["nft", "list", "table", "inet", "loss"], text=True,
                           capture_output=True, check=True).stdout.split()
    return [int(rules[i + 1]) for i, word in enumerate(rules)
            if word == "packets"]


@test
def a_rollout_goes_to_its_end():
    class LossWorld(SshWorld):
        PORT = free_port()

    with LossWorld(["mail1", "mail2"]) as w, Observer(w) as observer:
        w.daemon()
        w.wait_greeted()  # each line that breaks is opened again in the loss
        nft(RULES.replace("PORT", str(w.PORT)).replace("LOSS", str(LOSS)))
        rollout = w.start(only=ONLY)
        w.wait_state(rollout, "succeeded", LIMIT)
        each_ran_once(w, ONLY)
        records_agree(w, rollout)
        observer.saw_one_out_at_most()
        there, back = lost()
    assert there > 10 and back > 10, (there, back)
    return f"{there} packets to sshd were lost, {back} back"


own_network()
main()
