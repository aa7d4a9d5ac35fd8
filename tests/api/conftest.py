"""A history that several tests ask."""

from pathlib import Path

import pytest

from tests.api.serving import private, published


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights: `changing` gets another name, `going` goes, `coming` comes, `moving` is accepted."""
    shared = {"owner": "q" * 32, "visibility": "shared", "__imagetype": "shared"}
    moving = private("moving", **shared)
    going, staying = private("going"), private("staying", min_disk="ten", **{"__lazyloading": "perhaps"})
    public = [private("gold", visibility="public", __imagetype="gold", protected=True, owner="o" * 32)]
    first, second = private("changing", name="before"), private("changing", name="after", invented="x")
    return published(
        tmp_path_factory.mktemp("api"),
        {"private": [first, going, staying], "shared-pending": [moving], "public": public},
        {"private": [second, staying], "shared-accepted": [moving], "public": public},
        {"private": [second, staying, private("coming")], "shared-accepted": [moving], "public": public},
    )
