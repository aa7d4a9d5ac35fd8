"""How many images may vanish at once before their end is withheld: a broken listing looks like a mass deletion."""

from dataclasses import dataclass
from typing import Final

from load.merge import Missing

DEFAULT_SHARE: Final = 0.2
DEFAULT_IMAGES: Final = 10


@dataclass(frozen=True, slots=True)
class Guard:
    """Withhold where more than `share` of a listing and more than `images` images vanish at once."""

    share: float = DEFAULT_SHARE
    images: int = DEFAULT_IMAGES


def suspicious(missing: Missing, guard: Guard) -> dict[str, frozenset[str]]:
    """By listing, the missing images of those listings that lost too many at once."""
    return {
        listing: ids
        for listing, ids in missing.by_listing.items()
        if len(ids) > guard.images and len(ids) > guard.share * missing.sizes.get(listing, 0)
    }
