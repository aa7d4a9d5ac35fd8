"""The definition of one attribute: its name, kind, unit, meaning and source, and its column's SQL type."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal


class Kind(StrEnum):
    """The kind of a value, independent of how the API writes it.

    FLAG: a boolean as Nova reads properties, also yes and no, on and off, 1 and 0. DAY: a date, with or without a time.
    """

    TEXT = "text"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    BIGINT = "bigint"
    TIMESTAMP = "timestamp"
    TAGS = "tags"
    JSON = "json"
    FLAG = "flag"
    DAY = "day"


TEXT, BOOLEAN, INTEGER, BIGINT, TIMESTAMP, TAGS, JSON, FLAG, DAY = Kind

SQL_TYPES: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        TEXT: "VARCHAR",
        BOOLEAN: "BOOLEAN",
        INTEGER: "INTEGER",
        BIGINT: "BIGINT",
        TIMESTAMP: "TIMESTAMP",
        TAGS: "VARCHAR[]",
        JSON: "JSON",
        FLAG: "BOOLEAN",
        DAY: "TIMESTAMP",
    }
)


class Spelling(StrEnum):
    """How the API writes a value. Source: reference, Table 2, and observed answers."""

    TEXT = "text"
    """As a JSON string: "true", "64", "2018-09-06T14:03:27Z"."""
    JSON = "json"
    """As its own JSON type: true, 64, an array."""
    MICROSECONDS = "microseconds"
    """A time with six decimals of the second and without a zone."""


Source = Literal["reference", "vendor SDK", "Glance", "OpenStack", "SCS-0102", "observed"]
"""Where the attribute is documented. `observed`: in recorded answers and public clients; its meaning is inferred.

`OpenStack`: Nova, Cinder or the SDK. `SCS-0102`: the Sovereign Cloud Stack's standard for image metadata.
"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an image. `api_name`: its name in the API."""

    api_name: str
    kind: Kind
    unit: str | None
    meaning: str
    source: Source
    own_column: str | None = None
    """The column's name if another attribute, with another unit, already has the usual column name."""
    spelling: Spelling = Spelling.TEXT
    is_plain_on_glance: bool = False
    """Whether users of a plain Glance write the attribute without the leading underscores."""

    @property
    def column(self) -> str:
        """The API's name without leading underscores, and with dots replaced by underscores."""
        return self.own_column or self.api_name.lstrip("_").replace(".", "_")

    @property
    def api_names(self) -> tuple[str, ...]:
        """The names that fill the column. The first one that an image has is used; the other goes to `extra`."""
        has_twin = self.own_column is None and self.api_name.startswith("_")
        return (self.api_name, self.column) if has_twin else (self.api_name,)

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]
