"""What `python -m <service> recover` prints and asks for: a look without `--apply`; a person and a note with it."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

import asyncpg
from aiokafka.errors import KafkaError

from chassis.connection import connection_of
from chassis.database import server_settings
from chassis.recover import accept, apply, unmade
from chassis.recover_findings import CannotRecover, look
from chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from chassis.service import Service


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--apply", action="store_true", help="do it; without this, only look")
    parser.add_argument("--actor", help="who does it")
    parser.add_argument("--note", help="why")
    parser.add_argument(
        "--accept",
        action="append",
        default=[],
        metavar="MESSAGE",
        help="what was said under this name need not be made again: the log stands for it",
    )


def recover(service: Service, settings: ServiceSettings, wanted: Namespace) -> int:
    """Returns the exit code."""
    if wanted.apply and not (wanted.actor and wanted.note):
        sys.stderr.write("--apply needs --actor and --note: who does it, and why.\n")
        return 2
    try:
        for line in asyncio.run(_recover(service, settings, wanted)):
            sys.stdout.write(line + "\n")
    except CannotRecover as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KafkaError, OSError, asyncpg.PostgresError, TimeoutError) as error:
        sys.stderr.write(f"The broker or the database does not answer ({type(error).__name__}).\n")
        return 1
    return 0


async def _recover(service: Service, settings: ServiceSettings, wanted: Namespace) -> list[str]:
    db = await asyncpg.connect(
        settings.database_url.get_secret_value(),
        server_settings={**server_settings(settings, f"{service.name} recover"), "statement_timeout": "0"},
    )
    try:
        if wanted.accept:
            return await _accept(service, db, wanted)
        found = await look(service, connection_of(settings), db)
        lines = found.lines()
        if found.highest and wanted.apply:
            await apply(service, db, found, wanted.actor, wanted.note)
            lines.append(
                f"Done: {len(found.said)} events count as said, {found.voided} numbers are voided. Start the service."
            )
        elif found.highest:
            lines.append("Nothing was changed. Stop every replica, then add --apply --actor NAME --note WHY.")
        left = await unmade(db)
        lines += [f"{count} {name} are not made again yet" for name, count in left.items()]
        return lines
    finally:
        await db.close()


async def _accept(service: Service, db: asyncpg.Connection, wanted: Namespace) -> list[str]:
    left = await unmade(db)
    lines = [f"{left.get(name, 0)} {name} are not made again" for name in wanted.accept]
    if not wanted.apply:
        return [*lines, "Nothing was changed."]
    count = await accept(service, db, wanted.accept, wanted.actor, wanted.note)
    return [*lines, f"{count} are accepted: the log stands for them."]
