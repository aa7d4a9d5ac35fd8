"""The documents that people read, as text: the README and docs/. Tests hold them to the code."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent


def document(name: str) -> str:
    """The text of the README or of a page of docs/, by its file's name."""
    folder = ROOT if name == "README.md" else ROOT / "docs"
    return (folder / name).read_text(encoding="utf-8")
