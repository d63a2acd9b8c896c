"""One compose project: docker-compose.yml of the checkout with the settings of one stack's directory."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

from stack.docker_engine import docker, last_line
from stack.errors import StackError

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE_FILE = CHECKOUT / "docker-compose.yml"
ENV_FILE = "compose.env"
"""In the stack's directory: ports, folders and passwords of its project. Made by ComposeStack, 0600."""


def project_name(directory: Path) -> str:
    """The same for the same directory: stacks in two directories do not meet."""
    return f"throughline-{hashlib.sha256(str(directory).encode()).hexdigest()[:10]}"


class ComposeProject:
    """The containers, the network and the volumes of one stack."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = project_name(directory)

    def call(self, *arguments: str) -> str:
        """`docker compose ARGUMENTS` for this project; answers its output. Raises StackError with its last line."""
        done = docker(self.command(*arguments))
        if done.returncode != 0:
            raise StackError(f"'docker compose {arguments[0]}' failed: {last_line(done.stderr)}.")
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """The arguments of `docker` that reach this project, with what it is told."""
        settings = ["--env-file", str(self.directory / ENV_FILE)]
        return ["compose", "--project-name", self.name, "--file", str(COMPOSE_FILE), *settings, *arguments]

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each container, by service; empty where there is none, or no engine."""
        listed = docker(
            ["ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}"]
        )
        ids = listed.stdout.split()
        if listed.returncode != 0 or not ids:
            return {}
        seen = json.loads(docker(["inspect", *ids]).stdout or "[]")
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in seen}

    def running(self) -> dict[str, int]:
        """The pid of each container's main process that is alive, as the engine counts them."""
        return {
            service: int(one["State"]["Pid"])
            for service, one in self.containers().items()
            if one["State"]["Running"]
        }

    def keep_logs(self, folder: Path) -> None:
        """Writes the log of each container to `<folder>/<service>.log`: they go when the containers go."""
        folder.mkdir(parents=True, exist_ok=True)
        for service, one in self.containers().items():
            log = docker(["logs", one["Id"]])
            with contextlib.suppress(OSError):  # a full disk must not keep the stack from being stopped
                (folder / f"{service}.log").write_text(log.stdout + log.stderr)

    def remove(self, *, data: bool = False) -> None:
        """Stops and removes containers and network, the last started first; with `data`, the volumes too."""
        if not (self.directory / ENV_FILE).exists():
            self._remove_by_label(data=data)
            return
        self.call("down", "--remove-orphans", "--timeout", "30", *(["--volumes"] if data else []))

    def _remove_by_label(self, *, data: bool) -> None:
        """What is left of a stack whose directory was removed: compose itself would ask for its settings."""
        label = f"label=com.docker.compose.project={self.name}"
        kinds = [("container", ["ls", "--all"], ["rm", "--force"]), ("network", ["ls"], ["rm"])]
        for kind, listing, removing in [*kinds, *([("volume", ["ls"], ["rm"])] if data else [])]:
            found = docker([kind, *listing, "--quiet", "--filter", label]).stdout.split()
            if found:
                docker([kind, *removing, *found])
