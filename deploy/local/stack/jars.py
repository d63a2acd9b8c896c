"""Kafka's jars: a committed list of coordinates with SHA-256, fetched once into a cache, checked at every start."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stack.errors import StackError
from stack.settings import trust_what_the_machine_trusts

KAFKA_VERSION = "4.3.1"
JAR_LIST = Path(__file__).with_name("kafka-jars.txt")
_FETCH_THREADS = 8
_ATTEMPTS = 3

Fetch = Callable[["Jar", Path], None]
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Jar:
    """One artifact of the list, with the hash that its bytes must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def read_list(path: Path = JAR_LIST) -> list[Jar]:
    """The jars of the committed list: `group:artifact:version sha256:HEX` a line."""
    jars = []
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        coordinates, digest = line.split()
        group, artifact, version = coordinates.split(":")
        jars.append(Jar(group, artifact, version, digest.removeprefix("sha256:")))
    return jars


def folder_in(cache: Path) -> Path:
    """Where `provide` keeps the jars."""
    return cache / f"kafka-{KAFKA_VERSION}"


def provide(
    cache: Path, report: Report, *, jars: Sequence[Jar] | None = None, fetch: Fetch | None = None
) -> Path:
    """The folder that holds exactly the listed jars, fetching what is missing.

    Raises StackError where a jar cannot be fetched, or where its bytes are not those of the list.
    """
    wanted = read_list() if jars is None else jars
    folder = folder_in(cache)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(cache / f"kafka-{KAFKA_VERSION}.lock"):
            missing = [jar for jar in wanted if not (folder / jar.file_name).exists()]
            if missing:
                _fetch_all(missing, folder, fetch or _fetch_by_coordinates, report)
            for jar in wanted:
                _require_hash(jar, folder / jar.file_name)
    except OSError as error:
        raise StackError(
            f"Kafka's jars cannot be kept in {folder} ({error.strerror}): free space there."
        ) from error
    return folder


def _fetch_all(missing: Sequence[Jar], folder: Path, fetch: Fetch, report: Report) -> None:
    report(f"Fetching Kafka {KAFKA_VERSION}: 0 of {len(missing)} jars")
    with ThreadPoolExecutor(_FETCH_THREADS) as pool:
        waiting = [pool.submit(_fetch_one, jar, folder, fetch) for jar in missing]
        try:
            for count, done in enumerate(as_completed(waiting), start=1):
                done.result()
                if count % 10 == 0 or count == len(missing):
                    report(f"Fetching Kafka {KAFKA_VERSION}: {count} of {len(missing)} jars")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fetch_one(jar: Jar, folder: Path, fetch: Fetch) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as scratch:
        arrived = Path(scratch) / jar.file_name
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                fetch(jar, arrived)
                break
            except Exception as error:  # whatever the network says: the sentence is the same
                if attempt == _ATTEMPTS:
                    raise StackError(
                        f"{jar.file_name} could not be fetched ({error}): check the network and start again."
                    ) from error
        _require_hash(jar, arrived)
        os.replace(arrived, folder / jar.file_name)


def _fetch_by_coordinates(jar: Jar, target: Path) -> None:
    # Imported here: only the very first start needs it. Dependencies are not resolved: the list is complete.
    from jgo.maven import MavenContext

    trust_what_the_machine_trusts()
    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = MavenContext(repo_cache=target.parent / "repository", timeout=60)
    found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    shutil.copyfile(found, target)


def _require_hash(jar: Jar, path: Path) -> None:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest == jar.sha256:
        return
    path.unlink()
    raise StackError(
        f"{jar.file_name} is not the file of the committed list (SHA-256 {digest[:12]}… instead of "
        f"{jar.sha256[:12]}…) and was removed: start again, and if it differs again do not use it."
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
