"""Images that a full run should have seen and did not, and what becomes of each. Knows no cloud, and asks nobody."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Final

_NOBODY: Final[frozenset[str]] = frozenset()

BY_ID: Final = "by id"
TWO_READINGS: Final = "two readings"
REPLAY: Final = "replay"


@dataclass(frozen=True, slots=True)
class MissingImage:
    """`listings` that showed the image until now, or none; `last_listing` is the last one that did in that case.

    `is_known`: a complete reading before this one was without it too. `is_withheld`: that reading was without so many
    that nobody knows whether to believe it. `has_answered`: since then, by id.
    """

    listings: tuple[str, ...] = ()
    last_listing: str | None = None
    is_known: bool = False
    has_answered: bool = False
    is_withheld: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """The missing images by id; and of each listing how many images it had before (`sizes`) and shows now (`shown`).

    `controls`: for each listing, ids of a few images that it shows now. `was_all_read`: every listing that has images
    was read to its end, so that this reading counts as one of two.
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
        """The missing images of each listing that had some of them."""
        found: dict[str, set[str]] = {}
        for identity, image in self.images.items():
            for listing in image.listings:
                found.setdefault(listing, set()).add(identity)
        return {listing: frozenset(ids) for listing, ids in found.items()}

    def controls_of(self, identity: str) -> tuple[str, ...]:
        """Ids of listed images to ask for beside this one: of its own listing, else of any."""
        image = self.images[identity]
        candidates = [*image.listings, *([image.last_listing] if image.last_listing else []), *sorted(self.controls)]
        return next((self.controls[listing] for listing in candidates if listing in self.controls), ())


@dataclass(frozen=True, slots=True)
class Decisions:
    """What becomes of missing images, in ids. Kept in landing: a replay decides nothing anew.

    `gone` are ended, of them `missed_twice` because two complete readings were without them. `withheld` stay as they
    are, and a person or a later run must decide; of them `too_many` vanished at once. `answered`: there, by id.
    `waiting` stay as they are, and end if the next complete reading is without them too. `undecided` stay as they are:
    they could not be asked for, and this reading does not count. `not_known_then` are those of `gone` that only a
    replay misses: a run whose load had failed was the only one to see them.
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
    """What a run decided, and what becomes of images that it did not know, for the loads of the runs before had failed.

    Complete listings that no longer show those end them, as no run after it has seen them; unless so many had vanished
    that the run withheld what it knew of.
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
    """What becomes of images that were withheld as too many, or were asked for with this result.

    One that could not be asked for ends where two complete readings in a row were without it. A reading whose deletions
    were withheld is the first of two only if a person has `accepted` them. One that has answered once, and one that is
    in no listing and so must have, is kept.
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
