#!/usr/bin/env bash
# Makes a release: an sdist and a wheel in dist/ (or the folder that is named), each installed in a
# clean environment in which the quickstart then runs, and the list of what pip installs with the
# wheel, ast_notebook-VERSION.cdx.json. Usage: tools/release.sh [FOLDER], or
# tools/release.sh --check, which only looks whether the version stands in one place.
set -euo pipefail
out=$(realpath -m -- "${1:-dist}")
TOLD='import ast_notebook, importlib.metadata as m
print(ast_notebook.__version__, m.version("ast_notebook"))'
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '== %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
fresh() { python3 -m venv "$1" && "$1/bin/python" -m pip install -q --disable-pip-version-check "${@:2}"; }

version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' ast_notebook/__init__.py)
say "version $version"
[ -n "$version" ] || fail "ast_notebook/__init__.py has no version"
# The version stands there alone: pyproject.toml takes it from there.
grep -q '^dynamic = \["version"\]$' pyproject.toml || fail "pyproject.toml has a version of its own"
! grep -q '^version *= *"' pyproject.toml || fail "pyproject.toml has a version of its own"
[ "${1:-}" != --check ] || exit 0

say "sdist and wheel"
fresh "$work/build" build
rm -rf "$out"
# The wheel is made of the sdist, so that an sdist which lacks something is found here.
"$work/build/bin/python" -m build --outdir "$out" . >"$work/said" 2>&1 ||
    { cat "$work/said" >&2; fail "they cannot be built"; }

sdist=$out/ast_notebook-$version.tar.gz
wheel=$out/ast_notebook-$version-py3-none-any.whl
for made in "$sdist" "$wheel"; do
    [ -f "$made" ] || fail "$made was not made: the version is another one somewhere"
done
tar -xzf "$sdist" -C "$work"

for made in "$sdist" "$wheel"; do
    say "$(basename "$made"): installed, and the quickstart"
    there=$work/$(basename "$made" | tr . -)-installed
    fresh "$there" "$made[lab]"
    mkdir "$there/run"
    cp "$work/ast_notebook-$version/notebooks/quickstart.ipynb" "$there/run"
    (
        cd "$there/run"
        unset PYTHONPATH AST_HOST
        said=$("$there/bin/python" -c "$TOLD")
        [ "$said" = "$version $version" ] || fail "it calls itself $said"
        IPYTHONDIR=$there/ipython "$there/bin/jupyter" execute --timeout=120 quickstart.ipynb
    )
done
say "what the release consists of"
listed=$out/ast_notebook-$version.cdx.json
tools/sbom.sh "$listed" archive,history,hover "$wheel"
grep -q '"name": "ast_notebook"' "$listed" || fail "the list of $listed lacks the package itself"
say "$(ls "$out")"
