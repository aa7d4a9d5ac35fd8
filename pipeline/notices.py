"""Tells people what they set `[notify]` for: a failed run, withheld deletions, drifting attributes, and recovery.

Apprise knows the ways (mail, chat, pagers, webhooks), by URL. The URLs hold secrets: they are never logged, and what
a service answers is not either. A notice that cannot be sent does not make a run fail.
"""

import logging
import shlex
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from core.errors import GlancebackError
from core.wording import counted
from pipeline.notified import RUN, Told, keep_told, read_told
from pipeline.report import RunReport, problems
from pipeline.settings import Notify, Settings

if TYPE_CHECKING:  # to tell that a run could not be made takes no warehouse
    from load.runs import Run
    from load.warehouse import Warehouse

log = logging.getLogger(__name__)

Kind = Literal["failure", "withheld", "drift", "recovery"]
_MOST_LINES: Final = 20
_APPRISE_TYPES: Final = {"failure": "failure", "withheld": "warning", "drift": "info", "recovery": "success"}
_errors: list[BaseException] = []


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, in a line, and in lines what to do."""

    kind: Kind
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell of a run, and what people know once they are told."""

    notices: tuple[Notice, ...]
    told: Told


def of_run(report: RunReport, run: "Run", warehouse: "Warehouse", settings: Settings, is_whole: bool = True) -> News:
    """What there is to tell of a run that came to its end. `is_whole`: it was to read every listing of its clouds.

    Failures and withheld deletions are two things, of each cloud. A changes run, of which there are many a day, tells
    of a cloud's failure once. That all is well again is told to those who were told that it was not.
    """
    told = read_told(settings.home).without_all_but(cloud.name for cloud in settings.clouds)
    failed = frozenset(cloud.cloud for cloud in report.clouds if cloud.has_failed)
    withheld = frozenset(cloud.cloud for cloud in report.clouds if cloud.deletions_to_decide)
    known = told.of(run.mode) if run.mode == "changes" else frozenset()
    problems = failed | withheld
    read = frozenset(cloud.cloud for cloud in report.clouds) | {RUN}
    after = told.after(run.mode, problems, read - problems if is_whole else frozenset({RUN}))
    found = []
    if failed - known:
        found.append(_failed(report, settings))
    if withheld:
        found.append(_withheld(report, settings))
    if after.is_empty and not told.is_empty:
        figures = ", ".join(f"{cloud.cloud}: {cloud.new} new, {cloud.deleted} deleted" for cloud in report.clouds)
        found.append(_notice("recovery", "all is well again", [f"Run {report.run_id} completed; {figures}."]))
    if "drift" in settings.notify.on:
        found += _drift(run, warehouse)
    return News(tuple(found), after)


def tell(news: News, settings: Settings) -> None:
    """Send it, and keep what people know now. Where nobody could be told, the next run tells it again."""
    if _send(news.notices, settings.notify).reached_somebody:
        keep_told(settings.home, news.told)


def _drift(run: "Run", warehouse: "Warehouse") -> list[Notice]:
    try:
        drift = warehouse.rows("runs", "run_drift", run_id=run.run_id, started_at=run.started_at)
    except GlancebackError as exc:
        log.warning("whether the cloud's attributes changed cannot be told (%s)", exc)
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
    """That a run could not be made at all."""
    lines = [str(error) or type(error).__name__, "The warehouse is as it was before. Mend that, then: glanceback sync"]
    return _notice("failure", "a run could not be made", lines)


@dataclass(frozen=True, slots=True)
class _Sent:
    """How many notices arrived, and how many did not."""

    arrived: int = 0
    failed: int = 0

    @property
    def reached_somebody(self) -> bool:
        """Also where nobody wants to be told."""
        return self.arrived > 0 or self.failed == 0


def send(notices: Sequence[Notice], notify: Notify) -> bool:
    """Send what is wanted to every URL. Whether all arrived; where one did not, the log says so."""
    return _send(notices, notify).failed == 0


def _send(notices: Sequence[Notice], notify: Notify) -> _Sent:
    wanted = [notice for notice in notices if notice.kind in notify.on]
    if not wanted or not notify.urls:
        return _Sent()
    import apprise  # slow

    own = logging.getLogger("apprise")  # what it logs may hold addresses and answers
    own.addHandler(logging.NullHandler())
    own.propagate = False
    arrived = failed = 0
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
    """Send that a run could not be made; of one error once, though it passes several places.

    Of changes runs that cannot be made one after the other, the first is told.
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
    """What `glanceback check --notify` sends."""
    return _notice("failure", "this is a test", ["Notices of failures will come here. There is nothing to do."])


def _failed(report: RunReport, settings: Settings) -> Notice:
    loaded = [cloud.cloud for cloud in report.clouds if cloud.status != "failed"]
    kept = f"What loaded is kept ({', '.join(loaded)})." if loaded else "Nothing was loaded; the history is as it was."
    advice = f"{kept} See: glanceback status. Then, to go on where it broke off: glanceback sync --resume"
    failed = [cloud for cloud in report.clouds if cloud.has_failed]
    title = f"run {report.status}: {', '.join(cloud.cloud for cloud in failed)}"
    return _notice("failure", title, [*problems(failed), advice, f"Settings: {settings.source}"])


def _withheld(report: RunReport, settings: Settings) -> Notice:
    """What vanished, and what to do, step by step."""
    withheld = [cloud for cloud in report.clouds if cloud.deletions_to_decide]
    chosen = " ".join(f"--cloud {shlex.quote(cloud.cloud)}" for cloud in withheld)
    steps = [
        "1. See which images: glanceback sql --query withheld_deletions",
        "2. Look for some of them in the cloud itself, and whether the account still has the roles that it had.",
        f"3. If they are really gone: glanceback sync {chosen} --accept-deletions",
        "4. If they are not, mend the account or the cloud. Nothing is lost: the next run that lists them keeps them.",
    ]
    title = f"{counted(sum(cloud.deletions_to_decide for cloud in withheld), 'deletion')} withheld"
    lines = [cloud.error for cloud in withheld if cloud.error]
    return _notice("withheld", title, [*lines, *steps, f"Settings: {settings.source}"])


def _notice(kind: Kind, title: str, lines: Sequence[str]) -> Notice:
    shown = [*lines[:_MOST_LINES], *([f"... and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else [])]
    return Notice(kind, f"glanceback on {socket.gethostname()}: {title}", tuple(shown))


def _scheme(url: str) -> str:
    return url.partition("://")[0] if "://" in url else "unknown"
