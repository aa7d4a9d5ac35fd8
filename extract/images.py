"""The images of a page, with access by attribute: all values of one attribute at once.

A page of a thousand images has some forty thousand values, nearly all of a few dozen attributes that clouds usually
send. Those are fields of a struct, which is ten times as fast as a dictionary to parse, write and turn into columns.
All other attributes are stored separately, per image. The attributes of the previous page become fields too; that
changes the speed of parsing, but never the result.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Any, Final, overload

import msgspec
from msgspec.structs import astuple

from extract.numbers import may_hold_minus_zero

Json = Any
"""A JSON value: None, bool, int, Number, str, or a list or dict of these."""

ABSENT: Final = msgspec.UNSET
"""In a column, the value for an image that does not have the attribute; JSON null is None."""

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
"""The attributes that most images have, Glance's own in the order in which it sends them. Only for speed."""

_USUAL_NAMES: Final = frozenset(USUAL)

_FEWEST_VALUES: Final = 15
"""If images have fewer attributes on average, rows cost more than they save."""

_MOST_EXPECTED: Final = 32
_LONGEST_EXPECTED: Final = 255
_EXPECTED_OF: Final = 50
"""An attribute becomes a field if at least one in this number of images has it."""

_SIMPLE: Final = frozenset({type(None), type(ABSENT), bool, int, str})

_Scalar = str | int | bool | None
Row = tuple[Json, ...]


def struct_of(names: Sequence[str], value: Any, *, has_only_these: bool = True) -> Any:
    """The type of an image with these attributes, whose values have the type `value`."""
    # Python treats names that begin with two underscores specially, so fields are numbered.
    field_names = {name: name if name == "tags" else f"a{number}" for number, name in enumerate(names)}
    fields = [(field_names[name], value, msgspec.field(default=ABSENT, name=name)) for name in names]
    return msgspec.defstruct("Image", fields, forbid_unknown_fields=has_only_these, gc=False)


def _can_be_expected(name: str) -> bool:
    """Whether the attribute can become a field: it is not one of the usual ones, and its name is short and plain."""
    is_short = 0 < len(name) <= _LONGEST_EXPECTED and name not in _USUAL_NAMES
    return is_short and name.isascii() and name.isprintable() and not {'"', "\\"} & set(name)


class Form:
    """The attributes that are fields: the usual ones and the expected ones, or only `names`.

    `image`: the type of an image that has only these attributes, with values nested no deeper than tags.
    """

    def __init__(self, expected: frozenset[str], names: Sequence[str] = ()) -> None:
        self.expected = expected
        self.names = tuple(names) or (*USUAL, *sorted(filter(_can_be_expected, expected)))
        self._known = frozenset(self.names)
        self.nothing: Row = (ABSENT,) * len(self.names)
        self.image = struct_of(self.names, _Scalar | list[_Scalar])
        self.decode_image: Callable[[msgspec.Raw], Any] = msgspec.json.Decoder(self.image).decode

    def parsed_row(self, text: msgspec.Raw) -> Row | None:
        """The row of an image; None if it has another form. Raises: msgspec.MsgspecError, UnicodeDecodeError."""
        if may_hold_minus_zero(text):
            return None
        try:
            return astuple(self.decode_image(text))
        except msgspec.ValidationError:
            return None

    def row(self, image: Json, others: dict[int, Json], position: int) -> Row:
        """The fields of the image at a position. Its other attributes are added to `others`."""
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
    """The images of one page, in the order received. A sequence of dictionaries, which are made on access."""

    def __init__(
        self,
        rows: Sequence[Row],
        others: Mapping[int, Json],
        form: Form = USUAL_FORM,
        hashes: Sequence[str] | None = None,
        unusual: Sequence[int] | None = None,
    ) -> None:
        """`rows`: the fields of each image, in the form's order.

        `others`: position -> the other attributes of the image, or the JSON value itself if it is not an object.
        `hashes`: those of the images' texts, if known. `unusual`: the positions of rows that were not parsed as the
        form's type and may contain any value; None: all rows.
        """
        self._unusual = range(len(rows)) if unusual is None else unusual
        self.hashes = hashes
        self._rows = rows
        self._others = others
        self._form = form

    @staticmethod
    def usual(images: Iterable[Any], form: Form = USUAL_FORM) -> "Images":
        """Images that were all parsed as the form's type."""
        return Images(list(map(astuple, images)), {}, form, unusual=())

    def with_hashes(self, hashes: Sequence[str]) -> "Images":
        """The same images with the SHA-256 of each one's text, in hexadecimal."""
        return Images(self._rows, self._others, self._form, hashes, self._unusual)

    @staticmethod
    def of(images: Sequence[Json]) -> "Images":
        """The JSON values of a sequence as Images."""
        if isinstance(images, Images):
            return images
        if sum(len(image) for image in images if isinstance(image, dict)) < _FEWEST_VALUES * len(images):
            return Images([USUAL_FORM.nothing] * len(images), dict(enumerate(images)))
        others: dict[int, Json] = {}
        return Images([USUAL_FORM.row(image, others, position) for position, image in enumerate(images)], others)

    @staticmethod
    def parsed(texts: Sequence[msgspec.Raw], parse: Callable[[msgspec.Raw], Json], form: Form = USUAL_FORM) -> "Images":
        """The images in JSON texts. `parse` reads those that do not have the form's type.

        Raises: msgspec.MsgspecError and UnicodeDecodeError if msgspec cannot read a text; the errors of `parse`.
        """
        rows, others, unusual = list[Row](), dict[int, Json](), list[int]()
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
        """The attributes that at least one image has."""
        return frozenset(self._columns).union(self._by_name)

    @property
    def expected_next(self) -> frozenset[str]:
        """The attributes to expect on the listing's next page, so that it is parsed as fast."""
        often = {name for name, values in self._by_name.items() if len(values) * _EXPECTED_OF >= len(self)}
        expected = self._form.expected.union(filter(_can_be_expected, often))
        return expected if len(expected) <= _MOST_EXPECTED else self._form.expected

    def column(self, name: str) -> Sequence[Json]:
        """The attribute of each image; ABSENT if the image does not have it or is not an object."""
        values = self._columns.get(name, (ABSENT,) * len(self))
        if name in self._by_name:
            values = list(values)
            for position, value in self._by_name[name].items():
                values[position] = value
        return values

    def values(self, name: str) -> Mapping[int, Json]:
        """The attribute's values by position, only for images that have it."""
        values = {at: value for at, value in enumerate(self._columns.get(name, ())) if value is not ABSENT}
        return values | self._by_name.get(name, {}) if values else self._by_name.get(name, {})

    def positions_of(self, is_it: Callable[[Json], bool]) -> set[int]:
        """The positions of images with a matching value. Values of type None, bool, int and str are not tested."""
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
        """The columns of the fields that at least one image has."""
        if all(row is self._form.nothing for row in self._rows):
            return {}
        columns = zip(self._form.names, zip(*self._rows, strict=True), strict=True)
        return {name: values for name, values in columns if not _is_absent(values)}

    @cached_property
    def _by_name(self) -> dict[str, dict[int, Json]]:
        """The values of the other attributes, by name and position."""
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
    """The attribute of each image; ABSENT if the image does not have it or is not an object."""
    return Images.of(images).column(name)


def _is_absent(values: Sequence[Json]) -> bool:
    return values[0] is ABSENT and values.count(ABSENT) == len(values)
