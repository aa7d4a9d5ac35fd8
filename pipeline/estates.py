"""The clouds of a run: those of the settings, and each project and region of an account that is to be read as many.

Called by pipeline.run, before the run begins.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.errors import GlancebackError
from extract.account import CloudSettings
from extract.estate import clouds_of
from load.clouds import clouds_of_settings
from load.warehouse import Warehouse


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


def clouds_to_read(warehouse: Warehouse, chosen: Sequence[CloudSettings]) -> CloudsToRead:
    """The clouds of these settings, each account of many projects or regions asked for them."""
    found = CloudsToRead()
    accounts = [cloud for cloud in chosen if cloud.estate is not None]
    with ThreadPoolExecutor(max(1, min(8, len(accounts)))) as threads:
        of_account = dict(zip((one.name for one in accounts), threads.map(_clouds_of, accounts), strict=True))
    for cloud in chosen:
        if cloud.estate is None:
            found.clouds.append(cloud)
            continue
        theirs = of_account[cloud.name]
        known = _known(warehouse, cloud)
        if isinstance(theirs, GlancebackError):
            found.failed |= dict.fromkeys(known or [cloud.name], theirs)
            continue
        found.clouds += theirs
        gone = sorted(set(known) - {one.name for one in theirs})
        found.gone += gone
        found.failed |= {name: _gone(name, cloud.name) for name in gone}
    return found


def _clouds_of(account: CloudSettings) -> list[CloudSettings] | GlancebackError:
    try:
        return clouds_of(account)
    except GlancebackError as exc:
        return exc


def _known(warehouse: Warehouse, account: CloudSettings) -> list[str]:
    """The account's clouds of earlier runs, of which the account is asked now."""
    known: Iterable[str] = clouds_of_settings(warehouse, account.name)
    return [name for name in known if account.estate is not None and account.estate.has_cloud(name)]


def _gone(cloud: str, account: str) -> GlancebackError:
    return GlancebackError(
        f"cloud {cloud}: the account of {account} no longer has this project or region, or the settings leave it out; "
        "its images stay as they are",
        f"If it is gone for good: glanceback retire '{cloud}'. This is reported once.",
    )
