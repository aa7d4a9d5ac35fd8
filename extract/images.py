"""The images of a page, attribute by attribute. Whoever looks at all values of one attribute looks at them here.

A page of a thousand images has some forty thousand values, nearly all of them of a few dozen attributes that clouds
usually send. Those are fields of a struct, which is parsed, written and turned into columns ten times as fast as a
dictionary; all others are kept beside it, image by image. So the cost follows the values that there are. What is read
depends on no other page; only how fast, for attributes that a page is expected to have become fields as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any, Final, overload

import msgspec
from msgspec.structs import astuple

from extract.numbers import may_hold_minus_zero

Json = Any
"""What a JSON text holds: None, bool, int, Number, str, list or dict of these."""

ABSENT: Final = msgspec.UNSET
"""In a column, the value of an image that does not have the attribute; null is None."""

_USUAL: Final = """
    hw_firmware_type virtual_env_type __imagetype __isregistered __image_source_type __image_size __os_type __platform
    __os_version __os_bit __lazyloading __is_config_init __support_kvm __sequence_num __root_origin __data_origin
    __originalimagename __backup_id __account_code __description __os_feature_list __system__cmkid __image_location
    __virtual_size max_ram enterprise_project_id hw_vif_multiqueue_enabled active_at __support_xen
    __support_kvm_gpu_type __support_kvm_p2s __support_amd __support_diskintensive __support_highperformance
    __support_kvm_infiniband __support_largememory __support_xen_gpu_type __support_xen_hana
    name disk_format container_format visibility size virtual_size status checksum protected min_ram min_disk owner
    os_hidden os_hash_algo os_hash_value id created_at updated_at tags self file schema
"""
USUAL: Final = tuple(_USUAL.split())
"""The attributes that most images have, Glance's own in the order in which it sends them. It is for speed alone."""

_USUAL_NAMES: Final = frozenset(USUAL)

_FEWEST_VALUES: Final = 15
"""Where images have fewer attributes than that, rows cost more than they save."""

_MOST_EXPECTED: Final = 32
_LONGEST_EXPECTED: Final = 255
_EXPECTED_OF: Final = 50
"""One in so many images must have an attribute for it to be worth a field."""

_SIMPLE: Final = frozenset({type(None), type(ABSENT), bool, int, str})

_Scalar = str | int | bool | None
_Row = tuple[Json, ...]


def _struct(names: Sequence[str], value: Any) -> Any:
    # Python gives names that begin with two underscores a meaning of its own.
    called = {name: name if name == "tags" else f"a{number}" for number, name in enumerate(names)}
    fields = [(called[name], value, msgspec.field(default=ABSENT, name=name)) for name in names]
    return msgspec.defstruct("Image", fields, forbid_unknown_fields=True, gc=False)


def _can_be_expected(name: str) -> bool:
    """Whether the attribute is no usual one, and a struct may have a field of its name that is worth keeping."""
    is_short = 0 < len(name) <= _LONGEST_EXPECTED and name not in _USUAL_NAMES
    return is_short and name.isascii() and name.isprintable() and not {'"', "\\"} & set(name)


class Form:
    """Which attributes are fields: the usual ones, and those that are expected.

    `image` is the type of an image that has no others, and no value that is nested more deeply than tags are.
    """

    def __init__(self, expected: frozenset[str]) -> None:
        self.expected = expected
        self.names = (*USUAL, *sorted(filter(_can_be_expected, expected)))
        self._known = frozenset(self.names)
        self.nothing: _Row = (ABSENT,) * len(self.names)
        self.image = _struct(self.names, _Scalar | list[_Scalar])
        self.decode_image: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(self.image).decode

    def parsed_row(self, text: msgspec.Raw) -> _Row | None:
        """The row of an image of this form. Raises: msgspec.MsgspecError, UnicodeDecodeError."""
        if may_hold_minus_zero(text):
            return None
        try:
            return astuple(self.decode_image(text))
        except msgspec.ValidationError:
            return None

    def row(self, image: Json, others: dict[int, Json], position: int) -> _Row:
        """The fields of what stands at a position; what else there is goes to `others`."""
        if not isinstance(image, dict):
            others[position] = image
            return self.nothing
        row = tuple(map(image.get, self.names, repeat(ABSENT)))
        if len(image) > len(row) - row.count(ABSENT):
            others[position] = {name: image[name] for name in image.keys() - self._known}
        return row


form_of: Final = lru_cache(maxsize=64)(Form)
USUAL_FORM: Final = form_of(frozenset())


class Images(Sequence[Json]):
    """The images of one page, in the order received. As a sequence it has them as dictionaries, made when asked for."""

    def __init__(
        self,
        rows: Sequence[_Row],
        others: Mapping[int, Json],
        form: Form = USUAL_FORM,
        hashes: Sequence[str] | None = None,
        unusual: Sequence[int] | None = None,
    ) -> None:
        """`rows` hold the fields of the form, in their order, of each image.

        `others`, by position, holds what else an image has; in place of what is no object at all, that itself.
        `hashes` are of the images' own texts, where these are known. `unusual` are the positions of rows that were not
        read as the form's type, None for all: they may hold any value.
        """
        self._unusual = range(len(rows)) if unusual is None else unusual
        self.hashes = hashes
        self._rows = rows
        self._others = others
        self._form = form

    @staticmethod
    def usual(images: Iterable[Any], form: Form = USUAL_FORM) -> "Images":
        """The images that are all of the form's type."""
        return Images(list(map(astuple, images)), {}, form, unusual=())

    def with_hashes(self, hashes: Sequence[str]) -> "Images":
        """These images, with the SHA-256 of each one's text, in hexadecimal."""
        return Images(self._rows, self._others, self._form, hashes, self._unusual)

    @staticmethod
    def of(images: Sequence[Json]) -> "Images":
        """The images that a sequence of whatever JSON can hold is."""
        if isinstance(images, Images):
            return images
        if sum(len(image) for image in images if isinstance(image, dict)) < _FEWEST_VALUES * len(images):
            return Images([USUAL_FORM.nothing] * len(images), dict(enumerate(images)))
        others: dict[int, Json] = {}
        return Images([USUAL_FORM.row(image, others, position) for position, image in enumerate(images)], others)

    @staticmethod
    def parsed(texts: Sequence[msgspec.Raw], parse: Callable[[msgspec.Raw], Json], form: Form = USUAL_FORM) -> "Images":
        """The images that JSON texts hold. `parse` reads those that are no usual ones.

        Raises: msgspec.MsgspecError and UnicodeDecodeError where msgspec cannot read a text; whatever `parse` raises.
        """
        rows, others, unusual = list[_Row](), dict[int, Json](), list[int]()
        for position, text in enumerate(texts):
            row = form.parsed_row(text)
            if row is None:
                unusual.append(position)
                row = form.row(parse(text), others, position)
            rows.append(row)
        return Images(rows, others, form, unusual=unusual)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Json: ...

    @overload
    def __getitem__(self, index: slice) -> "Images": ...

    def __getitem__(self, index: int | slice) -> Json:
        positions = range(len(self))[index]
        return self._whole(positions) if isinstance(positions, int) else self.take(positions)

    def __iter__(self) -> Iterator[Json]:
        return map(self._whole, range(len(self)))

    def take(self, positions: Sequence[int]) -> "Images":
        """The images at these positions."""
        others = {new: self._others[old] for new, old in enumerate(positions) if old in self._others}
        hashes = None if self.hashes is None else [self.hashes[position] for position in positions]
        known = set(self._unusual)
        unusual = [new for new, old in enumerate(positions) if old in known]
        return Images([self._rows[position] for position in positions], others, self._form, hashes, unusual)

    @cached_property
    def names(self) -> frozenset[str]:
        """The attributes that any of the images has."""
        return frozenset(self._columns).union(self._by_name)

    @property
    def expected_next(self) -> frozenset[str]:
        """Attributes that the listing's next page may be expected to have, so that it is read as fast."""
        often = {name for name, values in self._by_name.items() if len(values) * _EXPECTED_OF >= len(self)}
        expected = self._form.expected.union(filter(_can_be_expected, often))
        return expected if len(expected) <= _MOST_EXPECTED else self._form.expected

    def column(self, name: str) -> Sequence[Json]:
        """The attribute of each image, ABSENT where it has none or is no object at all."""
        values = self._columns.get(name, (ABSENT,) * len(self))
        if name in self._by_name:
            values = list(values)
            for position, value in self._by_name[name].items():
                values[position] = value
        return values

    def values(self, name: str) -> Mapping[int, Json]:
        """The attribute's values by position, of those images that have it."""
        values = {at: value for at, value in enumerate(self._columns.get(name, ())) if value is not ABSENT}
        return values | self._by_name.get(name, {}) if values else self._by_name.get(name, {})

    def positions_of(self, is_it: Callable[[Json], bool]) -> set[int]:
        """Where an image holds such a value, which must be none of `None`, bool, int, str and lists of these."""
        others = {
            position
            for values in self._by_name.values()
            if not _SIMPLE.issuperset(map(type, values.values()))
            for position, value in values.items()
            if is_it(value)
        }
        rows = ((position, self._rows[position]) for position in self._unusual)
        return others.union(
            position for position, row in rows if any(type(value) not in _SIMPLE and is_it(value) for value in row)
        )

    @cached_property
    def _columns(self) -> dict[str, Sequence[Json]]:
        """The fields that any of the images has."""
        if all(row is self._form.nothing for row in self._rows):
            return {}
        columns = zip(self._form.names, zip(*self._rows, strict=True), strict=True)
        return {name: values for name, values in columns if not _is_absent(values)}

    @cached_property
    def _by_name(self) -> dict[str, dict[int, Json]]:
        """The other attributes' values, by name and position."""
        values: dict[str, dict[int, Json]] = {}
        for position, others in self._others.items():
            for name, value in others.items() if isinstance(others, dict) else ():
                values.setdefault(name, {})[position] = value
        return values

    def _whole(self, position: int) -> Json:
        others = self._others.get(position, {})
        if not isinstance(others, dict):
            return others
        fields = zip(self._form.names, self._rows[position], strict=True)
        return {name: value for name, value in fields if value is not ABSENT} | others


def column(images: Sequence[Json], name: str) -> Sequence[Json]:
    """The attribute of each image, ABSENT where it has none or is no object at all."""
    return Images.of(images).column(name)


def _is_absent(values: Sequence[Json]) -> bool:
    return values[0] is ABSENT and values.count(ABSENT) == len(values)
