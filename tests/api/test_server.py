"""GET /v2/images and what clients request beside it: what the reference prints, and what was there at a past time."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import httpx
import pytest

from api import copies
from api.server import Served
from api.snapshot import Snapshot
from extract.listing import listings
from load.publish import publish
from load.warehouse import Warehouse
from tests.api.serving import FIRST_NIGHT, Listings, private, published, serving
from tests.load.runs import PROJECT, Runs, image, new_warehouse

REFERENCE = Path(__file__).parents[1] / "transform"
PRINTED = json.loads((REFERENCE / "reference_response.json").read_text())
HOSTILE = (
    *("'; DROP TABLE shown; --", '"', "$p0", ") OR true --", "x' OR '1'='1", "\x00", "%", "version.name", "大" * 200),
    *("1e999", "in:", "eq:", "gt:9999-99-99"),
)
_BY_OPERATOR: dict[str, list[str]] = {
    "gt": [], "gte": ["two"], "lt": ["one"], "lte": ["two", "one"], "eq": ["two"], "neq": ["one"]
}  # fmt: skip
_WRONG = (
    *("limit=x", "limit=-1", "sort_key=tags", "sort_dir=up", "marker=nobody", "created_at=soon", "size_min=x"),
    *("visibility=secret", "name=lt:a", "name=%ff", "protected=perhaps"),
)
_NAMES = (
    *("name", "id", "owner", "__os_bit", "tag", "unheard_of", "__os_feature_list", "created_at", "marker", "sort_key"),
    *("sort", "sort_dir", "limit", "visibility", "member_status", "min_ram", "size_max"),
)


def ids(answer: httpx.Response) -> list[str]:
    return [one["id"] for one in answer.raise_for_status().json()["images"]]


@pytest.fixture(scope="module")
def client(copy: Path) -> Iterator[httpx.Client]:
    with serving(Served(copy, {"c": PROJECT})) as running:
        yield running


def test_the_references_example_comes_out_as_it_is_printed(tmp_path: Path) -> None:
    older = {**PRINTED["images"][1], "id": "00000000-0000-0000-0000-000000000000", "created_at": "2017-01-01T00:00:00Z"}
    with serving(Served(published(tmp_path, {"public": [*PRINTED["images"], older]}))) as client:
        answer = client.get("/v2/images?__isregistered=true&__imagetype=gold&limit=2")
    assert answer.text == json.dumps(PRINTED)


def test_each_parameter_of_the_references_table_finds_its_image(tmp_path: Path) -> None:
    names = (REFERENCE / "reference_request_parameters.txt").read_text().split()
    values = {"protected": ("true", "false"), "visibility": ("public", "private"), "min_ram": ("1", "2"),
              "min_disk": ("1", "2"), "__os_bit": ("32", "64"), "created_at": ("2026-01-01T00:00:00Z",) * 2,
              "updated_at": ("2026-01-02T00:00:00Z",) * 2}  # fmt: skip
    asked = [name for name in names if name not in ("marker", "limit", "sort_key", "sort_dir", "tag", "member_status")]
    asked += ["__unheard_of", "invented", "hw_vif_multiqueue_enabled", "__image_size"]
    images = []
    for number in (0, 1):
        given: dict[str, Any] = {}
        for name in asked:
            is_truth = name.startswith(("__support", "__isreg", "hw_")) and not name.endswith("gpu_type")
            usual = ("true", "false") if is_truth else ("5", "6") if name == "__image_size" else ("one", "two")
            text = values.get(name, usual)[number]
            given[name] = text == "true" if name == "protected" else int(text) if name.startswith("min_") else text
        images.append({**given, "created_at": f"202{5 + number}-01-01T00:00:00Z"})
        images[-1]["updated_at"] = images[-1]["created_at"]
    with serving(Served(published(tmp_path, {"private": images}), {"c": PROJECT})) as client:
        for name in asked:
            found = client.get("/v2/images", params={name: str(images[0][name]).replace("True", "true")})
            assert ids(found) == ["one"], name
            assert found.json()["images"][0][name] == images[0][name]
        for operator, wanted in _BY_OPERATOR.items():
            for time in ("2026-01-01T00:00:00Z", "2026-01-01 00:00:00"):
                for name in ("created_at", "updated_at"):
                    assert ids(client.get("/v2/images", params={name: f"{operator}:{time}"})) == wanted


def test_pages_sort_and_end_as_the_reference_says(tmp_path: Path) -> None:
    images = [
        private(f"i{n:02}", size=n % 3, tags=["a.b"] if n == 7 else ["a=b", "c"] if n == 8 else []) for n in range(60)
    ]
    with serving(Served(published(tmp_path, {"private": images}))) as client:
        assert len(ids(client.get("/v2/images"))) == 25
        for size in (7, 30):
            query = f"/v2/images?sort_key=size&sort_dir=asc&limit={size}"
            walked: list[str] = []
            while query:
                page = client.get(query)
                walked += ids(page)
                assert page.json()["first"] == f"/v2/images?sort_key=size&sort_dir=asc&limit={size}"
                query = page.json().get("next")
            assert walked == [one["id"] for one in sorted(images, key=lambda one: (one["size"], one["id"]))]
            assert ("next" in page.json()) is False
        assert ids(client.get("/v2/images?tag=a=b&sort_key=id&sort_dir=asc")) == ["i07", "i08"]
        assert ids(client.get("/v2/images?tag=a=b&tag=c")) == ["i08"]
        assert ids(client.get('/v2/images?name=in:image i07,"image i09"&sort=id')) == ["i09", "i07"]


def test_each_time_shows_what_was_there_then(client: httpx.Client, copy: Path) -> None:
    now = ids(client.get("/v2/images?sort=id:asc"))
    assert now == ["changing", "coming", "gold", "moving", "staying"]
    with duckdb.connect(str(copy), read_only=True) as reader:
        runs = [row[0] for row in reader.execute("SELECT run_id FROM runs ORDER BY started_at").fetchall()]
    first = ["changing", "going", "gold", "staying"]
    for when in ("2026-11-01", "2026-11-01T02:00:00", "2026-11-02T01:59:59.999999", runs[0], "2026-11-01T05:00+03:00"):
        assert ids(client.get(f"/as-of/{when}/v2/images?sort=id:asc")) == first, when
        assert client.get(f"/cloud/c/as-of/{when}/v2/images/changing").json()["name"] == "before"
    assert ids(client.get(f"/as-of/{runs[1]}/v2/images?sort=id:asc")) == ["changing", "gold", "moving", "staying"]
    assert client.get("/v2/images/changing").json()["name"] == "after"
    assert client.get("/as-of/2026-11-01/v2/images/coming").status_code == 404
    assert client.get("/v2/images/going").status_code == 404
    pending = "/v2/images?visibility=shared&member_status=pending&__imagetype=shared"
    assert (ids(client.get(pending)), ids(client.get(f"/as-of/2026-11-01{pending}"))) == ([], ["moving"])


def test_what_was_never_there_is_told_apart(client: httpx.Client) -> None:
    for path, said in (
        ("/as-of/2026-10-31/v2/images", "its history begins at 2026-11-01T02:00:00 UTC"),
        ("/as-of/someday/v2/images", "is not a valid time"),
        ("/as-of/20261101T020000Z-0000/v2/images", "there is no run"),
        ("/cloud/d/v2/images", "There is no cloud d. There are: c."),
        ("/v2/metadefs", "could not be found"),
        ("/v2/images/gold/file", "could not be found"),
    ):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert said in answer.text.replace("&#x27;", "'"), path


def test_several_clouds_are_told_apart_by_the_path(tmp_path: Path) -> None:
    copy = published(tmp_path, {"private": [private("one")]})
    with Warehouse(tmp_path / "warehouse.duckdb", memory_mb=1_000) as warehouse:
        for table in ("image_versions", "listing_memberships", "run_clouds"):
            columns = (
                "* REPLACE ('d/e' AS cloud, 'two' AS id)" if table != "run_clouds" else "* REPLACE ('d/e' AS cloud)"
            )
            warehouse.execute(f"INSERT INTO {table} SELECT {columns} FROM {table}")
        publish(warehouse, copy, anew=True)
    with serving(Served(copy)) as client:
        answer = client.get("/v2/images")
        assert answer.status_code == 404
        assert "/cloud/c, /cloud/d%2Fe" in answer.text
        assert ids(client.get("/cloud/c/v2/images")) == ["one"]
        assert ids(client.get("/cloud/d%2Fe/as-of/now/v2/images")) == ["two"]
    with serving(Served(copy, cloud="d/e", when="2026-11-01")) as client:
        assert ids(client.get("/v2/images")) == ["two"]
        assert ids(client.get("/cloud/c/v2/images")) == ["one"]


def test_ones_own_images_are_those_of_the_project_that_the_login_named(tmp_path: Path) -> None:
    """A community image is listed to its owner unasked. Without a login, the owner of private images is oneself."""
    theirs = [image(f"c{owner}", visibility="community", owner=owner * 32) for owner in "pq"]
    own = [image("own", visibility="private", owner="q" * 32)]
    copy = published(tmp_path, {"community": theirs, "private": own}, dialect="openstack")
    for project_id, shown in ((None, ["own", "cq"]), ("p" * 32, ["own", "cp"])):
        with Warehouse(tmp_path / "warehouse.duckdb") as warehouse:
            warehouse.execute("DELETE FROM clouds")
            warehouse.execute(
                """INSERT INTO clouds (cloud, settings_name, project_id, endpoint, first_seen, last_seen)
                VALUES ('c', 'c', $project_id, 'http://c', TIMESTAMP '2026-11-01', TIMESTAMP '2026-11-01')""",
                {"project_id": project_id},
            )
            publish(warehouse, copy, anew=True)
        with serving(Served(copy)) as client:
            assert ids(client.get("/v2/images?sort_key=id")) == shown


def test_each_listing_of_a_run_is_what_its_filters_find(tmp_path: Path) -> None:
    """Also where an old API calls shares private, where an image is hidden, and where only its id answers."""
    mark: dict[str, Any] = {"owner": "o" * 32, "visibility": "private", "__imagetype": "shared"}
    gold = {"visibility": "public", "owner": "o" * 32, "protected": True}
    first: Listings = {
        "public": [private("gold", __imagetype="gold", **gold), private("rotated", __imagetype="gold", **gold)],
        "market": [private("sold", __imagetype="market", **gold)],
        "private": [private("own"), private("lent", visibility="shared")],
        "shared-out": [private("lent", visibility="shared")],
        **{f"shared-{status}": [private(status, **mark)] for status in ("accepted", "pending", "rejected")},
    }
    second = {**first, "public": first["public"][:1]}
    copy = tmp_path / "published.duckdb"
    with new_warehouse(tmp_path) as warehouse:
        reading = Runs(warehouse, tmp_path / "staged")
        reading.run(first, at=FIRST_NIGHT)
        reading.run(second, there=(first["public"][1],), at=FIRST_NIGHT + timedelta(days=1))
        publish(warehouse, copy)
    names = ("public", "private", "shared-accepted", "shared-pending", "shared-rejected", "market")
    asked = {listing.name: listing.filters for listing in listings("ims", PROJECT, names)}
    with serving(Served(copy, {"c": PROJECT})) as client:
        for name, filters in asked.items():
            found = set(ids(client.get("/v2/images", params=dict(filters))))
            assert found == {one["id"] for one in second[name]}, name
        assert set(ids(client.get("/v2/images"))) == {"gold", "sold", "own", "lent", "accepted"}
        assert client.get("/v2/images/rotated").json()["name"] == "image rotated"
        assert set(ids(client.get("/v2/images?member_status=all"))) >= {"pending", "rejected"}


def test_names_without_underscores_are_plain_openstacks(tmp_path: Path) -> None:
    images = [
        image("plain", visibility="private", os_type="linux", description="x"),
        image("both", visibility="private", os_type="linux", __os_type="Windows"),
        image("hidden", visibility="private", os_hidden=True, owner=PROJECT),
    ]
    copy = published(tmp_path, {"private": images[:2], "hidden": images[2:]}, dialect="openstack")
    with serving(Served(copy, {"c": PROJECT})) as client:
        for query, found in {
            "os_type=linux": ["both", "plain"],
            "os_type=Windows": [],
            "__os_type=Windows": ["both"],
            "description=x": ["plain"],
            "os_hidden=true": ["hidden"],
            "os_hidden=False": ["both", "plain"],
        }.items():
            assert sorted(ids(client.get(f"/v2/images?{query}"))) == found, query
        for one in images[:2]:
            shown = client.get(f"/v2/images/{one['id']}").json()
            assert {name: shown[name] for name in one} == one
            assert ("__os_type" in shown) is ("__os_type" in one)


def test_what_did_not_fit_its_column_is_shown_as_it_was_received(client: httpx.Client) -> None:
    shown = client.get("/v2/images/staying").json()
    assert (shown["min_disk"], shown["__lazyloading"]) == ("ten", "perhaps")
    assert client.get("/v2/images/changing").json()["invented"] == "x"


def test_only_reading_is_answered(client: httpx.Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
        answer = client.request(method, "/v2/images/gold")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert "changes nothing" in answer.text


def test_wrong_parameters_are_refused_in_the_dialects_form(client: httpx.Client, tmp_path: Path) -> None:
    for query in _WRONG:
        answer = client.get(f"/v2/images?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["error"]["code"] == "IMG.0001"
    with serving(Served(published(tmp_path, {"private": [image("a")]}, dialect="openstack"))) as plain:
        answer = plain.get("/v2/images?limit=x", headers={"Accept": "application/json"})
        said = {"code": "400 Bad Request", "title": "Bad Request"}
        assert answer.json() == {**said, "message": "limit param must be an integer<br /><br />\n\n\n"}


def test_nothing_that_is_asked_is_taken_for_sql(client: httpx.Client) -> None:
    before = client.get("/v2/images").text
    for text in HOSTILE:
        for name in _NAMES:
            answer = client.get("/v2/images", params={name: text})
            assert answer.status_code in (200, 400), (name, text)
            assert answer.status_code == 400 or ids(answer) == [] or name == "limit", (name, text)
        assert ids(client.get("/v2/images", params={text: "x"})) == [], text
        assert client.get(f"/v2/images/{quote(text, safe='')}").status_code == 404
        assert client.get(f"/as-of/{quote(text, safe='')}/v2/images").status_code in (400, 404)
    assert client.get("/v2/images?" + "&".join(f"a{n}=1" for n in range(600))).status_code == 400
    assert client.get("/v2/images").text == before


def test_answers_can_be_kept_and_asked_for_again(client: httpx.Client) -> None:
    plain = client.get("/as-of/2026-11-01/v2/images", headers={"Accept-Encoding": "identity"})
    assert plain.headers["Last-Modified"] == "Sun, 01 Nov 2026 02:00:00 GMT"
    assert "Date" in plain.headers
    with client.stream("GET", "/as-of/2026-11-01/v2/images", headers={"Accept-Encoding": "br, gzip;q=0.5"}) as packed:
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == plain.content
    refused = client.get("/as-of/2026-11-01/v2/images", headers={"Accept-Encoding": "gzip;q=0, *;q=0"})
    assert "Content-Encoding" not in refused.headers
    head = client.head("/as-of/2026-11-01/v2/images", headers={"Accept-Encoding": "identity"})
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(plain.content)))
    assert head.headers["ETag"] == plain.headers["ETag"] != client.get("/v2/images").headers["ETag"]
    for conditions in ({"If-None-Match": f'"x", {plain.headers["ETag"]}'}, {"If-Modified-Since": head.headers["Date"]}):
        again = client.get("/as-of/2026-11-01/v2/images", headers=conditions)
        assert (again.status_code, again.content) == (304, b"")
    for conditions in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Sat, 31 Oct 2026 02:00:00 GMT"}):
        assert client.get("/as-of/2026-11-01/v2/images", headers=conditions).status_code == 200


def test_a_copy_replaced_while_a_snapshot_is_opened_is_not_mixed_with_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "later").mkdir()
    nights = [{"private": [private(f"i{night}{n}") for n in range(3)]} for night in range(2)]
    copy = published(tmp_path, *nights)
    later = published(tmp_path / "later", {"private": [private(f"z{n}") for n in range(9)]})

    class Replacing(Snapshot):
        """The second snapshot finds another file."""

        def __init__(self, *arguments: Any) -> None:
            if later.exists() and opened:
                later.replace(copy)
            opened.append(1)
            super().__init__(*arguments)

    opened: list[int] = []
    monkeypatch.setattr(copies, "Snapshot", Replacing)
    with serving(Served(copy)) as client:
        assert ids(client.get("/as-of/2026-11-01/v2/images?sort=id:asc")) == ["i00", "i01", "i02"]
        assert ids(client.get("/v2/images?sort=id:asc")) == [f"z{n}" for n in range(9)]


def test_short_answers_do_not_wait_for_an_acknowledgement(client: httpx.Client) -> None:
    """Where the kernel holds the body back, each takes 40 ms."""
    seconds = [client.get("/versions").elapsed.total_seconds() for _ in range(20)]
    assert min(seconds[2:]) < 0.03


def test_discovery_leads_a_client_to_the_time_that_it_asked_for(client: httpx.Client) -> None:
    for path, status in (("/", 300), ("/versions", 200), ("/v2", 200), ("/cloud/c/as-of/2026-11-01/", 300)):
        answer = client.get(path)
        assert answer.status_code == status
        current = next(one for one in answer.json()["versions"] if one["status"] == "CURRENT")
        service = str(client.base_url) + path.removesuffix("/").removesuffix("/versions").removesuffix("/v2")
        assert current["links"] == [{"rel": "self", "href": f"{service}/v2/"}]
    schema = client.get("/v2/schemas/image").json()
    assert schema["properties"]["__isregistered"]["type"] == ["null", "string"]
    assert client.get("/v2/schemas/images").json()["properties"]["images"]["items"] == schema


def test_a_token_keeps_others_out(copy: Path) -> None:
    served = Served(copy, token="sésame")
    assert "sésame" not in repr(served)
    with serving(served) as client:
        for headers in ({}, {"X-Auth-Token": "wrong"}, {"X-Auth-Token": ""}):
            for path in ("/v2/images", "/v2/images/gold", "/cloud/d/v2/images", "/v2/schemas/image"):
                assert client.get(path, headers=headers).status_code == 401, path
        assert client.get("/").status_code == 300
        assert client.get("/v2/images", headers={b"X-Auth-Token": "sésame".encode()}).status_code == 200


def test_a_copy_that_replaces_another_is_served_from_the_next_question_on(tmp_path: Path) -> None:
    (tmp_path / "later").mkdir()
    copy = published(tmp_path, {"private": [private("one")]})
    with serving(Served(tmp_path / "nowhere.duckdb")) as client:
        assert client.get("/v2/images").status_code == 503
    with serving(Served(copy)) as client:
        assert ids(client.get("/v2/images")) == ["one"]
        published(tmp_path / "later", {"private": [private("two")]}).replace(copy)
        assert ids(client.get("/v2/images")) == ["two"]
        copy.unlink()
        copy.write_text("not a database")
        assert client.get("/v2/images").status_code == 503


def test_the_command_serves_until_it_is_stopped(copy: Path, tmp_path: Path) -> None:
    config = tmp_path / "glanceback.toml"
    config.write_text(f'published = "{copy}"\napi_token = "$SESAME"\n')
    command = [
        sys.executable,
        "-m",
        "cli",
        "api",
        "--port",
        "0",
        "--as-of",
        "2026-11-01",
        "--config",
        str(config),
    ]
    environment = {**os.environ, "SESAME": "open"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        address = process.stderr.readline().split(" at ")[1].split(" ")[0]
        assert address.startswith("http://127.0.0.1:")
        answer = httpx.get(f"{address}/v2/images/changing", headers={"X-Auth-Token": "open"}, trust_env=False)
        assert answer.json()["name"] == "before"
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        assert process.stderr.read() == ""
