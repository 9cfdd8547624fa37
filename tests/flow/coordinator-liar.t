#!/usr/bin/env python3
"""coordinator-liar - the drydock-ssh of a drydockd is somebody else's.

What drydockd reaches at ssh_socket passes on what it should, to and from a
real drydock-ssh, real sshd and agents, and says more than that.  drydockd may
lose its channels by it; it must say why, go on by itself, and believe none.
One that lives and says nothing any more is closed as well.
"""
import json
import signal
import socket
import subprocess
import threading

from engine_lib import (BIN, DAEMON, IMPATIENT, MEMBERS, main, steps, test,
                        wait_for)
from proxy_lib import free_port
from records_lib import Observer, each_ran_once, records_agree
from ssh_lib import SshWorld

BACKENDS = ["mail1", "mail2"]
ENDED = ('{"push":"ended","attempt":"%s","state":"ended",'
         '"result":{"exit":0,"ms":1}}')


class LiarWorld(SshWorld):
    PORT = free_port()


class Liar(threading.Thread):
    """Serves one connection after the other."""

    def __init__(self, w):
        super().__init__(daemon=True)
        self.path = f"{w.top}/ssh.sock"
        self.argv = [f"{BIN}/drydock-ssh", "-k", f"{w.ssh}/client"]
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.lock = threading.Lock()  # whole lines, theirs and ours
        self.served, self.conn = 0, None
        self.chans, self.greeted = {}, set()
        self.instead = {}  # of a host's name, in what it says of itself
        self.start()

    def run(self):
        while True:
            conn, _ = self.listener.accept()
            mine, its = socket.socketpair()
            child = self.child = subprocess.Popen(self.argv, stdin=its)
            its.close()
            self.chans, self.greeted, self.conn = {}, set(), conn
            self.served += 1
            back = threading.Thread(target=self.back, args=(mine, conn))
            back.start()
            for line in self.lines(conn):
                message = json.loads(line)
                if message["m"] == "open":
                    self.chans[message["host"]] = message["chan"]
                mine.sendall(line)
            mine.shutdown(socket.SHUT_RDWR)
            child.send_signal(signal.SIGCONT)
            back.join()
            child.wait()
            conn.close()
            mine.close()

    @staticmethod
    def lines(s):
        with s.makefile("rb") as f:
            try:
                yield from f
            except ConnectionResetError:
                pass

    def back(self, mine, conn):
        for line in self.lines(mine):
            message = json.loads(line)
            said = message.get("text", "")
            if '"machine_id"' in said:
                name = json.loads(said)["name"]
                self.greeted.add(name)
                message["text"] = said.replace(
                    f'"name":"{name}"',
                    f'"name":"{self.instead.get(name, name)}"')
                line = json.dumps(message).encode() + b"\n"
            self.say(line, conn)

    def say(self, data, conn=None):
        with self.lock:
            try:
                (conn or self.conn).sendall(data)
            except OSError:
                pass  # it has hung up

    def say_for(self, host, text):
        self.say(json.dumps({"m": "line", "chan": self.chans[host],
                             "text": text}).encode() + b"\n")

    def cut(self):
        self.conn.shutdown(socket.SHUT_RDWR)


def is_told(w, lie, sentence):
    """After that lie drydockd says so, and greets every host again."""
    served, begun = liar.served, len(w.log())
    lie()
    wait_for(sentence, lambda: sentence in w.log()[begun:], 60)
    wait_for("all are greeted", lambda: liar.served > served and
             liar.greeted >= {*BACKENDS, *MEMBERS}, 60)


def is_told_of(w, host, text, sentence):
    begun = len(w.log())
    liar.say_for(host, text)
    wait_for(sentence, lambda: sentence in w.log()[begun:], 60)


def what_ends_it(w):
    is_told(w, lambda: liar.say(b"not a message\n"), "drydock-ssh: JSON")
    is_told(w, lambda: liar.say(b'{"m":"sent","chan":%d,"n":64}\n'
                                % liar.chans["mail1"]),
            'drydock-ssh: "n" is 64')
    is_told(w, lambda: liar.say(b"x" * 500000),
            "drydock-ssh: a line is longer than")

    def truncated():
        liar.say(b'{"m":"closed","chan":1,"co')
        liar.cut()
    is_told(w, truncated, "drydock-ssh: the other side has closed")
    is_told(w, lambda: liar.child.send_signal(signal.SIGSTOP),
            "drydock-ssh: 3 pings in a row were not answered")


def what_is_not_believed(w, attempt):
    is_told_of(w, "mail2", ENDED % attempt,
               "mail2 tells the end of an attempt of mail1: not believed")
    liar.say(b'{"m":"line","chan":99999,"text":"x"}\n' * 5000)
    liar.instead["mail2"] = "mail1"
    is_told_of(w, "mail2", '{"id":4711,"ok":true}',
               "nobody asked question 4711")
    wait_for("mail2 is not taken for mail1", lambda:
             'another host answered there: "mail1"' in w.log(), 60)


def patient():
    """The usual steps; what hangs here may hang for long."""
    the_steps = steps()
    for step in the_steps:
        step["timeout_ms"] = step.get("timeout_ms") and 300000
    return [{k: v for k, v in s.items() if v is not None} for s in the_steps]


@test
def a_drydock_ssh_that_lies_is_closed_and_not_believed():
    w.put("hang-work-1", "")
    daemon = w.daemon_start("ops1", DAEMON, ssh_socket=liar.path,
                            ssh_silence="3s", **IMPATIENT)
    w.wait_greeted()
    with Observer(w) as observer:
        r = w.start(patient(), only=["mail1"])
        wait_for("mail1 is worked on", lambda: w.counts().get("work mail1"),
                 60)
        attempt = wait_for("it is known", lambda: w.one(
            "select attempt_id from fleet_internal.attempt join "
            "fleet_internal.step s using (step_id) where s.name = 'flushed'"))
        what_ends_it(w)
        what_is_not_believed(w, attempt)
        assert w.one("select state from fleet_internal.attempt where "
                     f"attempt_id = '{attempt}'") == "sent"
        assert w.counts()["work mail1"] == 1, w.counts()
        w.remove("hang-work-1")
        w.wait_state(r, "succeeded", 120)
        observer.saw_one_out_at_most()
    each_ran_once(w, ["mail1"])
    records_agree(w, r)
    assert daemon.poll() is None, "drydockd has ended"
    assert "starting anew" not in w.log()


w = LiarWorld(BACKENDS)
with w:
    liar = Liar(w)
    main()
