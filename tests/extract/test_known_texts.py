"""Which images of a page are known by their text, and what is parsed of those."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.body import PageParser, parse_page
from extract.images import USUAL
from extract.known_texts import BRIEF, BriefImages, KnownTexts
from extract.listing import DIALECTS, listings

CONTENT = "c" * 32


def known(*texts: str) -> KnownTexts:
    """These texts of images, each with a content hash that begins with its number."""
    rows = [sha256(text.encode()).digest() + bytes([number]) * 16 for number, text in enumerate(texts)]
    return KnownTexts(b"".join(sorted(rows)))


def digest(text: str) -> bytes:
    return sha256(text.encode()).digest()


def image(identity: Any, **others: Any) -> str:
    return json.dumps({"id": identity, **others})


def page(*images: str, following: str = "") -> bytes:
    return f'{{"images": [{", ".join(images)}]{following}}}'.encode()


def known_of(images: Any) -> list[bool]:
    assert isinstance(images, BriefImages)
    return [content_hash is not None for content_hash in images.content_hashes]


@given(st.sets(st.text(max_size=3)), st.lists(st.text(max_size=3)))
def test_text_is_known_if_it_is_one_of_the_texts(texts: set[str], asked: list[str]) -> None:
    in_order = sorted(texts)
    found = known(*in_order).content_hashes(map(digest, asked))
    expected = [bytes([in_order.index(text)]).hex() * 16 if text in texts else None for text in asked]
    assert found == expected
    assert len(known(*in_order)) == len(texts)


@pytest.mark.parametrize("number", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_texts_that_begin_alike_are_told_apart(number: int) -> None:
    texts = [bytes([7, 7, *at.to_bytes(2), *[0] * 28]) for at in range(number)]
    rows = b"".join(text + at.to_bytes(16) for at, text in enumerate(texts))
    wanted = [at.to_bytes(16).hex() for at in range(number)]
    assert KnownTexts(rows).content_hashes([*texts, bytes([7, 7, 255, 255, *[0] * 28])]) == [*wanted, None]


def test_each_of_many_texts_is_found() -> None:
    texts = sorted(sha256(str(number).encode()).digest() for number in range(12_000))
    rows = b"".join(text + text[:16] for text in texts)
    assert KnownTexts(rows).content_hashes(texts) == [text[:16].hex() for text in texts]


def test_bytes_that_lie_across_two_rows_are_no_text() -> None:
    first, second = bytes([1] * 32) + bytes([1] * 15) + b"\2", bytes([1, 1, *[3] * 30]) + bytes(16)
    across = (first + second)[47 - 20 : 47 - 20 + 32]
    assert across[:2] == bytes([1, 1])
    assert KnownTexts(first + second).content_hashes([across]) == [None]


def test_every_filter_of_a_listing_is_parsed() -> None:
    for dialect in DIALECTS:
        for listing in listings(dialect, "p"):
            assert set(listing.filters) <= set(BRIEF)


def test_page_of_known_images_is_parsed_briefly() -> None:
    texts = [image(f"{number}", owner="p", updated_at="u", extra=number) for number in range(4)]
    body = parse_page(page(*texts, following=', "next": "/n"'), "test", known=known(*texts[:3]))
    assert known_of(body.images) == [True, True, True, False]
    assert (body.ids, body.next) == (["0", "1", "2", "3"], "/n")
    assert body.images[0] == {"id": "0", "owner": "p", "updated_at": "u"}
    assert isinstance(body.images, BriefImages)
    assert list(body.images.others) == [json.loads(texts[3])]
    assert body.images.hashes == [digest(text).hex() for text in texts]
    assert body.images.others.hashes == [digest(texts[3]).hex()]


@pytest.mark.parametrize("unknown", [2, 3, 4])
def test_page_with_few_known_images_is_parsed_whole(unknown: int) -> None:
    texts = [image(f"{number}", extra=number) for number in range(4)]
    images = parse_page(page(*texts), "test", known=known(*texts[unknown:])).images
    assert not isinstance(images, BriefImages)
    assert list(images) == list(map(json.loads, texts))


@pytest.mark.parametrize("odd", [image(7), image(None), image(""), '{"name": "n"}', image("i", owner=3), "[]", "5"])
def test_page_with_an_image_of_another_form_is_parsed_whole(odd: str) -> None:
    texts = [image(f"{number}", extra=number) for number in range(3)]
    images = parse_page(page(*texts, odd), "test", known=known(*texts)).images
    assert not isinstance(images, BriefImages)
    assert list(images) == [*map(json.loads, texts), json.loads(odd)]


@given(st.lists(st.booleans(), min_size=4, max_size=12), st.data())
def test_part_of_a_page_has_its_own_images(are_known: list[bool], data: st.DataObject) -> None:
    texts = [image(f"{number}", extra=number) for number in range(len(are_known))]
    images = parse_page(
        page(*texts), "test", known=known(*(text for text, is_known in zip(texts, are_known, strict=True) if is_known))
    ).images
    positions = data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True))
    taken = images.take(sorted(positions))
    assert [one["id"] for one in taken] == [f"{position}" for position in sorted(positions)]
    if isinstance(taken, BriefImages):
        assert known_of(taken) == [are_known[position] for position in sorted(positions)]
        others = [json.loads(texts[position]) for position in sorted(positions) if not are_known[position]]
        assert list(taken.others) == others
        assert taken.hashes == [digest(texts[position]).hex() for position in sorted(positions)]


def test_what_is_not_expected_is_expected_after_a_page_of_known_images_too() -> None:
    usual = dict.fromkeys(USUAL, "text")
    texts = [json.dumps({**usual, "id": f"{number}", "team": "a"}) for number in range(4)]
    parse = PageParser(known(*texts))
    new = [text.replace('"team": "a"', '"team": "b"') for text in texts]
    assert parse(page(*new), "test").images.expected_next == {"team"}
    assert isinstance(parse(page(*texts), "test").images, BriefImages)
    assert parse(page(*texts), "test").images.expected_next == {"team"}


def test_text_that_is_not_utf_8_is_read_as_ever() -> None:
    texts = [image(f"{number}", extra=number).encode() for number in range(3)]
    body = b'{"images": [' + b", ".join([*texts, b'{"id": "odd", "name": "\xff"}']) + b"]}"
    with pytest.raises(Exception, match="UTF-8"):
        parse_page(body, "test", known=known(*(text.decode() for text in texts)))
