"""Tells people what they set `[notify]` for: a failed run, withheld deletions, drifting attributes, and recovery.

Apprise knows the ways (mail, chat, pagers, webhooks), by URL. The URLs hold secrets: they are never logged, and what
a service answers is not either. A notice that cannot be sent does not make a run fail.
"""

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from flows.report import RunReport, problems
from flows.settings import Notify, Settings

if TYPE_CHECKING:  # to tell that a run could not be made takes no warehouse
    from load.runs import Run
    from load.warehouse import Warehouse

log = logging.getLogger(__name__)

Kind = Literal["failure", "withheld", "drift", "recovery"]
_MOST_LINES: Final = 20
_APPRISE_TYPES: Final = {"failure": "failure", "withheld": "warning", "drift": "info", "recovery": "success"}
_told: list[BaseException] = []


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened, in a line, and in lines what to do."""

    kind: Kind
    title: str
    lines: tuple[str, ...]


def of_run(report: RunReport, run: "Run", warehouse: "Warehouse", settings: Settings) -> list[Notice]:
    """What there is to tell of a run that came to its end.

    A changes run, of which there are many a day, tells only the first of several failures in a row.
    """
    found: list[Notice] = []
    facts = {"run_id": run.run_id, "mode": run.mode, "started_at": run.started_at}
    before = [status for (status,) in warehouse.rows("merge", "status_before", **facts)]
    went_wrong_before = before not in ([], ["completed"])
    withheld = sum(cloud.withheld_deletions for cloud in report.clouds)
    if report.status != "completed" and not (run.mode == "changes" and went_wrong_before):
        found.append(_withheld(report, withheld, settings) if withheld else _failed(report, settings))
    if report.status == "completed" and went_wrong_before:
        figures = ", ".join(f"{cloud.cloud}: {cloud.new} new, {cloud.deleted} deleted" for cloud in report.clouds)
        found.append(_notice("recovery", "all is well again", [f"Run {report.run_id} completed; {figures}."]))
    drift = warehouse.rows("merge", "run_drift", **facts)
    if drift:
        lines = [
            f"cloud {cloud}: {attribute} vanished: no image has it any more"
            if kind == "vanished"
            else f"cloud {cloud}: {attribute} is new and undocumented, on {images} images: {str(example)[:80]!r}"
            for cloud, attribute, kind, images, example in drift
        ]
        advice = "Nothing is lost: undocumented attributes are kept in `extra`. See the view schema_drift."
        found.append(_notice("drift", "the cloud's attributes changed", [*lines, advice]))
    return found


def of_error(error: BaseException) -> Notice:
    """That a run could not be made at all."""
    lines = [str(error) or type(error).__name__, "The warehouse is as it was before. Mend that, then: glanceback sync"]
    return _notice("failure", "a run could not be made", lines)


def send(notices: Sequence[Notice], notify: Notify) -> bool:
    """Send what is wanted to every URL. Whether all arrived; where one did not, the log says so."""
    wanted = [notice for notice in notices if notice.kind in notify.on]
    if not wanted or not notify.urls:
        return True
    import apprise  # slow

    own = logging.getLogger("apprise")  # what it logs may hold addresses and answers
    own.addHandler(logging.NullHandler())
    own.propagate = False
    arrived = True
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
            if not sent:
                arrived = False
                log.warning("the notice '%s' could not be sent to the %s:// address", notice.title, _scheme(url))
    return arrived


def tell_error(error: BaseException, settings: Settings) -> None:
    """Send that a run could not be made; of one error once, though it passes several places."""
    if not any(error is known for known in _told):
        _told.append(error)
        send([of_error(error)], settings.notify)


def trial() -> Notice:
    """What `glanceback check --notify` sends."""
    return _notice("failure", "this is a test", ["Notices of failures will come here. There is nothing to do."])


def _failed(report: RunReport, settings: Settings) -> Notice:
    loaded = [cloud.cloud for cloud in report.clouds if cloud.status != "failed"]
    kept = f"What loaded is kept ({', '.join(loaded)})." if loaded else "Nothing was loaded; the history is as it was."
    advice = f"{kept} See: glanceback status. Then, to go on where it broke off: glanceback sync --resume"
    title = f"run {report.status}: {', '.join(c.cloud for c in report.clouds if c.status != 'completed')}"
    return _notice("failure", title, [*problems(report), advice, f"Settings: {settings.source}"])


def _withheld(report: RunReport, withheld: int, settings: Settings) -> Notice:
    advice = "If they are really gone: glanceback sync --accept-deletions. If not, nothing was lost."
    title = f"{withheld} deletions withheld"
    return _notice("withheld", title, [*problems(report), advice, f"Settings: {settings.source}"])


def _notice(kind: Kind, title: str, lines: Sequence[str]) -> Notice:
    shown = [*lines[:_MOST_LINES], *([f"... and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else [])]
    return Notice(kind, f"glanceback on {socket.gethostname()}: {title}", tuple(shown))


def _scheme(url: str) -> str:
    return url.partition("://")[0] if "://" in url else "unknown"
