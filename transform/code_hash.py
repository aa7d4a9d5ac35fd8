"""The hash of the code that makes rows from pages: the same code makes the same rows of the same text."""

from functools import cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa

_PACKAGES: Final = ("extract", "transform")


@cache
def code_hash() -> str:
    """16 hexadecimal digits, of every module that may take part, and of the libraries that parse for it."""
    hashed = sha256(f"{msgspec.__version__} {pa.__version__}".encode())
    for package in _PACKAGES:
        (folder,) = import_module(package).__path__
        for file in sorted(Path(folder).glob("*.py")):
            hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]
