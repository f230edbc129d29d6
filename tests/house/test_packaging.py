"""What the package is said to be, to need and to hold; what is built of it keeps that."""

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "ast_notebook"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

#: Packages whose module has another name.
MODULES = {"python_dateutil": "dateutil", "ruamel.yaml": "ruamel", "ipython": "IPython"}
#: What is needed and not imported: by narwhals, where the kernel is, or by its name.
BENEATH = {"pyspark", "ipykernel", "jupyterlab", "pyst2"}
#: Extras for work on the package itself.
WORK = ("docs", "test")
#: Frames of these are taken and never made: who has none does not need them.
TAKEN = {"polars"}


def names(requirements):
    return {re.split(r"[^\w.-]", one)[0].replace("-", "_") for one in requirements}


def users():
    """What the package needs, and what its extras need, but not what its tests and its site do."""
    extras = PROJECT["optional-dependencies"]
    needed = [one for extra in extras if extra not in WORK for one in extras[extra]]
    return names([*PROJECT["dependencies"], *needed])


def imported():
    """The names of all modules that the package imports and that are not Python's own."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {one.name.partition(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"ast_notebook"}


def test_what_every_user_needs_is_declared():
    assert names(PROJECT["dependencies"]) >= {"ipython", "ipywidgets", "pyst2", "pandas"}


def test_what_is_imported_is_declared_and_the_other_way_round():
    modules = {MODULES.get(one, one) for one in users() - BENEATH}
    assert imported() - TAKEN == modules


def test_a_version_is_refused_only_for_a_reason():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    every = [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]
    for one in every:
        if re.search(r"<|!=|~=|==", one):
            assert re.search(re.escape(f'"{one}"') + r",?  # \w", text), f"{one} has no reason"
        else:
            assert ">=" in one or one.startswith("ast_notebook["), f"{one} has no oldest version"


def test_tests_run_with_exact_versions_of_all_that_is_declared():
    text = (ROOT / "tests" / "constraints.txt").read_text(encoding="utf-8")
    lines = [one for one in text.splitlines() if not one.startswith("#")]
    assert [one for one in lines if not re.fullmatch(r"[\w.-]+==[\w.!+]+", one)] == []
    fixed = {re.sub(r"[-_.]+", "_", one.partition("==")[0].lower()) for one in lines}
    work = [one for extra in WORK for one in PROJECT["optional-dependencies"][extra]]
    declared = users() | names(work) - {"ast_notebook"}
    assert {one.replace(".", "_") for one in declared} <= fixed


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The names of all files in a wheel, and of all in an sdist."""
    place = tmp_path_factory.mktemp("built")
    tree = place / "tree"
    left = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "*.egg-info", "build")
    shutil.copytree(ROOT, tree, ignore=left)
    code = "from setuptools import build_meta as b; b.build_sdist('..'); b.build_wheel('..')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next(place.glob("*.whl"))) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(next(place.glob("*.tar.gz"))) as sdist:
        in_sdist = {one.name.partition("/")[2] for one in sdist if one.isfile()}
    return in_wheel, in_sdist


def files(*patterns):
    return {
        str(path.relative_to(ROOT))
        for pattern in patterns
        for path in PACKAGE.glob(pattern)
        if path.is_file()
    }


def test_a_wheel_has_all_that_runs_and_no_more(built):
    data = files("py.typed", "demo/conf/*.conf", "panel/tables.json", "panel/static/*")
    data |= files("calls/report/page.css")
    assert len(data) > 15
    inside = {name for name in built[0] if ".dist-info/" not in name}
    assert inside == files("**/*.py") | data | {"_ast_notebook_pytest.py"}


def test_an_sdist_has_the_sources_of_the_page_and_no_tests(built):
    page = files("panel/js/**/*", "panel/css/*")
    assert len(page) > 40
    assert built[1] >= page | files("**/*.py", "panel/static/*") | {
        "LICENSE",
        "README.md",
        "package.json",
        "package-lock.json",
        "pyproject.toml",
        "setup.py",
    }
    assert not [name for name in built[1] if name.startswith(("tests", "findings"))]
