"""The Arrow types of the dictionary's columns. Apart from the dictionary: readers of it do not all need pyarrow."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from transform.attribute import BIGINT, BOOLEAN, DAY, FLAG, INTEGER, JSON, TAGS, TEXT, TIMESTAMP, Attribute, Kind
from transform.dictionary import ATTRIBUTES, comment

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


def arrow_schema() -> pa.Schema:
    """A nullable field for each attribute, in the dictionary's order; comment, unit and API name as field metadata."""
    return pa.schema([_field(attribute) for attribute in ATTRIBUTES])


def _field(attribute: Attribute) -> pa.Field:
    described = {"comment": comment(attribute), "unit": attribute.unit or "", "api_name": attribute.api_name}
    return pa.field(attribute.column, ARROW_TYPES[attribute.kind], metadata=described)
