"""Applies changes of the dictionary to a warehouse: adds columns, fills them from `extra`, and converts types.

It neither adds nor removes versions. Called when a warehouse is brought up to date.
"""

from load.statements import quoted
from load.warehouse import Warehouse
from transform.attribute import Attribute, Kind
from transform.dictionary import ATTRIBUTES
from transform.values import PARSERS, Misfit

_JSON_NULL = "null"
_REPLACED = "replaced "


def has_its_columns(warehouse: Warehouse) -> bool:
    """Whether image_versions has every column with its type, and none that convert_columns left."""
    types = dict(warehouse.typed_columns("image_versions"))
    wanted = {attribute.column: attribute.sql_type for attribute in ATTRIBUTES}
    return types | wanted == types and not any(column.startswith(_REPLACED) for column in types)


def add_new_columns(warehouse: Warehouse) -> list[Attribute]:
    """Add the columns that image_versions lacks; return their attributes."""
    present = set(warehouse.columns("image_versions"))
    added = [attribute for attribute in ATTRIBUTES if attribute.column not in present]
    for attribute in added:
        warehouse.execute(f'ALTER TABLE image_versions ADD COLUMN "{attribute.column}" {attribute.sql_type}')
    return added


def convert_columns(warehouse: Warehouse) -> None:
    """Convert the columns whose type changed in the dictionary, and their values.

    A value that does not fit becomes a reject of its version. The old column stays under another name, and
    `drop_replaced` removes it: DuckDB cannot commit a transaction that alters a table after it has updated it.
    """
    types = dict(warehouse.typed_columns("image_versions"))
    for attribute in ATTRIBUTES:
        if types.get(attribute.column, attribute.sql_type) != attribute.sql_type:
            replaced = f"{_REPLACED}{attribute.column}"
            warehouse.execute(f'ALTER TABLE image_versions RENAME COLUMN "{attribute.column}" TO "{replaced}"')
            warehouse.execute(f'ALTER TABLE image_versions ADD COLUMN "{attribute.column}" {attribute.sql_type}')
    for attribute in ATTRIBUTES:
        if types.get(attribute.column, attribute.sql_type) != attribute.sql_type:
            _fill_from_replaced(warehouse, attribute)


def drop_replaced(warehouse: Warehouse) -> None:
    """Drop the old columns that convert_columns renamed."""
    for column in warehouse.columns("image_versions"):
        if column.startswith(_REPLACED):
            warehouse.execute(f'ALTER TABLE image_versions DROP COLUMN "{column}"')


def _fill_from_replaced(warehouse: Warehouse, attribute: Attribute) -> None:
    replaced = f'"{_REPLACED}{attribute.column}"'
    found = warehouse.execute(f"SELECT DISTINCT {replaced}::VARCHAR FROM image_versions WHERE {replaced} IS NOT NULL")
    fitting, reasons = _parsed(attribute, [text for (text,) in found.fetchall()])
    _write_parsed(warehouse, attribute, f"{replaced}::VARCHAR", fitting)
    _reject(warehouse, attribute.api_name, f"{replaced}::VARCHAR", reasons)


def _reject(warehouse: Warehouse, name: str, source: str, reasons: dict[str, str], where: str = "true") -> None:
    """Add a reject to each version where the expression `source` is one of these texts. `reasons`: by text."""
    if reasons:
        warehouse.execute(
            f"""INSERT INTO rejects BY NAME
            SELECT run_from AS run_id, cloud, id, {quoted(name)} AS attribute, misfit.text AS value, misfit.reason
            FROM image_versions
            JOIN (SELECT unnest($texts) AS text, unnest($reasons) AS reason) AS misfit ON misfit.text = {source}
            WHERE {where}""",
            {"texts": list(reasons), "reasons": list(reasons.values())},
        )


def fill_from_extra(warehouse: Warehouse, added: list[Attribute]) -> None:
    """Move the values of these attributes from `extra` to their columns, as if the columns had always been there.

    Call it last: DuckDB cannot commit a transaction that alters (or comments) a table after it has updated it.
    """
    if not added:
        return
    found = warehouse.execute("SELECT DISTINCT unnest(map_keys(extra)) FROM image_versions").fetchall()
    held = {name for (name,) in found}
    texts = [
        one for one in added if one.kind is Kind.TEXT and one.api_names == (one.api_name,) and one.api_name in held
    ]
    _fill_texts(warehouse, texts)
    for attribute in added:
        if attribute not in texts:
            for number in reversed(range(len(attribute.api_names))):
                if attribute.api_names[number] in held:
                    _fill(warehouse, attribute, number)


def _fill_texts(warehouse: Warehouse, attributes: list[Attribute]) -> None:
    """Move the values of these attributes, which fit as they are, all at once: each update writes the versions anew."""
    if not attributes:
        return
    names = ", ".join(quoted(attribute.api_name) for attribute in attributes)
    columns = ", ".join(
        f'"{attribute.column}" = nullif(extra[{quoted(attribute.api_name)}], {quoted(_JSON_NULL)})'
        for attribute in attributes
    )
    rest = f"map_from_entries(list_filter(map_entries(extra), lambda entry: NOT list_contains([{names}], entry.key)))"
    warehouse.execute(
        f"UPDATE image_versions SET {columns}, extra = {rest} WHERE list_has_any(map_keys(extra), [{names}])"
    )


def _fill(warehouse: Warehouse, attribute: Attribute, number: int) -> None:
    """Move the values of one of the attribute's API names from `extra` to its column, as flattening does.

    If an image has an earlier one of the names too, the column keeps that value. A value that does not fit becomes a
    reject.
    """
    name, earlier = attribute.api_names[number], attribute.api_names[:number]
    held = " AND ".join(
        [f"extra[{quoted(name)}] IS NOT NULL", *(f"extra[{quoted(other)}] IS NULL" for other in earlier)]
    )
    texts = warehouse.execute(f"SELECT DISTINCT extra[{quoted(name)}] FROM image_versions WHERE {held}").fetchall()
    rest = f"map_from_entries(list_filter(map_entries(extra), lambda entry: entry.key <> {quoted(name)}))"
    source = f"extra[{quoted(name)}]"
    fitting, reasons = _parsed(attribute, [text for (text,) in texts])
    _reject(warehouse, name, source, reasons, held)
    emptied = fitting | dict.fromkeys(reasons)
    _write_parsed(warehouse, attribute, source, emptied, also=f"extra = {rest}", where=held)


def write_in_one_spelling(warehouse: Warehouse, attribute: Attribute) -> None:
    """Write the texts of a column again as its parser writes them now. A text that does not parse stays as it is."""
    column = f'"{attribute.column}"::VARCHAR'
    texts = warehouse.execute(f"SELECT DISTINCT {column} FROM image_versions WHERE {column} IS NOT NULL").fetchall()
    fitting, _ = _parsed(attribute, [text for (text,) in texts])
    respelled = {text: value for text, value in fitting.items() if value != text}
    _write_parsed(warehouse, attribute, column, respelled)


def _write_parsed(
    warehouse: Warehouse,
    attribute: Attribute,
    source: str,
    parsed: dict[str, object],
    *,
    also: str = "",
    where: str = "true",
) -> None:
    """Set the column to the parsed value where the expression `source` is one of the texts.

    `parsed`: value by text. `also`: another assignment of the same UPDATE.
    """
    if not parsed:
        return
    warehouse.execute(
        f"""UPDATE image_versions
        SET {also and f"{also}, "}"{attribute.column}" = parsed.value::{attribute.sql_type}
        FROM (SELECT unnest($texts) AS text, unnest($values) AS value) AS parsed
        WHERE {where} AND {source} = parsed.text""",
        {"texts": list(parsed), "values": list(parsed.values())},
    )


def _parsed(attribute: Attribute, texts: list[str]) -> tuple[dict[str, object], dict[str, str]]:
    """Return two mappings: the value of each text that fits, and the reason for each text that does not."""
    fitting, reasons = dict[str, object](), dict[str, str]()
    for text in texts:
        try:
            fitting[text] = None if text == _JSON_NULL else PARSERS[attribute.kind](_as_sent(attribute, text))
        except Misfit as misfit:
            reasons[text] = str(misfit)
    return fitting, reasons


def _as_sent(attribute: Attribute, text: str) -> object:
    """Decode JSON if the column holds lists: `extra` keeps lists as JSON text, which looks like any other text."""
    if attribute.sql_type.endswith("[]"):
        import msgspec

        try:
            return msgspec.json.decode(text)
        except msgspec.MsgspecError:
            return text
    return text
