"""Two years of a provider's public images, replaced once a month in the three ways that clouds do it, and ways to fail.

Each line of images has a name, which image after image bears. `history` gives the catalogue of any day, by listing, and
the answers to whoever asks for an image by id.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.load.runs import image

FIRST = date(2024, 1, 1)
MONTHS = 24
LAST = date(2025, 12, 31)


def month(number: int) -> date:
    """The first day of a month, counted from FIRST on."""
    return date(FIRST.year + number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class Line:
    """`way`: rename (and hide the old one), keep (the name on both), anew (delete the old one), or stamp (all are named
    after their day). `published`: the day of each image. `dropped`: from then on, the name is gone. `behind`: so many
    replaced images stay.
    """

    name: str
    way: str
    published: tuple[date, ...]
    promises: dict[str, str] = field(default_factory=dict)
    dropped: date | None = None
    behind: int = 3
    deleted: dict[int, date] = field(default_factory=dict)
    """Images that are deleted on a day, by number."""

    def identity(self, number: int) -> str:
        return f"{self.name}-{number:02}"

    def meant_on(self, day: date) -> str | None:
        """The image that the name means on a day; None where there is none."""
        numbers = [number for number, since in enumerate(self.published) if since <= day]
        return None if not numbers or (self.dropped and day >= self.dropped) else self.identity(numbers[-1])

    def images(self, day: date) -> Iterator[tuple[bool, dict[str, Any]]]:
        """Whether it is listed, and the image, of all that are there on a day."""
        there = [number for number, since in enumerate(self.published) if since <= day]
        for number in there:
            newest = number == there[-1] and not (self.dropped and day >= self.dropped)
            is_old = self.way == "anew" or number < there[-1] - self.behind
            if (not newest and is_old) or self.deleted.get(number, date.max) <= day:
                continue
            since = self.published[number]
            stamped = {"name": f"{self.name} {since:%Y%m%d}"}
            renamed = {} if newest or self.way != "rename" else {**stamped, "os_hidden": True}
            sent = {
                "name": self.name, "visibility": "public", "owner": "vendor", "status": "active",
                "created_at": f"{since}T00:30:00Z", **self.promises, **(stamped if self.way == "stamp" else renamed),
            }  # fmt: skip
            listed = not renamed and (newest or self.dropped is None or day < self.dropped)
            yield listed, image(self.identity(number), **sent)


def monthly(days_late: int = 0, *, late: dict[int, int] | None = None) -> tuple[date, ...]:
    """Days of publication: a month after the one before, and so many days more; `late`: other days more, by number."""
    days = [FIRST]
    while len(days) < MONTHS:
        before = days[-1]
        years, following = divmod(before.month, 12)
        after = date(before.year + years, following + 1, 1)
        after = after.replace(day=min(before.day, monthrange(after.year, after.month)[1]))
        days.append(after + timedelta(days=(late or {}).get(len(days), days_late)))
    return tuple(day for day in days if day <= LAST)


def catalogue(lines: list[Line], day: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The images that the public listing shows on a day, and those that only answer by id."""
    images = [pair for line in lines for pair in line.images(day)]
    return [one for listed, one in images if listed], [one for listed, one in images if not listed]


def run_on(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 2)
