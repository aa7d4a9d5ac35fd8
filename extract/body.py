"""Page bytes -> the images and the `next` link. Used by extract.reading and by a replay of landed pages."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from core.errors import CloudError, TransientError
from extract.image_texts import BLANKS, image_hash, image_texts
from extract.images import Form, Images, Json, column, form_of
from extract.known_texts import BriefImages, KnownTexts, brief_rows
from extract.numbers import lenient_json, may_hold_minus_zero, strict_json

MAX_ID_CHARACTERS = 255

_DEEPEST = 800
"""Levels of arrays and objects. Python reads and writes about a thousand, fewer if the caller's stack is deep."""

_FEWEST_BYTES = 100
"""Images with fewer bytes have so few of the usual attributes that a struct for these does not pay."""

_REPORT = "Report this to the cloud's operator."
_CUT_OFF = "Try again; if the error stays, a proxy cuts answers off."


_Read = TypeVar("_Read")


class _Page(msgspec.Struct, Generic[_Read], gc=False):
    images: list[_Read]
    next: str | None = None


@lru_cache(maxsize=64)
def _decoder(form: Form) -> msgspec.json.Decoder[Any]:
    page: Any = _Page
    return msgspec.json.Decoder(page[form.image])


_decode_texts = msgspec.json.Decoder(_Page[msgspec.Raw]).decode


@dataclass(frozen=True, slots=True, init=False)
class PageBody:
    """`images` as received, in the order received; `next` is None on the last page; `ids` are the usable ids."""

    images: Images
    next: str | None
    ids: list[str] = field(repr=False)

    def __init__(self, images: Sequence[Json], next: str | None) -> None:
        object.__setattr__(self, "images", Images.of(images))
        object.__setattr__(self, "next", next)
        object.__setattr__(self, "ids", usable_ids(self.images))

    @property
    def all_have_ids(self) -> bool:
        return len(self.ids) == len(self.images)


def parse_page(
    body: bytes, where: str, expected: frozenset[str] = frozenset(), known: KnownTexts | None = None
) -> PageBody:
    """Return the page in the bytes. `where` begins the text of every error (cloud, listing, page).

    `expected`: attributes that are parsed faster, from `Images.expected_next` of the previous page. `known`: if most
    images of the page are known, and none has an unusual form, they are BriefImages.
    Raises: TransientError if the body is empty or its JSON is cut off; CloudError if this is not a page of images.
    Source: reference, 'Response parameters': `images` is an array of objects, `next` a string or absent.
    """
    try:
        return _parse(body, where, form_of(expected), known)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _parse_leniently(body, where)


class PageParser:
    """Parses the pages of one listing, one after the other: the attributes of the last page are expected on the next.

    `known`: as in parse_page.
    """

    def __init__(self, known: KnownTexts | None = None) -> None:
        self._known = known
        self._expected = frozenset[str]()

    def __call__(self, body: bytes, where: str) -> PageBody:
        """Raises: as parse_page."""
        page = parse_page(body, where, self._expected, self._known)
        self._expected = page.images.expected_next
        return page


def _parse(body: bytes, where: str, form: Form, known: KnownTexts | None) -> PageBody:
    texts = _decode_texts(body)
    digests = [sha256(text).digest() for text in texts.images]
    hashes = [digest.hex() for digest in digests]

    def parse(text: msgspec.Raw) -> Json:
        return _not_too_deep(strict_json(text), bytes(text), where)

    if known:
        brief = _brief_images(body, texts.images, hashes, known.content_hashes(digests), parse, form)
        if brief is not None:
            return PageBody(brief, texts.next or None)
    has_usual_images = len(hashes) * _FEWEST_BYTES < len(body)
    if has_usual_images and not may_hold_minus_zero(body):
        try:
            page = _decoder(form).decode(body)
            return PageBody(Images.usual(page.images, form).with_hashes(hashes), page.next or None)
        except msgspec.ValidationError:
            pass
    images = Images.parsed(texts.images, parse, form) if has_usual_images else Images.of(list(map(parse, texts.images)))
    return PageBody(images.with_hashes(hashes), texts.next or None)


def _brief_images(
    body: bytes,
    texts: Sequence[msgspec.Raw],
    hashes: Sequence[str],
    content_hashes: Sequence[str | None],
    parse: Callable[[msgspec.Raw], Json],
    form: Form,
) -> BriefImages | None:
    """The images, of which those with a content hash are known; None if any has an unusual form, or most are not known.

    The others are parsed one by one, which takes longer than a whole page.
    """
    others = [at for at, content_hash in enumerate(content_hashes) if content_hash is None]
    if len(others) * 2 >= len(texts) or (rows := brief_rows(body)) is None:
        return None
    whole = Images.parsed([texts[at] for at in others], parse, form).with_hashes([hashes[at] for at in others])
    images = BriefImages(rows, hashes, content_hashes, whole, form.expected)
    return images if are_usable(images.column("id")) else None


def _parse_leniently(body: bytes, where: str) -> PageBody:
    page = parse_json(body, where)
    if not isinstance(page, dict) or not isinstance(page.get("images"), list):
        raise CloudError(
            f'{where}: the answer is JSON, but not a page of images: it has no array "images"',
            "Check that the endpoint is an image service (Glance v2 or IMS).",
        )
    following = page.get("next")
    if following is not None and not isinstance(following, str):
        raise CloudError(f'{where}: the page\'s "next" is not a text', _REPORT)
    # Some services end a listing with an empty text.
    hashes = list(map(image_hash, image_texts(_text(body, where))))
    return PageBody(Images.of(page["images"]).with_hashes(hashes), following or None)


def parse_json(body: bytes, where: str) -> Json:
    """Return the JSON value. Whole numbers of any size are exact; as text if Python refuses that many digits.

    Raises: TransientError if the body is empty or cut off; CloudError if it is not JSON, or nested so deeply that it
    might be impossible to write it again.
    """
    try:
        value = strict_json(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        value = _parse_json_leniently(body, where)
    return _not_too_deep(value, body, where)


def image_hash_of(body: bytes) -> str:
    """Return the hash of the JSON text of an answer that is a single image. `parse_json` must accept the body."""
    return image_hash(_text(body, "an image"))


def _parse_json_leniently(body: bytes, where: str) -> Json:
    """Parse with Python's own parser, which accepts more than msgspec: lone surrogates, NaN, 1e999, UTF-16."""
    text = _text(body, where)
    try:
        return lenient_json(text)
    except RecursionError as exc:
        raise _too_deep(where) from exc
    except json.JSONDecodeError as exc:
        if not text.strip(BLANKS):
            raise TransientError(f"{where}: the answer is empty", _CUT_OFF) from exc
        if _begins_a_page(text):
            raise TransientError(
                f"{where}: the answer's JSON is cut off or invalid ({exc.msg}, character {exc.pos} of {len(text)})",
                _CUT_OFF,
            ) from exc
        raise CloudError(
            f"{where}: the answer is not JSON ({exc.msg} at character {exc.pos})",
            "Check the endpoint: a proxy or a login page may have answered instead of the image service.",
        ) from exc


def _text(body: bytes, where: str) -> str:
    """Return the body as text, in UTF-8, UTF-16 or UTF-32."""
    encoding = json.detect_encoding(body)
    try:
        return body.decode(encoding, "surrogatepass")
    except UnicodeDecodeError as exc:
        if exc.end == len(body) and _begins_a_page(body[: exc.start].decode(encoding, "surrogatepass")):
            raise TransientError(
                f"{where}: the answer's JSON is cut off in the middle of a character", _CUT_OFF
            ) from exc
        raise CloudError(f"{where}: the answer is not UTF-8 text: byte {exc.start} of {len(body)} is invalid") from exc


def _begins_a_page(text: str) -> bool:
    return text.lstrip(BLANKS).startswith("{")


def _not_too_deep(value: Json, text: bytes, where: str) -> Json:
    """Return the value of the text. Raises: CloudError if it is nested too deeply to be written again."""
    if text.count(b"[") + text.count(b"{") <= _DEEPEST or next(islice(levels(value), _DEEPEST, None), None) is None:
        return value
    raise _too_deep(where)


def levels(value: Json) -> Iterator[list[Json]]:
    """Yield the values of each level of nesting: first the value itself, last the deepest level that has any."""
    level = [value]
    while level:
        yield level
        level = [inner for outer in level if isinstance(outer, (list, dict)) for inner in _within(outer)]


def _within(value: list[Json] | dict[str, Json]) -> Iterable[Json]:
    return value.values() if isinstance(value, dict) else value


def _too_deep(where: str) -> CloudError:
    return CloudError(
        f"{where}: the answer is JSON nested too deeply to be read", "Report this to the cloud's operator."
    )


def usable_id(image: Json) -> str | None:
    """The image's id; None if it is missing or unusable: not a text, empty, too long, or unprintable."""
    if not isinstance(image, dict):
        return None
    value = image.get("id")
    return value if _is_usable(value) else None


def usable_ids(images: Sequence[Json]) -> list[str]:
    """The usable ids of the images, in the order of the images."""
    ids = column(images, "id")
    return list(ids) if are_usable(ids) else [one for one in ids if _is_usable(one)]


def _is_usable(value: Json) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARACTERS and value.isprintable()


def are_usable(ids: Sequence[Json]) -> bool:
    """Whether all ids are usable. One check of all is ten times as fast as one per id."""
    try:
        return "".join(ids).isprintable() and "" not in ids and max(map(len, ids), default=0) <= MAX_ID_CHARACTERS
    except TypeError:
        return False
