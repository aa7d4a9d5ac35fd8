"""Page bytes -> the images and the `next` link in them. Used by paging, and by whoever reads landed pages again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from extract.errors import CloudError, TransientError
from extract.images import Json, column, learn, parse_rows

MAX_ID_CHARACTERS = 255


@dataclass(frozen=True, slots=True)
class PageBody:
    """`images` as received, in the order received; `next` is None on the last page. `ids` are the usable ones."""

    images: Sequence[Json]
    next: str | None
    ids: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", usable_ids(self.images))

    @property
    def all_have_ids(self) -> bool:
        return len(self.ids) == len(self.images)


def parse_page(body: bytes, where: str) -> PageBody:
    """The page that the bytes hold. `where` begins every error's sentence (cloud, listing, page).

    Raises: TransientError when a JSON text breaks off; CloudError when this is not a page of images.
    Source: reference, 'Response parameters': `images` is an array of objects, `next` a string or absent.
    """
    rows = parse_rows(body)
    if rows is not None:
        return PageBody(*rows)
    page = parse_json(body, where)
    if not isinstance(page, dict) or not isinstance(page.get("images"), list):
        raise CloudError(
            f'{where}: the answer is JSON, but not a page of images: it has no array "images"',
            "Check that the endpoint is an image service (Glance v2 or IMS).",
        )
    following = page.get("next")
    if following is not None and not isinstance(following, str):
        raise CloudError(f'{where}: the page\'s "next" is not a text', "Report this to the cloud's operator.")
    learn(page["images"])
    return PageBody(page["images"], following)


def parse_json(body: bytes, where: str) -> Json:
    """The JSON value, with whole numbers of any size exact.

    Raises: TransientError when the text breaks off before its end; CloudError when it is not JSON at all.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _parse_leniently(body, where)


def _parse_leniently(body: bytes, where: str) -> Json:
    # Python's own parser takes what msgspec refuses: lone surrogates, numbers beyond a double, NaN.
    try:
        return json.loads(body)
    except RecursionError as exc:
        raise CloudError(f"{where}: the answer is JSON nested too deeply to be read") from exc
    except UnicodeDecodeError as exc:
        raise CloudError(f"{where}: the answer is not UTF-8 text: byte {exc.start} of {len(body)} is invalid") from exc
    except json.JSONDecodeError as exc:
        if body.lstrip()[:1] == b"{":
            raise TransientError(
                f"{where}: the answer's JSON breaks off or is broken ({exc.msg}, character {exc.pos} of {len(body)})",
                "Try again; if it stays, a proxy on the way cuts answers off.",
            ) from exc
        raise CloudError(
            f"{where}: the answer is not JSON ({exc.msg} at character {exc.pos})",
            "Check the endpoint: a proxy or a login page may be answering in the image service's place.",
        ) from exc


def usable_id(image: Json) -> str | None:
    """The image's id, or None where it has none that can name it: no text, empty, too long, or unprintable."""
    if not isinstance(image, dict):
        return None
    value = image.get("id")
    if isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARACTERS and value.isprintable():
        return value
    return None


def all_have_usable_ids(images: Sequence[Json]) -> bool:
    """Whether every image has an id that usable_id takes; asked of all at once, for that is ten times as fast."""
    return _are_usable(column(images, "id"))


def usable_ids(images: Sequence[Json]) -> list[str]:
    """The usable ids of the images, in their order."""
    ids = column(images, "id")
    return list(ids) if _are_usable(ids) else [one for one in map(usable_id, images) if one is not None]


def _are_usable(ids: Sequence[Json]) -> bool:
    try:
        return "".join(ids).isprintable() and "" not in ids and max(map(len, ids), default=0) <= MAX_ID_CHARACTERS
    except TypeError:
        return False
