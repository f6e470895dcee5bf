#!/bin/sh
# Creates the virtual environment .venv, or brings it up to date. make calls it with the file of the packages to install:
#   sh dev/venv.sh requirements-run.txt
#   PYTHON=…  uses that Python instead of the newest one that fits
# Every message goes to standard error, so that `make token` prints a token and nothing else.
set -eu
exec >&2
cd "$(dirname "$0")/.."
venv=.venv
requirements=$1

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
    echo "This Python comes without pip. Downloading pip from the packages of your distribution."
    temporary=$(mktemp -d)
    trap 'rm -rf "$temporary"' EXIT
    fetch_debian_pip "$temporary" || fail \
        "pip could not be downloaded. Install it, then run make again. On Debian and Ubuntu:" \
        "  sudo apt-get install python3-venv"
    wheel=$(echo "$temporary"/usr/share/python-wheels/pip-*.whl)
    "$venv/bin/python" "$wheel/pip" install -q --no-index "$wheel"
}

python=$(choose_python)
[ -n "$python" ] || fail "This needs Python 3.11, 3.12 or 3.13, and ${PYTHON:-python3} is another version or does not work." \
    "Install one of them (on Debian and Ubuntu: sudo apt-get install python3), then run make again." \
    "If you have one that is not on the PATH, name it: make run PYTHON=/path/to/python3.12"

case $requirements in
*-run.txt) purpose="run the service" duration="about half a minute" ;;
*) purpose="test and check the code" duration="about a minute" ;;
esac

version='import sys; print(sys.version_info[:2])'
if [ "$("$venv/bin/python" -c "$version" 2>/dev/null)" != "$("$python" -c "$version")" ]; then
    echo "Creating the virtual environment $venv with $("$python" --version). This takes a few seconds."
    "$python" -m venv --clear --without-pip "$venv"
fi
"$venv/bin/python" -m pip --version >/dev/null 2>&1 || install_pip
echo "Installing the packages of $requirements, which are needed to $purpose."
echo "The first time this takes $duration, or longer over a slow connection."
# pip shows its progress bar only where it may speak, and only a terminal has a use for it.
[ -t 2 ] && quiet= || quiet=-q
"$venv/bin/python" -m pip install $quiet --disable-pip-version-check -r "$requirements"
