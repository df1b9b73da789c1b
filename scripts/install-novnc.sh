#!/usr/bin/env bash
# Puts noVNC's modules into .venv, out of the distribution's own package: to install that would bring node, numpy
# and a proxy along, none of which is used. Without it everything works but consoles in a browser.
set -euo pipefail

target=.venv/share/novnc
if [[ -f ${target}/core/rfb.js || -f /usr/share/novnc/core/rfb.js ]]; then
    exit 0
fi

scratch=$(mktemp -d)
trap 'rm -rf "${scratch}"' EXIT
if ! (cd "${scratch}" && apt-get --quiet --quiet --option APT::Sandbox::User=root download novnc) 2>/dev/null; then
    echo "noVNC is left out (apt cannot download the package \`novnc\`): no consoles in a browser" >&2
    exit 0
fi
dpkg-deb --extract "${scratch}"/novnc_*.deb "${scratch}/unpacked"
mkdir -p "$(dirname "${target}")"
cp -r "${scratch}/unpacked/usr/share/novnc" "${target}"
