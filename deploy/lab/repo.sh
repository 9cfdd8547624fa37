# repo.sh - an apt repository with two versions of a small set of packages.
#
# drydock-lab-sieve depends on exactly its own version of -common, as
# Dovecot's packages do, so only both together go up or down. It puts a file
# where dovecot-core's own dpkg trigger looks, and its postinst restarts
# Dovecot the way debhelper's do: an upgrade of it is as rude as a real one.
# shellcheck shell=bash

# repo_make DIR
repo_make() {
	local dir=$1 version
	mkdir -p "$dir"
	for version in 1.0 2.0; do
		repo_package "$dir" "$version" drydock-lab-sieve-common
		repo_package "$dir" "$version" drydock-lab-sieve \
			"drydock-lab-sieve-common (= $version)"
	done
	repo_index "$dir"
}

# repo_package DIR VERSION NAME [DEPENDS]
repo_package() {
	local dir=$1 version=$2 name=$3 depends=${4:-} tree
	tree=$(mktemp -d)
	chmod 755 "$tree"
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/$name"
	echo "$version" >"$tree/usr/share/$name/version"
	{
		echo "Package: $name"
		echo "Version: $version"
		echo "Architecture: all"
		echo "Maintainer: Drydock lab <lab@localhost>"
		[ -z "$depends" ] || echo "Depends: $depends"
		echo "Section: mail"
		echo "Priority: optional"
		echo "Description: package of the drydock lab"
	} >"$tree/DEBIAN/control"
	[ -z "$depends" ] || repo_restarter "$tree" "$name"
	dpkg-deb --root-owner-group --build "$tree" \
		"$dir/${name}_${version}_all.deb" >/dev/null
	rm -rf "$tree"
}

repo_restarter() {
	mkdir -p "$1/usr/lib/dovecot/modules"
	echo "not a module" >"$1/usr/lib/dovecot/modules/$2.txt"
	cat >"$1/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
	deb-systemd-invoke restart dovecot.service >/dev/null || true
fi
EOF
	chmod 755 "$1/DEBIAN/postinst"
}

repo_index() {
	local deb
	(
		cd "$1" || exit
		for deb in *.deb; do
			dpkg-deb --field "$deb"
			echo "Filename: ./$deb"
			echo "Size: $(stat -c %s "$deb")"
			echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
			echo
		done >Packages
	)
}
