"""Try again, or not: one wait between tries and one limit for how long, whatever is asked for.

Knows errors, not requests. A `TransientError` is worth another try; everything else is final.
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
    """Try for so many `seconds` after the first failure, but no more than `tries` times (None: no such limit)."""

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
    """Return the result of `call`; call it again, with exponential backoff and jitter, while it raises TransientError.

    The wait is at least what the server's Retry-After asks for. A Retry-After that goes beyond the policy's time ends
    the trying at once. The time counts from the first failure, so that a request which took long gets another try.
    Raises: the last TransientError when the time or the tries are used up; Stopped; any other error at once.
    """
    first_failed_at: list[float] = []

    def seconds_left(state: tenacity.RetryCallState) -> float:
        now = state.outcome_timestamp or 0.0
        if not first_failed_at:
            first_failed_at.append(now)
        return policy.seconds - max(now - first_failed_at[0], state.idle_for)

    def wait(state: tenacity.RetryCallState) -> float:
        return max(min(_BACKOFF(state), seconds_left(state)), _retry_after(state), 0.0)

    def is_over(state: tenacity.RetryCallState) -> bool:
        left = seconds_left(state)
        tries_used_up = policy.tries is not None and state.attempt_number >= policy.tries
        return tries_used_up or left <= 0 or _retry_after(state) > left

    def tell(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        log.warning("%s: %s; try %d in %.1f s", where, error, state.attempt_number + 1, seconds)

    def checked_call() -> T:
        stopped.check(where)
        return call()

    return tenacity.Retrying(
        stop=is_over,
        wait=wait,
        retry=tenacity.retry_if_exception_type(TransientError),
        before_sleep=tell,
        sleep=sleep or stopped.wait,
        reraise=True,
    )(checked_call)


def _retry_after(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return (error.retry_after or 0.0) if isinstance(error, TransientError) else 0.0
