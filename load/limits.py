"""Limits of a load. A module of its own, because settings are read without DuckDB."""

from typing import Final

DEFAULT_MEMORY_MB: Final = 150
"""Enough for a run of a million images."""
