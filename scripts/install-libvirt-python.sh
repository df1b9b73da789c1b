#!/usr/bin/env bash
# Installs libvirt's Python binding into .venv, where it can be built: it comes as source only and needs
# libvirt's headers, Python's and a compiler. Without it everything works but real guests.
set -euo pipefail

python=.venv/bin/python
headers=$("${python}" -c 'import sysconfig; print(sysconfig.get_path("include"))')

missing=()
command -v cc >/dev/null || missing+=("a C compiler")
command -v pkg-config >/dev/null && pkg-config --exists libvirt || missing+=("libvirt's headers")
[[ -f ${headers}/Python.h ]] || missing+=("Python's headers")
if ((${#missing[@]} > 0)); then
    list=$(printf '%s, ' "${missing[@]}")
    echo "libvirt-python is left out (missing: ${list%, }): this machine can only run simulated guests" >&2
    exit 0
fi

.venv/bin/uv pip install --quiet --python "${python}" --require-hashes \
    --no-build-isolation-package libvirt-python --requirements requirements/libvirt.txt
