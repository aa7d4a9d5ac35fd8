"""Images as they were spelled before numbers were kept as received: a fraction or an exponent was written as a float's.

For versions of that time alone: an image whose numbers only look otherwise now has not changed.
"""

import json

from extract.body import levels
from extract.images import Images, Json
from extract.numbers import Number, json_text


def spelled_before(images: Images) -> dict[int, Json]:
    """By position, those of the images that hold such a number, as they were spelled."""
    return {position: _before(images[position]) for position in sorted(images.positions_of(_holds_number))}


def _holds_number(value: Json) -> bool:
    return any(type(one) is Number for level in levels(value) for one in level)


def _before(image: Json) -> Json:
    try:
        text = json_text(json.loads(json_text(image)))
        return json.loads(text, parse_float=Number, parse_constant=Number)
    except RecursionError:
        # Nested as deeply as may be: such an image may look changed once.
        return image
