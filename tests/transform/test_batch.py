"""Whatever an image is, all of it is in its column, in extra or in the rejects."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extract.body import parse_page
from extract.images import USUAL, Images
from extract.known_texts import BriefImages, KnownTexts
from extract.landed import LandedAt
from transform.attribute import Kind
from transform.batch import IMAGES_SCHEMA, flatten
from transform.dictionary import ATTRIBUTES
from transform.stage import STAGED_SCHEMA, StageWriter
from transform.values import PARSERS, Misfit, as_received

NAMES = [name for attribute in ATTRIBUTES for name in attribute.api_names if name != "id"]
ODD_TEXTS = ["", "true", "True", "12", "2018-09-06T14:03:27Z", "2018-09-06 14:03:27", "{}", "\ud800", "\x00", "é大"]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=8) | st.sampled_from(ODD_TEXTS)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
IMAGES = st.dictionaries(
    st.sampled_from(NAMES) | st.text(st.characters(), min_size=1, max_size=6).filter(lambda name: name != "id"),
    VALUES,
    max_size=8,
)


def received(images: list[Any]) -> Images:
    """The images as a page brings them."""
    return parse_page(json.dumps({"images": images}).encode(), "test").images


def one(**attributes: Any) -> dict[str, Any]:
    """The flattened row of an image with these attributes."""
    (row,) = flatten(received([{"id": "i", **attributes}])).images.to_pylist()
    return {**row, "extra": dict(row["extra"])}


def rejects(**attributes: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = flatten(received([{"id": "i", **attributes}])).rejects.to_pylist()
    return found


def test_references_example_is_flattened_value_by_value() -> None:
    page = json.loads((Path(__file__).parent / "reference_response.json").read_text())
    rows = flatten(page["images"]).images.to_pylist()
    expected = {
        "schema": "/v2/schemas/image",
        "min_disk": 100,
        "created_at": datetime(2018, 9, 6, 14, 3, 27),
        "image_source_type": "uds",
        "container_format": "bare",
        "file": "/v2/images/bc6bed6e-ba3a-4447-afcc-449174a3eb52/file",
        "updated_at": datetime(2018, 9, 6, 15, 17, 33),
        "protected": True,
        "checksum": "d41d8cd98f00b204e9800998ecf8427e",
        "id": "bc6bed6e-ba3a-4447-afcc-449174a3eb52",
        "isregistered": True,
        "min_ram": 2048,
        "lazyloading": True,
        "owner": "1bed856811654c1cb661a6ca845ebc77",
        "os_type": "Linux",
        "imagetype": "gold",
        "visibility": "public",
        "virtual_env_type": "FusionCompute",
        "tags": [],
        "platform": "CentOS",
        "size": 0,
        "os_bit": 64,
        "os_version": "CentOS 7.3 64bit",
        "name": "CentOS 7.3 64bit vivado",
        "self": "/v2/images/bc6bed6e-ba3a-4447-afcc-449174a3eb52",
        "disk_format": "zvhd2",
        "virtual_size": None,
        "hw_firmware_type": "bios",
        "status": "active",
    }
    assert len(rows) == 2
    filled = {name: value for name, value in rows[0].items() if value is not None or name in expected}
    assert {
        name: value
        for name, value in filled.items()
        if name not in ("content_hash", "landed_hash", "is_brief", "extra")
    } == expected
    assert rows[0]["extra"] == []
    assert (rows[1]["id"], rows[1]["name"], rows[1]["updated_at"]) == (
        "0328c25e-c840-4496-81ac-c4e01b214b1f",
        "CentOS 7.3 64bit with sdx",
        datetime(2018, 9, 25, 14, 27, 40),
    )


def test_unknown_attribute_goes_to_extra_as_received() -> None:
    row = one(__support_new="true", invented={"a": [1, None]}, count=7, nothing=None)
    assert row["extra"] == {"__support_new": "true", "invented": '{"a":[1,null]}', "count": "7", "nothing": "null"}


def test_extension_attribute_has_the_column_and_its_plain_twin_is_extra() -> None:
    row = one(__os_type="Linux", os_type="linux")
    assert (row["os_type"], row["extra"]) == ("Linux", {"os_type": "linux"})


def test_plain_attribute_alone_has_the_column() -> None:
    row = one(os_type="linux")
    assert (row["os_type"], row["extra"]) == ("linux", {})


def test_value_that_does_not_fit_is_rejected_with_the_original() -> None:
    assert one(min_disk="a lot")["min_disk"] is None
    (reject,) = rejects(min_disk="a lot")
    assert (reject["id"], reject["attribute"], reject["value"]) == ("i", "min_disk", "a lot")


@pytest.mark.parametrize("tags", [[None], ["a", None], [1], [["a"]], {"a": 1}])
def test_tags_that_are_not_all_texts_are_rejected(tags: Any) -> None:
    for others in ([], [{"id": "j", "tags": ["b"]}], [{"id": "j"}]):
        flattened = flatten([{"id": "i", "tags": tags}, *others])
        assert flattened.images.to_pylist()[0]["tags"] is None
        assert flattened.rejects.column("value").to_pylist() == [as_received(tags)]


def test_image_without_a_usable_id_is_rejected_whole() -> None:
    images = [{"name": "no id"}, {"id": 7}, {"id": ""}, {"id": "x" * 256}, {"id": "a\nb"}, None, "text", ["list"]]
    flattened = flatten(images)
    assert flattened.images.num_rows == 0
    assert flattened.rejects.column("value").to_pylist() == [as_received(image) for image in images]


def test_name_of_any_unicode_and_a_long_description_are_kept() -> None:
    name, description = "𝔘nicode \u202e \x00 大 🐙", "d" * 65_000
    row = one(name=name, __description=description)
    assert (row["name"], row["description"]) == (name, description)


def test_no_images_make_empty_batches_of_the_same_schema() -> None:
    assert flatten([]).images.schema.equals(IMAGES_SCHEMA)


@given(IMAGES)
def test_nothing_of_an_image_is_lost_and_nothing_raises(attributes: dict[str, Any]) -> None:
    (image,) = received([{"id": "i", **attributes}])
    flattened = flatten([image])
    (row,) = flattened.images.to_pylist()
    extra = dict(row["extra"])
    rejected = {reject["attribute"]: reject["value"] for reject in flattened.rejects.to_pylist()}
    for name, value in image.items():
        assert _kept(name, value, image, row, extra, rejected), (name, value)


@given(IMAGES, IMAGES)
def test_neighbours_on_a_page_do_not_change_an_image(attributes: dict[str, Any], neighbour: dict[str, Any]) -> None:
    alone = flatten(received([{"id": "i", **attributes}])).images.to_pylist()[0]
    together = flatten(received([{"id": "i", **attributes}, {"id": "n", **neighbour}])).images.to_pylist()[0]
    assert {**alone, "extra": dict(alone["extra"])} == {**together, "extra": dict(together["extra"])}


@given(st.lists(IMAGES, min_size=1, max_size=4), st.booleans())
def test_parsed_images_and_dictionaries_are_flattened_alike(page: list[dict[str, Any]], is_usual: bool) -> None:
    usual = dict.fromkeys(USUAL, "text") if is_usual else {}
    page = [{**usual, **image, "id": f"{number}"} for number, image in enumerate(page)]
    body = json.dumps({"images": page}).encode()
    one_by_one = [flatten(received([image])) for image in page]
    rejects = [reject | {"position": at} for at, one in enumerate(one_by_one) for reject in one.rejects.to_pylist()]
    first = parse_page(body, "test").images
    for images in (first, parse_page(body, "test", first.expected_next).images):
        found = flatten(images)
        assert found.images.to_pylist() == [row for one in one_by_one for row in one.images.to_pylist()]
        assert sorted(map(repr, found.rejects.to_pylist())) == sorted(map(repr, rejects))


@given(st.lists(IMAGES, min_size=1, max_size=6), st.data())
def test_known_images_are_brief_rows_among_the_whole_ones(page: list[dict[str, Any]], data: st.DataObject) -> None:
    body = json.dumps({"images": [{**image, "id": f"{number}"} for number, image in enumerate(page)]}).encode()
    whole = flatten(parse_page(body, "test").images)
    rows = whole.images.to_pylist()
    rejected = {reject["position"] for reject in whole.rejects.to_pylist()}
    known = data.draw(st.sets(st.sampled_from(range(len(rows))))) - rejected
    texts = sorted(bytes.fromhex(rows[at]["landed_hash"] + rows[at]["content_hash"]) for at in known)
    images = parse_page(body, "test", known=KnownTexts(b"".join(texts))).images
    found = flatten(images)
    assert sorted(map(repr, found.rejects.to_pylist())) == sorted(map(repr, whole.rejects.to_pylist()))
    kept = {"id", "owner", "updated_at", "content_hash", "landed_hash"}
    for at, (row, expected) in enumerate(zip(found.images.to_pylist(), rows, strict=True)):
        brief = {name: value if name in kept else None for name, value in expected.items()} | {"is_brief": True}
        assert row == (brief if isinstance(images, BriefImages) and at in known else expected)


def test_extra_has_unknown_names_in_order_and_then_plain_twins() -> None:
    image = {"id": "i", "zebra": 1, "os_type": "x", "__os_type": "y", "ant": 2, "__os_bit": 64, "os_bit": 32, "Ant": 3}
    for page in ([image], [image, {"id": "j", **dict.fromkeys(USUAL, "text")}]):
        extra = flatten(page).images.to_pylist()[0]["extra"]
        assert extra == [("Ant", "3"), ("ant", "2"), ("zebra", "1"), ("os_type", "x"), ("os_bit", "32")]


@pytest.mark.slow
@settings(max_examples=60)
@given(st.lists(IMAGES, max_size=4))
def test_duckdb_takes_whatever_was_flattened(images: list[dict[str, Any]]) -> None:
    flattened = flatten(received([{"id": f"{number}", **image} for number, image in enumerate(images)]))
    json_columns = ", ".join(f"{a.column}::JSON" for a in ATTRIBUTES if a.kind is Kind.JSON)
    with duckdb.connect() as connection:
        flat = connection.from_arrow(flattened.images)  # noqa: F841 - DuckDB finds it by name
        rows = connection.execute(f"SELECT id, {json_columns} FROM flat").fetchall()
    assert [row[0] for row in rows] == [f"{number}" for number in range(len(images))]


def test_staged_pages_come_back_in_order(tmp_path: Path) -> None:
    with StageWriter(tmp_path, "public") as writer:
        for identity in "ab":
            writer.write(flatten([{"id": identity, "min_disk": "odd"}]), LandedAt(datetime(2026, 11, 1)))
    with duckdb.connect() as connection:
        rows = connection.execute(
            "FROM read_parquet($f) SELECT listing, position, id", {"f": str(writer.staged.images)}
        )
        assert rows.fetchall() == [("public", 0, "a"), ("public", 1, "b")]
        rejected = connection.execute("FROM read_parquet($f) SELECT id, value", {"f": str(writer.staged.rejects)})
        assert rejected.fetchall() == [("a", "odd"), ("b", "odd")]
    assert STAGED_SCHEMA.names[:3] == ["listing", "position", "received_at"]


def _kept(
    name: str, value: Any, image: dict[str, Any], row: dict[str, Any], extra: dict[str, str], rejected: dict[str, str]
) -> bool:
    """Whether the attribute is in its column, or in extra, or in the rejects, as its value says it must be."""
    for attribute in ATTRIBUTES:
        if name in attribute.api_names and next(n for n in attribute.api_names if n in image) == name:
            try:
                return bool(row[attribute.column] == PARSERS[attribute.kind](value))
            except Misfit:
                return row[attribute.column] is None and rejected[name] == as_received(value)
    return extra.get(name) == as_received(value) or rejected.get(as_received(name)) == as_received(value)
