"""The pages of an account's list of projects (GET /v3/auth/projects), however the requests are authorized.

Called by extract.estate and extract.signed_directory. Sends no requests itself.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import urljoin

from core.errors import CloudError
from core.redaction import Secrets
from extract.scope import Project
from extract.token_auth import origin_of

_MOST_PAGES: Final = 1000


def projects_of_pages(first: str, page_of: Callable[[str], Any], where: str, secrets: Secrets) -> list[Project]:
    """Return the enabled projects of all pages, by name. `page_of`: a page's JSON, by its address.

    Raises: CloudError if the next page is on another server, which must not get our credentials; as `page_of`.
    """
    url: str | None = first
    found: dict[str, Project] = {}
    asked: set[str] = set()
    while url is not None:
        if url in asked or len(asked) >= _MOST_PAGES:
            raise CloudError(f"{where}: the identity service's pages of projects do not end", "Report it.")
        asked.add(url)
        page = page_of(url)
        found |= {project.id: project for project in _projects_in(page, where)}
        links = page.get("links")
        following = links.get("next") if isinstance(links, dict) else None
        url = _absolute(url, str(following)) if following else None
        if url is not None and origin_of(url) != origin_of(first):
            raise CloudError(
                f"{where}: the identity service's list of projects goes on at {secrets.url(url)}",
                "The token would go to another server, so it is not followed. Set auth_url to the right address.",
            )
    return sorted(found.values(), key=lambda project: (project.name, project.id))


def _absolute(url: str, following: str) -> str:
    """The address of the next page; as it is if it is not an address."""
    try:
        return urljoin(url, following)
    except ValueError:
        return following


def _projects_in(page: Any, where: str) -> Iterator[Project]:
    """Yield the enabled projects of a page. Raises: CloudError if it is not a page of projects."""
    projects = page.get("projects") if isinstance(page, dict) else None
    if not isinstance(projects, list):
        raise CloudError(f"{where}: the identity service's answer has no list of projects", "Check auth_url.")
    for one in projects:
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise CloudError(f"{where}: the identity service lists a project without an id", "Check auth_url.")
        if one.get("enabled", True) is not False:
            domain = one.get("domain_id")
            yield Project(one["id"], str(one.get("name") or one["id"]), str(domain) if domain else None)
