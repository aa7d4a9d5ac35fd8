"""The JSON text of a row of image_versions, spelled as its cloud spells it, as an expression in SQL.

The dictionary knows which values the API writes as text. This module knows the order, and which nulls are written.
Source: reference, 'Example response', for IMS; openstack/glance, `_format_image`, for plain OpenStack.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from extract.listing import IMS
from transform.attribute import Attribute, Kind, Spelling
from transform.dictionary import ATTRIBUTES

_AS_PRINTED: Final = (
    *("schema", "min_disk", "created_at", "__image_source_type", "container_format", "file", "updated_at"),
    *("protected", "checksum", "id", "__isregistered", "min_ram", "__lazyloading", "owner", "__os_type"),
    *("__imagetype", "visibility", "virtual_env_type", "tags", "__platform", "size", "__os_bit", "__os_version"),
    *("name", "self", "disk_format", "virtual_size", "hw_firmware_type", "status"),
)
_GLANCES_OWN: Final = (
    *("name", "disk_format", "container_format", "visibility", "size", "virtual_size", "status", "checksum"),
    *("protected", "min_ram", "min_disk", "owner", "os_hidden", "os_hash_algo", "os_hash_value", "id"),
    *("created_at", "updated_at", "locations", "direct_url", "tags", "self", "file", "schema", "stores"),
)
_NULL_TOO: Final = (
    *("name", "disk_format", "container_format", "size", "virtual_size", "checksum", "owner"),
    *("os_hash_algo", "os_hash_value"),
)
"""Attributes without a value that are written as null; all others are left out."""

_AS_OLD_AS_HIDDEN: Final = ("os_hash_algo", "os_hash_value")
"""Image APIs without `os_hidden` do not have these."""

_BY_API_NAME: Final = {attribute.api_name: attribute for attribute in ATTRIBUTES}
_BY_PLAIN_NAME: Final = {attribute.column: attribute for attribute in ATTRIBUTES if attribute.is_plain_on_glance}


def names_of(name: str, dialect: str) -> tuple[Attribute | None, bool]:
    """The attribute with this API name, None if only `extra` can have it; and whether `extra` can have it."""
    if (attribute := _BY_API_NAME.get(name)) is not None:
        return attribute, False
    if dialect != IMS and (attribute := _BY_PLAIN_NAME.get(name)) is not None:
        return attribute, True
    return None, True


@lru_cache(maxsize=8)
def image_json(dialect: str, columns: frozenset[str]) -> str:
    """The SQL expression, over `version`, for the image's JSON text. `columns`: those that have values."""
    by_name = {
        attribute.api_name: member
        for attribute in ATTRIBUTES
        if (member := _member(attribute, dialect, attribute.column in columns))
    }
    ends = _GLANCES_OWN if dialect != IMS else ()
    begins = _AS_PRINTED if dialect == IMS else ()
    between = [name for name in by_name if name not in (*begins, *ends)]
    members = [by_name[name] for name in (*begins, *between) if name in by_name]
    members += [_EXTRA, *(by_name[name] for name in ends if name in by_name)]
    return "'{' || concat_ws(', ', " + ", ".join(members) + ") || '}'"


_EXTRA: Final = (
    "nullif(array_to_string([to_json(one.key) || ': ' || to_json(one.value) for one in map_entries(version.extra)], "
    "', '), '')"
)


def _member(attribute: Attribute, dialect: str, is_present: bool) -> str | None:
    """The SQL for the attribute's name and value in JSON; it gives NULL to leave it out. None: always left out."""
    column, name = f'version."{attribute.column}"', f"'\"{attribute.api_name}\": '"
    if dialect != IMS and attribute.is_plain_on_glance:
        # If the image has the plain name too, it is in `extra`, and the column has the other one.
        plain = attribute.column
        name = f"if(version.extra['{plain}'] IS NULL, '\"{plain}\": ', {name})"
    if not is_present and attribute.api_name not in _NULL_TOO:
        return None
    value = _value(attribute, column) if is_present else "NULL"
    if attribute.api_name in _NULL_TOO:
        value = f"coalesce({value}, 'null')"
        if attribute.api_name in _AS_OLD_AS_HIDDEN:
            value = f"if(version.os_hidden IS NULL AND {column} IS NULL, NULL, {value})"
    return f"{name} || {value}"


def _value(attribute: Attribute, column: str) -> str:
    is_text = attribute.spelling is not Spelling.JSON
    match attribute.kind:
        case Kind.TIMESTAMP if attribute.spelling is Spelling.MICROSECONDS:
            return f"strftime({column}, '\"%Y-%m-%dT%H:%M:%S.%f\"')"
        case Kind.TIMESTAMP:
            whole = f"strftime({column}, '\"%Y-%m-%dT%H:%M:%SZ\"')"
            finer = f"strftime({column}, '\"%Y-%m-%dT%H:%M:%S.%fZ\"')"
            return f"if(date_trunc('second', {column}) = {column}, {whole}, {finer})"
        case Kind.DAY:
            day, time = f"strftime({column}, '\"%Y-%m-%d\"')", f"strftime({column}, '\"%Y-%m-%d %H:%M:%S\"')"
            return f"if(date_trunc('day', {column}) = {column}, {day}, {time})"
        case Kind.BOOLEAN | Kind.FLAG | Kind.INTEGER | Kind.BIGINT:
            plain = f"CAST({column} AS VARCHAR)"
            return f"'\"' || {plain} || '\"'" if is_text else plain
        case Kind.JSON if not is_text:
            return f"CAST({column} AS VARCHAR)"
    return f"CAST(to_json(CAST({column} AS {'VARCHAR[]' if attribute.kind is Kind.TAGS else 'VARCHAR'})) AS VARCHAR)"


def attribute_names(dialect: str) -> Iterator[tuple[str, Attribute]]:
    """Each attribute with the name that the API writes for it, for the schema of an image."""
    for attribute in ATTRIBUTES:
        is_plain = dialect != IMS and attribute.is_plain_on_glance
        yield attribute.column if is_plain else attribute.api_name, attribute
