"""Reads what the page shows from the published copy, and bounds it. Called by page.dashboard; knows nothing of HTML.

Small results become JSON. Tables that grow with the catalogue become Arrow tables, which page.packing packs.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import SettingsError
from load.published import ask, ask_table
from load.statements import statement

MOST_EVENTS: Final = 400_000
"""Events and changed attributes in the page, the newest. A year of 100,000 images of which 1 % change a night fits."""

_MOST_TEXT: Final = 12_000_000
"""Characters of different values, before and after, in the page."""

MOST_DAILY: Final = 100_000
"""Rows of each table of days, the newest. A year of 250 clouds fits, and 100 days of the listings of 200 clouds."""

_NEEDED: Final = ("image_history", "image_promises", "image_names", "withheld_deletions", "clouds")
"""Tables and views that copies of an earlier version lack."""

_LONGEST_VALUE: Final = 300
_MOST_ENDED: Final = 50_000
_MOST_PROMISES: Final = 20_000
_MOST_RUNS: Final = 60
_MOST_FAULTS: Final = 200
_MOST_OVERDUE: Final = 300
_MOST_DRIFT: Final = 100
_MANY_CLOUDS: Final = 10
"""More clouds than this share the rows that this many would have in a small result; each has at least so many rows."""


def contents(published: Path, version: str, now: datetime) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """All that the page shows: the small results and the large tables. `now` is UTC.

    Raises: SettingsError if there is no published copy, or an earlier version made it.
    """
    _need_views(published)
    tables, events_from = _tables(published, now)
    return _figures(published, version, now) | {"events_from": events_from}, tables


def _figures(published: Path, version: str, now: datetime) -> dict[str, Any]:
    """For each name the columns and rows of its query, and how many rows each cloud has."""
    page: dict[str, Any] = {"version": version, "made_at": now.isoformat(timespec="seconds")}
    page["runs"] = _rows(published, statement("page", "runs").text, {"most": _MOST_RUNS})
    since = page["runs"]["rows"][0][1] if page["runs"]["rows"] else now
    questions: dict[str, tuple[Mapping[str, object], int | None]] = {
        "status": ({"now": now}, None),
        "faulty_runs": ({"since": since}, _MOST_FAULTS),
    }
    for name, (parameters, most) in questions.items():
        page[name] = _rows(published, statement("queries", name).text, parameters, most)
    overdue = f"FROM ({statement('queries', 'name_renewals').text}) WHERE is_overdue"
    page["overdue"] = _rows(published, overdue, {"on": now.date()}, _MOST_OVERDUE)
    page["freshness"] = _rows(published, "SELECT * EXCLUDE (age_hours) FROM freshness ORDER BY cloud, listing")
    page["drift"] = _rows(published, "FROM schema_drift ORDER BY cloud, drift, images DESC, attribute", {}, _MOST_DRIFT)
    query = "SELECT project_id, min(project_name) FROM clouds WHERE project_name <> '' GROUP BY ALL"
    page["projects"] = {project: name for project, name in ask(published, query).rows() if project}
    ((page["first_day"],),) = ask(published, "SELECT min(seen_from)::DATE FROM image_versions").rows()
    return page


def _tables(published: Path, now: datetime) -> tuple[dict[str, pa.Table], datetime | None]:
    """What grows with the catalogue, and up to when its events are left out; None: they are all there.

    `events` and `promises` name an image by its place in `images`.
    """
    images = _table(published, "images", {"most_ended": _MOST_ENDED, "today": now.date()})
    places = _keys(images)
    events, events_from = _cut(_table(published, "events", {"most": MOST_EVENTS, "longest": _LONGEST_VALUE}))
    tables = {
        "images": images,
        "events": _placed(events, places).sort_by([("image", "ascending"), ("happened_at", "ascending")]),
        "promises": _placed(_table(published, "promises", {"most": _MOST_PROMISES}), places),
        "daily": _table(published, "daily", {"most": MOST_DAILY}),
        "daily_listings": _table(published, "daily_listings", {"most": MOST_DAILY}),
    }
    return tables, events_from


def _need_views(published: Path) -> None:
    """Raises: SettingsError if the copy does not have what the page selects from."""
    found = {name for (name,) in ask(published, "SELECT table_name FROM information_schema.tables").rows()}
    if not found.issuperset(_NEEDED):
        raise SettingsError(
            f"the published copy {published} was made by an earlier version of glanceback",
            "Make it again: glanceback publish.",
        )


def _rows(
    published: Path, query: str, parameters: Mapping[str, object] | None = None, most: int | None = None
) -> dict[str, Any]:
    """The first `most` rows of each cloud, of many clouds fewer rows each; and how many each cloud has."""
    answer = ask(published, query, parameters)
    place = answer.columns.index("cloud") if "cloud" in answer.columns else None
    found: dict[str, list[int]] = defaultdict(list)
    rows = list(answer.rows())
    for number, row in enumerate(rows):
        found[(row[place] if place is not None else None) or ""].append(number)
    if most is not None:
        each = max(_MANY_CLOUDS, min(most, most * _MANY_CLOUDS // max(1, len(found))))
        kept = {number for numbers in found.values() for number in numbers[:each]}
        rows = [row for number, row in enumerate(rows) if number in kept]
    counts = {cloud: len(numbers) for cloud, numbers in found.items()}
    return {"columns": answer.columns, "rows": rows, "counts": counts}


def _table(published: Path, name: str, parameters: Mapping[str, object]) -> pa.Table:
    return ask_table(published, statement("page", name).text, parameters)


def _keys(table: pa.Table) -> Any:
    """An image's cloud and id in one text, with the cloud's length: whatever they contain, each pair has its own."""
    length = pc.utf8_length(table["cloud"]).cast(pa.string())
    return pc.binary_join_element_wise(length, table["cloud"], table["id"], ":")


def _placed(table: pa.Table, images: Any) -> pa.Table:
    """The rows of known images, with the image's place, `image`, instead of its cloud and id."""
    found = table.append_column("image", pc.index_in(_keys(table), value_set=images)).drop_columns(["cloud", "id"])
    return found.filter(pc.is_valid(found["image"]))


def _cut(events: pa.Table) -> tuple[pa.Table, datetime | None]:
    """The newest events, as many as fit, and the time up to which they are left out: no run is shown in part."""
    cut: datetime | None = events["happened_at"][-1].as_py() if events.num_rows == MOST_EVENTS else None
    texts = pa.chunked_array([*events["old_value"].chunks, *events["new_value"].chunks], pa.string()).unique()
    if (pc.sum(pc.utf8_length(texts)).as_py() or 0) <= _MOST_TEXT:
        return _after(events, cut), cut
    length, seen = 0, set[str]()
    for row, pair in enumerate(zip(events["old_value"].to_pylist(), events["new_value"].to_pylist(), strict=True)):
        for text in pair:
            if text is not None and text not in seen:
                seen.add(text)
                length += len(text)
        if length > _MOST_TEXT:
            cut = events["happened_at"][row].as_py()
            break
    return _after(events, cut), cut


def _after(events: pa.Table, cut: datetime | None) -> pa.Table:
    return events if cut is None else events.filter(pc.greater(events["happened_at"], pa.scalar(cut)))
