"""A clean root of Debian with an unprivileged user and an environment of Python, as a container."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab.install import InstallError, Suite, cache_folder, debian_source, download, run
from tools.binder.container import REGISTRY, Container, StepFailed

#: Raised by one whenever what is in a root changes.
LAYOUT = 1
#: The release of Debian that has a version of Python.
RELEASES: Mapping[str, str] = {"3.11": "bookworm", "3.13": "trixie"}
#: What repo2docker installs by apt, and Python, which it installs by conda.
PACKAGES = (
    *("ca-certificates", "gettext-base", "git", "less", "unzip"),
    *("python3", "python3-venv"),
)
#: What repo2docker's frozen environment of Python 3.11, made in October 2025, has of Jupyter.
JUPYTER = (
    "ipykernel==7.0.1",
    "ipython==9.6.0",
    "ipywidgets==8.1.7",
    "jupyter-offlinenotebook==0.3.2",
    "jupyter-resource-usage==1.2.0",
    "jupyter_client==8.6.3",
    "jupyter_server==2.17.0",
    "jupyterhub==5.4.0",
    "jupyterlab==4.4.9",
    "jupyterlab_widgets==3.0.15",
    "notebook==7.4.7",
)
HOME = Path("/home/jovyan")
PREFIX = Path("/srv/conda/envs/notebook")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
USER_ID = "1000"
#: CLONE_NEWNET of `sched.h`; Python 3.12 is the first that has it.
NEW_NETWORK = 0x40000000


class Root(Container):
    """A root of Debian, in which processes have no rights of root and see no others.

    Parameters
    ----------
    tree : Path
        The folder that is the root.
    """

    def __init__(self, tree: Path) -> None:
        super().__init__(HOME, PREFIX)
        self.tree = tree

    @property
    def folder(self) -> Path:
        """Where this process finds the home."""
        return self.tree / HOME.relative_to("/")

    def registry(self) -> dict[str, str]:
        """Return the variables by which a build reaches the package registry."""
        known = {name: os.environ[name] for name in REGISTRY if name in os.environ}
        return {**known, "PIP_CERT": str(CERTIFICATES), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def words(self, command: Sequence[str]) -> list[str]:
        """Return the command by which this machine runs `command` in the root, as the user."""
        return [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"),
            *("--mount-proc=/proc", f"--root={self.tree}", f"--wd={HOME}"),
            *("setpriv", "--reuid", USER_ID, "--regid", USER_ID, "--clear-groups"),
            *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *command),
        ]

    def login(self, command: Sequence[str]) -> list[str]:
        """Return the command that runs `command` in a login shell, as repo2docker's entry does."""
        return ["bash", "-l", "-c", 'exec "$@"', "bash", *command]

    def own(self) -> None:
        """Make the home and all in it the user's."""
        run(["chown", "-R", f"{USER_ID}:{USER_ID}", str(self.folder)])


def clean_tree(python: str) -> Path:
    """Return the folder of a root of Debian, which is made unless that was done before.

    Parameters
    ----------
    python : str
        The version of Python that the root has, such as ``3.11``.

    Raises
    ------
    StepFailed
        If no release of Debian has that Python, or the root cannot be made.
    """
    if python not in RELEASES:
        raise StepFailed(f"no release of Debian has Python {python}: {', '.join(RELEASES)} are")
    target = cache_folder() / f"debian-{RELEASES[python]}-binder-{LAYOUT}"
    if not target.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".debian-") as temporary:
                tree = Path(temporary) / "tree"
                _debootstrap(RELEASES[python], tree, Path(temporary))
                tree.rename(target)
        except InstallError as error:
            raise StepFailed(str(error)) from error
    return target


@contextlib.contextmanager
def fresh_root(clean: Path) -> Iterator[Root]:
    """Give a copy of a clean root, with the user in it, and delete it afterwards.

    Parameters
    ----------
    clean : Path
        The clean root.
    """
    with tempfile.TemporaryDirectory(dir=clean.parent, prefix=".container-") as temporary:
        tree = Path(temporary) / "tree"
        run(["cp", "-a", "--reflink=auto", str(clean), str(tree)])
        _add_user(tree)
        yield Root(tree)


def make_environment(root: Root) -> None:
    """Make the environment of Python, with Jupyter as repo2docker has it.

    Parameters
    ----------
    root : Root
    """
    root.run(["python3", "-m", "venv", str(PREFIX)])
    root.run([str(PREFIX / "bin" / "pip"), "install", "--quiet", "--no-cache-dir", *JUPYTER])


def own_network() -> None:
    """Give this process, and what it starts from now on, a network of its own: loopback alone.

    Raises
    ------
    StepFailed
        If the system does not allow it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEW_NETWORK):
        raise StepFailed(f"no network of its own: {os.strerror(ctypes.get_errno())}")
    run(["ip", "link", "set", "lo", "up"])


def _debootstrap(release: str, tree: Path, work: Path) -> None:
    """Make a minimal root by debootstrap, which is fetched if it is not installed."""
    source = debian_source()
    program, environment = shutil.which("debootstrap"), dict(os.environ)
    if program is None:
        unpacked = work / "debootstrap"
        for package in download(Suite(release, ("debootstrap",)), work / "apt"):
            if package.name.startswith("debootstrap_"):
                run(["dpkg-deb", "-x", str(package), str(unpacked)])
        program = str(unpacked / "usr" / "sbin" / "debootstrap")
        environment["DEBOOTSTRAP_DIR"] = str(unpacked / "usr" / "share" / "debootstrap")
    keys = [f"--keyring={source.signed_by}"] if source.signed_by.startswith("/") else []
    options = ["--variant=minbase", f"--include={','.join(PACKAGES)}", *keys]
    done = subprocess.run(
        ["sh", program, *options, release, str(tree), source.uri],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StepFailed(f"debootstrap ended with {done.returncode}:\n{done.stdout[-2000:]}")


def _add_user(tree: Path) -> None:
    """Add the user, his folders, and what a container has besides the files of packages."""
    (tree / "etc" / "hosts").write_text(HOSTS)
    # A login shell of Debian sets a path of its own; conda's script for it puts ours in front.
    profile = tree / "etc" / "profile.d" / "environment.sh"
    profile.write_text(f'export PATH="$HOME/.local/bin:{PREFIX}/bin:$PATH"\n')
    for folder in ("dev/shm", "tmp"):
        (tree / folder).chmod(0o1777)
    if CERTIFICATES.exists():
        shutil.copy(CERTIFICATES, tree / CERTIFICATES.relative_to("/"))
    chroot = ["chroot", str(tree)]
    run([*chroot, "useradd", "--create-home", "--uid", USER_ID, "--shell", "/bin/bash", "jovyan"])
    run([*chroot, "install", "-d", "-o", "jovyan", "-g", "jovyan", str(PREFIX.parent)])
