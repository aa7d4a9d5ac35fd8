"""Golden content hashes: another hash for an unchanged image would make a version of every image of every cloud."""

import json
from pathlib import Path
from typing import Any

import pytest

from extract.body import parse_page
from transform.batch import flatten
from transform.identity import content_hash

REFERENCE = json.loads((Path(__file__).parent / "reference_response.json").read_text())["images"][0]
GOLDEN: dict[str, tuple[dict[str, Any], str]] = {
    "bare": ({"id": "a"}, "8489a5deb454a360345c7868bca8672d"),
    "usual": (REFERENCE, "e060b1a248dbf96f182b7e00302c8557"),
    "tags unordered": ({"id": "a", "tags": ["q", "\xe9", "p", "Z"]}, "b0a2a42ff69861c9daf794aa78e54f02"),
    "tags sorted": ({"id": "a", "tags": ["Z", "p", "q", "\xe9"]}, "b0a2a42ff69861c9daf794aa78e54f02"),
    "tags with something else": ({"id": "a", "tags": ["q", 1, None, "p"]}, "a04c4ed1bc52c84ea5ead1e78bda1251"),
    "tags null": ({"id": "a", "tags": None}, "df33c354df9e46802bf81cc9ccd7eea4"),
    "tags text": ({"id": "a", "tags": "q,p"}, "1ccae9474773709010546b95cc0d819f"),
    "links only": (
        {"id": "a", "self": "s", "file": "f", "schema": "c", "first": 1},
        "8489a5deb454a360345c7868bca8672d",
    ),
    "null": ({"id": "a", "x": None}, "3605d2694ed376cc4526aad85f15af47"),
    "empty text": ({"id": "a", "x": ""}, "b4723c429fb3fab9141476bf14a65c08"),
    "lone surrogate": (
        {"id": "a", "x": "\ud800", "tags": ["q", "p"], "self": "s", "\xe9": "\xe9"},
        "1cd6ed3726689736277056ac0360c02c",
    ),
    "lone surrogate in a name": ({"id": "a", "\udfff": 1}, "aeab9639058b6678122f2b9b0394ae4b"),
    "lone surrogate in a tag": ({"id": "a", "tags": ["q", "\ud800", "p"]}, "9ce94bbecd07b19e30257b0cc57e6c16"),
    "NaN": ({"id": "a", "x": float("nan")}, "3605d2694ed376cc4526aad85f15af47"),
    "beyond a double": ({"id": "a", "x": float("inf"), "y": float("-inf")}, "2081b8cbac9a77c2cf385ba7341bc38d"),
    "huge whole number": ({"id": "a", "x": 2**70, "y": -(10**400)}, "bb8a8a336d7b6b9a363696b4b27562f4"),
    "numbers": (
        {
            "id": "a",
            "int": 1,
            "float": 1.0,
            "small": 1e-07,
            "large": 1e22,
            "zero": -0.0,
            "edge": 18446744073709551616,
            "max": 1.7976931348623157e308,
        },
        "bfbe1bb45e008f1ed520bc3512f38162",
    ),
    "nested": (
        {"id": "a", "x": {"b": [1, {"z": 1, "a": []}], "a": {}}, "tags": []},
        "0ad012e45187884c9d72c8067a494e29",
    ),
    "names of all kinds": (
        {
            "id": "a",
            "": 1,
            'a"b': 2,
            "a\\b": 3,
            "\x00": 4,
            "\xe9": 5,
            "\U0001f600": 6,
            "Z": 7,
            "_": 8,
            "__os_type": "Linux",
            "os_type": "linux",
            "\uffff": 9,
        },
        "66b29dad512b485147d780d6f3cbdab7",
    ),
    "booleans": ({"id": "a", "x": True, "y": False, "z": "true"}, "95ce348ac0b3145f77f5751d1142d1f3"),
    "control characters": ({"id": "a", "x": "\x00\x1f\x7f\u2028/<>&"}, "1626a072ba61d0a5f63ef80b50912e31"),
    "nested lone surrogate": ({"id": "a", "x": {"k": ["\ud800"]}}, "8fdc37aabce6789e98dd770b487bafea"),
}
NEIGHBOUR = {**REFERENCE, "id": "n", "tags": ["z", "y"], "tenant-made": "x"}


@pytest.mark.parametrize(("image", "golden"), GOLDEN.values(), ids=GOLDEN)
def test_hash_of_an_image_is_what_it_always_was(image: dict[str, Any], golden: str) -> None:
    assert content_hash(image) == golden


@pytest.mark.parametrize("neighbours", [[], [{"id": "n"}] * 99, [NEIGHBOUR] * 99], ids=["alone", "bare", "usual"])
@pytest.mark.parametrize("times", [1, 60])
def test_hash_does_not_depend_on_the_page(neighbours: list[dict[str, Any]], times: int) -> None:
    images = [*neighbours, *(image for image, _ in GOLDEN.values() for _ in range(times)), *neighbours]
    hashes = [golden for _, golden in GOLDEN.values() for _ in range(times)]
    found = flatten(parse_page(json.dumps({"images": images}).encode(), "test").images)
    assert _of(found, len(neighbours), len(hashes)) == hashes == _of(flatten(images), len(neighbours), len(hashes))


@pytest.mark.parametrize(("image", "golden"), GOLDEN.values(), ids=GOLDEN)
def test_hash_on_a_page_of_such_images_is_the_same(image: dict[str, Any], golden: str) -> None:
    found = flatten(parse_page(json.dumps({"images": [image] * 100}).encode(), "test").images)
    assert set(_of(found, 0, 100)) == {golden}


def _of(flattened: Any, first: int, count: int) -> list[str]:
    hashes: list[str] = flattened.images.column("content_hash").to_pylist()
    return hashes[first : first + count]
