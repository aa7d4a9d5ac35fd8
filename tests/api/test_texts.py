"""Where the text of an image comes from, and what is kept of a walk: answers are the same, however they were made."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from api import snapshot, texts, walks
from api.body import page_body
from api.server import Served
from extract.account import CloudSettings
from load.publish import publish
from tests.api.serving import private, published, serving
from tests.api.test_server import ids
from tests.clouds.fake import PROJECT, fake_cloud
from tests.load.runs import PROJECT as OURS
from tests.load.runs import new_warehouse
from tests.pipeline.runs import night


def test_an_image_is_told_in_its_clouds_own_words_while_landing_has_them(tmp_path: Path) -> None:
    with fake_cloud() as cloud, new_warehouse(tmp_path) as warehouse:
        odd: dict[str, Any] = {
            "__lazyloading": "True",
            "__os_feature_list": '{"b": 1}',
            "__data_origin": None,
            "max_ram": "",
            "n": 5,
        }
        sent = [cloud.add("odd", "private", **odd), cloud.add("gold", "public", __support_kvm=True)]
        settings = CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT)
        night(warehouse, settings, tmp_path / "landing")
        del cloud.images["odd"]["n"]
        night(warehouse, settings, tmp_path / "landing")
        publish(warehouse, tmp_path / "published.duckdb")
        first = warehouse.execute("SELECT run_id FROM runs ORDER BY started_at").fetchall()[0][0]
    served = Served(tmp_path / "published.duckdb", {"c": PROJECT}, landing=tmp_path / "landing")
    with serving(served) as client:
        assert client.get(f"/as-of/{first}/v2/images/odd").text == json.dumps({**sent[0], "n": 5})
        assert client.get("/v2/images/odd").text == json.dumps(sent[0])
        assert client.get("/v2/images?sort=id:desc").json()["images"] == sent
    shutil.rmtree(tmp_path / "landing" / first)
    for broken in (tmp_path / "landing").glob("*/c/private/page-*.zst"):
        broken.write_bytes(broken.read_bytes()[:-1])
    with serving(served) as client:
        told = client.get(f"/as-of/{first}/v2/images/odd").json()
        assert (told["__lazyloading"], told["__os_feature_list"], told["n"]) == ("true", '{"b":1}', "5")
        assert "max_ram" not in told
        assert client.get("/v2/images/odd").json() == {name: told[name] for name in told if name != "n"}


@pytest.mark.parametrize("most", [5, 250_000])
def test_pages_are_the_same_however_a_walk_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(walks, "_MOST_IMAGES", most)
    monkeypatch.setattr(walks.Walks, "most_images", most)
    monkeypatch.setattr(snapshot, "_LARGE_PAGE", 1)
    monkeypatch.setattr(texts, "_FEW", 3)
    monkeypatch.setattr(texts, "_AT_ONCE", 2)
    monkeypatch.setattr(snapshot, "_LARGEST_CACHE_BYTES", 3_000)
    images = [private(f"i{n:02}", name=f"n{n % 4}", min_disk="x" if n == 7 else n, __os_bit="64") for n in range(20)]
    copy = published(tmp_path, {"private": images}, {"private": images[3:]})
    with serving(Served(copy, {"c": OURS})) as client:
        for _ in range(2):
            for past, shown in (("/as-of/2026-11-01", images), ("", images[3:])):
                for query in ("sort=name:asc,id:desc", "sort=name:asc,id:desc&name=n3"):
                    wanted = [one["id"] for one in shown if "&" not in query or one["name"] == "n3"]
                    wanted.sort(key=lambda identity: (int(identity[1:]) % 4, -int(identity[1:])))
                    walked, marker = [], ""
                    while page := client.get(f"{past}/v2/images?{query}&limit=3{marker}").json()["images"]:
                        walked += [one["id"] for one in page]
                        for one in page:
                            assert one["min_disk"] == images[int(one["id"][1:])]["min_disk"]
                        marker = f"&marker={walked[-1]}"
                    assert walked == wanted
        assert ids(client.get("/v2/images?sort=name:asc&name=n3&limit=2&marker=i05")) == ["i03", "i07"]


def test_texts_are_made_ahead_for_who_reads_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_FEW", 3)
    kept = texts.Texts()
    monkeypatch.setattr("api.copies.Texts", lambda _landing: kept)
    copy = published(tmp_path, {"private": [private(f"i{n:02}") for n in range(20)]})
    with serving(Served(copy, {"c": OURS})) as client:
        client.get("/v2/images?limit=2")
        assert len(kept._kept["ims"]) == 2
        client.get("/v2/images?limit=4")
        deadline = time.monotonic() + 120
        while len(kept._kept["ims"]) < 20:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert len(ids(client.get("/v2/images?limit=20"))) == 20


def test_the_next_large_page_is_made_before_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_LARGE_PAGE", 4)
    made: list[str | None] = []

    def counted(*arguments: Any) -> Any:
        made.append(arguments[1])
        return page_body(*arguments)

    monkeypatch.setattr(snapshot, "page_body", counted)
    copy = published(tmp_path, {"private": [private(f"i{n:02}") for n in range(20)]})
    with serving(Served(copy, {"c": OURS})) as client:
        for query, pages in (("limit=4&sort=id:asc", [1]), ("marker=i03&limit=4&sort=id:asc", [2, 3])):
            assert len(ids(client.get(f"/v2/images?{query}"))) == 4
            deadline = time.monotonic() + 20
            while len(made) < pages[-1]:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        assert ids(client.get("/v2/images?marker=i07&limit=4&sort=id:asc")) == ["i08", "i09", "i10", "i11"]
        assert ids(client.get("/v2/images?marker=i15&limit=4&sort=id:asc")) == ["i16", "i17", "i18", "i19"]
        assert ids(client.get("/v2/images?marker=i15&limit=3&sort=id:asc")) == ["i16", "i17", "i18"]


def test_texts_that_find_no_room_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "_MOST_BYTES", 1_000)
    monkeypatch.setattr(snapshot, "_LARGEST_CACHE_BYTES", 0)
    copy = published(tmp_path, {"private": [private(f"i{n:02}") for n in range(20)]})
    with serving(Served(copy, {"c": OURS})) as client:
        for _ in range(2):
            assert sorted(ids(client.get("/v2/images?limit=20"))) == [f"i{n:02}" for n in range(20)]
