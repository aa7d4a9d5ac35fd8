"""The texts from which the current versions of a cloud were made, for readers: what they know need not be flattened."""

from extract.known_texts import KnownTexts
from load.warehouse import Warehouse


class NotAsKnown(Exception):
    """An image came as its version was when the run began, and another machine has loaded another version since.

    The staged files do not have the whole image; stage them again from landing.
    """


def known_texts(warehouse: Warehouse, cloud: str) -> KnownTexts:
    """The texts of the cloud's current versions; none of a cloud that no run has loaded."""
    return KnownTexts(bytes.fromhex(warehouse.row("reading", "known_texts", cloud=cloud)["known"] or ""))
