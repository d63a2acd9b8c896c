"""`python -m <service> migrate`: Alembic over the migrations folder inside the service's package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from chassis.service import Service
    from chassis.settings import ServiceSettings


def migrate(service: Service, settings: ServiceSettings, revision: str = "head") -> None:
    """Bring the service's database to the newest revision. Its env.py calls ``chassis.migrations.run``."""
    command.upgrade(alembic_config(service.package, settings.database_url.get_secret_value()), revision)


def alembic_config(package: str, database_url: str) -> Config:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"there is no package {package}")
    config = Config()
    config.set_main_option("script_location", str(Path(spec.submodule_search_locations[0]) / "migrations"))
    config.attributes["database_url"] = database_url
    return config


def head_revision(package: str) -> str | None:
    """The newest revision in the package; what /ready compares the database with."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(alembic_config(package, "")).get_current_head()
