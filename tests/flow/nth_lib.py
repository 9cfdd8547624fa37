"""nth_lib - what tests/shim/nth.c tells: calls of each kind, and its lines."""
import os
import struct
import subprocess

from agent_lib import BIN

SHIM = os.path.join(os.path.dirname(BIN), "tests/nth.so")
# enum kind, in its order
KINDS = ("", "malloc", "write", "read", "fsync", "rename", "fork", "open")


def nth_told(path):
    """({kind: calls}, [line...])"""
    try:
        with open(path, "rb") as f:
            data = f.read()
    except FileNotFoundError:
        return {}, []
    if len(data) < 4096:
        return {}, []  # it is being made
    calls = struct.unpack("16q", data[:128])
    return (dict(zip(KINDS[1:], calls[1:])),
            data[128:].split(b"\0", 1)[0].decode().split())


def nth_function(line):
    """Of ours, in a line FIRED:PROGRAM+OFFSET; None: it is not ours."""
    program, offset = line.split(":", 1)[1].rsplit("+", 1)
    if not program.startswith(BIN):
        return None
    return subprocess.run(["addr2line", "-f", "-e", program, offset],
                          text=True, capture_output=True,
                          check=True).stdout.split()[0]
