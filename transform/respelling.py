"""Images in their former spelling: earlier versions wrote a number with a fraction or an exponent as a Python float.

Used to compare with rows of that time: an image whose numbers are only written differently has not changed.
"""

import json

from extract.body import levels
from extract.images import Images, Json
from extract.numbers import Number, json_text


def spelled_before(images: Images) -> dict[int, Json]:
    """Return the images that contain such a number, in the former spelling, by position."""
    return {position: _before(images[position]) for position in sorted(images.positions_of(_holds_number))}


def _holds_number(value: Json) -> bool:
    return any(type(one) is Number for level in levels(value) for one in level)


def _before(image: Json) -> Json:
    try:
        text = json_text(json.loads(json_text(image)))
        return json.loads(text, parse_float=Number, parse_constant=Number)
    except RecursionError:
        # Nested too deeply for Python's parser: this image may look changed once.
        return image
