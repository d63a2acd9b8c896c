"""`python -m <service> migrate`: Alembic over the migrations folder inside the service's package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from chassis.revision import migrations_of

if TYPE_CHECKING:
    from chassis.service import Service
    from chassis.settings import ServiceSettings


def migrate(service: Service, settings: ServiceSettings, revision: str = "head") -> None:
    """Bring the service's database to the newest revision. Its env.py calls ``chassis.migrations.run``."""
    command.upgrade(alembic_config(service.package, settings.database_url.get_secret_value()), revision)


def alembic_config(package: str, database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_of(package)))
    config.attributes["database_url"] = database_url
    return config
