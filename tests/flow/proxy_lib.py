"""proxy_lib - a network between drydock-ssh and sshd that can be broken.

One listener on all of 127.0.0.0/8; each connection is passed on to the same
address, where sshd is.  What is sent is encrypted, but one line of ours is one
packet, so a rule can name the stage of an exchange at which it strikes.
"""
import collections
import random
import select
import socket
import struct
import threading
import time

STAGES = ("mid_send", "sent", "mid_answer", "answered")
EFFECTS = ("close", "reset", "silent", "deaf", "mute")


class Rule:
    """At a stage of an exchange with an address, after `skip` others."""

    def __init__(self, stage, effect, skip=0):
        self.stage, self.effect, self.skip = stage, effect, skip
        self.hit = threading.Event()


class Link(threading.Thread):
    def __init__(self, proxy, client):
        super().__init__(daemon=True)
        self.proxy, self.client, self.server = proxy, client, None
        self.address = client.getsockname()[0]
        self.struck, self.end = None, None
        self.drop = set()  # "up", "down": what is read, and thrown away

    def run(self):
        try:
            self.server = socket.create_connection(
                (self.address, self.proxy.to))
            while self.end is None:
                self.step()
        except OSError:
            pass
        for s in (self.client, self.server):
            if s is not None and self.end == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
            if s is not None:
                s.close()
        self.proxy.links.discard(self)

    def step(self):
        ready, _, _ = select.select([self.client, self.server], [], [], 0.05)
        for s in ready:
            data = s.recv(65536)
            if not data:
                self.end = "close"
            elif s is self.client:
                self.up(data)
            else:
                self.down(data)

    def send(self, to, data):
        if ("up" if to is self.server else "down") in self.drop:
            return
        for piece in self.proxy.pieces(data):
            to.sendall(piece)

    def up(self, data):
        rule = self.proxy.rules.get(self.address)
        if rule is None or self.struck:
            self.send(self.server, data)
        elif rule.skip > 0:
            rule.skip -= 1
            self.send(self.server, data)
        elif rule.stage == "mid_send":
            self.send(self.server, data[:len(data) // 2])
            self.strike(rule)
        else:
            self.struck = rule
            self.send(self.server, data)

    def down(self, data):
        rule, self.struck = self.struck, None
        if rule is None or rule.hit.is_set():
            self.send(self.client, data)
            return
        part = {"sent": 0, "mid_answer": len(data) // 2,
                "answered": len(data)}[rule.stage]
        self.send(self.client, data[:part])
        self.strike(rule)

    def strike(self, rule):
        self.proxy.rules.pop(self.address, None)
        if rule.effect in ("close", "reset"):
            self.end = rule.effect
        self.drop = {"silent": {"up", "down"}, "deaf": {"down"}}.get(
            rule.effect, set())
        rule.hit.set()


class Proxy(threading.Thread):
    def __init__(self, to):
        super().__init__(daemon=True)
        self.to, self.links = to, set()
        self.rules, self.slow, self.refuse = {}, None, False
        self.accepted = collections.Counter()  # of each address
        self.listener = socket.create_server(("0.0.0.0", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            link = Link(self, client)
            self.accepted[link.address] += 1
            self.links.add(link)
            if self.refuse:
                link.end = "reset"
            link.start()

    def cut(self, how="reset"):
        """Every connection there is."""
        for link in list(self.links):
            link.end = how

    def pieces(self, data):
        """The whole; on a bad line little by little, some of it late."""
        rng = self.slow
        if rng is None:
            yield data
            return
        while data:
            n = rng.randint(1, max(1, len(data)))
            time.sleep(0.3 if rng.random() < 0.3 else 0.01)
            yield data[:n]
            data = data[n:]


def bad_line(seed):
    return random.Random(seed)


def free_port():
    with socket.create_server(("0.0.0.0", 0)) as s:
        return s.getsockname()[1]
