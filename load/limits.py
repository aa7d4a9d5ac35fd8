"""What the load may take of the machine. Apart from the warehouse, for settings are read without DuckDB."""

from typing import Final

DEFAULT_MEMORY_MB: Final = 150
"""Enough for a run of a million images."""
