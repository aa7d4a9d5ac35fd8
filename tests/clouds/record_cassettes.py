"""Records tests/cassettes: readings of a real Glance, scrubbed of token, project and address.

Run by hand, from the checkout: `python -m tests.clouds.record_cassettes`.
"""

import os
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import vcr

from extract.account import CloudSettings
from extract.connection import connect
from extract.landing import Landing, ReadingStart
from extract.reading import Reading
from tests.clouds.openstack import OpenStackCloud, openstack_cloud
from tests.extract.test_cassettes import CASSETTES, CLOSING, ENDPOINT, PRIVATE, PROJECT, matching


def record() -> None:
    """Seven private images in pages of three, one of them deleted when it was to be the marker."""
    with tempfile.TemporaryDirectory() as folder, openstack_cloud(Path(folder), largest_page=3) as cloud:
        ids = sorted(
            cloud.create_image("alpha", name=f"image {n}", visibility="private", __os_bit="64", tags=["x"])["id"]
            for n in range(7)
        )
        (CASSETTES / "private.yaml").unlink(missing_ok=True)
        recorder = vcr.VCR(before_record_request=_request_scrubber(cloud), before_record_response=_scrubber(cloud))
        account = {
            "OS_AUTH_TYPE": "admin_token",
            "OS_TOKEN": cloud.token("alpha"),
            "OS_ENDPOINT": cloud.glance_url,
            "OS_PROJECT_ID": cloud.projects["alpha"].id,
        }
        with patch.dict(os.environ, account):
            connection = connect(CloudSettings("envvars"))
        with recorder.use_cassette(str(CASSETTES / "private.yaml"), **matching()):
            reading = Reading(
                connection,
                PRIVATE,
                Landing(Path(folder) / "landing"),
                ReadingStart(CLOSING, None),
                lambda page: page,
                closing_since=CLOSING,
            )
            for number, _ in enumerate(reading.pages()):
                if number == 0:
                    cloud.delete_image("alpha", ids[2])


def _request_scrubber(cloud: OpenStackCloud) -> Any:
    def scrub(request: Any) -> Any:
        if request.method != "GET":
            return None
        request.uri = request.uri.replace(cloud.glance_url, ENDPOINT).replace(cloud.projects["alpha"].id, PROJECT)
        request.headers = {}
        return request

    return scrub


def _scrubber(cloud: OpenStackCloud) -> Any:
    def scrub(response: Any) -> Any:
        body = response["body"]["string"]
        response["body"]["string"] = body.replace(cloud.projects["alpha"].id.encode(), PROJECT.encode())
        kept = {name: value for name, value in response["headers"].items() if name.lower() in ("content-type", "date")}
        response["headers"] = kept
        return response

    return scrub


if __name__ == "__main__":
    record()
