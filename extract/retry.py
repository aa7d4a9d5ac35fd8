"""Retries a call with exponential backoff, within one time limit, whatever the call does.

Knows errors, not requests. Only a `TransientError` is retried; all other errors are final.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from core.errors import TransientError
from extract.stopping import PROCESS_STOP, StopSignal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retry for `seconds` after the first failure, with at most `tries` calls in all (None: unlimited)."""

    seconds: float
    tries: int | None = None


def with_retry(
    call: Callable[[], T],
    policy: RetryPolicy,
    where: str,
    *,
    stopped: StopSignal = PROCESS_STOP,
    sleep: Callable[[float], None] | None = None,
) -> T:
    """Return the result of `call`. If it raises TransientError, call it again, with exponential backoff and jitter.

    The wait is at least what the server's Retry-After asks for; a Retry-After beyond the policy's time ends the retries
    at once. The time counts from the first failure, so that a request that took long is retried too.
    Raises: the last TransientError if the time or the tries are used up; Stopped; any other error at once.
    """

    def checked_call() -> T:
        stopped.check(where)
        return call()

    try:
        return checked_call()
    except TransientError as exc:
        failures = [exc]
    from extract.backoff import retried  # slow to import, and only needed after a failure

    return retried(failures, checked_call, policy, where, sleep or stopped.wait)
