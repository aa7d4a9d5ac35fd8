"""Which problems people were told of and that are not over yet, in a file beside the warehouse.

Not in the warehouse: that it cannot be opened is one of the problems. Called by pipeline.notices.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from core.wording import reason

log = logging.getLogger(__name__)

FILE: Final = "notices.json"
RUN: Final = ""
"""Stands for the run itself, where it could not be made, among the names of clouds."""


@dataclass(frozen=True, slots=True)
class Told:
    """By mode of a run, the clouds with a problem that people were told of."""

    problems: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def of(self, mode: str) -> frozenset[str]:
        return self.problems.get(mode, frozenset())

    @property
    def is_empty(self) -> bool:
        return not any(self.problems.values())

    def without_all_but(self, clouds: Iterable[str]) -> "Told":
        """Without clouds that the settings do not name any more: no run will find those well. No clouds: as it is."""
        known = frozenset(clouds)
        kept = known | {RUN}
        return Told({mode: names & kept for mode, names in self.problems.items()}) if known else self

    def after(self, mode: str, problems: frozenset[str], over: frozenset[str]) -> "Told":
        """With these problems, and without those that are `over`. A full run shows what a changes run would."""
        modes = {*self.problems, mode}
        left = {one: self.of(one) - over if one == mode or mode == "full" else self.of(one) for one in modes}
        return Told({**left, mode: left[mode] | problems})


def read_told(home: Path) -> Told:
    """What is kept in the folder; nothing where it cannot be read: then people are told once more."""
    try:
        return Told(msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, frozenset[str]]))
    except FileNotFoundError:
        return Told()
    except (OSError, msgspec.MsgspecError) as exc:
        log.warning("%s cannot be read (%s): people may be told again of what they know", home / FILE, exc)
        return Told()


def keep_told(home: Path, told: Told) -> None:
    """Keep it for the next run. Where that cannot be, it is logged: people may be told again."""
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
