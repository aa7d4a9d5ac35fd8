"""Names staged Parquet files so that DuckDB reads them: it takes some names as patterns, and finds columns in others.

Used by merge, for each statement that reads these files.
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
    """The absolute names of local files; for a name that looks like a pattern, a link to it. Raises: OSError.

    DuckDB cannot escape a backslash in a pattern, so the link is necessary. Each statement says
    `hive_partitioning = false`, because `key=value` in a folder's name is not a column.
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
