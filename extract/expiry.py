"""Asks the identity service when an application credential expires; the login does not say it. Called by `check`."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import CloudError
from extract.account import APPLICATION_CREDENTIALS, CloudSettings, described, session_of
from extract.account_access import access_of
from extract.connection import identity_client


@dataclass(frozen=True, slots=True)
class Expiry:
    """`at`: UTC; None if the credential never expires."""

    at: datetime | None


def credential_expiry(settings: CloudSettings) -> Expiry | None:
    """Return when the account's application credential expires; None if it uses another kind of login.

    This logs in once more. Raises: as connect; CloudError also if the account may not read the credential.
    """
    from extract.identity import session_through, with_our_errors  # slow to import

    where, ours = f"cloud {settings.name}", access_of(settings)
    region, secrets = ours.region, ours.secrets
    if region.config["auth_type"] not in APPLICATION_CREDENTIALS:
        return None
    client = identity_client(settings, ours)
    session = session_through(client, session_of(region), where, secrets)
    base = str(described(region)["auth_url"]).rstrip("/")

    def ask() -> object:
        access = session.auth.get_access(session)
        root = base if base.endswith("/v3") else f"{base}/v3"
        url = f"{root}/users/{access.user_id}/application_credentials/{access.application_credential_id}"
        return session.get(url).json()["application_credential"]["expires_at"]

    try:
        said = with_our_errors(ask, where, secrets, session.auth)
    finally:
        client.close()
    if said is None:
        return Expiry(None)
    try:
        return Expiry(datetime.fromisoformat(str(said).removesuffix("Z")))
    except ValueError:
        raise CloudError(
            f"{where}: the identity service does not say when the application credential expires"
        ) from None
