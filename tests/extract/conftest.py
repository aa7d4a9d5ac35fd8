"""A fake cloud, and a connection to it."""

from collections.abc import Iterator

import pytest

from extract.account import CloudSettings
from extract.connection import Connection, connect
from extract.paging import Page
from tests.clouds.fake import PROJECT, FakeCloud, fake_cloud


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        yield running


@pytest.fixture
def connection(cloud: FakeCloud) -> Connection:
    return connect(
        CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=2, read_timeout_seconds=2)
    )


def as_it_is(page: Page) -> Page:
    """Make nothing of a page."""
    return page
