"""Knows the settings file that `glanceback demo` writes: its cloud answers only while the demo runs.

Apart from cli.demo, so that `sync` and `check` do not import what the demo needs.
"""

from pathlib import Path
from typing import Final

from core.errors import SettingsError

MARK: Final = "# Written by `glanceback demo`."


def must_not_be_the_demos(source: str) -> None:
    """Raises: SettingsError if the file with the settings is that of a demo."""
    try:
        is_the_demos = Path(source).read_text(encoding="utf-8").startswith(MARK)
    except (OSError, UnicodeDecodeError):  # the environment, or a file that nobody can read: others say so
        return
    if is_the_demos:
        raise SettingsError(
            f"{source} is the demo's: its sample cloud runs only while the demo does",
            "Ask what the demo read with sql, diff or dashboard, read it again with glanceback demo, "
            "or name the settings of your own cloud.",
        )
