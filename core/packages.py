"""The names of our packages: their loggers are shown to people, and their code is what a worker must have too."""

from typing import Final

PACKAGES: Final = ("core", "extract", "transform", "load", "pipeline", "api", "flows", "page", "cli")
