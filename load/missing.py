"""Decides what happens to images that a full run should have seen but did not. It does not ask the cloud."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Final

_NOBODY: Final[frozenset[str]] = frozenset()

BY_ID: Final = "by id"
TWO_READINGS: Final = "two readings"
REPLAY: Final = "replay"


@dataclass(frozen=True, slots=True)
class MissingImage:
    """`listings`: those that showed the image until now; if empty, `last_listing` is the last one that did.

    `is_known`: an earlier complete reading did not show it either. `is_withheld`: that reading lost so many images that
    the end was withheld. `has_answered`: the image has answered by id since then.
    """

    listings: tuple[str, ...] = ()
    last_listing: str | None = None
    is_known: bool = False
    has_answered: bool = False
    is_withheld: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The missing images by id; by listing, the number of images before (`sizes`) and now (`shown`).

    `controls`: by listing, the ids of a few images that it shows now. `was_all_read`: every listing that has images
    was read to its end, so this reading counts as one of the two that end an image.
    """

    images: Mapping[str, MissingImage] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    was_all_read: bool = False

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self.images)

    def by_listing(self) -> dict[str, frozenset[str]]:
        """The missing images of each listing; listings without any are left out."""
        found: dict[str, set[str]] = {}
        for identity, image in self.images.items():
            for listing in image.listings:
                found.setdefault(listing, set()).add(identity)
        return {listing: frozenset(ids) for listing, ids in found.items()}

    def controls_of(self, identity: str) -> tuple[str, ...]:
        """Ids of listed images to ask for together with this one: from its own listing, otherwise from any."""
        image = self.images[identity]
        candidates = [*image.listings, *([image.last_listing] if image.last_listing else []), *sorted(self.controls)]
        return next((self.controls[listing] for listing in candidates if listing in self.controls), ())


@dataclass(frozen=True, slots=True)
class Decisions:
    """What happens to missing images, as sets of ids. Kept in landing, so that a replay does not decide again.

    `gone`: ended. `missed_twice`: those of `gone` that two complete readings did not show. `withheld`: unchanged, a
    person or a later run must decide. `too_many`: those of `withheld` that vanished at once. `answered`: they still
    answer by id. `waiting`: unchanged, and ended if the next complete reading does not show them either. `undecided`:
    unchanged, because they could not be asked for and this reading does not count. `not_known_then`: those of `gone`
    that only a replay misses, because only a run whose load had failed saw them.
    """

    gone: frozenset[str] = _NOBODY
    withheld: frozenset[str] = _NOBODY
    answered: frozenset[str] = _NOBODY
    waiting: frozenset[str] = _NOBODY
    undecided: frozenset[str] = _NOBODY
    too_many: frozenset[str] = _NOBODY
    missed_twice: frozenset[str] = _NOBODY
    not_known_then: frozenset[str] = _NOBODY

    @property
    def ids(self) -> frozenset[str]:
        return self.gone | self.withheld | self.answered | self.waiting | self.undecided

    @property
    def staying(self) -> frozenset[str]:
        """The images whose memberships stay open."""
        return self.withheld | self.waiting | self.undecided

    @property
    def confirmed_by(self) -> str | None:
        """How the deletions were confirmed, for `run_clouds`."""
        by_id = self.gone - self.missed_twice - self.not_known_then
        ways = {BY_ID: by_id, TWO_READINGS: self.missed_twice, REPLAY: self.not_known_then}
        return ", ".join(way for way, ids in ways.items() if ids) or None


NOTHING_MISSING: Final = Decisions()


def decide_in_replay(missing: Missing, kept: Decisions, not_known_then: Set[str]) -> Decisions:
    """What a run decided, extended by images that it did not know because the loads of earlier runs had failed.

    If a complete listing no longer shows such an image, it is gone, because no later run has seen it. But if the run
    withheld the images that it knew, because too many had vanished, these are withheld too.
    """
    left = (missing.ids & not_known_then) - kept.ids
    if kept.too_many:
        return replace(kept, withheld=kept.withheld | left, too_many=kept.too_many | left)
    return replace(kept, gone=kept.gone | left, not_known_then=left)


def decide(
    missing: Missing,
    *,
    too_many: Set[str] = _NOBODY,
    gone: Set[str] = _NOBODY,
    answered: Set[str] = _NOBODY,
    unknown: Set[str] = _NOBODY,
    unaskable: Set[str] = _NOBODY,
    accepted: bool = False,
) -> Decisions:
    """Decide about images that were withheld as too many, or that were asked for with this result.

    An image that cannot be asked for ends if two complete readings in a row did not show it. A reading whose deletions
    were withheld counts as the first of the two only if a person has `accepted` them. An image that has answered once
    is kept. So is an image in no listing, because it must have answered.
    """
    waiting, undecided, missed_twice = set(), set(), set()
    for identity in unaskable:
        image = missing.images[identity]
        if image.has_answered or not image.listings:
            continue
        if not missing.was_all_read:
            undecided.add(identity)
        elif image.is_known and (accepted or not image.is_withheld):
            missed_twice.add(identity)
        else:
            waiting.add(identity)
    return Decisions(
        gone=frozenset(gone | missed_twice),
        withheld=frozenset(too_many | unknown),
        answered=frozenset(answered),
        waiting=frozenset(waiting),
        undecided=frozenset(undecided),
        too_many=frozenset(too_many),
        missed_twice=frozenset(missed_twice),
    )
