"""The images of ours: which source each is made of, and which have to be made again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from stack.compose_project import CHECKOUT, ComposeProject
from stack.docker_engine import docker
from throughline.flow import SERVICES

LABEL = "throughline.source"
_SHARED = ("contracts", "chassis", "packs", "deploy/docker/Dockerfile")
_LEFT_OUT = {"__pycache__", "tests", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ruff_cache"}


@dataclass(frozen=True, slots=True)
class Image:
    """One image: the compose service that runs it, its name, and the folder of its own source."""

    service: str
    name: str
    folder: str

    def source(self, checkout: Path = CHECKOUT) -> str:
        """The hash of all that goes into it: another one means that it has to be made again."""
        digest = hashlib.sha256()
        for path in sorted(_files(checkout, (*_SHARED, self.folder))):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(checkout)} {content}\n".encode())
        return digest.hexdigest()


IMAGES = (
    Image("prepare", "throughline/stack", "deploy/local"),
    *(Image(service, f"throughline/{service}", f"services/{service}") for service in SERVICES),
    Image("bank", "throughline/sandbox-bank", "deploy/sandbox"),
)


def source_variable(image: Image) -> str:
    """What docker-compose.yml calls the image's source."""
    return f"{image.service.upper()}_SOURCE"


def make_images(
    project: ComposeProject, sources: dict[Image, str], report: Callable[[str], None]
) -> list[str]:
    """Makes the images whose source is another than that of the one here; answers their services.

    One after the other: together they would not fit a small machine. Raises StackError.
    """
    stale = [image for image, source in sources.items() if _made_of(image) != source]
    for number, image in enumerate(stale, 1):
        report(f"Building the image of {image.service} ({number} of {len(stale)})")
        project.call("build", image.service)
    return [image.service for image in stale]


def _made_of(image: Image) -> str | None:
    found = docker(["image", "inspect", "--format", "{{json .Config.Labels}}", image.name])
    if found.returncode != 0:
        return None
    labels: dict[str, str] = json.loads(found.stdout) or {}
    return labels.get(LABEL)


def _files(checkout: Path, places: Iterable[str]) -> set[Path]:
    found: set[Path] = set()
    for place in places:
        start = checkout / place
        found |= {start} if start.is_file() else set(start.rglob("*"))
    return {
        path for path in found if path.is_file() and not _LEFT_OUT & set(path.relative_to(checkout).parts)
    }
