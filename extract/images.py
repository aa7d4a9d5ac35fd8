"""The images of a page, attribute by attribute. Whoever looks at all values of one attribute looks at them here.

A page of a thousand images has some forty thousand values and only a few dozen attributes. Where all of its attributes
were seen before, the page is parsed into rows of a fixed width: no dictionary is made, and columns come by themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Final, overload

import msgspec
from msgspec.structs import astuple

Json = Any
"""What a JSON text holds: None, bool, int, float, str, list or dict of these."""

ABSENT: Final = msgspec.UNSET
"""In a column, the value of an image that does not have the attribute; null is None."""

LINKS: Final = ("self", "file", "schema", "first")
"""Attributes that say where an image is shown, not what it is."""

_BY_NAME: Final = ("tags", *LINKS)
"""Attributes that are fields of their own name."""

_MOST_NAMES: Final = 256
"""Where images have more attributes than that, they are people's own, and every page may bring another."""

_UNFIT: Final = frozenset('"\\')
"""Characters that msgspec refuses in a field's name, beside those that nobody can print."""


class Images(Sequence[Json]):
    """Images of one page. As a sequence it has them as dictionaries, which it makes when asked."""

    def __init__(
        self, names: tuple[str, ...], parsed: Sequence[Any], rows: Sequence[tuple[Json, ...]] | None = None
    ) -> None:
        """`parsed` are structs whose fields are the attributes of these names, in their order; `rows` their values."""
        self._names = names
        self._parsed = parsed
        self._rows = list(map(astuple, parsed)) if rows is None else rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Json: ...

    @overload
    def __getitem__(self, index: slice) -> "Images": ...

    def __getitem__(self, index: int | slice) -> Json:
        if isinstance(index, slice):
            return Images(self._names, self._parsed[index], self._rows[index])
        return self._as_dict(self._rows[index])

    def __iter__(self) -> Iterator[Json]:
        return map(self._as_dict, self._rows)

    @cached_property
    def columns(self) -> dict[str, Sequence[Json]]:
        """The values of each attribute that any of the images has, in the order of the images."""
        columns = zip(self._names, zip(*self._rows, strict=True), strict=True) if self._rows else ()
        return {name: values for name, values in columns if not _is_absent(values)}

    def content(self) -> Iterator[Any]:
        """Each image without its links and with its tags in order, for msgspec to write: attributes sorted by name."""
        # The structs themselves are changed: everything else goes by the rows.
        for image, tags in zip(self._parsed, _in_order(column(self, "tags")), strict=True):
            image.self = image.file = image.schema = image.first = ABSENT
            image.tags = tags
            yield image

    def _as_dict(self, row: tuple[Json, ...]) -> dict[str, Json]:
        return {name: value for name, value in zip(self._names, row, strict=True) if value is not ABSENT}


def column(images: Sequence[Json], name: str) -> Sequence[Json]:
    """The attribute of each image, ABSENT where it has none or is no object at all."""
    if isinstance(images, Images):
        return images.columns.get(name) or (ABSENT,) * len(images)
    return [image.get(name, ABSENT) if isinstance(image, dict) else ABSENT for image in images]


def columns(images: Sequence[Json]) -> dict[str, Sequence[Json]]:
    """The values of each attribute that any of the images, which must be objects, has."""
    if isinstance(images, Images):
        return images.columns
    return {name: column(images, name) for name in dict.fromkeys(chain.from_iterable(images))}


def content(images: Sequence[Json]) -> Iterator[Any]:
    """Each image without its links and with its tags in order; msgspec writes equal ones equally."""
    if isinstance(images, Images):
        yield from images.content()
        return
    for image, tags in zip(images, _in_order(column(images, "tags")), strict=True):
        kept = {name: value for name, value in image.items() if name not in LINKS}
        yield kept if tags is ABSENT else kept | {"tags": tags}


def _in_order(values: Sequence[Json]) -> Sequence[Json]:
    """Lists of texts sorted, anything else as it is."""
    if set(map(type, values)) == {list} and set(map(type, chain.from_iterable(values))) <= {str}:
        return list(map(sorted, values))
    return [sorted(tags) if type(tags) is list and set(map(type, tags)) <= {str} else tags for tags in values]


def _is_absent(values: Sequence[Json]) -> bool:
    return values[0] is ABSENT and values.count(ABSENT) == len(values)


class _Form:
    """What images with attributes of certain names look like, and what parses a page of them."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(sorted(names))
        # An attribute may have any name, a field must have one of Python's.
        fields = [
            (name if name in _BY_NAME else f"a{number}", Any, msgspec.field(default=ABSENT, name=name))
            for number, name in enumerate(self.names)
        ]
        image = msgspec.defstruct("Image", fields, forbid_unknown_fields=True, gc=False)
        page = msgspec.defstruct("Page", [("images", list[image]), ("next", str | None, None)])  # type: ignore[valid-type]
        self.decode = msgspec.json.Decoder(page).decode


_form: list[_Form] = [_Form({"id", *_BY_NAME})]


def parse_rows(body: bytes) -> tuple[Images, str | None] | None:
    """The images and the `next` of a page whose attributes were all seen before; None where it is not such a page."""
    form = _form[0]
    try:
        page: Any = form.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return Images(form.names, page.images), page.next


def learn(images: Iterable[Json]) -> None:
    """Have attributes of these images known from now on."""
    known = _form[0].names
    seen = {*known, *chain.from_iterable(image for image in images if isinstance(image, dict))}
    fitting = {name for name in seen if name.isprintable() and not _UNFIT.intersection(name)}
    if len(known) < len(fitting) <= _MOST_NAMES:
        _form[0] = _Form(fitting)
