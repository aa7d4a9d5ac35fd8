"""The report of a run: the object that `sync --json` prints, and its summary in words. The keys are a contract."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from core.errors import GlancebackError, unexpected

if TYPE_CHECKING:  # printing a report does not need Arrow
    from load.merge import CloudCounts, ListingOutcome

Status = Literal["completed", "partial", "failed"]

_MOST_PROBLEMS: Final = 50


class ListingReport(msgspec.Struct, frozen=True):
    """`images`: distinct images in the listing, without those that the account itself shares."""

    listing: str
    pages: int
    images: int
    complete: bool
    error: str | None


class CloudReport(msgspec.Struct, frozen=True):
    """Counts are images; `rejected` counts values and whole images.

    `deletions_to_decide` of the withheld deletions wait for a person, because so many images vanished at once; the next
    run asks again about the others.
    """

    cloud: str
    status: Status
    error: str | None
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    returned: int = 0
    rejected: int = 0
    withheld_deletions: int = 0
    missed_by_changes: int = 0
    listings: tuple[ListingReport, ...] = ()
    deletions_to_decide: int = 0

    @property
    def has_failed(self) -> bool:
        """Whether something was not loaded or could not be asked for, so that another try may help.

        False if only deletions wait for a person.
        """
        if self.status == "completed":
            return False
        is_whole = self.status == "partial" and all(listing.complete for listing in self.listings)
        return not (is_whole and 0 < self.withheld_deletions == self.deletions_to_decide)


class RunReport(msgspec.Struct, frozen=True):
    """`seconds` from the start of the run to its end. `notices_error`: why notices of it cannot be sent."""

    run_id: str
    status: Status
    seconds: float
    clouds: tuple[CloudReport, ...]
    notices_error: str | None = None


class RunFailed(GlancebackError):
    """The exception of a flow in which something failed or was withheld: Prefect needs one."""

    def __init__(self, what: str, report: RunReport) -> None:
        super().__init__(what)
        self.args = (what, report)
        self.report = report

    def __str__(self) -> str:
        return self.what


def cloud_report(
    cloud: str, outcomes: "list[ListingOutcome]", counts: "CloudCounts", error: str | None, to_decide: int = 0
) -> CloudReport:
    """The report of a cloud that was loaded. It is partial if a listing is incomplete or something was withheld."""
    complete = [outcome.complete for outcome in outcomes]
    status: Status = "completed" if all(complete) and error is None else "partial" if any(complete) else "failed"
    return CloudReport(
        cloud=cloud,
        status=status,
        error=error,
        new=counts.new,
        changed=counts.changed,
        unchanged=counts.unchanged,
        deleted=counts.deleted,
        returned=counts.returned,
        rejected=counts.rejected,
        withheld_deletions=counts.withheld_deletions,
        missed_by_changes=counts.missed_by_changes,
        listings=tuple(
            ListingReport(
                outcome.listing,
                outcome.pages,
                counts.listing_images.get(outcome.listing, 0) if outcome.complete else outcome.images,
                outcome.complete,
                outcome.error,
            )
            for outcome in outcomes
        ),
        deletions_to_decide=to_decide,
    )


def run_status(clouds: list[CloudReport]) -> Status:
    """completed if all clouds are, failed if all failed, otherwise partial."""
    kinds = {cloud.status for cloud in clouds}
    return kinds.pop() if len(kinds) == 1 else "partial"


def summary(report: RunReport) -> str:
    """The run in a few lines of markdown: a table of clouds, a table of listings, what went wrong."""
    lines = [f"Run `{report.run_id}`: **{report.status}** in {report.seconds:.1f} s", ""]
    lines += [
        "| cloud | status | new | changed | unchanged | deleted | returned | rejected | withheld |",
        "|" + "---|" * 9,
    ]
    for cloud in report.clouds:
        figures = (cloud.new, cloud.changed, cloud.unchanged, cloud.deleted, cloud.returned, cloud.rejected)
        cells = (_cell(cloud.cloud), cloud.status, *figures, cloud.withheld_deletions)
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| cloud | listing | pages | images | complete |", "|" + "---|" * 5]
    for cloud in report.clouds:
        for listing in cloud.listings:
            whole = "yes" if listing.complete else "no"
            lines.append(f"| {_cell(cloud.cloud)} | {listing.listing} | {listing.pages} | {listing.images} | {whole} |")
    return "\n".join([*lines, "", *(f"- {problem}" for problem in problems_of(report, _MOST_PROBLEMS))])


def problems(clouds: Iterable[CloudReport]) -> list[str]:
    """Every error of these clouds and their listings, in order, each text once."""
    found = []
    for cloud in clouds:
        found += [cloud.error] if cloud.error else []
        found += [listing.error for listing in cloud.listings if listing.error]
    return list(dict.fromkeys(found))


def first_problems(clouds: Iterable[CloudReport], most: int) -> list[str]:
    """The first errors of these clouds, and where the others are."""
    return first_of_many(problems(clouds), most)


def problems_of(report: RunReport, most: int) -> list[str]:
    """The first errors of the run, where the others are, and why notices of it cannot be sent."""
    return [*first_problems(report.clouds, most), *([report.notices_error] if report.notices_error else [])]


def first_of_many(errors: list[str], most: int) -> list[str]:
    """The first errors, and where the others are."""
    more = len(errors) - most
    return [*errors[:most], *([f"And {more} more: glanceback sql --query faulty_runs."] if more > 0 else [])]


def why_failed(error: BaseException) -> str:
    """Why a run failed as a whole, for its row in `runs`."""
    if isinstance(error, GlancebackError):
        return str(error)
    return unexpected(error) if isinstance(error, Exception) else "the run was interrupted"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
