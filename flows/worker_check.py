"""Whether Dask workers can read listings for us, before and while they do: nobody waits for ever for those that cannot.

Called by workers and cloud_reading. Imports Dask only when it is called.
"""

import logging
import platform
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from core.errors import CloudError, SettingsError
from core.packages import PACKAGES

log = logging.getLogger(__name__)

WORKERS_SECONDS = 30.0
"""How long to wait for the first worker, for what workers say of themselves, and for the last worker to come back."""

LOOK_SECONDS = 1.0

_ROOT: Final = Path(__file__).resolve().parent.parent
_lost: list[str] = []
"""What was said of a cluster that went away in this run."""


def our_version() -> dict[str, str]:
    """What a worker must have as we have it: what we send it was made by this code, this Python and this Prefect."""
    code = sha256()
    for package in PACKAGES:
        for file in sorted((_ROOT / package).rglob("*.py")):
            code.update(f"{file.relative_to(_ROOT)}\0".encode())
            code.update(file.read_bytes())
    return {
        "glanceback": f"{version('glanceback')} ({code.hexdigest()[:8]})",
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "Prefect": version("prefect"),
    }


def must_be_able_to_read(client: Any, where: str) -> None:
    """Raises: SettingsError where there are no workers, or some, which it names, cannot read for us.

    Waits for the first worker for WORKERS_SECONDS.
    """
    from distributed import TimeoutError as DaskTimeoutError

    try:
        client.wait_for_workers(1, timeout=WORKERS_SECONDS)
    except (TimeoutError, DaskTimeoutError) as exc:
        raise SettingsError(
            f"{where} has no workers; none came within {WORKERS_SECONDS:.0f} s",
            "Start some there (dask worker SCHEDULER), with this version of glanceback, the credentials, and a landing "
            "that all see.",
        ) from exc
    ours = our_version()
    said = _asked(client, where)
    faults = [f"{worker} {fault}" for worker, answer in sorted(said.items()) if (fault := _fault(answer, ours))]
    if faults:
        raise SettingsError(
            f"of {len(said)} workers of {where}, {len(faults)} cannot read: {'; '.join(faults[:_MOST_NAMED])}",
            "Start them anew in an environment with this version of glanceback, or end them.",
        )


_MOST_NAMED: Final = 5


def _asked(client: Any, where: str) -> dict[str, Any]:
    """By worker, what it says of its version, or the error that it made of that."""
    # Made here, so that a worker needs none of our modules to take it.
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(_QUESTION, namespace)  # noqa: S102 - our own text
    try:
        answers: dict[str, Any] = client.sync(
            client._run, namespace["question"], on_error="return", callback_timeout=WORKERS_SECONDS
        )
    except Exception as exc:
        raise SettingsError(
            f"the workers of {where} do not say whether they can read ({type(exc).__name__})",
            "Look at the log of the scheduler and of the workers, and start them anew.",
        ) from exc
    return answers


_QUESTION: Final = """
def question():
    try:
        from flows.worker_check import our_version
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return our_version()
"""


def _fault(answer: Any, ours: dict[str, str]) -> str | None:
    """In which way a worker cannot read for us; None where it can."""
    if isinstance(answer, BaseException):
        return f"fails ({type(answer).__name__})"
    if not isinstance(answer, dict):
        return f"cannot import glanceback ({str(answer)[:200]})"
    different = [
        f"{name} {answer.get(name, 'of another version')}, where we have {value}"
        for name, value in ours.items()
        if answer.get(name) != value
    ]
    return f"has {' and '.join(different)}" if different else None


@contextmanager
def watched(client: Any, where: str) -> Iterator[None]:
    """Inside, what nobody can finish any more is cancelled: all workers are gone, and none has come back."""
    _lost.clear()
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(client, where, ended.wait), daemon=True, name="watch workers")
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _watch(client: Any, where: str, has_ended: Callable[[float], bool]) -> None:
    alone_since: float | None = None
    while not has_ended(LOOK_SECONDS):
        if client.status in ("closed", "closing") or client.scheduler is None or client.scheduler_comm is None:
            _give_up(client, f"{where} went away")
            continue
        workers = _workers(client)
        if workers is None or workers:
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since >= WORKERS_SECONDS:
            _give_up(client, f"all workers of {where} went away, and none came back in {WORKERS_SECONDS:.0f} s")


def _workers(client: Any) -> int | None:
    """How many there are; None where that cannot be said now."""
    try:
        return len(client.sync(client.scheduler.ncores, callback_timeout=WORKERS_SECONDS))
    except Exception as exc:
        log.debug("the Dask scheduler did not say which workers there are (%s)", type(exc).__name__)
        return None


def _give_up(client: Any, what: str) -> None:
    """Cancel what is to be done. To be called again: listings of the next stage are submitted later."""
    _lost.append(what)
    distributed = import_module("distributed")
    try:
        client.cancel([distributed.Future(key, client) for key in list(client.futures)], force=True)
    except Exception as exc:
        log.debug("the listings cannot be cancelled (%s)", type(exc).__name__)


def said_of_dask(error: BaseException, cloud: str, listing: str) -> CloudError | None:
    """What Dask itself says of a listing that it did not bring to an end, in a sentence; None for any other error."""
    where = f"cloud {cloud}, listing {listing}"
    module = type(error).__module__.partition(".")[0]
    if _lost or isinstance(error, CancelledError):
        return CloudError(
            f"{where}: {_lost[0] if _lost else 'the Dask scheduler, or its workers, went away'} while it was read",
            "Start the scheduler and its workers again, then run glanceback sync --resume.",
        )
    if type(error).__name__ == "KilledWorker":
        return CloudError(
            f"{where}: the Dask workers that read it died, again and again",
            "Look at their logs; they may have had too little memory.",
        )
    if module in ("distributed", "dask") or isinstance(error, ImportError):
        return CloudError(
            f"{where}: Dask could not have it read ({type(error).__name__})",
            "See that each worker runs this version of glanceback, and look at the workers' logs.",
        )
    return None
