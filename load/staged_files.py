"""Names of staged Parquet files as DuckDB takes them: it would see a pattern in some, and columns in others.

Used by merge, for each statement that reads such files.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.storage import Place

_OF_A_PATTERN: Final = frozenset("*?[")


@contextmanager
def names_for_duckdb(files: Sequence[Place]) -> Iterator[list[str]]:
    """Of files on our disk, the absolute names; of those that look like a pattern, the name of a link. Raises: OSError.

    DuckDB has no spelling for a backslash in a pattern, so that such a name cannot be escaped. That `key=value` in a
    folder's name is no column, each statement says: `hive_partitioning = false`.
    """
    names = [str(Path(str(file)).absolute()) for file in files]
    if not any(map(_OF_A_PATTERN.intersection, names)):
        yield names
        return
    with tempfile.TemporaryDirectory(prefix="glanceback-") as folder:
        links = [Path(folder) / f"{number}.parquet" for number in range(len(names))]
        for link, name in zip(links, names, strict=True):
            link.symlink_to(name)
        yield list(map(str, links))
