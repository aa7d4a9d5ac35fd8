"""Retries a call with exponential backoff, within one time limit, whatever the call does.

Knows errors, not requests. Only a `TransientError` is retried; all other errors are final.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import tenacity

from core.errors import TransientError
from extract.stopping import PROCESS_STOP, StopSignal

log = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_WAIT_SECONDS: Final = 30.0
_BACKOFF: Final = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Retry for `seconds` after the first failure, with at most `tries` calls in all (None: unlimited)."""

    seconds: float
    tries: int | None = None


class _Schedule:
    """When to retry and when to stop, for one use of with_retry. Its time limit begins with the first failure."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._first_failed_at: float | None = None

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Return the seconds until the next try."""
        return max(min(_BACKOFF(state), self._seconds_left(state)), _retry_after(state), 0.0)

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        left = self._seconds_left(state)
        tries_used_up = self._policy.tries is not None and state.attempt_number >= self._policy.tries
        return tries_used_up or left <= 0 or _retry_after(state) > left

    def _seconds_left(self, state: tenacity.RetryCallState) -> float:
        now = state.outcome_timestamp or 0.0
        if self._first_failed_at is None:
            self._first_failed_at = now
        return self._policy.seconds - max(now - self._first_failed_at, state.idle_for)


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
    schedule = _Schedule(policy)

    def log_retry(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        log.warning("%s: %s; try %d in %.1f s", where, error, state.attempt_number + 1, seconds)

    def checked_call() -> T:
        stopped.check(where)
        return call()

    return tenacity.Retrying(
        stop=schedule.is_over,
        wait=schedule.wait,
        retry=tenacity.retry_if_exception_type(TransientError),
        before_sleep=log_retry,
        sleep=sleep or stopped.wait,
        reraise=True,
    )(checked_call)


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, TransientError) else 0.0
