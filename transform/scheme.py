"""What transform.identity, which hashes pages, and load.content, which hashes rows in SQL, must agree on."""

from typing import Final

SCHEME: Final = 2
"""Raise it if the text that is hashed changes: warehouses then compute their hashes again."""

LINKS: Final = frozenset({"self", "file", "schema"})
"""Columns that are addresses of the image in the API, not content."""

DIGITS: Final = 32
"""Hexadecimal digits of the hash."""
