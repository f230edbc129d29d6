#!/usr/bin/env bash
# Runs all tests on a Debian machine that has no more than Python and git, three files at a time;
# what is given here is given to pytest. What is missing is installed once (by apt, as root or by
# sudo), into the checkout's .venv or $AST_NOTEBOOK_VENV, its node_modules, and into the cache; a
# second run goes straight to the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=${AST_NOTEBOOK_VENV:-$PWD/.venv}
# Tests start hundreds of processes of Python, and each of them would compile our modules anew.
unset PYTHONDONTWRITEBYTECODE

progress() { printf '== %s\n' "$*" >&2; }

# Run a command; show what it said only when it fails.
quietly() {
    local said
    if ! said=$("$@" 2>&1); then
        printf '%s\n' "$said" >&2
        return 1
    fi
}

apt_install() {
    local root=()
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            progress "missing, and I may not install it: $*"
            return 0
        fi
        root=(sudo -n)
    fi
    progress "apt: $*"
    quietly "${root[@]}" apt-get -q update
    quietly "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$@"
}

missing=()
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v sipp >/dev/null || missing+=(sip-tester)
command -v chromium >/dev/null || missing+=(chromium)
command -v npm >/dev/null || missing+=(npm)
command -v java >/dev/null || missing+=(default-jre-headless)
if [ ${#missing[@]} -gt 0 ]; then
    apt_install "${missing[@]}"
fi

if [ ! -x "$venv/bin/python" ]; then
    progress "virtual environment: $venv"
    quietly python3 -m venv "$venv"
fi

# What the packages were chosen by; when that changes, they are chosen again.
wanted=$(sha256sum setup.py pyproject.toml tests/constraints.txt)
installed=$venv/.ast_notebook-installed
if [ "$wanted" != "$(cat "$installed" 2>/dev/null)" ]; then
    progress "pip: ast_notebook with what its tests need"
    quietly "$venv/bin/python" -m pip install --disable-pip-version-check \
        -c tests/constraints.txt -e '.[test]'
    printf '%s\n' "$wanted" >"$installed"
fi

wanted=$(sha256sum package.json package-lock.json)
installed=node_modules/.ast_notebook-installed
if command -v npm >/dev/null && [ "$wanted" != "$(cat "$installed" 2>/dev/null)" ]; then
    progress "npm: what checks and bundles the panel's page"
    quietly npm ci
    printf '%s\n' "$wanted" >"$installed"
fi

progress "Asterisk 16 and 22"
"$venv/bin/python" -m tests.lab.install 16 22 >&2

progress "pytest"
# A file's tests stay together, since many share what is dear to make. Two processes would leave two
# cores idle for a fourth of the time, since many tests wait for a PBX or a page.
exec "$venv/bin/python" -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder \
    --durations 20 "$@"
