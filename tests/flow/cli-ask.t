#!/usr/bin/env python3
"""cli-ask.t - every question that drydock asks at a terminal, and each answer.

Yes does it; no, nothing, the end of the file, another name or an interrupt do
not, and change nothing.  Where nobody can answer nothing is asked.  A terminal
of its own for each; `host pin --scan` is in host-pin.t.
"""
import os
import pty
import re
import subprocess
import sys
import time

from steer_lib import BIN, TOP, Fleet, all_ok, beating, main, ok, psql

YES, REASON, NAME = "[y/N]", "Reason (", "\nType the fleet's name to go on:"
END, INTERRUPT = "\x04", "\x03"
# what is typed, the state it is typed in, what is asked
QUESTIONS = [
    ("start R", "planned", YES),
    ("skip R B --reason tea", "held in", YES),
    ("abort R --reason tea", "running", YES),
    ("import FILE", "planned", YES),
    ("import FILE --prune", "planned", YES),
    ("pause R", "running", REASON),
    ("exclude B --fleet F", "planned", REASON),
    ("override R target_in --backend B", "running", REASON),
    ("settle R look --done --backend B", "held unknown", REASON),
    ("skip R B --yes", "held in", REASON),
    ("abort R --yes", "running", REASON),
    ("skip R B --reason tea --accept-out", "held out", NAME),
    ("exclude B --fleet F --reason tea --accept-out", "out", NAME),
    ("retry R B --destroy-again", "held in", NAME),
]
# answer, exit code, what is said; F is the fleet's name
ANSWERS = {
    YES: [("y\n", 0, ""), ("yes\n", 0, ""),
          ("n\n", 1, "not done: the answer was not yes"),
          ("\n", 1, "not yes"), ("yesterday\n", 1, "not yes"),
          (END, 1, "not yes"), (INTERRUPT, -2, "")],
    REASON: [("INC-4711 \u2615\n", 0, ""), ("\n", 2, "the reason is empty"),
             ("  \n", 2, "the reason is empty"),
             (END, 2, "the reason is empty"), (INTERRUPT, -2, "")],
    NAME: [("F\n", 0, ""), ("G\n", 2, "is not the fleet's name"),
           ("y\n", 2, "--confirm F"), (END, 2, "is not the fleet's name"),
           (INTERRUPT, -2, "")],
}


class Terminal:
    """drydock in one: stdin and stderr, or stdin alone."""

    def __init__(self, argv, alone=False):
        ours, theirs = pty.openpty()
        self.fd = ours
        self.said = ""

        def controlled():
            os.setsid()
            os.close(os.open(os.ttyname(theirs), os.O_RDWR))

        self.process = subprocess.Popen(
            [f"{BIN}/drydock", *argv], stdin=theirs, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if alone else theirs,
            preexec_fn=controlled,
            env=dict(os.environ, PGUSER="anna", NO_COLOR="1"))
        os.close(theirs)

    def read(self):
        """False: nobody has the other end any more."""
        try:
            more = os.read(self.fd, 4096)
        except OSError:
            return False
        self.said += more.decode(errors="replace").replace("\r", "")
        return bool(more)

    def asked(self, text):
        end = time.monotonic() + 60
        while text not in self.said and time.monotonic() < end:
            if not self.read():
                return False
        return text in self.said

    def answer(self, text):
        os.write(self.fd, text.encode())

    def ended(self):
        while self.read():
            pass
        out, err = self.process.communicate(timeout=60)
        os.close(self.fd)
        self.said += (err or b"").decode()
        return self.process.returncode, out.decode()


def typed(fleet, template, path):
    return [path if w == "FILE" else w for w in fleet.typed(template)]


def export(fleet, prune):
    """Its file, with another time zone, or one backend less to prune."""
    path = f"{os.environ['PGHOST']}/{fleet.name}.yaml"
    text = subprocess.run([f"{BIN}/drydock", "export", "--fleet", fleet.name],
                          text=True, check=True, stdout=subprocess.PIPE).stdout
    if prune:
        text = re.sub(rf"\n *- {{?name: {fleet.name}3[^\n]*", "", text)
    else:
        text = re.sub(r"\ntimezone: \S*", "\ntimezone: Asia/Tokyo", text)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def traces(fleet):
    """Whatever somebody does to a fleet is an event of it."""
    return psql("select count(*) from fleet.event where fleet = "
                f"'{fleet.name}'")


def faults_of(fleet, template, question, answer, want, says):
    path = export(fleet, "--prune" in template) if "FILE" in template else ""
    before = traces(fleet)
    terminal = Terminal(typed(fleet, template, path))
    if not terminal.asked(question):
        return [f"{answer!r}: not asked: {terminal.said}"]
    terminal.answer(answer.replace("F", fleet.name))
    code, out = terminal.ended()
    faults = []
    if code != want or says.replace("F", fleet.name) not in terminal.said:
        faults.append(f"{answer!r}: exit {code}: {terminal.said}{out}")
    if (traces(fleet) != before) != (want == 0):
        faults.append(f"{answer!r}: {before} events became {traces(fleet)}")
    if want > 0 and "\ndrydock: error: " not in terminal.said:
        faults.append(f"{answer!r}: no line of its own: {terminal.said!r}")
    return faults


def nobody_answers(fleet, template, question):
    """A terminal that only shows the questions, or only takes the answers."""
    path = export(fleet, "--prune" in template) if "FILE" in template else ""
    before = traces(fleet)
    terminal = Terminal(typed(fleet, template, path), alone=True)
    code, out = terminal.ended()
    if template == "import FILE":  # what only adds is done unasked
        return [] if code == 0 else [f"exit {code}: {terminal.said}"]
    if code == 2 and "hint: " in terminal.said and traces(fleet) == before:
        return []
    return [f"stderr is no terminal: exit {code}: {terminal.said}{out}"]


def steps():
    cases = []
    for template, state, question in QUESTIONS:
        tries = [(a, Fleet(state)) for a in ANSWERS[question]]
        cases.append((template, question, tries, Fleet(state)))
    beating(None)
    for template, question, tries, other in cases:
        faults = []
        for (answer, want, says), fleet in tries:
            faults += faults_of(fleet, template, question, answer, want, says)
        faults += nobody_answers(other, template, question)
        all_ok(f"{template}: asked, answered, done or not", faults)
    told = psql("select string_agg(distinct reason, ';') from "
                "fleet_internal.pause")
    ok("a reason is stored as it was typed", told == "INC-4711 \u2615", told)
    with open(f"{TOP}/coordinator/cli/steer.c", encoding="utf-8") as f:
        asks = f.read().count("cli_ask_")
    ok("every question of steer.c is in the table", asks == 10, asks)


if __name__ == "__main__":
    sys.exit(main(steps))
