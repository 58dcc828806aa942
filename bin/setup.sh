# Sourced by the commands beside it: makes .venv and installs the package with what it needs.
# The directory stays the caller's, whose relative paths mean what they say.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python="$root/.venv/bin/python"

# apt_install PACKAGE...: on Debian as root; elsewhere it says what to install and goes on.
apt_install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
    else
        echo "Not root on Debian: please install $* (or what your system calls it)." >&2
        return 1
    fi
}

# The first Python from 3.11 up; PYTHON names another, by its name or its whole path.
find_python() {
    local name
    for name in "${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    echo "No Python from 3.11 up was found: install one, or name it with PYTHON=..." >&2
    return 1
}

make_venv() {
    local base
    base=$(find_python) || return 1
    "$base" -m venv .venv 2>/dev/null && return
    rm -rf .venv
    apt_install python3-venv && "$base" -m venv .venv
}

# install EXTRAS: the package in place, unless just this was installed already.
install() (
    cd "$root" || return 1
    local wanted stamp=.venv/installed-$1 every=.venv/installed-dev
    wanted=$(cat pyproject.toml constraints.txt CMakeLists.txt $(find cpp/include cpp/src cpp/bindings -type f | sort) | cksum)
    if cat "$stamp" "$every" 2>/dev/null | grep -qxF "$wanted"; then return; fi
    command -v c++ >/dev/null || apt_install g++ || return 1
    [ -x "$python" ] || make_venv || return 1
    echo "Installing kac_prediction${1:+[$1]} into .venv ..."
    "$python" -m pip install --quiet --disable-pip-version-check -c constraints.txt \
        -e ".${1:+[$1]}" || return 1
    echo "$wanted" >"$stamp"
)

# install_oracles: packages that tests compare with, without what those want in turn (torchaudio, a
# server's client): they are read, not run. Where one cannot be had, its tests are skipped.
install_oracles() (
    cd "$root" || return 1
    local oracle stamp=.venv/installed-oracles
    for oracle in sweeps==0.3.0 torchcrepe==0.0.24; do
        if grep -qxF "$oracle" "$stamp" 2>/dev/null; then continue; fi
        echo "Installing $oracle, which tests compare with, into .venv ..."
        if "$python" -m pip install --quiet --disable-pip-version-check --no-deps "$oracle"; then
            echo "$oracle" >>"$stamp"
        else
            echo "$oracle cannot be installed: the tests that need it are skipped." >&2
        fi
    done
)
