"""The stack in containers: what its files say without an engine, and that it runs where there is one."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import tomllib
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stack import StackError, docker_engine
from stack.compose import ComposeStack
from stack.compose_images import IMAGES, Image, source_variable
from stack.compose_project import CHECKOUT, COMPOSE_FILE, ENV_FILE, project_name
from stack.compose_settings import ComposePlaces, run_as
from stack.docker_engine import docker, require_engine
from stack.environment import Places
from stack.kafka import broker_properties
from stack.ports import find_free_base
from stack.postgres import FITTED, PROMISED
from stack.settings import engine_environment
from throughline.flow import SERVICES


def engine_missing() -> str:
    """Why tests that need an engine are skipped; empty where one answers and has the images."""
    try:
        require_engine()
    except StackError as error:
        return str(error)
    here = docker(["image", "inspect", "apache/kafka:4.3.1", "postgres:18", "python:3.11-slim"])
    return (
        ""
        if here.returncode == 0
        else "the Docker engine has not all base images: pull them to run this test"
    )


needs_engine = pytest.mark.skipif(bool(why := engine_missing()), reason=why or "an engine answers")

# files, without an engine


def test_the_broker_in_containers_has_the_settings_of_the_local_one() -> None:
    text = (CHECKOUT / "deploy/docker/kafka/server.properties").read_text()
    found = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    wanted = broker_properties(
        listen="", advertised="", controller="localhost:9093", data="/var/lib/kafka/data"
    )
    of_containers = {
        "inter.broker.listener.name": "INSIDE",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT",
        "listeners": "INSIDE://:9092,OUTSIDE://:19092,CONTROLLER://localhost:9093",
    }
    del wanted["advertised.listeners"]
    assert found == wanted | of_containers


def test_the_database_in_containers_has_the_settings_of_the_local_one() -> None:
    found = dict(re.findall(r"^      - --(\w+)=(\S+)$", COMPOSE_FILE.read_text(), re.MULTILINE))
    assert found == PROMISED | FITTED


def test_every_service_has_its_own_database_and_image() -> None:
    made = (CHECKOUT / "deploy/docker/init-databases.sh").read_text()
    assert f"for service in {' '.join(SERVICES)}; do" in made
    compose = COMPOSE_FILE.read_text()
    for image in IMAGES:
        assert f"image: {image.name}\n" in compose
        assert f"${{{source_variable(image)}:-}}" in compose


@pytest.mark.parametrize(
    ("user", "group", "rootless", "answer"),
    [
        (1000, 1000, False, "1000:1000"),
        (501, 20, False, "501:20"),
        (0, 0, False, "10001:10001"),
        (1000, 1000, True, "0:0"),
    ],
)
def test_containers_run_as_whoever_started_them_and_never_as_the_root_of_the_machine(
    user: int, group: int, rootless: bool, answer: str
) -> None:
    assert run_as(user, group, rootless=rootless) == answer


def test_an_image_is_made_again_when_its_source_changes_and_not_for_its_tests(tmp_path: Path) -> None:
    for name in ("contracts/a.py", "chassis/b.py", "deploy/docker/Dockerfile", "services/payout/payout/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one")
    image = Image("payout", "throughline/payout", "services/payout")
    first = image.source(tmp_path)
    (tmp_path / "services/payout/tests").mkdir()
    (tmp_path / "services/payout/tests/test_c.py").write_text("one")
    (tmp_path / "services/other.py").write_text("one")
    assert image.source(tmp_path) == first
    (tmp_path / "contracts/a.py").write_text("two")
    assert image.source(tmp_path) != first


def test_the_clock_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    assert ComposePlaces(tmp_path).clock == tmp_path / "clock" / "clock.json"
    assert ComposePlaces(tmp_path).keys == Places(tmp_path).keys


def test_two_directories_are_two_projects() -> None:
    assert project_name(Path("/a")) == project_name(Path("/a")) != project_name(Path("/b"))
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", project_name(Path("/a")))


def test_more_than_one_of_a_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="has one of each service: leave STACK=docker out"):
        ComposeStack(tmp_path, replicas={"payout": 2})


# what is missing, in a sentence


def a_docker_that(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "docker").chmod(0o755)
    monkeypatch.setattr(docker_engine, "engine_environment", lambda: {"PATH": f"{folder}:/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ('[ "$1" != compose ] || exit 1', "Docker has no compose here: install the plugin"),
        (
            '[ "$1" != info ] || { echo "Cannot connect to the daemon." >&2; exit 1; }',
            r"engine does not answer \(Cannot connect to the daemon\): start it",
        ),
    ],
)
def test_what_keeps_docker_from_being_used_is_said_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, sentence: str
) -> None:
    a_docker_that(tmp_path, script, monkeypatch)
    with pytest.raises(StackError, match=sentence) as told:
        require_engine()
    assert str(told.value).endswith("or leave STACK=docker out.")


def test_a_machine_without_docker_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_engine, "engine_environment", lambda: {"PATH": str(tmp_path)})
    with pytest.raises(StackError, match="there is no 'docker' on the PATH: install it"):
        ComposeStack(tmp_path / "stack").start()
    assert not (tmp_path / "stack").exists()


# by hand


def test_make_env_writes_passwords_once_that_only_the_owner_reads(tmp_path: Path) -> None:
    (tmp_path / "deploy/docker").mkdir(parents=True)
    script = shutil.copy(CHECKOUT / "deploy/docker/make-env", tmp_path / "deploy/docker/make-env")
    subprocess.run([script], check=True, capture_output=True)
    made = (tmp_path / ".env").read_text()
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    passwords = re.findall(r"^(\w+)_PASSWORD=([0-9a-f]{48})$", made, re.MULTILINE)
    assert [role.lower() for role, _ in passwords] == ["postgres", *SERVICES]
    assert len({password for _, password in passwords}) == 1 + len(SERVICES)
    again = subprocess.run([script], check=False, capture_output=True, text=True)
    assert again.returncode == 1
    assert "stays as it is" in again.stderr
    assert (tmp_path / ".env").read_text() == made


@pytest.mark.parametrize(
    "folder", [*(f"services/{name}" for name in SERVICES), "deploy/local", "deploy/sandbox"]
)
def test_an_image_is_given_those_packages_of_ours_that_its_project_names(folder: str) -> None:
    recipe = (CHECKOUT / "deploy/docker/Dockerfile").read_text()
    project = (CHECKOUT / folder / "pyproject.toml").read_text()
    named = {re.split(r"[^a-z-]", one)[0] for one in tomllib.loads(project)["project"]["dependencies"]}
    for package, source in (("throughline-chassis", "./chassis"), ("throughline", "./contracts")):
        (asked,) = re.findall(rf"grep -qE '([^']+)' .* ours=\"{source} ", recipe)
        assert bool(re.search(asked, project, re.MULTILINE)) == (package in named), package


OUR_PACKAGES = {"throughline": "contracts", "throughline-chassis": "chassis"}


def needed_by(folder: str, extras: Collection[str] = ()) -> Iterator[str]:
    """Names of the packages that a project of ours asks for, and those of ours that it asks for."""
    project = tomllib.loads((CHECKOUT / folder / "pyproject.toml").read_text())["project"]
    optional = project.get("optional-dependencies", {})
    for text in [*project["dependencies"], *(one for name in extras for one in optional[name])]:
        asked = Requirement(text)
        ours = OUR_PACKAGES.get(asked.name)
        if ours is None:
            yield canonicalize_name(asked.name)
        else:
            yield from needed_by(ours, asked.extras)


@pytest.mark.parametrize("folder", [*(f"services/{name}" for name in SERVICES), "deploy/sandbox"])
def test_the_lock_of_an_image_holds_all_that_its_project_asks_for(folder: str) -> None:
    """`make lock` brings them in step. Without it an image is built, and its service does not start."""
    locked = set(
        re.findall(r"^([a-z0-9-]+)==", (CHECKOUT / folder / "requirements.lock").read_text(), re.MULTILINE)
    )
    assert set(needed_by(folder)) - locked == set()


@needs_engine
def test_compose_reads_the_file_and_hands_keys_and_drop_to_payout_its_own_to_the_portal_and_the_bank() -> (
    None
):
    names = [f"{role.upper()}_PASSWORD" for role in ("postgres", *SERVICES)]
    done = subprocess.run(
        [
            "docker",
            "compose",
            "--file",
            str(COMPOSE_FILE),
            "--env-file",
            os.devnull,
            "config",
            "--format",
            "json",
        ],
        env=engine_environment()
        | {name: f"secret-of-{name}" for name in names}
        | {"FEED_TOKEN": "the-feed-token"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    services = json.loads(done.stdout)["services"]
    mounted = {
        name: {volume["target"].rpartition("/")[2] for volume in services[name].get("volumes", [])}
        for name in (*SERVICES, "bank")
    }
    assert mounted.pop("payout") == {"keys", "trust", "clock", "bank"}
    assert mounted.pop("bank") == {"clock", "bank"}
    assert mounted.pop("intake") == {"intake-keys", "trust", "clock"}
    assert mounted.pop("portal") == {"portal-keys", "trust", "clock"}
    assert set(map(frozenset, mounted.values())) == {frozenset({"clock", "trust"})}
    for name in (*SERVICES, "bank", "prepare"):
        one = services[name]
        assert (one["user"], one["read_only"], one["cap_drop"]) == ("10001:10001", True, ["ALL"])
        others = [f"secret-of-{other}" for other in names if not other.startswith(name.upper())]
        assert not [secret for secret in others if secret in json.dumps(one)]
        assert ("the-feed-token" in json.dumps(one)) == (name in {"audit", "portal"})
    for one in services.values():
        assert all(port["host_ip"] == "127.0.0.1" for port in one.get("ports", []))


# with an engine


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_engine
def test_a_stack_in_containers_lives_is_found_again_and_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "stack"
    stack = ComposeStack(directory, find_free_base(), replicas=dict.fromkeys(SERVICES[1:], 0))
    stack.start(detached=True)
    try:
        assert set(stack.running()) == {"kafka", "postgres", "intake", "bank"}
        assert stat.S_IMODE((directory / ENV_FILE).stat().st_mode) == 0o600
        found = ComposeStack.attach(directory)
        with urllib.request.urlopen(f"{found.http_url('intake')}/ready", timeout=10) as answer:
            assert answer.status == 200
        found.add_partner("alpha")
        found.postgres.execute("create table kept as select 7 as value", "intake")
        intake = found.project.containers()["intake"]
        assert intake["Config"]["User"].split(":")[0] not in ("", "0", "root")
        with pytest.raises(StackError, match="is up already"):
            ComposeStack(directory, find_free_base()).start()
    finally:
        stack.stop()
    assert stack.project.containers() == {}
    assert (directory / "logs" / "intake.log").read_text()
    with pytest.raises(StackError, match="No stack is running"):
        ComposeStack.attach(directory)
    stack = ComposeStack(directory, find_free_base(), replicas=dict.fromkeys(SERVICES[1:], 0))
    with stack:
        assert stack.postgres.execute("select value from kept", "intake") == "7"
    assert stack.project.containers() == {}
    label = f"label=com.docker.compose.project={stack.project.name}"
    assert docker(["volume", "ls", "--quiet", "--filter", label]).stdout == ""
