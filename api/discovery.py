"""What clients request first: the versions of the API, and the JSON schemas of an image and of a list of images."""

import json
from functools import cache
from typing import Any, Final

from api.body import Body
from api.spelling import attribute_names
from transform.attribute import Attribute, Kind, Spelling
from transform.dictionary import comment

_CURRENT: Final = "2.17"
_SUPPORTED: Final = ("2.15", "2.9", "2.7", "2.6", "2.5", "2.4", "2.3", "2.2", "2.1", "2.0")
_JSON_TYPES: Final = {
    Kind.BOOLEAN: "boolean",
    Kind.INTEGER: "integer",
    Kind.BIGINT: "integer",
    Kind.TAGS: "array",
    Kind.JSON: "array",
}


def versions(service: str) -> Body:
    """The versions' JSON; `service` is the address that the client used, without /v2."""
    listed = [_version(_CURRENT, "CURRENT", service)]
    listed += [_version(version, "SUPPORTED", service) for version in _SUPPORTED]
    return Body(json.dumps({"versions": listed}).encode())


def _version(version: str, status: str, service: str) -> dict[str, Any]:
    return {"id": f"v{version}", "status": status, "links": [{"rel": "self", "href": f"{service}/v2/"}]}


@cache
def schema(name: str, dialect: str) -> Body | None:
    """The JSON schema `image` or `images`; None for other names."""
    image = {
        "name": "image",
        "properties": {api_name: _property(attribute) for api_name, attribute in attribute_names(dialect)},
        "additionalProperties": {"type": "string"},
        "links": [
            {"rel": "self", "href": "{self}"},
            {"rel": "enclosure", "href": "{file}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }
    images = {
        "name": "images",
        "properties": {
            "images": {"type": "array", "items": image},
            **{link: {"type": "string"} for link in ("first", "next", "schema")},
        },
        "links": [
            {"rel": "first", "href": "{first}"},
            {"rel": "next", "href": "{next}"},
            {"rel": "describedby", "href": "{schema}"},
        ],
    }
    found = {"image": image, "images": images}.get(name)
    return None if found is None else Body(json.dumps(found).encode())


def _property(attribute: Attribute) -> dict[str, Any]:
    is_text = attribute.spelling is not Spelling.JSON
    kind = "string" if is_text else _JSON_TYPES[attribute.kind]
    described: dict[str, Any] = {"type": ["null", kind], "description": comment(attribute), "readOnly": True}
    if attribute.kind is Kind.TAGS:
        described["items"] = {"type": "string"}
    return described
