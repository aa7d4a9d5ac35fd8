"""Sends the notices that `[notify]` asks for: a failed run, withheld deletions, changed attributes, and recovery.

Apprise sends them by mail, chat, pager or webhook, which each URL says. The URLs contain secrets, so neither they nor
the services' answers are logged. If a notice cannot be sent, the run does not fail.
"""

import logging
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from core.errors import GlancebackError
from core.wording import counted, first_of
from load.clouds import earlier_clouds
from pipeline.notified import RUN, Told, keep_told, read_told
from pipeline.report import RunReport, first_of_many, first_problems
from pipeline.settings import Notify, Settings

if TYPE_CHECKING:  # a notice that a run failed to start does not need the warehouse
    from load.runs import Run
    from load.warehouse import Warehouse

log = logging.getLogger(__name__)

Kind = Literal["failure", "withheld", "drift", "recovery"]
_MOST_LINES: Final = 20
_MOST_ERRORS: Final = 10
_MOST_IN_TITLE: Final = 3
_APPRISE_TYPES: Final = {"failure": "failure", "withheld": "warning", "drift": "info", "recovery": "success"}
_errors: list[BaseException] = []


@dataclass(frozen=True, slots=True)
class Notice:
    """`title`: what happened. `lines`: what to do."""

    kind: Kind
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """The notices about a run, and what people know after they got them."""

    notices: tuple[Notice, ...]
    told: Told


def of_run(report: RunReport, run: "Run", warehouse: "Warehouse", settings: Settings, is_whole: bool = True) -> News:
    """The notices about a run that ended. `is_whole`: it had to read every listing of its clouds.

    Failures and withheld deletions are separate notices, per cloud. There are many changes runs a day: they report a
    cloud's failure once. A recovery is reported if a problem was.
    """
    # The project or region is not there any more: this run tells it, and none will read it again.
    gone = frozenset(cloud.name for cloud in earlier_clouds(warehouse) if cloud.is_gone)
    told = read_told(settings.home).only(lambda name: name not in gone and _is_of(settings, name))
    failed = frozenset(cloud.cloud for cloud in report.clouds if cloud.has_failed)
    withheld = frozenset(cloud.cloud for cloud in report.clouds if cloud.deletions_to_decide)
    known = told.of(run.mode) if run.mode == "changes" else frozenset()
    problems = failed | withheld
    read = frozenset(cloud.cloud for cloud in report.clouds) | {RUN} | _asked_accounts(report, settings)
    after = told.after(run.mode, problems, read - problems if is_whole else frozenset({RUN}))
    found = []
    if failed - known:
        found.append(_failed(report, settings))
    if withheld:
        found.append(_withheld(report, settings))
    if after.is_empty and not told.is_empty:
        found.append(_recovered(report))
    if "drift" in settings.notify.on:
        found += _drift(run, warehouse)
    return News(tuple(found), after)


def _is_of(settings: Settings, name: str) -> bool:
    """Whether it is a cloud of the settings, or one of an account's. Without clouds in the settings, all are."""
    return not settings.clouds or any(name == cloud.name or cloud.is_account_of(name) for cloud in settings.clouds)


def _asked_accounts(report: RunReport, settings: Settings) -> frozenset[str]:
    """The accounts whose clouds the run found: an earlier one may have told of the account itself."""
    names = [cloud.cloud for cloud in report.clouds]
    return frozenset(account.name for account in settings.clouds if any(map(account.is_account_of, names)))


def tell(news: News, settings: Settings) -> None:
    """Send the notices, and record what people know now. If no notice arrived, the next run sends them again."""
    if _send(news.notices, settings.notify).reached_somebody:
        keep_told(settings.home, news.told)


def _drift(run: "Run", warehouse: "Warehouse") -> list[Notice]:
    try:
        drift = warehouse.rows("runs", "run_drift", run_id=run.run_id, started_at=run.started_at)
    except GlancebackError as exc:
        log.warning("cannot find out whether the cloud's attributes changed (%s)", exc)
        return []
    lines = [
        f"cloud {cloud}: {attribute} vanished: no image has it any more"
        if kind == "vanished"
        else f"cloud {cloud}: {attribute} is new and undocumented, on {counted(images, 'image')}: {str(example)[:80]!r}"
        for cloud, attribute, kind, images, example in drift
    ]
    advice = "Nothing is lost: undocumented attributes are kept in `extra`. See the view schema_drift."
    return [_notice("drift", "the cloud's attributes changed", [*lines, advice])] if lines else []


def of_error(error: BaseException) -> Notice:
    """A notice that a run failed before it could read anything."""
    lines = [
        str(error) or type(error).__name__,
        "The warehouse has not changed. Solve the problem, then run: glanceback sync",
    ]
    return _notice("failure", "a run could not be made", lines)


@dataclass(frozen=True, slots=True)
class _Sent:
    """The number of notices that arrived, and of those that did not."""

    arrived: int = 0
    failed: int = 0

    @property
    def reached_somebody(self) -> bool:
        """Also True if there was nothing to send."""
        return self.arrived > 0 or self.failed == 0


def unable(notify: Notify) -> str | None:
    """Why notices cannot be sent to all URLs, as a sentence; None: nothing is known to be in the way."""
    if not notify.not_set:
        return None
    whom = "to one URL" if notify.urls else "to anybody"
    return f"Notices of this run cannot be sent {whom}: {' '.join(str(why) for why in notify.not_set)}"


def send(notices: Sequence[Notice], notify: Notify) -> bool:
    """Send the wanted notices to every URL. Return whether all arrived; the log has those that did not."""
    return _send(notices, notify).failed == 0


def _send(notices: Sequence[Notice], notify: Notify) -> _Sent:
    wanted = [notice for notice in notices if notice.kind in notify.on]
    if not wanted or not (notify.urls or notify.not_set):
        return _Sent()
    import apprise  # slow

    own = logging.getLogger("apprise")  # its log lines may contain addresses and answers
    own.addHandler(logging.NullHandler())
    own.propagate = False
    arrived, failed = 0, len(wanted) * len(notify.not_set)
    for url in notify.urls:
        way = apprise.Apprise()
        known = way.add(url)
        for notice in wanted:
            sent = known and way.notify(
                title=notice.title,
                body="\n".join(notice.lines),
                notify_type=apprise.NotifyType(_APPRISE_TYPES[notice.kind]),
                body_format=apprise.NotifyFormat.TEXT,
            )
            if sent:
                arrived += 1
            else:
                failed += 1
                log.warning("the notice '%s' could not be sent to the %s:// address", notice.title, _scheme(url))
    return _Sent(arrived, failed)


def tell_error(error: BaseException, settings: Settings, mode: str) -> None:
    """Send a notice that a run failed with this error, once, although several functions may report the error.

    If several changes runs fail one after the other, only the first is reported.
    """
    if any(error is known for known in _errors):
        return
    _errors.append(error)
    if not settings.notify.urls:
        return
    told = read_told(settings.home)
    if mode == "changes" and RUN in told.of(mode):
        return
    tell(News((of_error(error),), told.after(mode, frozenset({RUN}), frozenset())), settings)


def trial() -> Notice:
    """The notice that `glanceback check --notify` sends."""
    return _notice("failure", "this is a test", ["Notices of failures will come here. There is nothing to do."])


def _failed(report: RunReport, settings: Settings) -> Notice:
    loaded = [cloud.cloud for cloud in report.clouds if cloud.status != "failed"]
    kept = (
        f"What loaded is kept ({first_of(loaded, _MOST_ERRORS)})."
        if loaded
        else "Nothing was loaded; the history has not changed."
    )
    advice = f"{kept} See: glanceback status. Then, to continue where it stopped: glanceback sync --resume"
    failed = [cloud for cloud in report.clouds if cloud.has_failed]
    title = f"run {report.status}: {first_of((cloud.cloud for cloud in failed), _MOST_IN_TITLE)}"
    return _notice("failure", title, [*first_problems(failed, _MOST_ERRORS), advice, f"Settings: {settings.source}"])


def _recovered(report: RunReport) -> Notice:
    counts = [(cloud.cloud, cloud.new, cloud.deleted) for cloud in report.clouds]
    if len(counts) > _MOST_ERRORS:
        counts = [(counted(len(counts), "cloud"), sum(new for _, new, _ in counts), sum(gone for *_, gone in counts))]
    figures = ", ".join(f"{name}: {new} new, {deleted} deleted" for name, new, deleted in counts)
    return _notice("recovery", "all is well again", [f"Run {report.run_id} completed; {figures}."])


def _withheld(report: RunReport, settings: Settings) -> Notice:
    """A notice of the images that vanished, and the steps to take."""
    withheld = [cloud for cloud in report.clouds if cloud.deletions_to_decide]
    chosen = " ".join(f"--cloud {shlex.quote(cloud.cloud)}" for cloud in withheld)
    if len(withheld) > _MOST_ERRORS:
        chosen = "--cloud NAME"
    steps = [
        "1. See which images: glanceback sql --query withheld_deletions",
        "2. Look for some of them in the cloud itself. Check whether the account still has all its roles.",
        f"3. If they are really gone: glanceback sync {chosen} --accept-deletions",
        "4. If they are not, repair the account or the cloud. Nothing is lost: a run that lists them keeps them.",
    ]
    title = f"{counted(sum(cloud.deletions_to_decide for cloud in withheld), 'deletion')} withheld"
    lines = first_of_many([cloud.error for cloud in withheld if cloud.error], _MOST_ERRORS)
    return _notice("withheld", title, [*lines, *steps, f"Settings: {settings.source}"])


def _notice(kind: Kind, title: str, lines: Sequence[str]) -> Notice:
    shown = [*lines[:_MOST_LINES], *([f"... and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else [])]
    return Notice(kind, f"glanceback on {socket.gethostname()}: {title}", tuple(shown))


def _scheme(url: str) -> str:
    return url.partition("://")[0] if "://" in url else "unknown"
