"""Decides whether too many images vanished at once: then their end is withheld, because the listing may be broken."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # settings need no Arrow
    from load.missing import Missing

DEFAULT_SHARE: Final = 0.2
DEFAULT_IMAGES: Final = 10
DEFAULT_EMPTIED: Final = 2


@dataclass(frozen=True, slots=True)
class Guard:
    """Withhold if more than `share` (0 to 1) of a listing and more than `images` images vanish at once.

    Also if a listing that had `emptied` images or more is now empty.
    """

    share: float = DEFAULT_SHARE
    images: int = DEFAULT_IMAGES
    emptied: int = DEFAULT_EMPTIED


def suspicious(missing: "Missing", guard: Guard) -> dict[str, frozenset[str]]:
    """The missing images of each listing that lost too many at once.

    An image that an earlier run missed, and that was not withheld, is not counted: it vanished earlier. But its end is
    withheld too, because a reading that lost too many images does not prove any end.
    """
    found = {}
    for listing, ids in missing.by_listing().items():
        vanished = [identity for identity in ids if _vanished_now(missing, identity)]
        size = missing.sizes.get(listing, 0) - len(ids) + len(vanished)
        is_emptied = listing not in missing.shown and size >= guard.emptied
        if is_emptied or _too_many(len(vanished), size, guard):
            found[listing] = ids
    return found


def _vanished_now(missing: "Missing", identity: str) -> bool:
    image = missing.images[identity]
    return image.is_withheld or not image.is_known


def _too_many(vanished: int, size: int, guard: Guard) -> bool:
    return vanished > guard.images and vanished > guard.share * size
