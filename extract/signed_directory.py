"""The projects and regions of an access key (AK/SK), from the vendor's identity service; each request is signed.

Called by extract.estate. Source: the vendor's IAM API, GET /v3/auth/projects. There is no service catalogue: the
regions are those with which the names of projects begin (`eu-de`, `eu-de_web`).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from core.errors import LoginRefused, SettingsError, TransientError
from core.redaction import Secrets
from extract.account import CloudSettings, described
from extract.account_access import AccountAccess
from extract.address import projects_url
from extract.answers import date_header, is_passing, retry_after_seconds
from extract.body import parse_json
from extract.connection import identity_client
from extract.project_pages import projects_of_pages
from extract.scope import Project, home_region
from extract.signed_auth import SignedAuth, access_key, clock_difference
from extract.token_auth import origin_of
from extract.transport import send


class SignedDirectory:
    """Asks the identity service for the projects of an access key."""

    def __init__(self, settings: CloudSettings, access: AccountAccess) -> None:
        """Raises: SettingsError if the address of the identity service or the key is missing."""
        self._where = f"cloud {settings.name}"
        self._secrets: Secrets = access.secrets
        self._listed: list[Project] = []
        self._entry = entry = described(access.region)
        if not entry.get("auth_url"):
            raise SettingsError(
                f"{self._where}: the projects of an access key are asked for at the identity service, and its address "
                "is not set",
                "Set auth_url in the account's entry in clouds.yaml, such as https://iam.eu-de.otc.t-systems.com/v3.",
            )
        self._url = projects_url(str(entry["auth_url"]))
        key = access_key(entry, None, self._where).of_project(None)
        self._client = identity_client(settings, access)
        self._client.auth = SignedAuth(key, origin_of(self._url), self._secrets)

    def close(self) -> None:
        self._client.close()

    def own_project(self) -> Project | None:
        """Return the project that the entry names; None if it names none: a key is not bound to a project by itself."""
        own = self._entry.get("project_id") or self._entry.get("project_name")
        return next((one for one in self.projects() if own in (one.id, one.name)), None) if own else None

    def projects(self) -> list[Project]:
        """Return the enabled projects, by name. Raises: CloudError, TransientError."""
        if not self._listed:
            self._listed = projects_of_pages(self._url, self._page, self._where, self._secrets)
        return self._listed

    def regions(self, projects: Sequence[Project]) -> list[str]:
        """Return the regions that the projects' names begin with; others, such as `MOS`, are the vendor's own."""
        return sorted({home for one in projects if (home := home_region(one))})

    def _page(self, url: str) -> Any:
        where = f"{self._where}: the identity service does not answer correctly"
        answer = send(self._client, self._client.build_request("GET", url), where, self._secrets)
        status = answer.status_code
        if status == httpx.codes.OK:
            return parse_json(answer.content, where)
        said = self._secrets.excerpt(answer.content, answer.request.headers)
        detail = f"({status}{': ' + said if said else ''})"
        if is_passing(status):
            raise TransientError(f"{where} {detail}", "Try again later.", retry_after_seconds(answer))
        difference = clock_difference(date_header(answer), datetime.now(UTC).replace(tzinfo=None))
        raise LoginRefused(
            f"{self._where}: the identity service refused to list the access key's projects {detail}",
            f"{difference + ' ' if difference else ''}Check the access key and the secret key, and auth_url.",
        )
