"""The clouds of a run: those of the settings, and each project and region of an account that is to be read as many.

Called by pipeline.run, before the run begins.
"""

import logging
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.errors import GlancebackError
from extract.account import CloudSettings
from extract.estate import AccountClouds, clouds_of
from extract.scope import EarlierCloud
from load.clouds import earlier_clouds
from load.warehouse import Warehouse

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CloudsToRead:
    """`clouds` can be logged in to; `failed` says why others cannot be read, by name.

    `gone`: those of `failed` that their account no longer has, and that no earlier run has reported.
    """

    clouds: list[CloudSettings] = field(default_factory=list)
    failed: dict[str, GlancebackError] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [*(cloud.name for cloud in self.clouds), *self.failed]


def clouds_to_read(
    warehouse: Warehouse, chosen: Sequence[CloudSettings], of_settings: Sequence[CloudSettings]
) -> CloudsToRead:
    """The clouds of the chosen settings, each account of many projects or regions asked for them.

    `of_settings`: all clouds of the settings. Their names are theirs.
    """
    found = CloudsToRead()
    accounts = [cloud for cloud in chosen if cloud.estate is not None]
    if not accounts:
        found.clouds += chosen
        return found
    known = [*earlier_clouds(warehouse), *named_in(of_settings)]
    with ThreadPoolExecutor(min(8, len(accounts))) as threads:
        asked = threads.map(lambda account: _clouds_of(account, known), accounts)
        of_account = dict(zip((one.name for one in accounts), asked, strict=True))
    for cloud in chosen:
        if cloud.estate is None:
            found.clouds.append(cloud)
            continue
        theirs = of_account[cloud.name]
        before = {one.name: one for one in known if _is_asked_for(one, cloud)}
        if isinstance(theirs, GlancebackError):
            found.failed |= dict.fromkeys(before or [cloud.name], theirs)
            continue
        for unused in theirs.unused:
            log.warning("%s", unused)
        found.clouds += theirs.clouds
        names = {one.name for one in theirs.clouds}
        gone = sorted(before.keys() - names)
        found.gone += gone
        found.failed |= {name: _gone(before[name], theirs) for name in gone}
        _tell_new_names(theirs, before)
    return found


def named_in(settings: Sequence[CloudSettings]) -> list[EarlierCloud]:
    """The clouds that the settings name themselves, as those of a project that no account has."""
    return [EarlierCloud(cloud.name, cloud.name, project_id="") for cloud in settings if cloud.estate is None]


def _clouds_of(account: CloudSettings, known: Sequence[EarlierCloud]) -> AccountClouds | GlancebackError:
    try:
        return clouds_of(account, known)
    except GlancebackError as exc:
        return exc


def _is_asked_for(known: EarlierCloud, account: CloudSettings) -> bool:
    """Whether it is a cloud of the account, not gone in an earlier run, that this run is to read."""
    is_wanted = account.estate is not None and account.estate.has_cloud(known.name)
    return known.settings_name == account.name and not known.is_gone and is_wanted


def _gone(cloud: EarlierCloud, there: AccountClouds) -> GlancebackError:
    project = f"project {cloud.project_name or ''} ({cloud.project_id})"
    now = next((one for one in there.projects if one.id == cloud.project_id), None)
    if now is None:
        why = f"the account no longer has {project}, or it is disabled"
    elif cloud.region not in (None, *there.regions):
        why = f"the service catalogue no longer has an image service in region {cloud.region}"
    else:
        called = f", which is called {now.name} now" if now.name != cloud.project_name else ""
        why = f"the settings leave out {project}{called}, or region {cloud.region}"
    return GlancebackError(
        f"cloud {cloud.name}: {why}; its images stay as they are",
        f"If it is gone for good: glanceback retire {shlex.quote(cloud.name)}. This is reported once.",
    )


def _tell_new_names(there: AccountClouds, known: Mapping[str, EarlierCloud]) -> None:
    for cloud in there.clouds:
        before = known.get(cloud.name)
        if cloud.scope and before and before.project_name not in (None, cloud.scope.project.name):
            log.info(
                "cloud %s: its project is called %s now; the cloud keeps its name, with its history. To rename it: "
                "glanceback rename %s NEW-NAME", cloud.name, cloud.scope.project.name, shlex.quote(cloud.name),
            )  # fmt: skip
