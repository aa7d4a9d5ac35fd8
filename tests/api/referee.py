"""What the referee and ours are asked: images of every kind that a project can see, and questions at random."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

OURS, THEIRS = "a" * 32, "b" * 32
PROPERTIES = ("__imagetype", "__os_bit", "__isregistered", "invented", "Größe", "a b", "x'; DROP TABLE images; --")
VALUES = ("gold", "64", "true", "true false", "', \"", "%", "大", "NULL", "1; DROP TABLE images")
NAMES = ("", "a", "a,b", 'say "hi"', "Ünïcode 大", "x:y", "in:a", "web", "web", "100%", "O'Hara", "a\\b")
_START = datetime(2026, 9, 1)


@dataclass
class Rows:
    """Rows of Glance's tables."""

    images: list[dict[str, Any]] = field(default_factory=list)
    properties: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    members: list[dict[str, Any]] = field(default_factory=list)


def furnish(seed: int, images: int) -> Rows:
    """Images of two projects, with ties in every attribute that one can sort by."""
    rng, rows = random.Random(seed), Rows()
    for _ in range(images):
        _add(rng, rows)
    return rows


def _add(rng: random.Random, rows: Rows) -> None:
    identity = str(UUID(int=rng.getrandbits(128)))
    owner = rng.choice((OURS, OURS, THEIRS))
    visibility = rng.choice(("public", "shared", "community", "private"))
    created = _START + timedelta(seconds=rng.randrange(40))
    at = f"{created}.000000"
    rows.images.append(
        {
            "id": identity,
            "name": rng.choice(NAMES),
            "size": rng.choice((0, 1, 2, 2**40)),
            "status": rng.choice(("active", "queued", "saving", "deactivated")),
            "created_at": at,
            "updated_at": f"{created + timedelta(seconds=rng.randrange(3))}.000000",
            "deleted": 0,
            "disk_format": rng.choice((None, "raw", "qcow2", "iso")),
            "container_format": rng.choice((None, "bare", "ovf")),
            "checksum": rng.choice((None, "d41d8cd98f00b204e9800998ecf8427e")),
            "owner": owner,
            "min_disk": rng.choice((0, 5)),
            "min_ram": rng.choice((0, 512, 1024)),
            "protected": rng.randrange(2),
            "virtual_size": rng.choice((None, 2**33)),
            "visibility": visibility,
            # Of a hidden share that was received nobody says whether it was accepted.
            "os_hidden": rng.random() < 0.1 and (visibility, owner) != ("shared", THEIRS),
            "os_hash_algo": rng.choice((None, "sha512")),
            "os_hash_value": rng.choice((None, "cf83")),
        }
    )
    kept = {"image_id": identity, "created_at": at, "deleted": 0}
    for name in rng.sample(PROPERTIES, rng.randrange(4)):
        value = rng.choice(("32", "64")) if name == "__os_bit" else rng.choice(VALUES)
        value = rng.choice(("true", "false")) if name == "__isregistered" else value
        rows.properties.append({**kept, "name": name, "value": value})
    for tag in rng.sample(("a", "b", "k=v", "x y"), rng.randrange(3)):
        rows.tags.append({**kept, "value": tag})
    if visibility == "shared" and owner == THEIRS and rng.random() < 0.8:
        status = rng.choice(("accepted", "pending", "rejected"))
        rows.members.append({**kept, "member": OURS, "can_share": 0, "status": status})


class Asker:
    """Questions at random about these images, of which `seen` are the ids that the project can see.

    Most questions are right, and find something.
    """

    def __init__(self, seed: int, rows: Rows, seen: Sequence[str]) -> None:
        self._rng = random.Random(seed)
        self._rows = rows
        self._seen = seen

    def question(self) -> str:
        """A query string."""
        rng = self._rng
        makers = (_attribute, _attribute, _time, _property, _tag, _share, _share)
        pairs = [pair for _ in range(rng.choice((0, 1, 1, 1, 2))) for pair in rng.choice(makers)(rng, self._rows)]
        if rng.random() < 0.08:
            pairs += rng.choice(_ODD)
        pairs += self._order() + self._paging()
        rng.shuffle(pairs)
        return urlencode(pairs)

    def _order(self) -> list[tuple[str, str]]:
        rng = self._rng
        if rng.random() < 0.05:
            return rng.choice(_ODD_ORDERS)
        one, other = rng.sample(_SORT_KEYS, 2)
        first, second = rng.choice(("asc", "desc")), rng.choice(("asc", "desc"))
        return rng.choice(
            (
                [],
                [("sort_dir", first)],
                [("sort_key", one), ("sort_dir", first)],
                [("sort", f"{one}:{first},{other}:{second}")],
                [("sort", f"{one},{other}:{second}")],
                [("sort", f" {one}:{first}")],
                [("sort_key", one), ("sort_key", other), ("sort_dir", first)],
                [("sort_key", one), ("sort_key", other), ("sort_dir", first), ("sort_dir", second)],
            )
        )

    def _paging(self) -> list[tuple[str, str]]:
        rng, pairs = self._rng, []
        if rng.random() < 0.6:
            pairs.append(("limit", rng.choice(("1", "2", "5", "30", "30", "1000", "5000", "0", " 7"))))
        if rng.random() < 0.4:
            pairs.append(("marker", rng.choice(self._seen) if rng.random() < 0.9 else "no image"))
        return pairs


_SORT_KEYS = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
_ODD = (
    *([("visibility", "secret")], [("member_status", "maybe")], [("protected", "True")], [("os_hidden", "x")]),
    *([("created_at", "yesterday")], [("updated_at", "after:2026-09-01")], [("name", 'in:"a')], [("deleted", "true")]),
    *([("name", 'in:a"b"')], [("changes-since", "2026-09-01")], [("size_min", "many")], [("status", "no:w")]),
    *([("name", "a"), ("name", "web")], [("disk_format", "raw"), ("disk_format", "iso")], [("visibility", "")]),
    *([("min_disk", "five")], [("nothing", "")], [("created_at", "gt:")], [("limit", "2"), ("limit", "3")]),
    *([("member_status", "")], [("invented", "gold"), ("invented", "大")], [("limit", "x")], [("limit", "-1")]),
    *([("limit", "")], [("tag", "a"), ("tag", " b")], [("created_at", "2026-02-30")], [("name", "in:")]),
)
"""Mostly wrong, or twice."""
_ODD_ORDERS = (
    *([("sort_key", "tags")], [("sort_dir", "up")], [("sort", "name"), ("sort_key", "id")], [("sort", "name:up")]),
    *([("sort_key", "name"), ("sort_dir", "asc"), ("sort_dir", "desc")], [("sort", "")], [("sort", "id,")]),
)
_WITH_OPERATORS = ("name", "id", "status", "container_format", "disk_format")


def _attribute(rng: random.Random, rows: Rows) -> list[tuple[str, str]]:
    image = rng.choice(rows.images)
    name = rng.choice((*_WITH_OPERATORS, "name", "checksum", "owner", "min_ram"))
    value = "" if image[name] is None else str(image[name])
    if name in _WITH_OPERATORS and rng.random() < 0.4:
        other = str(rng.choice(rows.images)[name] or "")
        listed = f"in:{value},{other}" if rng.random() < 0.5 else f'in:"{value}","{other}"'
        return [(name, rng.choice((f"eq:{value}", listed, listed)))]
    if rng.random() < 0.2:
        return [rng.choice((("size_min", "1"), ("size_max", "1"), ("min_ram_min", "512"), ("protected", "true")))]
    return [(name, value)]


def _time(rng: random.Random, rows: Rows) -> list[tuple[str, str]]:
    name = rng.choice(("created_at", "updated_at"))
    time = datetime.fromisoformat(rng.choice(rows.images)[name]).replace(microsecond=0)
    form = rng.choice(("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S+00:00", "%Y%m%dT%H%M", "%Y-%m-%d"))
    text = f"{time:{form}}" if rng.random() < 0.8 else f"{time + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00"
    return [(name, rng.choice(("", "gt:", "gte:", "lt:", "lte:", "eq:", "neq:", "neq:", "gte:")) + text)]


def _property(rng: random.Random, rows: Rows) -> list[tuple[str, str]]:
    if rng.random() < 0.8:
        found = rng.choice(rows.properties)
        return [(found["name"], found["value"])]
    return [(rng.choice(PROPERTIES), rng.choice(VALUES))]


def _tag(rng: random.Random, rows: Rows) -> list[tuple[str, str]]:
    return [("tag", rng.choice(("a", "b", "k=v", "x y", "nobody's"))) for _ in range(rng.choice((1, 1, 2)))]


def _share(rng: random.Random, rows: Rows) -> list[tuple[str, str]]:
    pairs = []
    if rng.random() < 0.8:
        pairs.append(("visibility", rng.choice(("public", "shared", "community", "private", "all", "shared"))))
    if rng.random() < 0.6:
        pairs.append(("member_status", rng.choice(("accepted", "pending", "rejected", "all"))))
    if rng.random() < 0.3:
        pairs.append(("os_hidden", rng.choice(("true", "false", "True"))))
    return pairs
