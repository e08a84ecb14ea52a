# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# What the scripts share. Sourced after `set -euo pipefail`, with the root of
# the repository as working directory.

# Units that come with the test packages and must not run because of us
readonly FOREIGN_UNITS=(nginx.service prometheus-alertmanager.service)
readonly POLICY=/usr/sbin/policy-rc.d

say() {
    printf '== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

may_be_root() {
    [[ $EUID -eq 0 ]] || sudo -n true 2>/dev/null
}

# as_root COMMAND...: for apt only; everything else runs as who called us
as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# listed_packages LIST...: the names in scripts/packages/LIST.list
listed_packages() {
    local list
    for list in "$@"; do
        awk '{ sub(/#.*/, "") } NF { print $1 }' "scripts/packages/$list.list"
    done
}

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# The units among FOREIGN_UNITS that this machine does not have yet
absent_units() {
    local unit
    for unit in "${FOREIGN_UNITS[@]}"; do
        [[ -e /lib/systemd/system/$unit ]] || printf '%s\n' "$unit"
    done
}

# install_packages NAME...: in a subshell, whose trap takes back what is put
# up. Debian starts a service as soon as its package is there, and at each boot
# after; a policy forbids the one, disabling the other.
install_packages() (
    new_units=$(absent_units)
    if [[ ! -e $POLICY ]]; then
        trap 'as_root rm -f "$POLICY"' EXIT
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
        as_root chmod 755 "$POLICY"
    fi
    mkdir -p build
    if ! { apt_get update &&
        apt_get install --no-install-recommends "$@"; } >build/apt.log 2>&1; then
        tail -n 20 build/apt.log >&2
        die "apt-get could not install the packages (build/apt.log)"
    fi
    if command -v systemctl >/dev/null; then
        for unit in $new_units; do
            # Where systemd does not run (a container) nothing starts by itself
            as_root systemctl disable --quiet "$unit" 2>/dev/null || true
        done
    fi
)

# need_packages LIST...: installs what is missing of the lists; where nothing
# is, apt is not even asked
need_packages() {
    local name missing=()
    command -v dpkg-query >/dev/null ||
        die "this is no Debian system; install what scripts/packages/ lists"
    while read -r name; do
        is_installed "$name" || missing+=("$name")
    done < <(listed_packages "$@")
    if [[ ${#missing[@]} -eq 0 ]]; then
        say "packages: all there"
        return
    fi
    may_be_root || die "these packages are missing, and neither are you root" \
        "nor does sudo work without a password: apt install ${missing[*]}"
    say "packages: installing ${missing[*]}"
    install_packages "${missing[@]}"
}

# One run at a time in this tree; scripts that a run starts share its lock
hold_lock() {
    [[ -n ${DM_LOCKED:-} ]] && return
    mkdir -p build
    exec {lock_fd}>build/lock
    if ! flock -n "$lock_fd"; then
        say "waiting for another run in this tree"
        flock "$lock_fd"
    fi
    export DM_LOCKED=1
}

release_lock() {
    [[ -z ${lock_fd:-} ]] || exec {lock_fd}>&-
    unset DM_LOCKED
}

# build PRESET [TARGET...]: DM_WERROR=ON makes warnings errors
build() {
    local preset=$1
    shift
    mkdir -p "build/$preset"
    cmake --preset "$preset" "-DDM_WERROR=${DM_WERROR:-OFF}" \
        >"build/$preset/configure.log" 2>&1 ||
        { cat "build/$preset/configure.log" >&2; return 1; }
    # Quiet while it works, whole when it does not
    cmake --build "build/$preset" ${1:+--target "$@"} -- --quiet -k 0
}
