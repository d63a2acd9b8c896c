"""The Docker engine of this machine: whether it can be used, and how a command is given to it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from stack.errors import StackError
from stack.settings import engine_environment

_OTHERWISE = "or leave STACK=docker out"


def docker(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Runs a docker command to its end. Raises StackError only where there is no such program.

    In a session of its own: Ctrl-C reaches the starter alone, which then stops the stack in order.
    """
    try:
        return subprocess.run(
            ["docker", *arguments],
            env=engine_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise StackError(_no_docker()) from error


def require_engine() -> None:
    """Raises StackError where there is no docker, no compose or no engine that answers."""
    if shutil.which("docker", path=engine_environment()["PATH"]) is None:
        raise StackError(_no_docker())
    if docker(["compose", "version"]).returncode != 0:
        raise StackError(
            f"Docker has no compose here: install the plugin (often called docker-compose-plugin), {_OTHERWISE}."
        )
    answer = docker(["info", "--format", "{{.ServerVersion}}"])
    if answer.returncode != 0:
        raise StackError(
            f"The Docker engine does not answer ({last_line(answer.stderr)}): "
            f"start it, let this user use it, {_OTHERWISE}."
        )


def is_rootless() -> bool:
    """Whether the engine runs as an ordinary user: its containers' root is that user."""
    return "name=rootless" in docker(["info", "--format", "{{.SecurityOptions}}"]).stdout


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it says nothing"


def _no_docker() -> str:
    missing = "STACK=docker needs Docker, and there is no 'docker' on the PATH"
    return f"{missing}: install it with its compose plugin, {_OTHERWISE}."
