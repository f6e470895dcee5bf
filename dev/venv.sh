#!/bin/sh
# Makes the virtual environment .venv, or brings it up to date. Called by make; speaks on standard error only.
#   PYTHON=…  uses that Python instead of the newest one that fits
set -eu
exec >&2
cd "$(dirname "$0")/.."
venv=.venv

fail() {
    printf '%s\n' "$@"
    exit 1
}

# Runs each candidate: a pyenv shim may exist and still not work.
choose_python() {
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if "$candidate" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

# Debian and Ubuntu keep pip's own wheel in a package that anybody may download and unpack.
fetch_debian_pip() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    (
        cd "$1"
        # Package lists of our own: a fresh system has none, and only root may fetch the system's.
        own_apt() { apt-get -qq -o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD" -o APT::Sandbox::User=root "$@"; }
        { apt-get -qq download python3-pip-whl 2>/dev/null ||
            { own_apt update && own_apt download python3-pip-whl; }; } &&
            dpkg-deb -x python3-pip-whl_*.deb .
    )
}

install_pip() {
    "$venv/bin/python" -m ensurepip >/dev/null 2>&1 && return
    echo "This Python has no ensurepip; fetching pip from the distribution's packages."
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    fetch_debian_pip "$temporary" || fail \
        "pip cannot be had. Install it, and run make again. On Debian and Ubuntu:" "  apt-get install python3-venv"
    wheel=$(echo "$temporary"/usr/share/python-wheels/pip-*.whl)
    "$venv/bin/python" "$wheel/pip" install -q --no-index "$wheel"
}

python=$(choose_python)
[ -n "$python" ] || fail "Python 3.11, 3.12 or 3.13 is needed, and ${PYTHON:-python3} is none of them or does not work." \
    "Install one (on Debian and Ubuntu: apt-get install python3), or name one: make PYTHON=/path/to/python3.12"

version='import sys; print(sys.version_info[:2])'
if [ "$("$venv/bin/python" -c "$version" 2>/dev/null)" != "$("$python" -c "$version")" ]; then
    echo "Making the virtual environment $venv with $("$python" --version)."
    "$python" -m venv --clear --without-pip "$venv"
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || install_pip
echo "Installing the packages of requirements-dev.txt. The first time it takes a minute or two."
"$venv/bin/python" -m pip install -q --disable-pip-version-check -r requirements-dev.txt
touch "$venv/.installed"
