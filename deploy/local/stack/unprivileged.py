"""Runs a program that refuses to run as root, where we are root: `python -m stack.unprivileged PROGRAM ARGUMENT...`

Preferred is a user namespace in which we are called `nobody`: files keep their owner, no folder's permissions change,
and none of root's rights outlive the step. Where the machine allows no such namespace, the user becomes `nobody`.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

NOBODY = 65534
_CLONE_NEWUSER = 0x10000000


def needed() -> bool:
    """Whether a program that refuses root has to be started through this module."""
    return os.geteuid() == 0


@cache
def namespaces_work() -> bool:
    """Whether this machine lets us make a user namespace."""
    probe = subprocess.run([*_launcher(), "--probe"], capture_output=True, check=False)
    return probe.returncode == 0


def command(program: list[str]) -> list[str]:
    """The program, or the program behind this launcher where we are root."""
    return [*_launcher(), *program] if needed() else program


def own_by_runner(folder: Path) -> None:
    """Gives a folder to the user that the launched program is, seen from outside; a no-op where it is so already."""
    if not needed():
        return
    owner = 0 if namespaces_work() else NOBODY
    if owner == NOBODY:
        folder.parent.chmod(0o711)  # to be passed through, not to be listed
    for path in [folder, *folder.rglob("*")]:
        if path.lstat().st_uid != owner:
            os.chown(path, owner, owner, follow_symlinks=False)


def _launcher() -> list[str]:
    return [sys.executable, "-I", "-S", __file__]


def _enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} 0 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} 0 1")


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def main(arguments: list[str]) -> None:
    if arguments == ["--probe"]:
        _enter_namespace()
        return
    try:
        _enter_namespace()
    except (OSError, AttributeError):
        _become_nobody()
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
