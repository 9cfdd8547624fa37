#!/bin/bash
# demo.t - what deploy/demo refuses before anything happens: bad arguments, and
# who is not root. All of it runs in tests/demo/run.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
said=$(mktemp)
trap 'rm -f "$said"' EXIT
count=0 bad=0

# as_nobody ARGUMENT...: read from its input, so that it needs no way to it
as_nobody() {
	(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups \
		bash -s -- "$@" <"$root/deploy/demo")
}

as_root() { "$root/deploy/demo" "$@"; }

# refused WHO WHAT SAYS ARGUMENT...: with status 2, in those words
refused() {
	local who=$1 what=$2 says=$3 status=0

	shift 3
	count=$((count + 1))
	LAB=none "$who" "$@" >"$said" 2>&1 </dev/null || status=$?
	if [ "$status" -eq 2 ] && grep -qF -- "$says" "$said" &&
		[ ! -e "$root/build/none" ]; then
		echo "ok $count - $what"
	else
		sed 's/^/# /' "$said"
		echo "not ok $count - $what: status $status"
		bad=1
	fi
}

refused as_root "an option that there is not" 'usage: deploy/demo' --fast
refused as_root "one backend" '--backends: 2 to 9, not 1' --backends 1
refused as_root "many backends" '--backends: 2 to 9, not 10' --backends 10
refused as_root "no number" '--backends: 2 to 9, not x' --backends x
refused as_root "a backend that there is not" 'no mail4' \
	--fail-at mail4:storage
refused as_root "a failure that there is not" 'want BACKEND:config' \
	--fail-at mail1:fire
if [ "$(id -u)" -eq 0 ]; then
	refused as_nobody "not root" 'demo needs root' --backends 3
	refused as_nobody "and says that nothing happened" 'Nothing was done.'
fi
count=$((count + 1))
if "$root/deploy/demo" --help | grep -q '^usage: deploy/demo'; then
	echo "ok $count - help"
else
	echo "not ok $count - help"
	bad=1
fi
echo "1..$count"
exit "$bad"
