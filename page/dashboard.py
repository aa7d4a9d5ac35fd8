"""Writes the page: one HTML file with the catalogue's health, history and images. It needs no server and no network.

Its data come from sql/page, its scripts and styles from page/parts. Texts from a cloud (names, descriptions) are in the
page as JSON and are shown only as text. The page's Content-Security-Policy allows no other scripts.
"""

import base64
import gzip
import hashlib
import json
import struct
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from core import storage
from core.errors import WarehouseError
from core.permissions import make_folder, open_to_readers
from load.published import ask
from load.statements import statement

_PARTS: Final = Path(__file__).resolve().parent / "parts"
_MOST: Final = {"changes": 200, "runs": 60}
_TOP_OWNERS: Final = 12
_NO_NUMBER: Final = 0xFFFFFFFF
_NO_DAY: Final = 0xFFFF
_EPOCH: Final = date(1970, 1, 1)
_NUMBERS: Final = ("megabytes",)
_DAYS: Final = ("created", "updated")
_ALL_DIFFERENT: Final = ("name",)


def write_page(published: Path, target: Path, version: str, now: datetime | None = None) -> int:
    """Write the page to `target`, replace an earlier one, and return its size in bytes. `now` is UTC.

    Raises: SettingsError if there is no published copy; WarehouseError if the page cannot be written.
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    text = _page(_figures(published, version, now), _packed(published))
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        make_folder(target.parent)
        unfinished.write_text(text, encoding="utf-8")
        open_to_readers(unfinished)
        unfinished.replace(target)
    except OSError as exc:
        raise WarehouseError(
            f"the page {target} cannot be written ({storage.reason(exc)})", "Name another path, or free disk space."
        ) from exc
    return target.stat().st_size


def _figures(published: Path, version: str, now: datetime) -> dict[str, Any]:
    """All data except the table of images: for each query, by name, its columns and a list of rows."""
    figures: dict[str, Any] = {"version": version, "made_at": now.isoformat(timespec="seconds")}
    for name in ("daily", "daily_listings", "systems", "ages", "owners", "changes", "runs"):
        figures[name] = _rows(published, statement("page", name).text, {"most": _MOST.get(name), "top": _TOP_OWNERS})
    figures["clouds"] = _rows(published, statement("queries", "status").text, {"now": now})
    figures["freshness"] = _rows(published, "SELECT * EXCLUDE (age_hours) FROM freshness ORDER BY cloud, listing", {})
    figures["drift"] = _rows(published, "FROM schema_drift ORDER BY cloud, drift, images DESC, attribute LIMIT 100", {})
    return figures


def _rows(published: Path, query: str, parameters: dict[str, Any]) -> dict[str, Any]:
    used = {name: value for name, value in parameters.items() if f"${name}" in query}
    answer = ask(published, query, used)
    return {"columns": answer.columns, "rows": list(answer.rows())}


def _packed(published: Path) -> bytes:
    """The table of images by columns, compressed: a million cells as JSON would make the page too large.

    Layout, little-endian: the length (uint32) of the JSON, the JSON with the columns, then the values of each column.
    `texts`: an index into the column's distinct texts (uint8, uint16 or uint32); `numbers`: uint32; `days`: uint16,
    days since 1970; `ids`: 16 bytes each; `lines`: JSON.
    """
    answer = ask(published, statement("page", "images").text)
    rows = list(answer.rows())
    columns: list[dict[str, Any]] = []
    parts = []
    for place, name in enumerate(answer.columns):
        described, part = _packed_column(name, [row[place] for row in rows])
        columns.append({"name": name, "bytes": len(part), **described})
        parts.append(part)
    head = json.dumps({"images": len(rows), "columns": columns}, ensure_ascii=False).encode()
    return gzip.compress(b"".join([struct.pack("<I", len(head)), head, *parts]), compresslevel=9, mtime=0)


def _packed_column(name: str, values: Sequence[Any]) -> tuple[dict[str, Any], bytes]:
    count = len(values)
    if name in _NUMBERS:
        return {"kind": "numbers"}, struct.pack(f"<{count}I", *(_number(value) for value in values))
    if name in _DAYS:
        return {"kind": "days"}, struct.pack(f"<{count}H", *(_day(value) for value in values))
    if name == "id" and all(_is_uuid(value) for value in values):
        return {"kind": "ids"}, b"".join(uuid.UUID(value).bytes for value in values)
    if name == "id" or name in _ALL_DIFFERENT:
        return {"kind": "lines"}, json.dumps(values, ensure_ascii=False).encode()
    known = {value: number for number, value in enumerate(dict.fromkeys(values))}
    width, code = (1, "B") if len(known) <= 0x100 else (2, "H") if len(known) <= 0x10000 else (4, "I")
    packed = struct.pack(f"<{count}{code}", *(known[value] for value in values))
    return {"kind": "texts", "width": width, "texts": list(known)}, packed


def _number(value: int | None) -> int:
    return _NO_NUMBER if value is None else max(0, min(value, _NO_NUMBER - 1))


def _day(value: date | None) -> int:
    return _NO_DAY if value is None else max(0, min((value - _EPOCH).days, _NO_DAY - 1))


def _is_uuid(text: str) -> bool:
    """Whether the text is a UUID in the API's form, so that 16 bytes give the same text again."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _page(figures: dict[str, Any], packed: bytes) -> str:
    echarts = (_PARTS / "echarts.common.min.js").read_text(encoding="utf-8")
    script = "\n".join((_PARTS / name).read_text(encoding="utf-8") for name in ("charts.js", "tables.js", "page.js"))
    filled_in = {
        "policy": _policy(echarts, script),
        "style": (_PARTS / "page.css").read_text(encoding="utf-8"),
        "figures": _json_in_html(figures),
        "packed": base64.b64encode(packed).decode(),
        "echarts": echarts,
        "script": script,
    }
    # Piece by piece, so that `{{name}}` in a text of the cloud is not replaced.
    pieces = (_PARTS / "page.html").read_text(encoding="utf-8").split("{{")
    return pieces[0] + "".join(filled_in[name] + rest for name, rest in (piece.split("}}", 1) for piece in pieces[1:]))


def _policy(*scripts: str) -> str:
    """A policy that allows only these scripts, and no requests. ECharts sets styles, so inline styles are allowed."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def _json_in_html(value: Any) -> str:
    """JSON that cannot end the script element in which it stands."""
    text = json.dumps(value, default=lambda other: other.isoformat(), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
