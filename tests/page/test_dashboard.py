"""The page as a file: whole, self-contained, and text stays text. tests/browser looks at it in Chromium."""

import base64
import gzip
import html.parser
import json
import re
import struct
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import SettingsError, WarehouseError
from load.publish import publish
from page.dashboard import write_page
from tests.load.runs import Runs, image, new_warehouse

HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(2)>\u2028{{packed}}'
UUID = "0141daf5-a9a7-f596-4336-5f9c50587987"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        images = [image(UUID, name="b", size=5_000_000, created_at="2026-01-02T00:00:00Z"), image("no-uuid", name="a")]
        nights.run({"public": images}, at=datetime(2026, 11, 2, 2))
        changed = {**images[0], "name": HOSTILE, "owner": HOSTILE, "__description": HOSTILE, HOSTILE: HOSTILE}
        nights.run({"public": [changed, images[1]]}, at=datetime(2026, 11, 3, 2))
        publish(warehouse, tmp_path / "published.duckdb")
    return tmp_path / "published.duckdb"


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


def made(published: Path) -> Parts:
    target = published.with_name("page.html")
    write_page(published, target, "9.9", datetime(2026, 11, 3, 4))
    return Parts(target.read_text(encoding="utf-8"))


def test_page_loads_nothing_and_lets_only_its_own_scripts_run(published: Path) -> None:
    parts = made(published)
    assert len(parts.scripts) == 4
    for _, attributes in parts.tags:
        assert not attributes.keys() & {"src", "srcset", "onerror", "onclick"}
        assert attributes.get("href", "#main") == "#main"
    (policy,) = (found["content"] for tag, found in parts.tags if found.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy


def test_what_a_cloud_wrote_stays_text(published: Path) -> None:
    figures: dict[str, Any] = json.loads(made(published).scripts["figures"])
    changes = [dict(zip(figures["changes"]["columns"], row, strict=True)) for row in figures["changes"]["rows"]]
    assert {change["attribute"]: change["new_value"] for change in changes}["description"] == HOSTILE
    assert figures["drift"]["rows"][0][1] == HOSTILE
    assert figures["owners"]["rows"][0][1] == HOSTILE
    text = published.with_name("page.html").read_text(encoding="utf-8")
    assert not re.search(r"<script>alert", text)


def test_table_of_images_comes_out_as_it_went_in(published: Path) -> None:
    blob = gzip.decompress(base64.b64decode(made(published).scripts["packed"]))
    (length,) = struct.unpack_from("<I", blob)
    head = json.loads(blob[4 : 4 + length])
    assert head["images"] == 2
    columns, at = {}, 4 + length
    for column in head["columns"]:
        columns[column["name"]] = (column, blob[at : at + column["bytes"]])
        at += column["bytes"]
    assert at == len(blob)
    assert json.loads(columns["name"][1]) == [HOSTILE, "a"]
    assert json.loads(columns["id"][1]) == [UUID, "no-uuid"]
    assert struct.unpack("<2I", columns["megabytes"][1]) == (5, 0xFFFFFFFF)
    assert struct.unpack("<2H", columns["created"][1]) == (20455, 0xFFFF)
    owners, numbers = columns["owner"][0]["texts"], columns["owner"][1]
    assert [owners[number] for number in numbers] == [HOSTILE, ""]


def test_page_of_an_empty_warehouse_says_so_and_does_not_fail(tmp_path: Path) -> None:
    with new_warehouse(tmp_path) as warehouse:
        publish(warehouse, tmp_path / "published.duckdb")
    figures = json.loads(made(tmp_path / "published.duckdb").scripts["figures"])
    assert figures["clouds"]["rows"] == []


def test_page_that_cannot_be_written_leaves_the_one_before(published: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no published copy"):
        write_page(tmp_path / "nothing.duckdb", tmp_path / "page.html", "9.9")
    with pytest.raises(WarehouseError, match=r"page\.html cannot be written"):
        write_page(published, published / "page.html", "9.9")
