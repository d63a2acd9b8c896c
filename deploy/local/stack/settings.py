"""What the stack reads from its environment. Everything else is an argument."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError

DEFAULT_PORT_BASE = 19400
_PORT_MIN, _PORT_MAX = 1_024, 65_400
MARK = "THROUGHLINE_STACK"
"""In the environment of every process of a stack: the stack's directory. A start finds strays by it."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Where a stack lives and what its processes inherit."""

    cache: Path
    """Downloads shared by all stacks of this person (`$XDG_CACHE_HOME/throughline`, else `~/.cache/throughline`)."""
    directory: Path | None
    """`STACK_DIR`: a stack to use instead of a new one, in tests."""
    port_base: int | None
    """`STACK_PORT_BASE`: the first of the hundred ports that a stack may take."""
    docker: bool
    """`STACK=docker`: containers instead of processes."""


def read_settings() -> StackSettings:
    """The settings as the environment has them now. Raises StackError for a value that means nothing."""
    env = os.environ
    cache = Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "throughline"
    directory = env.get("STACK_DIR")
    kind = env.get("STACK") or "local"
    if kind not in ("local", "docker"):
        raise StackError(
            f"STACK={kind} is no kind of stack: set it to 'docker', or leave it out for processes."
        )
    return StackSettings(
        cache=cache,
        directory=Path(directory) if directory else None,
        port_base=_port_base(env.get("STACK_PORT_BASE")),
        docker=kind == "docker",
    )


def _port_base(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not _PORT_MIN <= int(text) <= _PORT_MAX:
        raise StackError(
            f"STACK_PORT_BASE={text} is no port to count from: give a number from {_PORT_MIN} to {_PORT_MAX}."
        )
    return int(text)


def part_environment(directory: Path) -> dict[str, str]:
    """`inherited_environment` with the mark of the stack in this directory."""
    return inherited_environment() | {MARK: str(directory)}


def inherited_environment() -> dict[str, str]:
    """What every process of a stack gets from its starter: enough to run, nothing that changes what it does."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env.setdefault("PATH", os.defpath)
    # Services run with the interpreter that runs the stack; its scripts come first.
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    env["PYTHONUNBUFFERED"] = "1"
    env["TZ"] = "UTC"
    return env


def engine_environment() -> dict[str, str]:
    """`inherited_environment` and what tells docker where its engine is; never another project's file."""
    foreign = ("COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "COMPOSE_ENV_FILES")
    wanted = ("DOCKER_", "COMPOSE_", "BUILDKIT_", "BUILDX_", "XDG_RUNTIME_DIR", "SSH_AUTH_SOCK")
    return inherited_environment() | {
        name: value for name, value in os.environ.items() if name.startswith(wanted) and name not in foreign
    }


def trust_what_the_machine_trusts() -> None:
    """Lets downloads by `requests` accept the machine's own certificates, where nothing else was said."""
    machine = Path("/etc/ssl/certs/ca-certificates.crt")
    if machine.exists():
        os.environ.setdefault("REQUESTS_CA_BUNDLE", str(machine))
