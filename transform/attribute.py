"""What the dictionary says of one attribute, and which types of Arrow and SQL its column has."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

import pyarrow as pa


class Kind(StrEnum):
    """What a value is, however the API spells it.

    FLAG is BOOLEAN as Nova reads properties: also yes and no, on and off, 1 and 0. DAY is a time, or a day without one.
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

ARROW_TYPES: Final[Mapping[Kind, pa.DataType]] = MappingProxyType(
    {
        TEXT: pa.string(),
        BOOLEAN: pa.bool_(),
        INTEGER: pa.int32(),
        BIGINT: pa.int64(),
        TIMESTAMP: pa.timestamp("us"),
        TAGS: pa.list_(pa.string()),
        JSON: pa.string(),
        FLAG: pa.bool_(),
        DAY: pa.timestamp("us"),
    }
)

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
    """How the API writes a value that is there. Source: reference, Table 2, and what was observed."""

    TEXT = "text"
    """As a JSON string: "true", "64", "2018-09-06T14:03:27Z"."""
    JSON = "json"
    """As what it is: true, 64, an array."""
    MICROSECONDS = "microseconds"
    """A time with six digits behind the second and no zone."""


Source = Literal["reference", "vendor SDK", "Glance", "OpenStack", "SCS-0102", "observed"]
"""Who says that the attribute exists; `observed`: recorded answers and public clients, its meaning inferred from them.

`OpenStack` is Nova, Cinder or the SDK; `SCS-0102` the Sovereign Cloud Stack's standard of image metadata.
"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an image, under the name that the API gives it."""

    api_name: str
    kind: Kind
    unit: str | None
    meaning: str
    source: Source
    own_column: str | None = None
    """The column's name where an attribute of the usual name has another unit."""
    spelling: Spelling = Spelling.TEXT
    is_plain_on_glance: bool = False
    """Whether people of a plain Glance write the attribute without the underscores."""

    @property
    def column(self) -> str:
        """The API's name without leading underscores, and with underscores for dots."""
        return self.own_column or self.api_name.lstrip("_").replace(".", "_")

    @property
    def api_names(self) -> tuple[str, ...]:
        """The names whose value the column takes, the first present one; a later one that is also present is extra."""
        has_twin = self.own_column is None and self.api_name.startswith("_")
        return (self.api_name, self.column) if has_twin else (self.api_name,)

    @property
    def arrow_type(self) -> pa.DataType:
        return ARROW_TYPES[self.kind]

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]
