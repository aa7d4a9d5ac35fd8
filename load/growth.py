"""A dictionary that grew: its new columns, filled for the past from `extra`. No version comes or goes by it.

Called when a warehouse is brought up to date.
"""

from collections.abc import Iterator

from load.warehouse import Warehouse, quoted
from transform.dictionary import ATTRIBUTES, Attribute
from transform.values import PARSERS, Misfit

_JSON_NULL = "null"


def add_new_columns(warehouse: Warehouse) -> list[Attribute]:
    """Add the columns that image_versions lacks; their attributes."""
    present = set(warehouse.columns("image_versions"))
    added = [attribute for attribute in ATTRIBUTES if attribute.column not in present]
    for attribute in added:
        warehouse.execute(f'ALTER TABLE image_versions ADD COLUMN "{attribute.column}" {attribute.sql_type}')
    return added


def fill_from_extra(warehouse: Warehouse, added: list[Attribute]) -> None:
    """Move the values of these attributes to their columns.

    DuckDB commits no transaction that alters (or comments) a table after it has updated it: this comes last.
    """
    for attribute in added:
        for number in reversed(range(len(attribute.api_names))):
            _fill(warehouse, attribute, number)


def _fill(warehouse: Warehouse, attribute: Attribute, number: int) -> None:
    """Move the values of one of the attribute's API names from `extra` to its column, as flattening would have.

    Where an image has an earlier one of the names too, that one has the column. What does not fit stays in `extra`.
    """
    name, earlier = attribute.api_names[number], attribute.api_names[:number]
    held = " AND ".join(
        [f"extra[{quoted(name)}] IS NOT NULL", *(f"extra[{quoted(other)}] IS NULL" for other in earlier)]
    )
    texts = warehouse.execute(f"SELECT DISTINCT extra[{quoted(name)}] FROM image_versions WHERE {held}").fetchall()
    fitting = dict(_parsed(attribute, [text for (text,) in texts]))
    if fitting:
        warehouse.execute(
            f"""UPDATE image_versions
            SET "{attribute.column}" = fitting.value::{attribute.sql_type},
                extra = map_from_entries(list_filter(map_entries(extra), lambda entry: entry.key <> {quoted(name)}))
            FROM (SELECT unnest($texts) AS text, unnest($values) AS value) AS fitting
            WHERE {held} AND extra[{quoted(name)}] = fitting.text""",
            {"texts": list(fitting), "values": list(fitting.values())},
        )


def _parsed(attribute: Attribute, texts: list[str]) -> Iterator[tuple[str, object]]:
    for text in texts:
        try:
            yield text, None if text == _JSON_NULL else PARSERS[attribute.kind](_as_sent(attribute, text))
        except Misfit:
            continue


def _as_sent(attribute: Attribute, text: str) -> object:
    """`extra` has lists as JSON text; only a column of lists can tell that from a text."""
    if attribute.sql_type.endswith("[]"):
        import msgspec

        try:
            return msgspec.json.decode(text)
        except msgspec.MsgspecError:
            return text
    return text
