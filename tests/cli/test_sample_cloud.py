"""The demo's sample cloud answers what was recorded as it was recorded."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from cli.sample_cloud import RECORDED_RUNS, SAMPLE, sample_cloud


def marker(page: dict[str, Any]) -> list[str]:
    """Where the next page begins; IMS writes its parameters in another order than Glance, which was recorded."""
    return parse_qs(urlsplit(page.get("next", "")).query).get("marker", [])


@pytest.mark.slow
def test_recorded_questions_get_their_recorded_answers() -> None:
    with sample_cloud() as cloud, httpx.Client(base_url=cloud.url, trust_env=False) as client:
        for run in RECORDED_RUNS:
            cloud.shows = run
            asked = 0
            for request in json.loads((SAMPLE / run / "requests.json").read_bytes()):
                recorded = json.loads((SAMPLE / run / request["body"]).read_bytes())
                answer = client.get("/v2/images", params=request["query"]).raise_for_status().json()
                if request["body"] != "first-look.json":
                    assert answer["images"] == recorded["images"], request["query"]
                    assert marker(answer) == marker(recorded)
                    asked += 1
            assert asked > 5
            assert cloud.shows == run
