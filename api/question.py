"""A query string -> the question to GET /v2/images. Knows the parameters and their errors, but no images and no SQL.

Source: reference, Table 1; openstack/glance, `RequestDeserializer.index`, whose error texts are used here. If a filter
occurs twice, its last value counts; of the parameters of paging the first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, urlencode

from api.refusal import Refusal
from extract.listing import IMS

SORT_KEYS: Final = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
DEFAULT_LIMIT: Final = 25
LARGEST_PAGE: Final = 1000
EVERY_STATUS: Final = "all"

_VISIBILITIES: Final = ("community", "public", "private", "shared", "all")
_MEMBER_STATUSES: Final = ("pending", "accepted", "rejected", EVERY_STATUS)
_MOST_PARAMETERS: Final = 500


@dataclass(frozen=True, slots=True)
class Question:
    """A question. `parameters`: as written, each name once, with its last value; links repeat them.

    `order`: each key, and whether it descends; the last key is the id. `visibility`: None if not given. `filters`: all
    other parameters, each name once. `tags`: an image must have all of them. `limit`: a number of images.
    """

    parameters: tuple[tuple[str, str], ...]
    filters: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    visibility: str | None
    member_status: str
    marker: str | None
    limit: int
    order: tuple[tuple[str, bool], ...]

    def going_on(self, last: str) -> "Question":
        """The client's next question, if it continues after the image `last` with a marker, as before."""
        asked = tuple((name, last if name == "marker" else value) for name, value in self.parameters)
        return replace(self, marker=last, parameters=asked)

    @property
    def first(self) -> str:
        """The link to the first page."""
        return _link([pair for pair in self.parameters if pair[0] != "marker"])

    def next(self, last: str, dialect: str) -> str:
        """The link to the page after the image `last`. IMS writes the marker second, as the reference prints it."""
        kept = [pair for pair in self.parameters if pair[0] != "marker"]
        kept.insert(1 if dialect == IMS else len(kept), ("marker", last))
        return _link(kept)


def parse_question(query: bytes, largest_page: int = LARGEST_PAGE) -> Question:
    """The question in the query string; `largest_page` bounds its limit. Raises: Refusal, 400: a wrong parameter."""
    pairs = _pairs(query)
    asked = dict(pairs)
    limit = _taken(pairs, "limit")
    marker = _taken(pairs, "marker")
    member_status = _taken(pairs, "member_status")
    member_status = "accepted" if member_status is None else member_status
    tags = [value.strip() for value in _taken_all(pairs, "tag")]
    visibility = asked.get("visibility")
    if visibility and visibility not in _VISIBILITIES:
        raise Refusal(400, f"Invalid visibility value: {visibility}")
    if asked.get("changes-since"):
        raise Refusal(400, 'The "changes-since" filter is no longer available on v2.')
    if member_status not in _MEMBER_STATUSES:
        raise Refusal(400, f"Invalid status: {member_status}")
    count = DEFAULT_LIMIT if limit is None else _limit(limit)
    keys, descending = _sorting(pairs)
    first_visibility = _taken(pairs, "visibility")
    return Question(
        parameters=tuple(asked.items()),
        filters=tuple(dict(pairs).items()),
        tags=tuple(tags),
        visibility=first_visibility,
        member_status=member_status,
        marker=marker,
        limit=min(count, largest_page),
        order=_whole_order(keys, descending),
    )


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode(), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except UnicodeDecodeError as exc:
        raise Refusal(400, "The query is not UTF-8 text.") from exc
    except ValueError as exc:
        raise Refusal(400, f"The query has more than {_MOST_PARAMETERS} parameters.") from exc


def _taken(pairs: list[tuple[str, str]], name: str) -> str | None:
    """Remove and return the first value of the name; a second one stays in `pairs`, as a filter."""
    for place, (known, value) in enumerate(pairs):
        if known == name:
            del pairs[place]
            return value
    return None


def _taken_all(pairs: list[tuple[str, str]], name: str) -> list[str]:
    values = [value for known, value in pairs if known == name]
    pairs[:] = [pair for pair in pairs if pair[0] != name]
    return values


def _limit(text: str) -> int:
    try:
        limit = int(text)
    except ValueError as exc:
        raise Refusal(400, "limit param must be an integer") from exc
    if limit < 0:
        raise Refusal(400, "limit param must be positive")
    return limit


def _sorting(pairs: list[tuple[str, str]]) -> tuple[list[str], list[bool]]:
    """The keys, and whether they descend: a value for each key, or one for all."""
    new = _taken(pairs, "sort")
    keys, directions = _taken_all(pairs, "sort_key"), _taken_all(pairs, "sort_dir")
    if new is not None:
        if keys or directions:
            raise Refusal(400, "Old and new sorting syntax cannot be combined")
        parts = [part.partition(":") for part in new.strip().split(",")]
        keys, directions = [key for key, _, _ in parts], [direction or "desc" for _, _, direction in parts]
    checked = [_sort_key(key.strip()) for key in keys]
    descending = [_descends(direction.strip()) for direction in directions]
    if len(descending) > 1 and len(descending) != len(checked):
        raise Refusal(400, "Number of sort dirs does not match the number of sort keys")
    return checked or ["created_at"], descending or [True]


def _sort_key(key: str) -> str:
    if key not in SORT_KEYS:
        raise Refusal(400, f"Invalid sort key: {key}. It must be one of the following: {', '.join(SORT_KEYS)}.")
    return key


def _descends(direction: str) -> bool:
    if direction not in ("asc", "desc"):
        raise Refusal(400, f"Invalid sort direction: {direction}")
    return direction == "desc"


def _whole_order(keys: Sequence[str], descending: Sequence[bool]) -> tuple[tuple[str, bool], ...]:
    """The order, followed by creation time and id in the same direction, as in Glance: so no two images are equal."""
    last = descending[0] if len(descending) == 1 else True
    order: dict[str, bool] = {}
    for key, descends in zip(keys, descending if len(descending) > 1 else [last] * len(keys), strict=True):
        order.setdefault(key, descends)
    for key in ("created_at", "id"):
        order.setdefault(key, last)
    return tuple(order.items())


def _link(pairs: Sequence[tuple[str, str]]) -> str:
    return f"/v2/images?{urlencode(pairs)}" if pairs else "/v2/images"
