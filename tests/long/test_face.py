"""What `import ast_notebook` shows: what users use, and little else."""

import subprocess
import sys

import pytest

import ast_notebook
from ast_notebook import errors


def test_all_names_are_there_and_shown():
    for name in ast_notebook.__all__:
        assert getattr(ast_notebook, name) is not None
    shown = [name for name in dir(ast_notebook) if not name.startswith("__")]
    extension = {"load_ipython_extension", "unload_ipython_extension"}
    assert set(shown) == {*ast_notebook.__all__, *extension} - {"__version__"}


def test_what_users_use_is_among_them():
    used = "connect SmartHome Panel PhoneBook Settings calls demo history measures replay use_zone"
    used += " watch __version__"
    assert set(ast_notebook.__all__) == {*used.split(), *errors.__all__}


def test_every_error_is_public():
    def below(one):
        yield one
        for child in one.__subclasses__():
            yield from below(child)

    for error in below(errors.AstError):
        if error.__module__ == errors.__name__:
            assert error.__name__ in errors.__all__
            assert getattr(ast_notebook, error.__name__) is error


def test_the_version_is_that_of_the_package_in_setup():
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"], capture_output=True, text=True, cwd=_root()
    )
    assert done.stdout.split()[-1] == ast_notebook.__version__, done.stderr


def _root():
    return str(next(iter(ast_notebook.__path__))).removesuffix("ast_notebook")


def test_a_script_without_a_screen_imports_no_widgets():
    code = "import sys, ast_notebook; sys.exit('ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=_root()).returncode == 0


#: What a script that counts calls needs nothing of.
LEFT_OUT = (
    "IPython anywidget duckdb fsspec ipykernel ipywidgets jupyterlab keyring matplotlib plotly"
    " polars pyspark sqlalchemy traitlets"
)

WITHOUT = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {LEFT_OUT.split()}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
import ast_notebook
import pandas as pd

def event(second, name, **headers):
    time = pd.Timestamp(f"2026-11-23 12:00:0{{second}}", tz="UTC")
    both = {{"uniqueid": "1.1", "linkedid": "1.1", "channel": "PJSIP/200-00000001"}}
    return {{"received": time, "time": time, "server": "ast", "event": name, **both, **headers}}

events = pd.DataFrame([event(0, "Newchannel", calleridnum="200"), event(9, "Hangup", cause=16)])
calls = ast_notebook.calls.from_events(events)
assert calls[["call", "caller"]].values.tolist() == [["1.1", "200"]], calls
print(ast_notebook.measures.summary(calls).to_string())
ast_notebook.history, ast_notebook.demo
try:
    ast_notebook.Panel
except ModuleNotFoundError:
    print("no panel")
"""


def test_the_core_and_the_call_log_need_neither_widgets_nor_charts():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, cwd=_root()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("no panel\n")


def test_a_name_that_is_not_there_is_said():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ast_notebook.nothing
