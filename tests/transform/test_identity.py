"""The content hash: golden values, and that it says what the row says, and nothing else."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from extract.body import parse_page
from tests.transform.test_batch import IMAGES
from transform.batch import Flattened, flatten
from transform.dictionary import ATTRIBUTES

REFERENCE = json.loads((Path(__file__).parent / "reference_response.json").read_text())["images"][0]
GOLDEN: dict[str, tuple[str, str]] = {
    "bare": ('{"id": "a"}', "005f098d8e5d60968e7a6d8c5836d5c5"),
    "usual": (json.dumps(REFERENCE), "f61dbb558bf99bbcd55559f63d8e040c"),
    "tags": ('{"id": "a", "tags": ["q", "\\u00e9", "p", "Z", "p"]}', "f435d56d17f4073610f7b782fa4e0083"),
    "no tags": ('{"id": "a", "tags": []}', "2b074f10bcd80a438c90dbee56641f5f"),
    "every kind": (
        '{"id": "a", "name": "\\ud83d\\ude00", "__os_bit": "64", "protected": "True", "size": 9223372036854775807, '
        '"created_at": "1969-12-31T23:59:59.999999Z", "__os_feature_list": {"b": 1.10, "a": []}, "__virtual_size": 40, '
        '"virtual_size": 42949672960}',
        "69f4c6aac9e8eb9febec413517fddeaf",
    ),
    "extra": (
        '{"id": "a", "x": 1.10, "": null, "\\u00e9": "\\u00e9", "Z": [1E2], "__os_type": "y", "os_type": "z"}',
        "b7c46c3fa3fe8027669bdd22b382ad54",
    ),
    "rejects": ('{"id": "a", "min_ram": "much", "__os_bit": [1], "x": "\\ud800"}', "acb695d142b0170eef0b3b6f6addc452"),
}

SAME = [
    ('"protected": "true"', '"protected": true', '"protected": "True"', '"protected": "TRUE"'),
    ('"__os_bit": "64"', '"__os_bit": 64', '"__os_bit": 64.0', '"__os_bit": "+64"', '"__os_bit": 6.4e1'),
    ('"size": 2', '"size": 2.0', '"size": "2"', '"size": 0.2E1'),
    ('"size": 0', '"size": -0', '"size": "-0"'),
    ('"__os_feature_list": [-0]', '"__os_feature_list": "[-0]"', '"__os_feature_list": "[ -0 ]"'),
    ('"size": null', '"size": ""', '"name": null', '"x_absent_": 0'),
    ('"created_at": "2026-01-02T03:04:05Z"', '"created_at": "2026-01-02T03:04:05+00:00"',
     '"created_at": "2026-01-02T03:04:05.000000"', '"created_at": "2026-01-02T04:04:05+01:00"'),
    ('"__os_feature_list": {"b": 1, "a": "x"}', '"__os_feature_list": "{\\"a\\": \\"x\\", \\"b\\": 1}"'),
    ('"tags": ["b", "a"]', '"tags": ["a", "b"]', '"tags": ["a", "b", "a"]'),
    ('"self": "x"', '"file": "y"', '"schema": "z"', '"self": null'),
    ('"__os_type": "Linux"', '"os_type": "Linux"'),
    ('"x": {"a": 1, "b": 2}', '"x": {"b": 2, "a": 1}', '"x": "{\\"a\\":1,\\"b\\":2}"'),
]  # fmt: skip
DIFFERENT = [
    ('"x": 1.10', '"x": 1.1', '"x": 1.100', '"x": 11E-1'),
    ('"x": -0', '"x": 0', '"x": -0.0', '"x": [-0]', '"x": [0]', '"x": "-0, "'),
    ('"name": -0', '"name": 0'),
    ('"x": 100000000000000000000000000000.5', '"x": 100000000000000000000000000000.6'),
    ('"x": NaN', '"x": Infinity', '"x": -Infinity', '"x": 1e400', '"x": null', '"x": "NULL"'),
    ('"min_ram": "a"', '"min_ram": "b"', '"min_ram": ["a"]', '"min_ram": null'),
    ('"min_ram": "[1]"', '"min_ram": [1]'),
    ('"first": "/v2/images"', '"first": "/v2/others"', '"next": "/v2/images"'),
    ('"__virtual_size": 40', '"virtual_size": 40'),
    ('"tags": []', '"tags": null', '"tags": [""]', '"tags": ["a,b"]', '"tags": ["a", "b"]', '"tags": ["1:a"]'),
    ('"name": "a;owner=1:b"', '"name": "a", "owner": "b"'),
    ('"x": "y", "z": "1"', '"x": "y;+1:z=1:1"', '"xy": "z1"', '"x": "yz1"'),
]
ABSENT = '"x_absent_": 0'


def images(*texts: str) -> Flattened:
    return flatten(parse_page(b'{"images": [%s]}' % ",".join(texts).encode(), "test").images)


def hashes(*texts: str) -> list[str]:
    found: list[str] = images(*texts).images.column("content_hash").to_pylist()
    return found


def with_attributes(text: str) -> str:
    return '{"id": "a"}' if text == ABSENT else f'{{"id": "a", {text}}}'


@pytest.mark.parametrize(("image", "golden"), GOLDEN.values(), ids=GOLDEN)
def test_hash_of_an_image_is_what_it_always_was(image: str, golden: str) -> None:
    """Another hash for an unchanged image would make a version of every image of every cloud: see SCHEME."""
    assert hashes(image) == [golden]


def test_hash_does_not_depend_on_the_page() -> None:
    golden = [golden for _, golden in GOLDEN.values()]
    texts = [image for image, _ in GOLDEN.values()]
    assert hashes(*texts) == golden
    assert hashes(*texts * 30, *['{"id": "n"}'] * 50)[: len(golden)] == golden
    for image, one in GOLDEN.values():
        assert hashes(*[image] * 100) == [one] * 100


@pytest.mark.parametrize("texts", SAME, ids=lambda texts: texts[0])
def test_spellings_of_one_content_have_one_hash(texts: tuple[str, ...]) -> None:
    assert len(set(hashes(*map(with_attributes, texts)))) == 1


@pytest.mark.parametrize("texts", DIFFERENT, ids=lambda texts: texts[0])
def test_different_contents_have_different_hashes(texts: tuple[str, ...]) -> None:
    assert len(set(hashes(*map(with_attributes, texts)))) == len(texts)


@given(IMAGES)
@example({"min_ram": "much", "os_type": "x", "__os_type": [1], "tags": ["b", "a"], "\xe9": 1, "z": 2})
def test_hash_is_that_of_the_row(attributes: dict[str, Any]) -> None:
    """As the docstring of content_hashes says it, written a second time."""
    found = images(json.dumps({"id": "i", **attributes}))
    (row,), rejects = found.images.to_pylist(), found.rejects.to_pylist()
    assert row["content_hash"] == sha256(content(row, rejects).encode()).hexdigest()[:32]


def content(row: dict[str, Any], rejects: list[dict[str, Any]]) -> str:
    def counted(text: str) -> str:
        return f"{len(text.encode())}:{text}"

    def text(value: Any) -> str:
        match value:
            case bool():
                return str(value).lower()
            case datetime():
                return str((value - datetime(1970, 1, 1)) // timedelta(microseconds=1))
            case list():
                return "".join(map(counted, sorted(value, key=str.encode)))
            case _:
                return str(value)

    names = sorted({attribute.column for attribute in ATTRIBUTES} - {"self", "file", "schema"}, key=str.encode)
    columns = [f"{name}={counted(text(row[name]))};" for name in names if row[name] is not None]
    extra = sorted(dict(row["extra"]).items(), key=lambda entry: entry[0].encode())
    entries = [f"+{counted(name)}={counted(value)};" for name, value in extra]
    misfits = [
        f"!{counted(one['attribute'])}={counted(one['value'])}~{counted(one['reason'])};"
        for one in sorted(rejects, key=lambda one: one["attribute"].encode())
    ]
    return "".join(["glanceback 2;", *columns, *entries, *misfits])
