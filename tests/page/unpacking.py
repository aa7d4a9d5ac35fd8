"""Reads the packed tables of a page: written from the layout that page/packing.py describes, apart from its code."""

import base64
import gzip
import html.parser
import json
import math
import struct
import uuid
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any

_CODES = {1: "B", 2: "H", 4: "I", 8: "d"}


class Parts(html.parser.HTMLParser):
    """What a browser would take for elements, and the content of the scripts by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self._script: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self._script = dict(attrs).get("id") or f"script {len(self.scripts)}"

    def handle_data(self, data: str) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data

    def handle_endtag(self, tag: str) -> None:
        self._script = None

    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.scripts["figures"])
        return found

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each packed table."""
        return unpacked(base64.b64decode(self.scripts["packed"]))


def parts_of(page: Path) -> Parts:
    return Parts(page.read_text(encoding="utf-8"))


def unpacked(packed: bytes) -> dict[str, list[dict[str, Any]]]:
    blob = gzip.decompress(packed)
    (length,) = struct.unpack_from("<I", blob)
    head, at, found = json.loads(blob[4 : 4 + length]), 4 + length, {}
    for name, table in head.items():
        columns: dict[str, list[Any]] = {}
        texts: dict[Any, Any] = {}
        for column in table["columns"]:
            texts[column["name"]] = column.get("texts") or texts.get(column.get("texts_of"))
            columns[column["name"]] = _values(column, texts[column["name"]], blob[at : at + column["bytes"]])
            at += column["bytes"]
            assert len(columns[column["name"]]) == table["rows"]
        found[name] = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    assert at == len(blob)
    return found


def _values(column: dict[str, Any], texts: list[Any], part: bytes) -> list[Any]:
    if column["kind"] == "lines":
        lines: list[Any] = json.loads(part)
        return lines
    if column["kind"] == "ids":
        return [str(uuid.UUID(bytes=part[at : at + 16])) for at in range(0, len(part), 16)]
    width = 2 if column["kind"] == "days" else column["width"]
    numbers = [number for (number,) in struct.iter_unpack(f"<{_CODES[width]}", part)]
    if column["kind"] == "days":
        return [None if number == 0xFFFF else date(1970, 1, 1) + timedelta(days=number) for number in numbers]
    if column["kind"] == "steps":
        return list(accumulate(numbers))
    if column["kind"] == "texts":
        return [texts[number] for number in numbers]
    nothing = 2 ** (8 * width) - 1
    return [None if number == nothing or math.isnan(number) else number for number in numbers]
