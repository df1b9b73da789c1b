#!/usr/bin/env bash
# Installs the distribution's packages for one purpose, where that is allowed: as root, or with a sudo that
# asks for no password. Elsewhere it says what is missing and goes on, since much works without. Silent when
# nothing is missing.
#
# usage: scripts/setup-system.sh python|run|test
set -euo pipefail

# What each purpose needs on Debian 12 and 13 and on Ubuntu 24.04.
declare -A packages=(
    [python]="python3-venv"
    # QEMU and libvirt; UEFI and TPM for guests; what builds libvirt-python; what makes the small guest image and
    # its seed; what connects guests (`sysctl` is of procps).
    [run]="qemu-system-x86 qemu-utils seabios ipxe-qemu ovmf swtpm swtpm-tools
           libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
           libvirt-dev pkg-config gcc python3-dev
           busybox-static cpio genisoimage
           iproute2 nftables dnsmasq-base procps"
    # A database server for the tests to break; what validates domain XML; a browser to look at pages with; what
    # makes an ordinary guest, and what its owner logs in with; a directory of people; what checks alert rules; OVN, and
    # what its hosts' links and guests need; what speaks BGP.
    [test]="postgresql libxml2-utils chromium mmdebstrap openssh-client slapd prometheus
            ovn-central ovn-host openvswitch-switch ethtool iputils-ping util-linux frr"
)

purpose=${1-}
if [[ -z ${purpose} || -z ${packages[${purpose}]-} ]]; then
    echo "usage: $0 python|run|test" >&2
    exit 2
fi

# A Python that brings its own venv module (pyenv, a container's) needs no package for it.
if [[ ${purpose} == python ]] && "${PYTHON:-python3}" -c "import ensurepip, venv" 2>/dev/null; then
    exit 0
fi

is_installed() {
    [[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for package in ${packages[${purpose}]}; do
    is_installed "${package}" || missing+=("${package}")
done
# The account that guests run as when the cloud runs as root; the distribution's own libvirt packages name it so.
lacks_account() {
    [[ ${purpose} == run ]] && ! getent passwd libvirt-qemu >/dev/null
}

# The guest image is made of packages that apt downloads; an empty list of packages is as good as no network.
lacks_lists() {
    [[ ${purpose} == run ]] && ! compgen -G "/var/lib/apt/lists/*Packages*" >/dev/null
}

# Guests are plugged by taps, which everybody may open who owns one; udev sees to it, where there is an udev.
lacks_tun() {
    [[ ${purpose} == run && -c /dev/net/tun ]] && [[ $(stat --format=%a /dev/net/tun) != *66 ]]
}

if ((${#missing[@]} == 0)) && ! lacks_account && ! lacks_lists && ! lacks_tun; then
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    if ((${#missing[@]} > 0)); then
        echo "For \`${purpose}\`, please have these packages (or your distribution's) installed: ${missing[*]}" >&2
    fi
    exit 0
fi

apt() {
    # Where no systemd decides, a package's service is started as the runlevel says: in this one none is.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get --quiet --quiet --option DPkg::Lock::Timeout=600 "$@"
}

if lacks_account; then
    "${as_root[@]}" useradd --system --no-create-home --shell /usr/sbin/nologin libvirt-qemu
fi
if lacks_tun; then
    "${as_root[@]}" chmod 0666 /dev/net/tun || true
fi
if lacks_lists; then
    apt update || true
fi
if ((${#missing[@]} == 0)); then
    exit 0
fi

echo "Installing for \`${purpose}\`: ${missing[*]}"
# The tests start directories, OVNs and routers of their own, and of Prometheus want its tool alone; the packages' services would
# listen on every address, or take the machine's network over.
for service in slapd prometheus ovn-central ovn-host openvswitch-switch frr; do
    if [[ " ${missing[*]} " == *" ${service} "* && -d /run/systemd/system ]]; then
        "${as_root[@]}" systemctl mask --quiet "${service}.service" || true
    fi
done
if ! { apt update || true; apt install --yes --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "That failed; what needs these packages will not work: ${missing[*]}" >&2
fi
