"""The errors of glanceback, named by what the runner does with them. Imports nothing.

    GlancebackError          says what happened, where, and what to do
    ├── SettingsError        wrong usage or configuration: nothing is loaded, exit code 2
    ├── CloudError           this listing (or cloud) is incomplete; the others continue, exit code 1
    │   ├── Refused          the cloud answered with a status that a retry will not change
    │   ├── LoginRefused     the identity service says that the account or its project cannot be used
    │   ├── WrongClock       our clock or the cloud's is wrong: the versions could not be put in order
    │   └── TransientError   a retry may succeed: throttling, 5xx, broken connections
    └── WarehouseError       the warehouse cannot be opened, migrated or written: nothing was written, exit code 1
        └── WarehouseHeld    another process has the warehouse open, exit code 4

They can all be pickled, because Prefect and Dask send them between processes: every argument is positional and passed
to `super`.
"""


class GlancebackError(Exception):
    """An error for people: one sentence says what happened and where, one what to do."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what.rstrip('.')}. {self.advice}" if self.advice else self.what


class SettingsError(GlancebackError):
    """Wrong usage or configuration."""


class CloudError(GlancebackError):
    """The cloud's answer cannot be used: the listing that was being read is incomplete."""


class Refused(CloudError):
    """A final status other than 200."""

    def __init__(self, what: str, advice: str = "", status: int = 0) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, status)
        self.status = status


class LoginRefused(CloudError):
    """The identity service refused the login (401)."""


class WrongClock(CloudError):
    """Our clock differs too much from the cloud's clock, or from the times of earlier runs."""


class TransientError(CloudError):
    """A retry may succeed. `retry_after`: the delay in seconds that the server asked for."""

    def __init__(self, what: str, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, retry_after)
        self.retry_after = retry_after


class WarehouseError(GlancebackError):
    """The warehouse could not be opened or written; it is unchanged."""


class WarehouseHeld(WarehouseError):
    """Another process has the warehouse open."""


def unexpected(error: BaseException) -> str:
    """The message for an error that only a fault in glanceback can cause."""
    # The repr of a UnicodeError contains the whole text, which may be a secret.
    shown = type(error).__name__ if isinstance(error, UnicodeError) else repr(error)
    return f"an error in glanceback itself: {shown}. Report it, with the log of the run."
