"""Images that came as they are known: of these, a page is parsed only as far as the proof of a listing needs it.

The JSON text of an image is mostly the one from which its current version was made. Then its content hash is known,
and nothing else of it needs to be parsed or flattened. That changes the speed, never what is loaded.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

import msgspec
from msgspec.structs import astuple

from extract.images import Form, Images, Row, struct_of
from extract.listing import filtered_names

FOR_THE_MERGE: Final = ("id", "owner", "updated_at")
"""The attributes that the load needs of an image that is known, and the columns of the same names."""

BRIEF: Final = tuple(sorted({*FOR_THE_MERGE, *filtered_names()}))
"""The attributes that are parsed of each image: what the merge needs, and those that a listing filters by."""

_TEXT_BYTES: Final = 32
_ROW_BYTES: Final = _TEXT_BYTES + 16
_MANY_ROWS: Final = 10_000
"""From here on, rows are looked up by their first two bytes, not only by the first: to begin with, that takes 40 ms."""


class KnownTexts:
    """The texts of the current versions of a cloud, and their content hashes: 48 bytes for each image.

    Not a dataclass, so that what passes it on does not look into it.
    """

    __slots__ = ("_by_two", "_rows", "_starts")

    def __init__(self, rows: bytes) -> None:
        """`rows`: for each text the 32 bytes of its SHA-256 and the 16 of the content hash, in order."""
        self._rows = rows
        # SHA-256 is spread evenly: the rows that begin alike are few.
        self._by_two = len(self) >= _MANY_ROWS
        seconds = rows[1::_ROW_BYTES] if self._by_two else bytes(len(self))
        counts = Counter(zip(rows[::_ROW_BYTES], seconds, strict=True))
        buckets = ((first, second) for first in range(256) for second in range(256 if self._by_two else 1))
        self._starts = array("Q", accumulate((counts[bucket] * _ROW_BYTES for bucket in buckets), initial=0))

    def __len__(self) -> int:
        return len(self._rows) // _ROW_BYTES

    def content_hashes(self, digests: Iterable[bytes]) -> list[str | None]:
        """The content hash, in hexadecimal, of each text, whose SHA-256 is given; None if the text is not known."""
        rows, starts, found = self._rows, self._starts, list[str | None]()
        for digest in digests:
            bucket = digest[0] * 256 + digest[1] if self._by_two else digest[0]
            at = rows.find(digest, starts[bucket], end := starts[bucket + 1])
            while at % _ROW_BYTES and at >= 0:  # bytes across two rows
                at = rows.find(digest, at + 1, end)
            found.append(rows[at + _TEXT_BYTES : at + _ROW_BYTES].hex() if at >= 0 else None)
        return found


class _Page(msgspec.Struct, gc=False):
    images: list[struct_of(BRIEF, str | bool | None, has_only_these=False)]  # type: ignore[valid-type]


_FORM: Final = Form(frozenset(), BRIEF)
_decode = msgspec.json.Decoder(_Page).decode


class BriefImages(Images):
    """The images of a page with the attributes in BRIEF, and those that are not known also whole, as `others`.

    `content_hashes`: of the known images, None for the others. `other_positions`: where the others are on the page.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        hashes: Sequence[str],
        content_hashes: Sequence[str | None],
        others: Images,
        expected: frozenset[str],
    ) -> None:
        super().__init__(rows, {}, _FORM, hashes, unusual=())
        self.content_hashes = content_hashes
        self.other_positions = [at for at, known in enumerate(content_hashes) if known is None]
        self.others = others
        self._expected = expected

    def take(self, positions: Sequence[int]) -> "BriefImages":
        """The images at these positions."""
        place = {position: at for at, position in enumerate(self.other_positions)}
        return BriefImages(
            [self._rows[position] for position in positions],
            [self.hashes[position] for position in positions] if self.hashes is not None else [],
            [self.content_hashes[position] for position in positions],
            self.others.take([place[position] for position in positions if position in place]),
            self._expected,
        )

    @property
    def expected_next(self) -> frozenset[str]:
        """The attributes to expect on the listing's next page, if it has to be parsed whole."""
        return self.others.expected_next if len(self.others) else self._expected


def brief_rows(body: bytes) -> list[Row] | None:
    """The fields of each image of the page; None if an image has other types. Raises: msgspec.MsgspecError."""
    try:
        return list(map(astuple, _decode(body).images))
    except msgspec.ValidationError:
        return None
