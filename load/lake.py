"""A warehouse on DuckLake: its catalogue in PostgreSQL or SQLite, its data in a folder or an object store.

Many machines may write it at once. DuckLake is DuckDB's own; this only finds its extensions, which come as packages,
and says where catalogue and data are. Passwords are left to PostgreSQL's own client (PGPASSWORD, ~/.pgpass), the keys
of a store to the AWS variables.
"""

import importlib.util
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from extract.errors import SettingsError, WarehouseError

if TYPE_CHECKING:  # whoever reads settings needs no DuckDB
    import duckdb

PREFIX: Final = "ducklake:"
_CATALOGUES: Final = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
_PASSWORD: Final = re.compile(r"(password\s*=\s*)('[^']*'|\S+)", re.IGNORECASE)
_INSTALL: Final = "Install it: .venv/bin/python -m pip install --no-deps --require-hashes -r requirements-ducklake.txt"


@dataclass(frozen=True, slots=True)
class Lake:
    """`kind` is sqlite or postgres, `catalogue` a file or a libpq connection string, `data` a folder or s3:// URL."""

    kind: str
    catalogue: str
    data: str

    def __str__(self) -> str:
        """As in the settings, but for a password."""
        return without_password(f"{PREFIX}{self.kind}:{self.catalogue}")

    def attach(self, connection: "duckdb.DuckDBPyConnection", name: str) -> None:
        """Attach it to an empty connection that takes extensions by path; it is made where there is none.

        Raises: SettingsError where an extension is not installed; duckdb.Error.
        """
        wanted = ["ducklake", _CATALOGUES[self.kind], *(["httpfs"] if "://" in self.data else [])]
        for extension in wanted:
            connection.execute(f"LOAD {_quoted(str(_extension(extension)))}")
        if "://" in self.data:
            _use_the_store(connection)
        elif self.kind == "sqlite":
            Path(self.catalogue).parent.mkdir(parents=True, exist_ok=True)
        target = _quoted(f"{PREFIX}{self.kind}:{self.catalogue}")
        connection.execute(f"ATTACH {target} AS {name} (DATA_PATH {_quoted(self.data)})")


def lake_at(place: str, data: str, folder: Path) -> Lake:
    """The lake that `ducklake:sqlite:FILE` or `ducklake:postgres:CONNECTION` names, its files seen from `folder`.

    Raises: SettingsError.
    """
    kind, _, catalogue = place.removeprefix(PREFIX).partition(":")
    if kind not in _CATALOGUES or not catalogue:
        raise SettingsError(
            f"warehouse = {without_password(place)!r} names no catalogue",
            "Write ducklake:sqlite:FILE, or ducklake:postgres: and a connection string such as dbname=lake host=db.",
        )
    if kind == "sqlite":
        catalogue = str(folder / catalogue)
    return Lake(kind, catalogue, data if "://" in data else f"{folder / data}/")


def without_password(text: str) -> str:
    """The text, what a connection string in it has as its password left out."""
    return _PASSWORD.sub(r"\1...", text)


def _extension(name: str) -> Path:
    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    if package is None or not package.submodule_search_locations:
        raise SettingsError(f"a warehouse on DuckLake needs duckdb-extension-{name.replace('_', '-')}", _INSTALL)
    import duckdb  # whoever only reads settings needs none

    place = Path(package.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    found = place / f"{name}.duckdb_extension"
    if not found.is_file():
        raise SettingsError(
            f"duckdb-extension-{name.replace('_', '-')} is not for DuckDB {duckdb.__version__}", _INSTALL
        )
    return found


def _use_the_store(connection: "duckdb.DuckDBPyConnection") -> None:
    """DuckDB's S3 client, set up as AWS's own are by their variables."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    options = {
        "KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID"),
        "SECRET": os.environ.get("AWS_SECRET_ACCESS_KEY"),
        "SESSION_TOKEN": os.environ.get("AWS_SESSION_TOKEN"),
        "REGION": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        "ENDPOINT": endpoint.netloc,
        "URL_STYLE": "path" if endpoint.netloc else None,
    }
    given = [f"{option} {_quoted(value)}" for option, value in options.items() if value]
    given += [f"USE_SSL {str(endpoint.scheme == 'https').lower()}"] if endpoint.netloc else []
    import duckdb  # as above

    try:
        connection.execute(f"CREATE SECRET glanceback_store (TYPE s3, {', '.join(given)})")
    except duckdb.Error:
        raise WarehouseError(
            "the object store's keys cannot be used", "Look at the AWS_ variables: they may hold what no key can."
        ) from None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
