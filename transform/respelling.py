"""Images as they were spelled before numbers were kept as received: a fraction or an exponent was written as a float's.

For versions of that time alone: an image whose numbers only look otherwise now has not changed.
"""

import math

from extract.images import Images, Json
from extract.numbers import Number, json_text


def spelled_before(images: Images) -> dict[int, Json]:
    """By position, those of the images that hold such a number, as they were spelled."""
    return {position: _before(images[position]) for position in sorted(images.positions_of(_holds_number))}


def _holds_number(value: Json) -> bool:
    match value:
        case Number():
            return True
        case list():
            return any(map(_holds_number, value))
        case dict():
            return any(map(_holds_number, value.values()))
        case _:
            return False


def _before(value: Json) -> Json:
    match value:
        case Number():
            number = float(value.text)
            return Number(json_text(number)) if math.isfinite(number) else None
        case list():
            return list(map(_before, value))
        case dict():
            return {name: _before(inner) for name, inner in value.items()}
        case _:
            return value
