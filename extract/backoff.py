"""When a call that failed is made again: exponential backoff with jitter, Retry-After, and one time limit.

Called by extract.retry after the first failure. tenacity takes long to import, and most runs have no failure.
"""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

import tenacity

from core.errors import TransientError
from extract.retry import RetryPolicy

log = logging.getLogger(__name__)
T = TypeVar("T")

LONGEST_WAIT_SECONDS: Final = 30.0
_BACKOFF: Final = tenacity.wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_SECONDS)


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


def retried(
    failures: list[TransientError],
    call: Callable[[], T],
    policy: RetryPolicy,
    where: str,
    sleep: Callable[[float], None],
) -> T:
    """Return the result of `call`, which has just failed for the first time. Raises: as with_retry.

    That failure is taken out of `failures`: a frame that kept it would keep itself alive, through the traceback.
    """
    schedule = _Schedule(policy)

    def try_it() -> T:
        if failures:
            raise failures.pop()
        return call()

    def log_retry(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        log.warning("%s: %s; try %d in %.1f s", where, error, state.attempt_number + 1, seconds)

    return tenacity.Retrying(
        stop=schedule.is_over,
        wait=schedule.wait,
        retry=tenacity.retry_if_exception_type(TransientError),
        before_sleep=log_retry,
        sleep=sleep,
        reraise=True,
    )(try_it)


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, TransientError) else 0.0
