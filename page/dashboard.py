"""Writes the page: one HTML file with the catalogue's health, history and images. It needs no server and no network.

Its data come from sql/page, its scripts and styles from page/parts. Texts from a cloud (names, descriptions) are in the
page as JSON and are shown only as text. The page's Content-Security-Policy allows no other scripts.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from core import storage
from core.errors import WarehouseError
from core.permissions import make_folder, open_to_readers
from page.figures import contents
from page.packing import packed

_PARTS: Final = Path(__file__).resolve().parent / "parts"
_SCRIPTS: Final = (
    "words.js", "packed.js", "tables.js", "charts.js", "decisions.js", "health.js", "news.js", "growth.js",
    "timeline.js", "images.js", "page.js",
)  # fmt: skip


def write_page(published: Path, target: Path, version: str, now: datetime | None = None) -> int:
    """Write the page to `target`, replace an earlier one, and return its size in bytes. `now` is UTC.

    Raises: SettingsError if there is no published copy; WarehouseError if the page cannot be written.
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    small, large = contents(published, version, now)
    text = _page(small, packed(large, alike=("old_value", "new_value")))
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


def _page(small: dict[str, Any], large: bytes) -> str:
    echarts = (_PARTS / "echarts.common.min.js").read_text(encoding="utf-8")
    script = "\n".join((_PARTS / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    filled_in = {
        "policy": _policy(echarts, script),
        "style": (_PARTS / "page.css").read_text(encoding="utf-8"),
        "figures": _json_in_html(small),
        "packed": base64.b64encode(large).decode(),
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
