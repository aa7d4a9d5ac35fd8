"""The names of our packages: the command shows their loggers, and a worker must have the same code of them."""

from typing import Final

PACKAGES: Final = ("core", "extract", "transform", "load", "pipeline", "api", "flows", "page", "cli")
