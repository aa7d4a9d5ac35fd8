"""Reads glanceback.toml and the environment. An unknown key is an error. No other module reads either of them.

clouds.yaml and most OS_* variables are read by openstack.config (extract.account).
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import partial
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Annotated, Final, Literal

import msgspec

from core.errors import SettingsError
from core.storage import Place
from core.wording import reason
from extract.account import CloudSettings
from extract.listing import known_names
from load.guard import DEFAULT_EMPTIED, DEFAULT_IMAGES, DEFAULT_SHARE, Guard
from load.lake import Lake
from load.limits import DEFAULT_MEMORY_MB
from pipeline.cloud_table import CloudTable, cloud_of, cloud_of_the_environment, must_be_known
from pipeline.paths import NotSet, Places, check_apart, if_set, or_not_set

VERSION: Final = version("glanceback")
FILE_NAME: Final = "glanceback.toml"


_Positive = Annotated[int, msgspec.Meta(ge=1)]
_Seconds = Annotated[float, msgspec.Meta(gt=0)]


class _NotifyTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`[notify]`. `$NAME` in a URL is taken from the environment."""

    urls: tuple[str, ...] = ()
    on: tuple[Literal["failure", "withheld", "drift", "recovery"], ...] = ("failure", "withheld", "drift", "recovery")


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """glanceback.toml. Relative paths start at the file's folder."""

    warehouse: str = "data/warehouse.duckdb"
    ducklake_data: str = "data/ducklake"
    published: str = "data/published.duckdb"
    landing: str = "data/landing"
    dashboard: str | None = None
    dashboard_url: str | None = None
    end_of_life: str | None = None
    metrics: str | None = None
    log_format: Literal["text", "json"] = "text"
    api_token: str | None = None
    landing_days: Annotated[int, msgspec.Meta(ge=0)] = 30
    prefect_days: _Positive = 30
    lock_wait_seconds: Annotated[float, msgspec.Meta(ge=0)] = 60.0
    load_memory_mb: Annotated[int, msgspec.Meta(ge=64)] = DEFAULT_MEMORY_MB
    orchestrator: Literal["auto", "prefect", "threads"] = "auto"
    task_runner: Literal["threads", "dask"] = "threads"
    dask_scheduler: str | None = None
    dask_workers: _Positive = 2
    withhold_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = DEFAULT_SHARE
    withhold_images: Annotated[int, msgspec.Meta(ge=0)] = DEFAULT_IMAGES
    withhold_emptied: _Positive = DEFAULT_EMPTIED
    notify: _NotifyTable = _NotifyTable()
    clouds: dict[str, CloudTable] = {}


@dataclass(frozen=True, slots=True)
class Notify:
    """Where notices go (URLs of Apprise), and which notices. The URLs hold secrets and are left out of the repr.

    `not_set`: why other URLs cannot be used.
    """

    urls: tuple[str, ...] = field(default=(), repr=False)
    on: tuple[str, ...] = ()
    not_set: tuple[NotSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """`source` is the file, or `the environment`; `home` is the folder for files beside the warehouse.

    What only some commands need raises NotSet when it is asked for, if it names a variable that is not set: `landing`,
    `dashboard`, `metrics`, `end_of_life`, `api_token`. The repr shows no secret.
    """

    source: str
    warehouse: Path | Lake
    home: Path
    published: Path
    given_dashboard: Path | NotSet | None
    dashboard_url: str | None
    given_landing: Place | NotSet
    landing_days: int
    prefect_days: int
    lock_wait_seconds: float
    load_memory_mb: int
    orchestrator: str
    task_runner: str
    dask_scheduler: str | None
    dask_workers: int
    guard: Guard
    notify: Notify
    clouds: tuple[CloudSettings, ...]
    given_end_of_life: Path | NotSet | None = None
    given_metrics: Path | NotSet | None = None
    given_api_token: str | NotSet | None = field(default=None, repr=False)

    @property
    def dashboard(self) -> Path | None:
        return if_set(self.given_dashboard)

    @property
    def landing(self) -> Place:
        if isinstance(self.given_landing, NotSet):
            raise self.given_landing
        return self.given_landing

    @property
    def end_of_life(self) -> Path | None:
        return if_set(self.given_end_of_life)

    @property
    def metrics(self) -> Path | None:
        return if_set(self.given_metrics)

    @property
    def api_token(self) -> str | None:
        return if_set(self.given_api_token)

    def not_set(self) -> list[NotSet]:
        """Why settings cannot be used: each names a variable that is not set."""
        places = (self.given_landing, self.given_dashboard, self.given_metrics, self.given_end_of_life)
        return [why for why in (*places, self.given_api_token, *self.notify.not_set) if isinstance(why, NotSet)]


def load_settings(config: str | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings: `config`, else $GLANCEBACK_CONFIG, else ./glanceback.toml, else the OS_* variables alone.

    Raises: SettingsError, naming the file and the key.
    """
    environment = os.environ if environment is None else environment
    path = _file(config, environment)
    if path is None:
        file, folder, source = _File(), _working_folder(), "the environment"
    else:
        file, folder, source = _read(path), path.resolve().parent, str(path)
    clouds = tuple(cloud_of(name, table, source) for name, table in file.clouds.items())
    places = Places(folder, environment, source)
    warehouse = places.warehouse(file.warehouse, file.ducklake_data)
    published, dashboard = places.published(file.published), or_not_set(lambda: places.dashboard(file.dashboard))
    landing = or_not_set(lambda: places.landing(file.landing))
    metrics = or_not_set(lambda: places.metrics(file.metrics))
    check_apart(warehouse, published, dashboard, landing, metrics)
    return Settings(
        source=source,
        warehouse=warehouse,
        home=warehouse.parent if isinstance(warehouse, Path) else folder / "data",
        published=published,
        given_dashboard=dashboard,
        dashboard_url=file.dashboard_url,
        given_landing=landing,
        landing_days=file.landing_days,
        prefect_days=file.prefect_days,
        lock_wait_seconds=file.lock_wait_seconds,
        load_memory_mb=file.load_memory_mb,
        orchestrator=file.orchestrator,
        task_runner=file.task_runner,
        dask_scheduler=file.dask_scheduler,
        dask_workers=file.dask_workers,
        guard=Guard(file.withhold_share, file.withhold_images, file.withhold_emptied),
        notify=_notify(file.notify, environment, source),
        clouds=clouds or cloud_of_the_environment(environment),
        given_end_of_life=or_not_set(lambda: places.end_of_life(file.end_of_life)),
        given_metrics=metrics,
        given_api_token=or_not_set(lambda: _token(file.api_token, environment, source)),
    )


def log_format(config: str | None = None) -> str:
    """The setting `log_format`, which counts before all others are known to be right; `text` if it cannot be read."""
    with suppress(SettingsError, OSError, ValueError, RecursionError, AttributeError):
        path = _file(config, os.environ)
        found = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("log_format") if path else None
        return "json" if found == "json" else "text"
    return "text"


def chosen_clouds(settings: Settings, names: Sequence[str], listings: Sequence[str]) -> tuple[CloudSettings, ...]:
    """The clouds of these names (none: all), reading these listings (none: as set).

    `prod/*/web` chooses among the projects and regions of the cloud `prod`, which are known only after a login.
    Raises: SettingsError for a name that no cloud has, and if no cloud is set at all.
    """
    if not settings.clouds:
        raise SettingsError(
            f"{settings.source} does not name a cloud"
            + (", nor does the environment" if settings.source != "the environment" else ""),
            f"Write a [clouds.NAME] table into {FILE_NAME}, or set OS_CLOUD or the OS_* variables; see the README.",
        )
    must_be_known(listings, known_names(), "listing", "any dialect")
    chosen = [found for cloud in settings.clouds if (found := _as_chosen(cloud, names))] if names else settings.clouds
    for name in names:
        if not any(_is_of(cloud, name) for cloud in settings.clouds):
            must_be_known([name], [cloud.name for cloud in settings.clouds], "cloud", settings.source)
    return tuple(replace(cloud, listings=tuple(dict.fromkeys(listings))) if listings else cloud for cloud in chosen)


def _is_of(cloud: CloudSettings, name: str) -> bool:
    """Whether the name is the cloud's, or one of its projects' and regions'."""
    return fnmatchcase(cloud.name, name) or (
        cloud.estate is not None and "/" in name and fnmatchcase(cloud.name, name.split("/")[0])
    )


def _as_chosen(cloud: CloudSettings, names: Sequence[str]) -> CloudSettings | None:
    of_it = [name for name in names if _is_of(cloud, name)]
    if not of_it:
        return None
    if cloud.estate is None or any("/" not in name for name in of_it):
        return cloud
    return replace(cloud, estate=replace(cloud.estate, only=tuple(of_it)))


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except OSError as exc:
        raise SettingsError(f"the working folder cannot be used ({reason(exc)})", "Change to another folder.") from exc


def _file(config: str | None, environment: Mapping[str, str]) -> Path | None:
    named = config or environment.get("GLANCEBACK_CONFIG")
    if named:
        try:
            return Path(named).expanduser()
        except RuntimeError:
            raise SettingsError(
                f"there is no home folder for {named}", "Check --config and GLANCEBACK_CONFIG."
            ) from None
    beside = Path(FILE_NAME)
    return beside if beside.is_file() else None


def _read(path: Path) -> _File:
    try:
        # Windows' editors begin a file with a byte order mark.
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8-sig")), _File)
    except FileNotFoundError as exc:
        raise SettingsError(f"there is no file {path}", "Check --config and GLANCEBACK_CONFIG.") from exc
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read ({reason(exc)})", "Check --config and GLANCEBACK_CONFIG.") from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(f"{path} is not UTF-8 text", "Save it as UTF-8.") from exc
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise SettingsError(f"{path} is not TOML: {exc}", "Correct that line.") from exc
    except msgspec.ValidationError as exc:
        what = re.sub(r" - at `\$\.?(.*)`$", r" in \1", str(exc)).replace("Object", "it")
        raise SettingsError(f"{path}: {what}", "docs/reference.md lists the settings.") from exc


def _notify(table: _NotifyTable, environment: Mapping[str, str], source: str) -> Notify:
    """A URL whose secret is not set does not keep the other URLs from being used."""
    urls = [
        or_not_set(partial(_filled_in, url, environment, source, "a URL of notify"))
        for url in dict.fromkeys(table.urls)
    ]
    usable = dict.fromkeys(url for url in urls if isinstance(url, str))
    return Notify(tuple(usable), table.on, tuple(why for why in urls if isinstance(why, NotSet)))


def _filled_in(text: str, environment: Mapping[str, str], source: str, what: str) -> str:
    """Raises: NotSet; SettingsError for a `$` without a name."""
    try:
        return Template(text).substitute(environment)
    except KeyError as exc:
        raise NotSet(f"{source}: {what} names ${exc.args[0]}, which is not set", "Set it.") from None
    except ValueError:
        raise SettingsError(f"{source}: {what} has a $ that names nothing", "Write $$ for a dollar.") from None


def _token(written: str | None, environment: Mapping[str, str], source: str) -> str | None:
    """The token; None: everybody may ask. Raises: SettingsError if it is empty, because that is surely a mistake."""
    if written is None:
        return None
    token = _filled_in(written, environment, source, "api_token")
    if not token.strip():
        raise SettingsError(f"{source}: api_token is empty", "Write a token, or leave it out.")
    return token
