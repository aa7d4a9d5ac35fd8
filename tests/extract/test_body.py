"""Whatever bytes come in place of a page: its images, or a CloudError that says what they are."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import CloudError, TransientError
from extract.body import PageBody, parse_json, parse_page, usable_id, usable_ids
from extract.images import USUAL
from extract.numbers import Number
from transform.batch import flatten

ORDINARY = {name: f"a text of {name}" for name in USUAL}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
IMAGES = st.lists(
    JSON
    | st.fixed_dictionaries({}, optional={"id": JSON, "tags": JSON, "created_at": JSON, "size": JSON, "x": JSON})
    | st.builds(lambda some: ORDINARY | some, st.dictionaries(st.sampled_from([*USUAL, "x"]), JSON, max_size=3)),
    max_size=5,
)
PAGES = JSON | st.fixed_dictionaries({}, optional={"images": IMAGES | JSON, "next": JSON, "first": JSON})
LONG_PAGE = json.dumps({"images": [ORDINARY | {"name": "大é"}]}, ensure_ascii=False)
PAGE = b'{"images": [{"id": "a"}], "next": "/v2/images?marker=a"}'


def parsed(body: bytes) -> PageBody:
    return parse_page(body, "cloud x, page 1")


@pytest.mark.parametrize("following", ["", None])
@pytest.mark.parametrize("image", [{"id": "a"}, ORDINARY, ORDINARY | {"own": 1}, {"id": "\ud800"}])
def test_empty_next_is_none(following: str | None, image: dict[str, Any]) -> None:
    assert parsed(json.dumps({"images": [image], "next": following}).encode()).next is None
    assert parsed(json.dumps({"images": [image], "next": "/x"}).encode()).next == "/x"
    assert parsed(json.dumps({"images": [image]}).encode()).next is None


@pytest.mark.parametrize("following", [0, 1, False, [], {}, ["/v2/images"], {"href": "/v2/images"}])
def test_next_that_is_no_text_is_an_error(following: Any) -> None:
    with pytest.raises(CloudError, match="next") as caught:
        parsed(json.dumps({"images": [ORDINARY], "next": following}).encode())
    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t ", b"\xef\xbb\xbf", b"\xef\xbb\xbf \n", b"\xff\xfe"])
def test_empty_answer_is_worth_another_try(body: bytes) -> None:
    with pytest.raises(TransientError, match="cloud x, page 1: the answer is empty"):
        parsed(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize(
    "text", [PAGE.decode(), json.dumps({"images": [ORDINARY | {"name": "大é"}]}, ensure_ascii=False)]
)
def test_answer_that_breaks_off_anywhere_is_worth_another_try(encoding: str, text: str) -> None:
    body = text.encode(encoding)
    assert len(parsed(body).images) == 1
    for end in (*range(8, len(body) - 4, 7), len(body) - 4):
        with pytest.raises(TransientError, match="is cut off"):
            parsed(body[:end])


@pytest.mark.parametrize(
    "body",
    [
        *(b"null", b"true", b"1", b'"text"', b"[]", b"[1, 2", b"{}", b'{"images": null}', b'{"images": {}}'),
        *(b"<html>Login</html>", b"\xef\xbb\xbf<html>", b"\x00", b"\x00" * 64, b"\x1f\x8b\x08", b"not found"),
        *(b'{"images": [{"name": "\xff"}]}', b'{"images": [{"\xff": 1}]}', b"[" * 100_000, b'{"images":' * 100_000),
        *(b'{"images": %s}' % (b"[" * 5_000 + b"]" * 5_000), b'{"images": [%s1%s]}' % (b'{"a":' * 900, b"}" * 900)),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_page_is_an_error_and_final(body: bytes) -> None:
    with pytest.raises(CloudError, match="cloud x, page 1: ") as caught:
        parsed(body)
    assert not isinstance(caught.value, TransientError)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["name", "tags", "x"])
def test_value_that_could_not_be_written_again_is_refused(name: str) -> None:
    for depth in (810, 900):
        deep = json.dumps(ORDINARY | {name: "@"}).replace('"@"', "[" * depth + "]" * depth)
        with pytest.raises(CloudError, match="nested too deeply"):
            parsed(b'{"images": [%s]}' % deep.encode())


def test_json_of_any_other_answer_is_read_alike() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": [NaN, 1e999, "\\ud800"]}', "x") == {
        "a": [Number("NaN"), Number("1e999"), "\ud800"]
    }
    assert parse_json(b'{"a": %s}' % (b"9" * 5_000), "x") == {"a": "9" * 5_000}
    for body, error in ((b" ", TransientError), (b'{"a', TransientError), (b"<html>", CloudError)):
        with pytest.raises(error, match="x: the answer"):
            parse_json(body, "x")
    for depth in (900, 100_000):
        with pytest.raises(CloudError, match="nested too deeply"):
            parse_json(b"[" * depth + b"]" * depth, "x")


@pytest.mark.parametrize("others", [{}, ORDINARY], ids=["bare", "usual"])
@pytest.mark.parametrize("name", ["x", "name", "tags"])
def test_value_that_is_nested_as_deeply_as_is_read_can_be_written(others: dict[str, Any], name: str) -> None:
    deep = json.dumps({**others, "id": "a", name: "@"}).replace('"@"', '{"é":[' * 390 + "1e22" + "]}" * 390)
    images = parsed(b'{"images": [%s, {"id": "\\ud800"}]}' % deep.encode()).images
    for one in (images, parsed(b'{"images": [%s]}' % deep.encode()).images):
        flattened = flatten(one)
        kept = [
            *flattened.rejects.column("value").to_pylist(),
            *dict(flattened.images.to_pylist()[0]["extra"]).values(),
        ]
        assert any(json.loads(value) == json.loads(deep)[name] for value in kept if value.startswith('{"'))


@pytest.mark.parametrize("name", ["x", "size", "min_disk", "name"])
@pytest.mark.parametrize("others", [{}, ORDINARY], ids=["bare", "usual"])
def test_whole_number_of_any_size_is_kept(others: dict[str, Any], name: str) -> None:
    for digits in ("9" * 400, "9" * 4_300, "9" * 4_301, "-" + "9" * 10_000):
        image = json.dumps({**others, "id": "a", name: "@"}).replace('"@"', digits)
        flattened = flatten(parsed(b'{"images": [%s]}' % image.encode()).images)
        row = flattened.images.to_pylist()[0]
        rejects = flattened.rejects.to_pylist()
        assert digits in (row["name"], dict(row["extra"]).get("x"), *(reject["value"] for reject in rejects))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("expected", [frozenset[str](), frozenset({"x"})], ids=["unexpected", "expected"])
@pytest.mark.parametrize("others", [{}, ORDINARY], ids=["bare", "usual"])
def test_minus_zero_is_kept_as_received(others: dict[str, Any], expected: frozenset[str], encoding: str) -> None:
    for text in ("-0", "[1,-0]", '{"a":-0}', "-0.0", "0", '"web-0, web-0"'):
        for end in ("}", " }", "\n}", '\t,"z":-0}', ',"z":"-0"}'):
            image = json.dumps({**others, "id": "a"})[:-1] + f', "x": {text}{end}'
            body = f'{{"images": [{json.dumps(ORDINARY)}, {image}, {{"id": "b", "x": 0}}]}}'.encode(encoding)
            rows = flatten(parse_page(body, "test", expected).images).images.to_pylist()
            assert dict(rows[1]["extra"])["x"] == text.strip('"')
            assert dict(rows[1]["extra"]).get("z", "-0") == "-0"
            assert dict(rows[2]["extra"]) == {"x": "0"}


@pytest.mark.parametrize("identity", [None, 7, "", "x" * 256, "a\nb", "\x00", "\ud800", [], {"a": 1}, True, "\u202e"])
def test_unusable_id_is_none(identity: Any) -> None:
    page = [{"id": "a"}, {"id": identity}, None, {}, ORDINARY | {"id": identity}, ORDINARY | {"id": "b"}]
    assert usable_id(page[1]) is None
    read = parsed(json.dumps({"images": page}).encode())
    assert read.ids == usable_ids(page) == usable_ids(read.images) == ["a", "b"]
    assert not read.all_have_ids


def test_page_body_takes_any_images() -> None:
    read = PageBody([{"id": "a"}, 1], "/x")
    assert (list(read.images), list(read.images[:1]), read.ids) == ([{"id": "a"}, 1], [{"id": "a"}], ["a"])


@given(PAGES, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example({"images": [{"id": "a", "first": 1}, None, 0, False, "", [], {}]}, "utf-8")
def test_any_json_is_its_images_or_an_error(page: Any, encoding: str) -> None:
    body = json.dumps(page).encode(encoding)
    try:
        read = parsed(body)
    except CloudError:
        is_page = isinstance(page, dict) and isinstance(page.get("images"), list)
        assert not is_page or not isinstance(page.get("next"), str | None)
        return
    assert list(map(repr, map(_sorted, read.images))) == list(
        map(repr, map(_sorted, json.loads(body, parse_float=Number, parse_constant=Number)["images"]))
    )
    flattened = flatten(read.images)
    assert flattened.images.column("id").to_pylist() == read.ids


@given(st.integers(0, len(PAGE)), st.integers(0, len(PAGE)), st.binary(max_size=30))
def test_any_bytes_are_a_page_or_an_error(end: int, begin: int, between: bytes) -> None:
    with contextlib.suppress(CloudError):
        flatten(parsed(PAGE[:end] + between + PAGE[begin:]).images)


def _sorted(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value
