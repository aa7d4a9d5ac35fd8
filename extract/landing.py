"""Page <-> compressed file, exactly as received. Nothing is interpreted before it lies here, and replay starts here.

One folder a listing: `page-000001.json.zst` and so on, and `manifest.jsonl` with a line a page. Knows no images.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import zstandard

from extract.retry import Answer

MANIFEST = "manifest.jsonl"
_LEVEL = 3
_UNFIT_FOR_A_FOLDER = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class LandedPage:
    """A line of the manifest. Times are UTC; `query` is what was asked (no header, no token); `bytes` uncompressed."""

    page: int
    file: str
    part: str
    path: str
    query: dict[str, str]
    status: int
    received_at: datetime
    served_at: datetime | None
    bytes: int
    count: int
    first_id: str | None
    last_id: str | None


def listing_folder(landing: Path, run_id: str, cloud: str, listing: str) -> Path:
    """Where a listing's pages lie. A cloud's name may hold anything; its folder has letters, digits and `._-`."""
    return landing / run_id / (_UNFIT_FOR_A_FOLDER.sub("_", cloud).lstrip(".") or "_") / listing


class Landing:
    """The folder of one listing in one run, written by one reader."""

    def __init__(self, folder: Path) -> None:
        """An empty folder: a listing that is tried again starts over."""
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        self._folder = folder
        self._page = 0
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True)

    def keep(self, answer: Answer) -> str:
        """Write the answer's bytes; its file's name."""
        self._page += 1
        name = f"page-{self._page:06d}.json.zst"
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(self._compressor.compress(answer.body))
        unfinished.replace(self._folder / name)
        return name

    def record(
        self, part: str, answer: Answer, query: Mapping[str, str], ids: list[str], count: int, file: str
    ) -> None:
        """A line in the manifest for the page that was kept last, now that its images could be counted."""
        line = LandedPage(
            page=self._page,
            file=file,
            part=part,
            path="/v2/images",
            query=dict(query),
            status=answer.status,
            received_at=answer.received_at,
            served_at=answer.served_at,
            bytes=len(answer.body),
            count=count,
            first_id=ids[0] if ids else None,
            last_id=ids[-1] if ids else None,
        )
        with (self._folder / MANIFEST).open("ab") as manifest:
            manifest.write(msgspec.json.encode(asdict(line)) + b"\n")


def landed_pages(folder: Path) -> Iterator[tuple[LandedPage, bytes]]:
    """The pages of a listing with their bytes as received, in the order received."""
    decompressor = zstandard.ZstdDecompressor()
    with (folder / MANIFEST).open("rb") as manifest:
        for line in manifest:
            page = msgspec.json.decode(line, type=LandedPage)
            yield page, decompressor.decompress((folder / page.file).read_bytes())
