"""Remembers which open problems people already know about, in a file beside the warehouse.

Not in the warehouse, because one of the problems is that it cannot be opened. Called by pipeline.notices.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core.wording import reason

log = logging.getLogger(__name__)

FILE: Final = "notices.json"
RUN: Final = ""
"""Used instead of a cloud's name if the run itself failed."""


@dataclass(frozen=True, slots=True)
class Told:
    """For each mode of a run, the clouds with a problem that people know about."""

    problems: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, mode: str) -> frozenset[str]:
        return self.problems.get(mode, frozenset())

    @property
    def is_empty(self) -> bool:
        return not any(self.problems.values())

    def only(self, is_known: Callable[[str], bool]) -> "Told":
        """Remove clouds that no run can clear, because they are not known any more."""
        return Told(
            {
                mode: frozenset(name for name in names if name == RUN or is_known(name))
                for mode, names in self.problems.items()
            }
        )

    def after(self, mode: str, problems: frozenset[str], over: frozenset[str]) -> "Told":
        """Add these problems, and remove those that are `over`; a full run removes those of changes runs too."""
        modes = {*self.problems, mode}
        left = {one: self.of(one) - over if one == mode or mode == "full" else self.of(one) for one in modes}
        return Told({**left, mode: left[mode] | problems})


def read_told(home: Path) -> Told:
    """The problems in the folder's file. If it cannot be read, it counts as empty, and people are told again."""
    try:
        return Told(msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, frozenset[str]]))
    except FileNotFoundError:
        return Told()
    except (OSError, msgspec.MsgspecError) as exc:
        log.warning("%s cannot be read (%s): people may be told again of what they know", home / FILE, exc)
        return Told()


def keep_told(home: Path, told: Told) -> None:
    """Write the problems for the next run. If that fails, it is logged, and people may be told again."""
    problems = {mode: sorted(clouds) for mode, clouds in sorted(told.problems.items()) if clouds}
    unfinished = home / f".{FILE}.unfinished"
    try:
        if not problems:
            (home / FILE).unlink(missing_ok=True)
            return
        unfinished.write_bytes(msgspec.json.encode(problems))
        unfinished.replace(home / FILE)
    except OSError as exc:
        log.warning("%s cannot be written (%s): people may be told again of what they know", home / FILE, reason(exc))
