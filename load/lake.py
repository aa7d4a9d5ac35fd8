"""Attaches a warehouse on DuckLake: its catalogue in PostgreSQL or SQLite, its data in a folder or an object store.

Several machines may write it at the same time. This module finds DuckDB's extensions, which come as packages, and says
where catalogue and data are. Passwords come from PostgreSQL's own client (PGPASSWORD, ~/.pgpass), the keys of a store
from the AWS variables.
"""

import importlib.util
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from core.errors import SettingsError, WarehouseError
from core.redaction import Secrets, shown_url
from core.shipped import how_to_install
from load import libpq

if TYPE_CHECKING:  # reading settings does not need DuckDB
    import duckdb

PREFIX: Final = "ducklake:"
_CATALOGUES: Final = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner"}
_KINDS_OF_DUCKLAKE: Final = (*_CATALOGUES, "mysql", "duckdb", "postgresql")
_NO_FILE: Final = re.compile(r"://|^\s*(ducklake|postgres|postgresql|mysql|sqlite|s3|md):|password\s*=", re.IGNORECASE)
_SECRET_VARIABLES: Final = ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, slots=True, repr=False)
class Lake:
    """`kind` is sqlite or postgres, `catalogue` a file or a libpq connection string, `data` a folder or s3:// URL.

    str() and repr() do not show passwords.
    """

    kind: str
    catalogue: str
    data: str

    def __str__(self) -> str:
        """As in the settings, without secrets."""
        return f"{PREFIX}{self.kind}:{self._shown_catalogue()}"

    def __repr__(self) -> str:
        return f"Lake({self}, {shown_url(self.data)})"

    @contextmanager
    def masked_errors(self) -> Iterator[None]:
        """Remove secrets from DuckDB's errors, which quote the connection string or parts of it."""
        import duckdb  # reading settings does not need it

        try:
            yield
        except duckdb.Error as exc:
            # Not as the cause either: a logged traceback shows the causes.
            raise type(exc)(self.mask(str(exc))) from None

    def mask(self, text: str) -> str:
        """The text without the secrets of the catalogue, the data's location and the environment."""
        secrets = Secrets(*(os.environ.get(name) for name in _SECRET_VARIABLES))
        for spelled in (self.data, self.data.replace("'", "''")) if "://" in self.data else ():
            secrets.add_url(spelled)
            secrets.add(*re.split(r"[?&]\w+=", spelled)[1:])
            text = text.replace(spelled, shown_url(spelled))
        if self.kind == "postgres":
            read = libpq.read(self.catalogue)
            secrets.add(*read.hidden)
            for spelled in (self.catalogue, self.catalogue.replace("'", "''")):
                text = text.replace(spelled, self._shown_catalogue())
            if read.shown is None:
                # libpq quotes the part that it does not understand, such as half of a password.
                text = re.sub(r"([\"']).*\1", r"\1…\1", text)
        return secrets.mask(text)

    def _shown_catalogue(self) -> str:
        if self.kind != "postgres":
            return self.catalogue
        shown = libpq.read(self.catalogue).shown
        return shown if shown is not None else f"{libpq.scheme(self.catalogue)}…"

    def attach(self, connection: "duckdb.DuckDBPyConnection", name: str) -> None:
        """Attach it to a new connection that loads extensions by path. Create it if it does not exist.

        Raises: SettingsError if an extension is not installed; duckdb.Error.
        """
        wanted = ["ducklake", _CATALOGUES[self.kind], *(["httpfs"] if "://" in self.data else [])]
        for extension in wanted:
            connection.execute(f"LOAD {_quoted(str(_extension(extension)))}")
        if "://" in self.data:
            _use_the_store(connection)
        elif self.kind == "sqlite":
            Path(self.catalogue).parent.mkdir(parents=True, exist_ok=True)
        target = _quoted(f"{PREFIX}{self.kind}:{self.catalogue}")
        with self.masked_errors():
            connection.execute(f"ATTACH {target} AS {name} (DATA_PATH {_quoted(self.data)})")


def warehouse_at(place: str, data: str, folder: Path) -> Path | Lake:
    """The lake or the file that the setting `warehouse` names. Raises: SettingsError."""
    return lake_at(place, data, folder) if place.startswith(PREFIX) else local_file(place, "warehouse", folder)


def local_file(place: str, setting: str, folder: Path) -> Path:
    """The file with that name, relative to `folder`.

    A URL or a connection string is refused, and not shown: a file's name appears in messages, and a password must not.
    Raises: SettingsError.
    """
    if _NO_FILE.search(place):
        raise SettingsError(
            f"{setting} is a URL or a connection string, but it must be the name of a file",
            "Write a file's name; a warehouse may also be ducklake:postgres: and a connection string.",
        )
    file = folder / place
    if "?" in str(file.absolute()):
        raise SettingsError(
            f"{setting} is {file}, whose name or folder has a question mark",
            "DuckDB cannot open such a file: choose another path.",
        )
    return file


def lake_at(place: str, data: str, folder: Path) -> Lake:
    """The lake that `ducklake:sqlite:FILE` or `ducklake:postgres:CONNECTION` names, its files relative to `folder`.

    Raises: SettingsError.
    """
    kind, _, catalogue = place.removeprefix(PREFIX).partition(":")
    if kind not in _CATALOGUES or not catalogue:
        raise SettingsError(
            # The rest may be a password.
            f"warehouse = '{PREFIX}{f'{kind}:' if kind in _KINDS_OF_DUCKLAKE else ''}…' does not name a catalogue",
            "Write ducklake:sqlite:FILE, or ducklake:postgres: and a connection string such as dbname=lake host=db.",
        )
    if kind == "sqlite":
        catalogue = str(folder / catalogue)
    return Lake(kind, catalogue, data if "://" in data else f"{folder / data}/")


def _extension(name: str) -> Path:
    package = importlib.util.find_spec(f"duckdb_extension_{name}")
    if package is None or not package.submodule_search_locations:
        raise SettingsError(
            f"a warehouse on DuckLake needs duckdb-extension-{name.replace('_', '-')}", how_to_install("ducklake")
        )
    import duckdb  # reading settings does not need it

    place = Path(package.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    found = place / f"{name}.duckdb_extension"
    if not found.is_file():
        raise SettingsError(
            f"duckdb-extension-{name.replace('_', '-')} is not for DuckDB {duckdb.__version__}",
            how_to_install("ducklake"),
        )
    return found


def _use_the_store(connection: "duckdb.DuckDBPyConnection") -> None:
    """Configure DuckDB's S3 client from the AWS variables, as AWS's own clients do."""
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
            "the object store's keys cannot be used",
            "Check the AWS_ variables: one may have a character that is not valid in a key.",
        ) from None


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
