"""Values that did not fit their column: they are in `rejects`, and the API shows them in their image."""

import json
from collections.abc import Sequence
from typing import Any

from transform.attribute import Spelling
from transform.dictionary import ATTRIBUTES
from transform.values import is_unicode

_SPELLED_AS_JSON = {attribute.api_name for attribute in ATTRIBUTES if attribute.spelling is Spelling.JSON}


def with_misfits(image: bytes, misfits: Sequence[tuple[str, str]]) -> bytes:
    """The image's JSON with these attributes added, with their values as received: as text, or as JSON text."""
    content: dict[str, Any] = json.loads(image)
    for attribute, value in misfits:
        content[_name(attribute)] = _received(attribute, value)
    # Text that is not valid Unicode can only be sent as an escape.
    return json.dumps(content, ensure_ascii=not is_unicode(json.dumps(content, ensure_ascii=False))).encode()


def _name(attribute: str) -> str:
    """The attribute's name. One that is not valid Unicode is stored as JSON text."""
    held = _held(attribute)
    return held if isinstance(held, str) and not is_unicode(held) else attribute


def _received(attribute: str, value: str) -> Any:
    held = _held(value)
    if isinstance(held, (list, dict)) or (isinstance(held, str) and not is_unicode(held)):
        return held
    is_number = isinstance(held, (int, float)) and attribute in _SPELLED_AS_JSON
    return held if is_number else value


def _held(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
