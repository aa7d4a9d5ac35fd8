"""The catalogue that contenders are measured at: the image API over a warehouse of its own."""

import sys
import time
from pathlib import Path

import httpx
import pytest

from benchmarks import catalogue
from benchmarks.catalogue import KINDS, served
from tests.pipeline.syncing import sync

pytestmark = pytest.mark.slow
IMAGES = 300


@pytest.fixture(autouse=True)
def in_this_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "PYTHON", Path(sys.executable))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_reads_all_its_images_then_those_that_change_and_nothing_else(kind: str, tmp_path: Path) -> None:
    config = tmp_path / "glanceback.toml"
    with served(IMAGES, 0, 0, kind=kind) as (url, project):
        config.write_text(
            'warehouse = "w.duckdb"\npublished = "p.duckdb"\nlanding = "landing"\n'
            f'[clouds.benchmark]\nauth_type = "none"\nendpoint = "{url}"\nproject_id = "{project}"\n'
        )
        (first,) = sync(str(config)).clouds
        (again,) = sync(str(config)).clouds
        httpx.post(f"{url}/change", params={"images": 20}, timeout=60).raise_for_status()
        (changes,) = sync(str(config), "changes").clouds
    assert first.new == IMAGES
    assert (again.new, again.changed, again.unchanged) == (0, 0, IMAGES)
    assert (changes.new, changes.changed) == (0, 20)


def test_each_page_and_each_of_its_images_takes_as_long_as_is_wanted() -> None:
    with served(IMAGES, base_ms=100, image_ms=10) as (url, project):
        began = time.perf_counter()
        page = httpx.get(f"{url}/v2/images", params={"owner": project, "limit": 20}).json()
        assert len(page["images"]) == 20
        assert time.perf_counter() - began >= 0.3


def test_answers_are_not_compressed() -> None:
    with served(IMAGES, 0, 0) as (url, _):
        answer = httpx.get(f"{url}/v2/images", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
