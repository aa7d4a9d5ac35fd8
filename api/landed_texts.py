"""Images exactly as their cloud sent them, with spelling, order and blanks, from the raw pages that landing still has.

A text is used only if its hash is the one that its version has.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import zstandard

_LARGEST_PAGE_BYTES: Final = 268_435_456
_MOST_LISTED: Final = 1_000


class _Page(msgspec.Struct):
    images: list[msgspec.Raw]


_decode = msgspec.json.Decoder(_Page).decode


def among(column: str, numbers: Sequence[int]) -> str:
    """A condition that is true for these numbers (at least one), and perhaps for others between them.

    The numbers are DuckDB's row numbers. For a few of them a list is several times as fast as a join; for many in a row
    their bounds are many times as fast as a list.
    """
    if len(numbers) <= _MOST_LISTED:
        return f"{column} IN ({', '.join(map(str, numbers))})"
    return f"{column} BETWEEN {min(numbers)} AND {max(numbers)}"


def landed_texts(connection: duckdb.DuckDBPyConnection, landing: Path, versions: Sequence[int]) -> dict[int, bytes]:
    """The texts of these rows of image_versions, as far as landing still has their pages."""
    rows = connection.execute(
        "SELECT rowid, landed_file, landed_hash FROM copy.image_versions "
        f"WHERE {among('rowid', versions)} AND landed_file IS NOT NULL AND landed_hash IS NOT NULL"
    ).fetchall()
    wanted = set(versions)
    by_file: dict[str, dict[str, list[int]]] = {}
    for version, file, digest in rows:
        if version in wanted:
            by_file.setdefault(file, {}).setdefault(digest, []).append(version)
    return {version: text for file, wanted in by_file.items() for version, text in _on_page(landing / file, wanted)}


def _on_page(file: Path, wanted: dict[str, list[int]]) -> list[tuple[int, bytes]]:
    """The versions' texts on this page; an empty list if the page is gone or has changed."""
    try:
        content = zstandard.ZstdDecompressor().decompress(file.read_bytes(), _LARGEST_PAGE_BYTES)
        texts = [bytes(text) for text in _images(content)]
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError, RecursionError):
        return []
    return [(version, text) for text in texts for version in wanted.get(sha256(text).hexdigest(), ())]


def _images(content: bytes) -> list[msgspec.Raw]:
    """The images of a page; for an answer that is a single image, that image."""
    try:
        return _decode(content).images
    except msgspec.ValidationError:
        return [msgspec.Raw(content.strip())]
