"""How many images may vanish at once before their end is withheld: a broken listing looks like a mass deletion."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # settings need no Arrow
    from load.merge import Missing

DEFAULT_SHARE: Final = 0.2
DEFAULT_IMAGES: Final = 10
DEFAULT_EMPTIED: Final = 2


@dataclass(frozen=True, slots=True)
class Guard:
    """Withhold where more than `share` of a listing and more than `images` images vanish at once.

    And where a listing that had `emptied` images or more shows none at all.
    """

    share: float = DEFAULT_SHARE
    images: int = DEFAULT_IMAGES
    emptied: int = DEFAULT_EMPTIED


def suspicious(missing: "Missing", guard: Guard) -> dict[str, frozenset[str]]:
    """By listing, the missing images of those listings that lost too many at once."""
    return {
        listing: ids
        for listing, ids in missing.by_listing.items()
        if _too_many(len(ids), missing.sizes.get(listing, 0), guard)
        or (listing not in missing.shown and missing.sizes.get(listing, 0) >= guard.emptied)
    }


def _too_many(gone: int, size: int, guard: Guard) -> bool:
    return gone > guard.images and gone > guard.share * size
