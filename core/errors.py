"""The errors of glanceback, named by what the runner does with them. Imports nothing.

    GlancebackError          says what happened, where, and what to do
    ├── SettingsError        wrong usage or configuration: nothing is started, exit code 2
    ├── CloudError           this listing (or cloud) is incomplete; the others go on, exit code 1
    │   ├── Refused          the same: the cloud answered with a status that no other try will change
    │   ├── LoginRefused     the identity service says that the account or its project cannot be used
    │   ├── WrongClock       our clock or the cloud's is wrong: what would be loaded could not be put in order
    │   └── TransientError   the same, but worth another try: throttling, 5xx, broken connections
    └── WarehouseError       the warehouse cannot be opened, migrated or written: nothing was written, exit code 1
        └── WarehouseHeld    the same: another process has it open, exit code 4

All of them pickle, because Prefect and Dask send them about: every argument is positional and handed to `super`.
"""


class GlancebackError(Exception):
    """An error for people: one sentence of what and where, one of what to do."""

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.what.rstrip('.')}. {self.advice}" if self.advice else self.what


class SettingsError(GlancebackError):
    """Wrong usage or configuration."""


class CloudError(GlancebackError):
    """The cloud's answer cannot be used: what was being read is incomplete."""


class Refused(CloudError):
    """A final status other than 200."""

    def __init__(self, what: str, advice: str = "", status: int = 0) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, status)
        self.status = status


class LoginRefused(CloudError):
    """The identity service refused the login (401)."""


class WrongClock(CloudError):
    """Our clock and the cloud's, or that of the runs before, are too far apart."""


class TransientError(CloudError):
    """A failure that may be gone at the next try. `retry_after` is what the server asked for, in seconds."""

    def __init__(self, what: str, advice: str = "", retry_after: float | None = None) -> None:
        super().__init__(what, advice)
        self.args = (what, advice, retry_after)
        self.retry_after = retry_after


class WarehouseError(GlancebackError):
    """The warehouse could not be opened or written; it is as it was before."""


class WarehouseHeld(WarehouseError):
    """Another process has the warehouse open."""


def unexpected(error: BaseException) -> str:
    """What to say of an error that only a fault in glanceback can explain."""
    # The repr of a UnicodeError has the whole text, which may be a secret.
    shown = type(error).__name__ if isinstance(error, UnicodeError) else repr(error)
    return f"an error in glanceback itself: {shown}. Report it, with the log of the run."
