"""The exit codes, in one table: what each means for whoever started the command, a scheduler or a monitor.

`glanceback --help` prints the table, and docs/reference.md has it. Called by cli.
"""

from typing import TYPE_CHECKING, Final

from core.errors import GlancebackError, SettingsError, WarehouseHeld

if TYPE_CHECKING:  # whoever only asks for help needs no msgspec
    from pipeline.report import RunReport

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
WITHHELD: Final = 3
HELD: Final = 4
INTERRUPTED: Final = 130

MEANINGS: Final = {
    DONE: "everything was loaded; of status: nothing is stale or broken",
    FAILED: "something failed, wholly or in part; what was loaded is kept, and another try may help. "
    "Of status: something is stale or broken; of check: something is in the way",
    WRONG_USAGE: "wrong usage or settings: nothing was started",
    WITHHELD: "everything was loaded, but deletions are withheld, and a person must decide. Of status: some are, "
    "and nothing is stale or broken",
    HELD: "another process holds the warehouse: nothing was read; try again later",
    INTERRUPTED: "interrupted (Ctrl-C or SIGTERM): what was being read was not loaded",
}


def of_error(error: GlancebackError) -> int:
    """The exit code of a command that ended in this error."""
    if isinstance(error, SettingsError):
        return WRONG_USAGE
    return HELD if isinstance(error, WarehouseHeld) else FAILED


def of_report(report: "RunReport") -> int:
    """The exit code of a run that came to its end."""
    if report.status == "completed":
        return DONE
    return FAILED if any(cloud.has_failed for cloud in report.clouds) else WITHHELD
