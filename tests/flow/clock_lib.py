"""clock_lib - coordinators whose time is not the machine's."""
import os

from agent_lib import BIN
from engine_lib import World

CLOCK = os.path.join(os.path.dirname(BIN), "tests/clock.so")


class ClockWorld(World):
    """Theirs goes as tests/shim/clock.c has it."""

    def daemon_start(self, name, program, **more):
        script = os.path.join(self.top, "drydockd")
        with open(script, "w") as f:
            f.write(f"#!/bin/sh\nLD_PRELOAD={CLOCK} "
                    f"DRYDOCK_WALL={self.top}/wall "
                    f"DRYDOCK_FAST={self.top}/fast exec {program} \"$@\"\n")
        os.chmod(script, 0o755)
        return super().daemon_start(name, script, **more)

    def clock(self, what, number):
        """`what`: wall (seconds ahead), fast (so many times)."""
        path = os.path.join(self.top, what)
        with open(path + ".new", "w") as f:
            f.write(str(number))
        os.rename(path + ".new", path)
