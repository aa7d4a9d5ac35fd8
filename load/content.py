"""Computes the content hash of versions from their rows, in SQL. transform.identity computes the same from pages.

If the hashes in a warehouse come from another scheme, or from other columns, they are computed again when it is opened.
So an upgrade never makes an image look changed.
"""

from typing import Final

from load.column_migration import fill_from_extra, write_in_one_spelling
from load.warehouse import Warehouse
from transform.attribute import Attribute, Kind
from transform.dictionary import ATTRIBUTES
from transform.scheme import DIGITS, LINKS, SCHEME

_NEEDS_BYTES: Final = "virtual_size"


def scheme() -> str:
    """The input of the hash, as text: the scheme's number, and each column with its type."""
    return f"{SCHEME} " + " ".join(f"{attribute.column}:{attribute.kind}" for attribute in _hashed())


def restate(warehouse: Warehouse) -> None:
    """Compute the hashes of all versions again, with this scheme.

    Call it last: DuckDB cannot commit a transaction that alters (or comments) a table after it has updated it.
    """
    content = _content()
    warehouse.execute(f"UPDATE image_versions SET content_hash = {_hash(content)}")
    warehouse.execute(
        f"""UPDATE image_versions
        SET content_hash = {_hash(f"{content}, rejected.text")}
        FROM (
            SELECT cloud, id, run_id, string_agg({_reject()}, '' ORDER BY attribute, value, reason) AS text
            FROM rejects
            WHERE id IS NOT NULL
            GROUP BY cloud, id, run_id
        ) AS rejected
        WHERE rejected.cloud = image_versions.cloud
            AND rejected.id = image_versions.id
            AND rejected.run_id = image_versions.run_from"""
    )


def bring_from_first_scheme(warehouse: Warehouse) -> None:
    """Convert what the first scheme, which had no number, stored differently.

    It wrote the rejects again in each run, kept tags as received, and had one size column with two units. Call it
    before values move to new columns, because a value that does not fit there becomes a reject.
    """
    for name in ("rejects_of_versions", "forget_rejects", "put_rejects_back", "split_virtual_size", "tags_as_sets"):
        warehouse.run("content", name)
    fill_from_extra(warehouse, [one for one in ATTRIBUTES if one.column == _NEEDS_BYTES])
    for attribute in ATTRIBUTES:
        if attribute.kind is Kind.JSON:
            write_in_one_spelling(warehouse, attribute)


def _hashed() -> list[Attribute]:
    hashed = (attribute for attribute in ATTRIBUTES if attribute.column not in LINKS)
    return sorted(hashed, key=lambda attribute: attribute.column)


def _content() -> str:
    columns = (f"'{one.column}=' || {_counted(_text(one))} || ';'" for one in _hashed())
    entry = f"'+' || {_counted('name')} || '=' || {_counted('extra[name]')} || ';'"
    extra = f"array_to_string(list_transform(list_sort(map_keys(extra)), lambda name: {entry}), '')"
    return ", ".join([f"'glanceback {SCHEME};'", *columns, extra])


def _text(attribute: Attribute) -> str:
    """SQL for a column's value as text, as it goes into the hash."""
    column = f'image_versions."{attribute.column}"'
    match attribute.kind:
        case Kind.TIMESTAMP | Kind.DAY:
            return f"epoch_us({column})::VARCHAR"
        case Kind.TAGS:
            tags = f"array_to_string(list_transform({column}, lambda tag: {_counted('tag')}), '')"
            return f"CASE WHEN {column} IS NOT NULL THEN coalesce({tags}, '') END"
        case _:
            return f"{column}::VARCHAR"


def _reject() -> str:
    attribute, value, reason = map(_counted, ("attribute", "value", "reason"))
    return f"'!' || {attribute} || '=' || {value} || '~' || {reason} || ';'"


def _counted(text: str) -> str:
    return f"strlen({text}) || ':' || {text}"


def _hash(content: str) -> str:
    return f"left(sha256(concat({content})), {DIGITS})"
