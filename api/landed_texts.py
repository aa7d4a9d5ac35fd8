"""Images as their cloud sent them, from the raw pages that landing still has: spelling, order and blanks included.

Each text is what its version's hash is of, or it is not taken.
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
    """A condition that holds for these numbers, of which there is one, and perhaps for others between them.

    They are DuckDB's own row numbers. It finds some by a list of them several times as fast as by a join, and many in
    a row by their bounds many times as fast as by a list.
    """
    if len(numbers) <= _MOST_LISTED:
        return f"{column} IN ({', '.join(map(str, numbers))})"
    return f"{column} BETWEEN {min(numbers)} AND {max(numbers)}"


def landed_texts(connection: duckdb.DuckDBPyConnection, landing: Path, versions: Sequence[int]) -> dict[int, bytes]:
    """The texts of those of these rows of image_versions of which a page is still there."""
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
    """None of them where the page is gone, or is not what it was."""
    try:
        content = zstandard.ZstdDecompressor().decompress(file.read_bytes(), _LARGEST_PAGE_BYTES)
        texts = [bytes(text) for text in _images(content)]
    except (OSError, zstandard.ZstdError, msgspec.MsgspecError, RecursionError):
        return []
    return [(version, text) for text in texts for version in wanted.get(sha256(text).hexdigest(), ())]


def _images(content: bytes) -> list[msgspec.Raw]:
    """Of a page, or of the answer that is one image."""
    try:
        return _decode(content).images
    except msgspec.ValidationError:
        return [msgspec.Raw(content.strip())]
