"""The exit codes and their meanings, in one table, for schedulers and monitors.

`glanceback --help` prints the table, and docs/reference.md has it. Called by cli.
"""

from typing import TYPE_CHECKING, Final

from core.errors import GlancebackError, SettingsError, WarehouseHeld

if TYPE_CHECKING:  # --help does not need msgspec
    from pipeline.report import RunReport

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
WITHHELD: Final = 3
HELD: Final = 4
INTERRUPTED: Final = 130

MEANINGS: Final = {
    DONE: "everything was loaded. status: nothing is stale or broken",
    FAILED: "something failed, all of it or a part; what was loaded is kept, and another try may help. "
    "status: something is stale or broken. check: there is a problem",
    WRONG_USAGE: "wrong usage or settings: nothing was loaded",
    WITHHELD: "everything was loaded, but deletions are withheld, and a person must decide. status: the same, "
    "and nothing is stale or broken",
    HELD: "another process holds the warehouse: nothing was read; try again later",
    INTERRUPTED: "interrupted (Ctrl-C or SIGTERM): the clouds that were being read are not loaded",
}


def of_error(error: GlancebackError) -> int:
    """The exit code of a command that ended with this error."""
    if isinstance(error, SettingsError):
        return WRONG_USAGE
    return HELD if isinstance(error, WarehouseHeld) else FAILED


def of_report(report: "RunReport") -> int:
    """The exit code of a run that ended with this report."""
    if report.status == "completed":
        return DONE
    return FAILED if any(cloud.has_failed for cloud in report.clouds) else WITHHELD
