"""Finds the features that an old image API lacks, so that they are not asked for. Called only if an API may be old.

Knows the answers of `GET /v2/schemas/image` and `GET /versions`; extract.listing draws the conclusions.
"""

import logging
import re
from typing import Final

from core.errors import CloudError, Refused
from extract.asking import ask, ask_page
from extract.body import parse_json
from extract.connection import Connection
from extract.images import Json
from extract.listing import ImageApi

log = logging.getLogger(__name__)

_COMMUNITY_SINCE: Final = (2, 5)
_HIDDEN_SINCE: Final = (2, 7)
_VERSION: Final = re.compile(r"v(2)\.(\d{1,4})")


def ask_what_it_has(connection: Connection, where: str) -> ImageApi:
    """Return the API's features by its schema of an image; else by its versions; else by a test for community images.

    An API that answers none of these counts as new. Never raises CloudError: the answer only decides which listings
    are asked for.
    """
    return _by_schema(connection, where) or _by_versions(connection, where) or _by_asking(connection, where)


def _by_schema(connection: Connection, where: str) -> ImageApi | None:
    schema = _answer(connection, f"{connection.endpoint}/v2/schemas/image", f"{where}, schema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return None
    visibility = properties.get("visibility")
    known = visibility.get("enum") if isinstance(visibility, dict) else None
    if not isinstance(known, list):
        return None
    return ImageApi(has_community="community" in known, has_hidden="os_hidden" in properties)


def _by_versions(connection: Connection, where: str) -> ImageApi | None:
    answer = _answer(connection, f"{connection.endpoint}/versions", f"{where}, versions")
    versions = answer.get("versions") if isinstance(answer, dict) else None
    if not isinstance(versions, list):
        return None
    ids = [str(version.get("id")) for version in versions if isinstance(version, dict)]
    numbers = [(int(match[1]), int(match[2])) for one in ids if (match := _VERSION.fullmatch(one))]
    if not numbers:
        return None
    return ImageApi(has_community=max(numbers) >= _COMMUNITY_SINCE, has_hidden=max(numbers) >= _HIDDEN_SINCE)


def _by_asking(connection: Connection, where: str) -> ImageApi:
    try:
        ask_page(connection, {"visibility": "community", "limit": "1"}, f"{where}, community images")
    except Refused as exc:
        if exc.status == 400 and "visibility" in str(exc).lower():
            return ImageApi(has_community=False, has_hidden=False)
        log.info("%s", exc)
    except CloudError as exc:
        log.info("%s", exc)
    return ImageApi()


def _answer(connection: Connection, url: str, where: str) -> Json:
    try:
        return ask(connection, url, {}, where, parse_json)[1]
    except CloudError as exc:
        log.info("%s", exc)
        return None
