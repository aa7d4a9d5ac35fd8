"""Pages parsed into rows: the same images as dictionaries would be, and when a page is parsed so."""

import json
from typing import Any

import msgspec
import pytest

from extract import images
from extract.body import parse_page
from extract.images import ABSENT, Images, column, columns, learn

PAGE = [{"id": "a", "tags": ["q", "p"], "x": None}, {"id": "b", "y": 2**70, "self": "/v2/images/b"}]


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_form", list(images._form))


def parsed(page: list[Any]) -> Any:
    return parse_page(json.dumps({"images": page}).encode(), "test").images


def test_page_of_new_attributes_makes_them_known_for_the_next() -> None:
    assert parsed(PAGE) == PAGE
    again = parsed(PAGE)
    assert isinstance(again, Images)
    assert list(again) == PAGE
    assert (len(again), again[1], list(again[1:])) == (2, PAGE[1], PAGE[1:])


def test_columns_are_those_of_the_dictionaries() -> None:
    learn(PAGE)
    rows = parsed(PAGE)
    assert {name: list(values) for name, values in columns(rows).items()} == columns(PAGE)
    assert list(column(rows, "x")) == [None, ABSENT] == column(PAGE, "x")
    assert list(column(rows, "unheard-of")) == [ABSENT, ABSENT] == column(PAGE, "unheard-of")


def test_hashing_leaves_the_images_as_they_were() -> None:
    learn(PAGE)
    rows = parsed(PAGE)
    for _ in range(2):
        assert [json.loads(msgspec.json.encode(one)) for one in rows.content()] == [
            {"id": "a", "tags": ["p", "q"], "x": None},
            {"id": "b", "y": 2**70},
        ]
    assert list(rows) == PAGE
    assert list(rows[1:]) == PAGE[1:]


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x00", "\ud800", "", "self ", "a1", "__class__", "é"])
def test_attribute_of_any_name_is_read(name: str) -> None:
    page = [{"id": "a", name: 1}]
    assert [list(parsed(page)) for _ in range(3)] == [page] * 3


def test_no_more_names_are_known_than_make_sense() -> None:
    for number in range(300):
        learn([{f"n{number}": 1}])
    assert len(images._form[0].names) == images._MOST_NAMES
    page = [{"id": "a", "n1": 1, "n299": 2}]
    assert parsed(page) == page


@pytest.mark.parametrize("page", [[1], [None, {"id": "a"}], ["text"], [[]], []])
def test_what_is_no_object_comes_as_it_is(page: list[Any]) -> None:
    assert list(parsed(page)) == page


VALUES = [
    *(None, True, 0, -1, 1.5, 1e300, 2**64, "", "é\u2028😀"),
    *([], [1, {"b": 1, "a": 2}], {"z": {}, "a": [None]}),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_value_of_any_kind_is_read(value: Any) -> None:
    page = [{"id": "a", "v": value, "tags": value}]
    learn(page)
    (image,) = parsed(page)
    assert (image, type(image["v"])) == (page[0], type(value))


def test_attribute_that_comes_twice_has_its_last_value() -> None:
    learn([{"id": "a", "v": 1}])
    body = b'{"images": [{"id": "a", "v": 1, "v": 2}], "next": "/v2/images?marker=a", "first": "/v2/images"}'
    page = parse_page(body, "test")
    assert isinstance(page.images, Images)
    assert (list(page.images), page.next) == ([{"id": "a", "v": 2}], "/v2/images?marker=a")
