#!/bin/sh
# Install the real programs that the laboratory runs (Debian, Ubuntu). Needs root and apt; anywhere else it says so and
# does nothing. Without words: what the tests need (PostgreSQL's start a cluster of their own). With --all: also what
# make_captures.py and make_demo.py need; that brings servers (nginx, knot, unbound, sshd, chrony, pptpd, coturn) which
# Debian may start, so use a machine for trials.
set -eu

quick="iproute2 procps iputils-ping ethtool tcpdump openssl wireguard-go wireguard-tools openvpn openssh-client
nftables openconnect curl chromium"
# Servers that Debian starts where there is something to start them; then they are left to --all.
servers="nginx-light knot postgresql ocserv"
more="strongswan-charon strongswan-swanctl libcharon-extra-plugins pptpd pptp-linux curl unbound
bind9-dnsutils openssh-server openssh-client chrony iperf3 coturn sip-tester"

wanted=$quick
if [ "${1:-}" = "--all" ]; then
    wanted="$quick $servers $more"
elif [ ! -d /run/systemd/system ]; then
    wanted="$quick $servers"
fi

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install.sh: no apt-get here; install by hand: $wanted" >&2
    exit 0
fi

lacking=""
for package in $wanted; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    case $status in
        *"ok installed") ;;
        *) lacking="$lacking $package" ;;
    esac
done
if [ -z "$lacking" ]; then
    exit 0
fi

if [ "$(id -u)" -ne 0 ]; then
    echo "install.sh: not root; run: sudo apt-get install$lacking" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null || true
# The names are to be split into words.
# shellcheck disable=SC2086
if ! apt-get install -y -qq --no-install-recommends $lacking >/dev/null 2>&1; then
    echo "install.sh: apt-get could not install$lacking; tests that need them are skipped" >&2
fi
