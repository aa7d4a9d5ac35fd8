"""Checks that Dask workers can read listings, before and while they do, so that a run never waits forever.

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
"""How long to wait for the first worker, for the workers' versions, and for a worker to come back."""

LOOK_SECONDS = 1.0

_ROOT: Final = Path(__file__).resolve().parent.parent
_lost: list[str] = []
"""Why a cluster went away during this run."""

_used: list[str] = []
"""The cluster that reads for this run."""


def our_version() -> dict[str, str]:
    """Our versions, which a worker must have too: what we send was made by this code, this Python and this Prefect."""
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
    """Raises: SettingsError if there are no workers, or if some of them, which it names, cannot read for us.

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
            f"of the workers of {where}, {len(faults)} of {len(said)} cannot read: {'; '.join(faults[:_MOST_NAMED])}",
            "Restart them in an environment with this version of glanceback, or end them.",
        )


_MOST_NAMED: Final = 5


def _asked(client: Any, where: str) -> dict[str, Any]:
    """The versions that each worker reports, or the error that it raised, by worker."""
    # Made from text, so that a worker can load it without our modules.
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(_QUESTION, namespace)  # noqa: S102 - our own text
    try:
        answers: dict[str, Any] = client.sync(
            client._run, namespace["question"], on_error="return", callback_timeout=WORKERS_SECONDS
        )
    except Exception as exc:
        raise SettingsError(
            f"the workers of {where} do not say whether they can read ({type(exc).__name__})",
            "Look at the log of the scheduler and of the workers, and restart them.",
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
    """Why a worker cannot read for us; None if it can."""
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
    """Inside, listings are cancelled when all workers are gone and none comes back."""
    _lost.clear()
    _used[:] = [where]
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
    """The number of workers; None if the scheduler does not answer now."""
    try:
        return len(client.sync(client.scheduler.ncores, callback_timeout=WORKERS_SECONDS))
    except Exception as exc:
        log.debug("the Dask scheduler did not say which workers there are (%s)", type(exc).__name__)
        return None


def _give_up(client: Any, what: str) -> None:
    """Cancel all listings. It is called again and again, because later stages are submitted later."""
    _lost.append(what)
    distributed = import_module("distributed")
    try:
        client.cancel([distributed.Future(key, client) for key in list(client.futures)], force=True)
    except Exception as exc:
        log.debug("the listings cannot be cancelled (%s)", type(exc).__name__)


def said_of_dask(error: BaseException, cloud: str, listing: str) -> CloudError | None:
    """Dask's own error about a listing that it did not finish, as a sentence; None for any other error."""
    where = f"cloud {cloud}, listing {listing}"
    module = type(error).__module__.partition(".")[0]
    if _lost or isinstance(error, CancelledError):
        what = _lost[0] if _lost else f"{_used[0] if _used else 'Dask'} went away"
        return CloudError(
            f"{where}: {what} while it was read",
            "Start the scheduler and its workers again, then run glanceback sync --resume.",
        )
    if type(error).__name__ == "KilledWorker":
        return CloudError(
            f"{where}: the Dask workers that read it died, again and again",
            "Read their logs; they may have had too little memory.",
        )
    if module in ("distributed", "dask") or isinstance(error, ImportError):
        return CloudError(
            f"{where}: Dask could not read it ({type(error).__name__})",
            "Check that each worker runs this version of glanceback, and read the workers' logs.",
        )
    return None
