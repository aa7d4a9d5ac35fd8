"""The `diff` command: what is different in the catalogue between two moments."""

from pathlib import Path

from rich.console import Console

from extract.errors import SettingsError
from flows.answers import write_answer
from flows.moments import moment
from flows.questions import ask

_ROWS = """SELECT cloud, event, name, id, attribute, old_value, new_value FROM catalogue_diff($from, $to)
WHERE $clouds = [] OR list_contains($clouds, cloud) ORDER BY cloud, event, name, id, attribute"""
_COUNTS = """SELECT event, count(DISTINCT (cloud, id)) FROM catalogue_diff($from, $to)
WHERE $clouds = [] OR list_contains($clouds, cloud) GROUP BY event"""


def diff(
    published: Path,
    earlier: str,
    later: str,
    clouds: tuple[str, ...],
    form: str,
    output: Path | None,
    errors: Console,
    *,
    vertical: bool = False,
) -> None:
    """Write the differences, a row each, and say on stderr between which moments and how many images differ.

    Raises: SettingsError.
    """
    began, ended = moment(earlier, published), moment(later, published)
    if began > ended:
        raise SettingsError(f"'{earlier}' is later than '{later}'", "Name the earlier one first.")
    parameters = {"from": began, "to": ended, "clouds": list(clouds)}
    counts: dict[str, int] = dict(ask(published, _COUNTS, parameters).rows())
    told = ", ".join(f"{counts.get(event, 0)} {event}" for event in ("added", "removed", "changed"))
    errors.print(
        f"{began:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC, images: {told}", highlight=False, soft_wrap=True
    )
    write_answer(published, _ROWS, form, output, parameters, vertical=vertical)
