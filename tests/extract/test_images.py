"""The images of a page: the same as dictionaries would be, however parsed, at a cost that follows their values."""

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from extract.body import parse_page
from extract.images import ABSENT, USUAL, Images, column
from extract.numbers import Number
from tests.clouds.record_sample import STANDARD
from transform.batch import flatten

ORDINARY = {name: f"a text of {name}" for name in USUAL}
ROWS = [
    {**ORDINARY, "id": "a", "tags": ["q", "p"], "x": None},
    {**ORDINARY, "id": "b", "size": 2**70, "first": "/v2/images"},
    {**ORDINARY, "id": "c", "__os_bit": None},
    {"id": "d", "os_type": "Linux"},
]
FEW = [{"id": "a", "tags": ["q", "p"], "x": None}, {"id": "b", "y": 2**70, "self": "/v2/images/b"}]


def body(images: list[Any]) -> bytes:
    return json.dumps({"images": images}).encode()


def parsed(images: list[Any]) -> Images:
    return parse_page(body(images), "test").images


@pytest.mark.parametrize("page", [ROWS, FEW, ROWS[1:3], ROWS[2:3] * 3, [*ROWS, *FEW]])
def test_page_is_the_same_however_it_is_read(page: list[dict[str, Any]]) -> None:
    expected = parse_page(body(page), "test", frozenset({"x", "y", "os_type"})).images
    for images in (parsed(page), Images.of(page), expected):
        assert list(images) == page
        assert (len(images), images[1], images[-1]) == (len(page), page[1], page[-1]) if len(page) > 1 else True
        assert list(images[1:]) == page[1:]
        assert list(images[1:][1:]) == page[2:]
        assert list(images[::-2]) == page[::-2]
        assert images.names == {name for image in page for name in image}
        for name in (*images.names, "unheard-of"):
            assert list(images.column(name)) == [image.get(name, ABSENT) for image in page]
            assert list(column(page, name)) == list(images.column(name))
            assert dict(images.values(name)) == {at: image[name] for at, image in enumerate(page) if name in image}


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "\x00", "\ud800", "", "self ", "a1", "__class__", "é"])
def test_attribute_of_any_name_is_read(name: str) -> None:
    for page in ([{"id": "a", name: 1}], [{**ORDINARY, name: 1}, ORDINARY]):
        assert list(parsed(page)) == page


@pytest.mark.parametrize("page", [[1], [None, {"id": "a"}], ["text"], [[]], [], [ORDINARY, None, 7, "x", [ORDINARY]]])
def test_what_is_no_object_comes_as_it_is(page: list[Any]) -> None:
    images = parsed(page)
    assert list(images) == page
    assert list(images[1:]) == page[1:]
    assert [value is ABSENT for value in images.column("id")] == [not isinstance(image, dict) for image in page]


VALUES = [
    *(None, True, 0, -1, 1.5, 1e300, 2**64, 10**400, "", "é\u2028😀"),
    *([], ["a", 1], [1, {"b": 1, "a": 2}], {"z": {}, "a": [None]}),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["tags", "size", "v"])
def test_value_of_any_kind_is_read(value: Any, name: str) -> None:
    for page in ([{"id": "a", name: value}], [ORDINARY, {**ORDINARY, name: value}]):
        image = parsed(page)[len(page) - 1]
        expected = json.loads(json.dumps(page[-1]), parse_float=Number)
        assert (image, type(image[name])) == (expected, type(expected[name]))


def test_attribute_that_comes_twice_has_its_last_value() -> None:
    for more in ("", json.dumps(ORDINARY)[1:-1] + ", "):
        image = f'{{{more}"id": "a", "v": 1, "v": 2, "size": 1, "size": 2}}'
        page = parse_page(f'{{"images": [{image}], "next": "/v2/images?marker=a"}}'.encode(), "test")
        assert (page.images[0]["v"], page.images[0]["size"], page.next) == (2, 2, "/v2/images?marker=a")


def small(number: int, own: int) -> dict[str, Any]:
    return {"id": f"i{number}", "name": "n"} | {f"own_{number}_{other}": "v" for other in range(own)}


ODD_PAGES = {
    "16 properties of its own each": [small(number, 16) for number in range(300)],
    "128 properties of its own each": [small(number, 128) for number in range(60)],
    "usual ones, and 32 of its own each": [ORDINARY | small(number, 32) for number in range(150)],
    "one with very many": [*([ORDINARY | {"id": "u"}] * 200), small(1, 10_000)],
    "very long names": [{**ORDINARY, "n" * 20_000 + str(number): "x"} for number in range(100)],
}


@pytest.mark.parametrize("page", ODD_PAGES.values(), ids=ODD_PAGES)
def test_cost_follows_the_values_that_there_are(page: list[dict[str, Any]]) -> None:
    """Images times names would be a hundred times as much."""
    values, text = sum(map(len, page)), body(page)
    flatten(parse_page(body([ORDINARY]), "test").images)  # what is imported or made once does not count
    tracemalloc.start()
    flatten(parse_page(text, "test").images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 600 * values + 5 * len(text)
    began = time.process_time()
    flattened = flatten(parse_page(text, "test").images)
    assert time.process_time() - began < 1 + 500e-6 * values
    assert flattened.images.num_rows == len(page)


def test_no_page_changes_how_fast_another_is_read() -> None:
    page = body([ORDINARY | {"id": f"i{number}"} for number in range(500)])

    def seconds() -> float:
        times = []
        for _ in range(5):
            began = time.process_time()
            parse_page(page, "test")
            times.append(time.process_time() - began)
        return min(times)

    before = seconds()
    for number in range(300):
        parse_page(body([ORDINARY | small(number, 2)]), "test")
    assert any(seconds() < 3 * before for _ in range(5)), "a busy machine is slow now and then"


def test_what_a_page_has_is_expected_of_the_next_which_is_read_as_fast() -> None:
    page = body([ORDINARY | {"id": f"i{number}", "cost_center": "12", "tier": None} for number in range(500)])
    images = parsed([ORDINARY | {"cost_center": "12", "tier": None, "spec": 1}, ORDINARY, *[ORDINARY] * 48])
    assert images.expected_next == {"cost_center", "tier", "spec"}
    assert parse_page(page, "test", images.expected_next).images.expected_next == images.expected_next

    def seconds(expected: frozenset[str]) -> float:
        times = []
        for _ in range(5):
            began = time.process_time()
            parse_page(page, "test", expected)
            times.append(time.process_time() - began)
        return min(times)

    assert any(seconds(images.expected_next) < seconds(frozenset()) / 2 for _ in range(5))


@pytest.mark.parametrize(
    "page",
    [
        [ORDINARY | {f"n{number}": 1 for number in range(33)}],
        [ORDINARY | {name: 1} for name in ("", 'a"b', "a\\b", "a\nb", "\ud800", "é", "n" * 256)],
        [ORDINARY | {"rare": 1}, *[ORDINARY] * 50],
        [{"id": "a"}, None],
    ],
    ids=["too many", "no names of fields", "on one of 51", "none"],
)
def test_no_more_is_expected_than_is_worth_it(page: list[Any]) -> None:
    assert parsed(page).expected_next == frozenset()
    assert parse_page(body(page), "test", frozenset({"x"})).images.expected_next <= {"x"}


def test_recorded_public_images_are_usual_ones() -> None:
    pages = sorted((Path(__file__).parents[2] / "data" / "sample" / "night-1").glob("public-*.json"))
    assert pages
    for page in pages:
        # One image has what SCS-0102 demands.
        assert parse_page(page.read_bytes(), page.name).images.names - STANDARD.keys() <= set(USUAL)
