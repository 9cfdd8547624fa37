#!/usr/bin/python3
"""hostile.py - SSH servers that do what no server should, each on its port.

usage: hostile.py CASE...        until standard input ends

Prints their host key, then one port for each case.  The transport is true to
the letter (curve25519, ed25519, aes256-ctr, hmac-sha2-256) up to the stage at
which the case comes in; so what comes later is read behind real encryption.
"""
import base64
import hashlib
import hmac
import os
import socket
import struct
import sys
import threading
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
HOST_KEY = ed25519.Ed25519PrivateKey.generate()
KEX, ED = b"curve25519-sha256", b"ssh-ed25519"
# the pinned type is neither the first nor alone
TYPES = b"rsa-sha2-512,ecdsa-sha2-nistp256,ssh-ed25519"


def u32(n):
    return struct.pack(">I", n)


def string(data):
    return u32(len(data)) + data


def mpint(data):
    data = data.lstrip(b"\0")
    return string(b"\0" + data if data and data[0] & 0x80 else data)


BLOB = string(ED) + string(HOST_KEY.public_key().public_bytes(*RAW))


class Conn:
    """One client, as far as it is served."""

    def __init__(self, sock, case):
        self.sock, self.case = sock, case
        self.seq_out = 0
        self.enc = self.dec = self.mac_in = self.mac_out = None
        self.theirs = 0
        self.more = b""

    # ------------------------------------------------------------ packets
    def take(self, n):
        while len(self.more) < n:
            got = self.sock.recv(65536)
            if not got:
                raise EOFError
            self.more += got
        out, self.more = self.more[:n], self.more[n:]
        return out

    def packet(self, payload):
        """The bytes on the line."""
        pad = 16 - (5 + len(payload)) % 16
        pad += 16 if pad < 4 else 0
        text = struct.pack(">IB", 1 + len(payload) + pad, pad) + payload + \
            bytes(pad)
        seq, self.seq_out = self.seq_out, (self.seq_out + 1) & 0xffffffff
        if self.enc is None:
            return text
        mac = hmac.digest(self.mac_out, u32(seq) + text, "sha256")
        return self.enc.update(text) + mac

    def send(self, *payloads):
        self.sock.sendall(b"".join(self.packet(p) for p in payloads))

    def receive(self):
        head = self.take(16 if self.dec else 5)
        if self.dec:
            head = self.dec.update(head)
        size, pad = struct.unpack(">IB", head[:5])
        rest = self.take(size + 4 - len(head))
        if self.dec:
            rest = self.dec.update(rest)
            self.take(32)
        return (head + rest)[5:4 + size - pad]

    def expect(self, number):
        while True:
            p = self.receive()
            if p[0] == number:
                return p

    # ------------------------------------------------------------- stages
    def stage(self, name):
        if self.case[0] == name:
            self.case[1](self)

    def key_exchange(self):
        mine = b"\x14" + os.urandom(16) + b"".join(map(string, [
            KEX, TYPES, b"aes256-ctr", b"aes256-ctr", b"hmac-sha2-256",
            b"hmac-sha2-256", b"none", b"none", b"", b""])) + bytes(5)
        self.send(mine)
        theirs = self.expect(20)
        init = self.expect(30)[5:]
        self.stage("kex")
        secret = x25519.X25519PrivateKey.generate()
        shared = mpint(secret.exchange(
            x25519.X25519PublicKey.from_public_bytes(init)))
        public = secret.public_key().public_bytes(*RAW)
        digest = hashlib.sha256(b"".join(map(string, [
            self.ident, b"SSH-2.0-hostile", theirs, mine, BLOB, init,
            public])) + shared).digest()
        self.send(b"\x1f" + string(BLOB) + string(public) + string(
            string(ED) + string(HOST_KEY.sign(digest))), b"\x15")
        self.expect(21)
        self.keys(shared + digest, digest)

    def keys(self, begin, session):
        def key(letter, size):
            return hashlib.sha256(begin + letter + session).digest()[:size]

        def cipher(iv, letter):
            return Cipher(algorithms.AES(key(letter, 32)),
                          modes.CTR(key(iv, 16)))
        self.dec = cipher(b"A", b"C").decryptor()
        self.enc = cipher(b"B", b"D").encryptor()
        self.mac_in, self.mac_out = key(b"E", 32), key(b"F", 32)

    def login(self):
        self.expect(5)
        self.send(b"\x06" + string(b"ssh-userauth"))
        self.stage("auth")
        while True:
            p = self.expect(50)
            at = p.index(b"publickey") + 9
            if p[at]:
                return self.send(b"\x34")
            self.send(b"\x3c" + p[at + 1:])

    def channel(self):
        p = self.expect(90)
        self.theirs = struct.unpack(">I", p[12:16])[0]
        self.stage("open")
        self.confirm(1 << 20, 1 << 15)
        self.expect(98)
        self.stage("exec")
        self.send(b"\x63" + u32(self.theirs))
        self.stage("run")

    def serve(self):
        self.stage("banner")
        self.sock.sendall(b"SSH-2.0-hostile\r\n")
        line = b""
        while not line.endswith(b"\n"):
            line += self.take(1)
        self.ident = line.strip()
        self.stage("kexinit")
        self.key_exchange()
        self.stage("keyed")
        self.login()
        self.channel()
        while True:  # as cat would
            p = self.receive()
            if p[0] == 94:
                self.send(b"\x5e" + u32(self.theirs) + p[5:])

    # ------------------------------------------------- what the cases need
    def confirm(self, window, size):
        self.send(b"\x5b" + u32(self.theirs) + u32(0) + u32(window) +
                  u32(size))

    def request(self, name, rest):
        self.send(b"\x62" + u32(self.theirs) + string(name) + b"\0" + rest)

    def silent(self):
        while True:
            if not self.sock.recv(65536):
                raise EOFError

    def flood(self, *payloads):
        """The same packets without end, as fast as they are taken."""
        self.flood_until(float("inf"), payloads)

    def flood_awhile(self, *payloads):
        """The same, where nothing would end it."""
        self.flood_until(time.monotonic() + 3, payloads)
        self.silent()

    def flood_until(self, end, payloads):
        if self.enc is None:
            many = b"".join(self.packet(p) for p in payloads) * 4000
            while True:
                self.sock.sendall(many)
        while time.monotonic() < end:
            self.send(*payloads * 200)

    def repeat(self, data):
        while True:
            self.sock.sendall(data)


IGNORE = b"\x02" + string(b"")
DEBUG = b"\x04\1" + string(b"") + string(b"")
KEXINIT_OTHERS = b"\x14" + bytes(16) + b"".join(map(string, [
    b"diffie-hellman-group1-sha1", b"ssh-dss", b"3des-cbc", b"3des-cbc",
    b"hmac-md5", b"hmac-md5", b"none", b"none", b"", b""])) + bytes(5)
KEXINIT_CERT = KEXINIT_OTHERS.replace(
    string(b"diffie-hellman-group1-sha1") + string(b"ssh-dss"),
    string(KEX) + string(b"ecdsa-sha2-nistp256-cert-v01@openssh.com"))


def hang_up(c):
    raise EOFError


def last_words(c, *words):
    c.send(*words)
    c.silent()


def on_channel(c, number, rest=b""):
    return bytes([number]) + u32(c.theirs) + rest


def exit_signals(c):
    for size in (0xffffffff, 0xfffffffe, 0x7fffffff, 0x10000000) * 50:
        c.request(b"exit-signal", u32(size) + b"TERM")
    last_words(c, on_channel(c, 96), on_channel(c, 97))


def lies_about_lengths(c):
    """Strings that end far behind their packet."""
    for n in (0xffffffff, 0xfffffff7, 0x80000000):
        c.send(on_channel(c, 94, u32(n)), on_channel(c, 95, u32(1) + u32(n)),
               on_channel(c, 98, u32(n)), on_channel(c, 98, u32(n) + b"x"),
               b"\x50" + u32(n) + b"x", b"\x5a" + u32(n) + bytes(20),
               b"\x04\1" + u32(n), b"\x02" + u32(n))
    for n in (90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100):
        c.send(bytes([n]), bytes([n]) + u32(77), bytes([n]) + u32(77) * 9)
    last_words(c, b"\x01" + u32(2) + u32(0xffffffff))


def window_zero(c):
    c.confirm(0, 1 << 15)
    c.expect(98)
    last_words(c, on_channel(c, 99))


def packet_zero(c):
    c.confirm(1 << 20, 0)
    c.expect(98)
    last_words(c, on_channel(c, 99))


CASES = {
    # before any key: what everybody on the way can do
    "banner-300": ("banner", lambda c: (
        c.sock.sendall(b"SSH-2.0-" + b"x" * 300 + b"\r\n"), c.silent())),
    "banner-endless": ("banner", lambda c: c.repeat(b"SSH-2.0-" + b"x" * 512)),
    "lines-endless": ("banner", lambda c: c.repeat(b"no entry\r\n" * 400)),
    "banner-eof": ("kexinit", hang_up),
    "banner-silent": ("kexinit", Conn.silent),
    "garbage": ("kexinit", lambda c: (
        c.sock.sendall(os.urandom(4096)), c.silent())),
    "no-common-kex": ("kexinit", lambda c: last_words(c, KEXINIT_OTHERS)),
    "cert-host-key": ("kexinit", lambda c: last_words(c, KEXINIT_CERT)),
    "length-0": ("kexinit", lambda c: (c.sock.sendall(bytes(64)),
                                       c.silent())),
    "length-max": ("kexinit", lambda c: (
        c.sock.sendall(b"\xff\xff\xff\xff\x04" + bytes(59)), c.silent())),
    "ignore-plain": ("kexinit", lambda c: c.flood(IGNORE)),
    "debug-plain": ("kexinit", lambda c: c.flood(DEBUG)),
    "kex-eof": ("kex", hang_up),
    "kex-short": ("kex", lambda c: last_words(
        c, b"\x1f" + string(BLOB) + u32(0xffffffff))),
    "kex-no-key": ("kex", lambda c: last_words(
        c, b"\x1f" + string(b"") + string(bytes(32)) + string(b""))),
    # encrypted, and the host key is the pinned one: a host that was taken
    "bad-mac": ("keyed", lambda c: (setattr(c, "mac_out", bytes(32)),
                                    last_words(c, IGNORE))),
    "auth-silent": ("auth", Conn.silent),
    "auth-debug": ("auth", lambda c: c.flood(DEBUG)),
    "auth-eof": ("auth", hang_up),
    "open-failure": ("open", lambda c: last_words(
        c, on_channel(c, 92, u32(1) + string(b"\x1b[2J") + string(b"")))),
    "window-0": ("open", window_zero),
    "packet-0": ("open", packet_zero),
    "exec-failure": ("exec", lambda c: last_words(c, on_channel(c, 100))),
    "exec-eof": ("exec", hang_up),
    "exit-signal": ("run", exit_signals),
    "lengths": ("run", lies_about_lengths),
    "packet-35k": ("run", lambda c: last_words(
        c, b"\x02" + string(bytes(35000)), b"\x02" + string(bytes(60000)))),
    "eof-first": ("run", lambda c: last_words(
        c, on_channel(c, 96), on_channel(c, 94, string(b"late\n")),
        on_channel(c, 97))),
    "close-alone": ("run", lambda c: last_words(c, on_channel(c, 97))),
    "unknown-endless": ("run", lambda c: c.flood(b"\xc0" + bytes(2000))),
    "data-elsewhere": ("run", lambda c: c.flood_awhile(
        b"\x5e" + u32(77) + string(bytes(2000)))),
    "past-the-window": ("run", lambda c: c.flood_awhile(
        on_channel(c, 94, string(b"x" * 2000 + b"\n")))),
    "ignore-endless": ("run", lambda c: c.flood_awhile(IGNORE, DEBUG)),
    # and one that is well-behaved, though its key has others before it
    "honest": ("nothing", None),
}


def serve(sock, case):
    try:
        Conn(sock, case).serve()
    except (EOFError, OSError):
        pass
    sock.close()


def listen(listener, case):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock, case), daemon=True).start()


def main():
    print("ssh-ed25519", base64.b64encode(BLOB).decode())
    for name in sys.argv[1:]:
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=listen, args=(listener, CASES[name]),
                         daemon=True).start()
        print(listener.getsockname()[1])
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
