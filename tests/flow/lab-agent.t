#!/bin/bash
# lab-agent.t - the agent behind real sshd, sudo and systemd: what befalls
# the connection, sshd or the host must not befall a command twice, or at all.
# shellcheck source=tests/flow/lib-lab.sh
. "$(dirname "$0")/lib-lab.sh"
root=${root:?}

# try PYTHON: one scenario; `o` is what runs it (see below)
try() {
	PYTHONPATH=$root/tests/flow /usr/bin/python3 - "$fleet" <<EOF
import subprocess, sys, time
from lab_agent import Channel, new_change
fleet = sys.argv[1]
def lab(*words):
    subprocess.run(["lab", *words], check=True, stdout=subprocess.DEVNULL)
def lines(host, path):
    return int(subprocess.run(["lab", "exec", host, "wc", "-l", path],
        check=True, capture_output=True, text=True).stdout.split()[0])
$1
EOF
}

# A command whose every run leaves a line, early and late.
slow_command() {
	local host

	for host in mail1 mail2; do
		on "$host" tee /opt/lab/slow >/dev/null <<'EOF'
#!/bin/sh
echo begun >>/opt/lab/begun
sleep "$1"
echo ended >>/opt/lab/ended
EOF
		on "$host" chmod 755 /opt/lab/slow
		echo 'change /opt/lab/slow <int 0..60>' |
			on "$host" tee -a /etc/drydock/allow >/dev/null
	done
}

[ -x "$DRYDOCK_BUILD/bin/drydock-agent" ] || {
	echo "1..0 # SKIP no drydock-agent in $DRYDOCK_BUILD/bin"
	exit 0
}
lab_start
fleet=$(cat /proc/sys/kernel/random/uuid)
slow_command

ok "hello names host and address" try '
with Channel("mail1", fleet) as c:
    assert c.hello["ok"] and c.hello["name"] == "mail1", c.hello
    assert "10.77.'"$LAB_NET"'.21" in c.hello["addresses"], c.hello'

ok "a look reads the ring" try '
with Channel("dir1", greet=False) as c:
    a = c.ask("probe", argv=["doveadm", "-f", "json", "director", "status"],
              timeout_ms=5000, max_bytes=100000)
    assert a["ok"] and a["exit"] == 0, a'

ok "the way in opens nothing else" not on mail1 \
	runuser -u drydock -- sudo -n /usr/sbin/drydock-agent --journal 2>/dev/null
ok "nor a shell" not on mail1 runuser -u drydock -- sudo -n /bin/true 2>/dev/null

ok "a command outlives kill -9 of its sshd, and runs once" try '
change = new_change("mail1", fleet, 1, ["/opt/lab/slow", "3"])
with Channel("mail1", fleet) as c:
    assert c.run(change)["state"] == "running"
    lab("exec", "mail1", "pkill", "-KILL", "-f", "sshd: drydock")
    c.ssh.wait(10)
with Channel("mail1", fleet) as c:
    assert c.run(change)["state"] == "running", "asked again under its id"
    a = c.ended(change)
    assert a["result"]["exit"] == 0, a
assert lines("mail1", "/opt/lab/begun") == 1
assert lines("mail1", "/opt/lab/ended") == 1'

ok "and a restart of sshd" try '
change = new_change("mail1", fleet, 2, ["/opt/lab/slow", "2"])
with Channel("mail1", fleet) as c:
    assert c.run(change)["state"] == "running"
    lab("exec", "mail1", "systemctl", "restart", "ssh")
with Channel("mail1", fleet) as c:
    assert c.ended(change)["result"]["exit"] == 0
assert lines("mail1", "/opt/lab/ended") == 2'

ok "and a cut network" try '
change = new_change("mail1", fleet, 3, ["/opt/lab/slow", "2"])
with Channel("mail1", fleet) as c:
    assert c.run(change)["state"] == "running"
    lab("cut", "mail1")
    time.sleep(3)
    lab("heal", "mail1")
    assert c.ended(change)["result"]["exit"] == 0
assert lines("mail1", "/opt/lab/ended") == 3'

ok "after a power failure it is unknown, and not run again" try '
change = new_change("mail2", fleet, 1, ["/opt/lab/slow", "30"])
with Channel("mail2", fleet) as c:
    assert c.run(change)["state"] == "running"
    lab("crash", "mail2")
with Channel("mail2", fleet) as c:
    a = c.run(change)
    assert a.get("state") == "unknown", a
assert lines("mail2", "/opt/lab/begun") == 1'

ok "a lower epoch is refused after a reboot as well" try '
with Channel("mail2", fleet, epoch=5) as c:
    assert c.hello["ok"]
lab("reboot", "mail2")
with Channel("mail2", fleet, epoch=4) as c:
    assert not c.hello["ok"] and c.hello["code"] == "epoch", c.hello'

echo "INC-1: hands off" | on mail1 tee /etc/drydock/hold >/dev/null
ok "a host on hold refuses changes, with the reason" try '
with Channel("mail1", fleet) as c:
    a = c.run(new_change("mail1", fleet, 4, ["/opt/lab/slow", "0"]))
    assert not a["ok"] and a["code"] == "hold", a
    assert "INC-1" in a["why"] + a.get("hint", ""), a'
on mail1 rm /etc/drydock/hold

ok "another host is not this host" try '
with Channel("mail1", greet=False) as c:
    a = c.ask("hello", host="mail2", coordinator="test",
              fleets=[{"uuid": fleet, "name": "lab", "epoch": 1}])
    assert not a["ok"] and a["code"] == "host", a'

# A coordinator that is there while it is done keeps nothing in place.
ok "it is removed under a channel that is open" try '
with Channel("mail1", fleet) as c:
    assert c.hello["ok"]
    out = subprocess.run(["lab", "exec", "mail1", "/opt/lab/agent-install",
        "--remove"], capture_output=True, text=True)
    assert out.returncode == 0 and "removed" in out.stdout, out'
ok "removed: its user is gone" not on mail1 id drydock
refused() {
	! ssh -T -F none -i "$LAB_STATE/key" -o BatchMode=yes \
		-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no \
		"drydock@$(address mail1)" true 2>"$work/refused" </dev/null &&
		grep "Permission denied" "$work/refused"
}
ok "and the key opens nothing" refused
ok "and the journal is kept" on mail1 test -s /var/lib/drydock/journal
finish
