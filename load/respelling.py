"""Values of the past as flattening spells them now."""

from load.warehouse import Warehouse
from transform.dictionary import Attribute
from transform.values import PARSERS, Misfit


def in_one_spelling(warehouse: Warehouse, attribute: Attribute) -> None:
    """Write the texts of a column as its parser does. What it does not take stays as it is."""
    column = f'"{attribute.column}"'
    texts = warehouse.execute(f"SELECT DISTINCT {column}::VARCHAR FROM image_versions WHERE {column} IS NOT NULL")
    respelled = {}
    for (text,) in texts.fetchall():
        try:
            parsed = PARSERS[attribute.kind](text)
        except Misfit:
            continue
        if parsed != text:
            respelled[text] = parsed
    if respelled:
        warehouse.execute(
            f"""UPDATE image_versions
            SET {column} = respelled.now::{attribute.sql_type}
            FROM (SELECT unnest($texts) AS text, unnest($now) AS now) AS respelled
            WHERE {column}::VARCHAR = respelled.text""",
            {"texts": list(respelled), "now": list(respelled.values())},
        )
