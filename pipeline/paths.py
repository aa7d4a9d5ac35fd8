"""Reads the paths in the settings: fills in ~ and $NAME, and reports mistakes before anything is read.

Called by settings. It asks the file system, and writes nothing.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Final, TypeVar

from core.errors import SettingsError
from core.redaction import shown_url
from core.storage import Place, folder_at
from load.lake import PREFIX, Lake, local_file, warehouse_at

log = logging.getLogger(__name__)

_LONGEST_NAME_BYTES: Final = 240
"""File systems allow 255: temporary names such as .NAME.unfinished are longer."""
_T = TypeVar("_T")
_SQLITE: Final = f"{PREFIX}sqlite:"

OVERRIDES: Final = {name: f"GLANCEBACK_{name.upper()}" for name in ("warehouse", "published", "landing")}
"""By setting: the variable that overrides it."""


class NotSet(SettingsError):
    """A setting names a variable of the environment that is not set. Only commands that need the setting fail."""


def or_not_set(read: Callable[[], _T]) -> _T | NotSet:
    """What `read` returns, or the NotSet that it raises."""
    try:
        return read()
    except NotSet as exc:
        return exc


def if_set(found: _T | NotSet) -> _T:
    """What was found. Raises: NotSet."""
    if isinstance(found, NotSet):
        raise found
    return found


class Places:
    """Reads the paths of one settings file. `folder` is where relative ones start."""

    def __init__(self, folder: Path, environment: Mapping[str, str], source: str) -> None:
        self._folder = folder
        self._environment = environment
        self._source = source

    def warehouse(self, text: str, ducklake_data: str) -> Path | Lake:
        """The warehouse's file or lake. Raises: SettingsError."""
        text, setting = self._given(text, "warehouse")
        if text.startswith(_SQLITE):
            text = _SQLITE + self._filled_in(text.removeprefix(_SQLITE), setting)
        elif not text.startswith(PREFIX):
            return self._file(text, setting)
        return warehouse_at(text, self._filled_in(ducklake_data, "ducklake_data"), self._folder)

    def published(self, text: str) -> Path:
        """The published copy. Raises: SettingsError."""
        return self._file(*self._given(text, "published"))

    def dashboard(self, text: str | None) -> Path | None:
        """The page. Raises: SettingsError."""
        return self._file(text, f"{self._source}: dashboard") if text else None

    def metrics(self, text: str | None) -> Path | None:
        """The file of metrics. Raises: SettingsError."""
        return self._file(text, f"{self._source}: metrics") if text else None

    def end_of_life(self, text: str | None) -> Path | None:
        """The file that extends the table end_of_life. Raises: SettingsError."""
        return self._file(text, f"{self._source}: end_of_life") if text else None

    def landing(self, text: str) -> Place:
        """The folder of the raw pages. Raises: SettingsError."""
        text, setting = self._given(text, "landing")
        place = folder_at(self._filled_in(text, setting), self._folder)
        if isinstance(place, Path) and place.exists() and not place.is_dir():
            raise SettingsError(f"{setting} is {place}, which is not a folder", "Name a folder.")
        return place

    def _given(self, text: str, setting: str) -> tuple[str, str]:
        """The value and name of the environment variable if it is set and not empty; otherwise the setting's."""
        variable = OVERRIDES[setting]
        value = self._environment.get(variable)
        return (value, f"${variable}") if value else (text, f"{self._source}: {setting}")

    def _file(self, text: str, setting: str) -> Path:
        file = local_file(self._filled_in(text, setting), setting, self._folder)
        if file.is_dir() or text.endswith("/"):
            raise SettingsError(f"{setting} is {file}, which is a folder", f"Name a file, such as {file / 'file'}.")
        if len(os.fsencode(file.name)) > _LONGEST_NAME_BYTES:
            raise SettingsError(f"{setting} is a name of more than {_LONGEST_NAME_BYTES} bytes", "Use a shorter name.")
        return file

    def _filled_in(self, text: str, setting: str) -> str:
        """The text with ~ and $NAME filled in. Raises: SettingsError."""
        if not text.strip():
            raise SettingsError(f"{setting} is empty", "Write a name, or leave the setting out.")
        if "$" not in text and not text.startswith("~"):
            return text
        try:
            filled_in = _with_home(Template(text).substitute(self._environment), self._environment)
        except KeyError as exc:
            raise NotSet(
                f"{setting} names ${exc.args[0]}, which is not set", "Set it, or write $$ for a dollar."
            ) from None
        except ValueError:
            reason = f"{setting} has a $ that names nothing", "Write $$ for a dollar."
        except RuntimeError:
            reason = f"{setting} is '{text}', but that home folder does not exist", "Write the folder's name."
        else:
            # Earlier versions made a folder of that name.
            if (self._folder / text).exists() and not (self._folder / filled_in).exists():
                log.warning("%s is still '%s', a folder of that name: move it to %s", setting, text, filled_in)
                return text
            return filled_in
        raise SettingsError(*reason)


def check_apart(
    warehouse: Path | Lake,
    published: Path,
    dashboard: Path | NotSet | None,
    landing: Place | NotSet,
    metrics: Path | NotSet | None = None,
) -> None:
    """Raises: SettingsError if one of them would overwrite another. What is not set cannot."""
    files: Sequence[tuple[str, object]] = [
        ("warehouse", _file_of(warehouse)),
        ("published", published),
        ("dashboard", dashboard),
        ("metrics", metrics),
        ("landing", landing),
    ]
    named = [(setting, file) for setting, file in files if isinstance(file, Path)]
    for number, (setting, file) in enumerate(named):
        for other, same in named[:number]:
            if same_file(file, same):
                raise SettingsError(f"{other} and {setting} are the same file, {file}", "Give each its own path.")
    if isinstance(warehouse, Lake) and not isinstance(landing, NotSet):
        data, pages = _parts(warehouse.data), _parts(landing)
        if data[: len(pages)] == pages or pages[: len(data)] == data:
            raise SettingsError(
                f"ducklake_data ({shown_url(warehouse.data)}) and landing ({landing}) contain one another",
                "Give each a folder of its own: old files are removed from both.",
            )


def _parts(place: Place | str) -> tuple[str, ...]:
    """The names of the folders on the way to a folder; a bucket is not the folder of its name."""
    if isinstance(place, Path) or "://" not in str(place):
        return Path(place).resolve().parts  # type: ignore[arg-type]
    return ("s3:", *filter(None, str(place).partition("://")[2].partition("?")[0].split("/")))


def same_file(one: Path, other: Path) -> bool:
    """Whether both names are the same file, through links, `..` or another spelling."""
    try:
        return one.samefile(other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _file_of(warehouse: Path | Lake) -> Path | None:
    if isinstance(warehouse, Path):
        return warehouse
    return Path(warehouse.catalogue) if warehouse.kind == "sqlite" else None


def _with_home(text: str, environment: Mapping[str, str]) -> str:
    """Raises: RuntimeError if there is no such home folder."""
    home = environment.get("HOME")
    if home and (text == "~" or text.startswith("~/")):
        return home + text[1:]
    return str(Path(text).expanduser()) if text.startswith("~") else text
