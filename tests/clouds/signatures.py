"""Verifies SDK-HMAC-SHA256 as the vendor's gateway does, written from its documentation and not from its signer."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from tests.clouds.fake import Asked, Reply

_AUTHORIZATION = re.compile(r"SDK-HMAC-SHA256 Access=(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})")
_LONGEST_AGE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A fault for a fake cloud: 401 for what is not signed with the key, whose `security_token` makes it temporary."""

    access_key: str
    secret_key: str
    project_id: str
    security_token: str | None = None

    def __call__(self, asked: Asked) -> Reply | None:
        problem = self.problem(asked)
        return None if problem is None else Reply(401, problem.encode())

    def problem(self, asked: Asked) -> str | None:
        """What is wrong with the request's signature, or None."""
        found = _AUTHORIZATION.fullmatch(asked.headers.get("authorization", ""))
        if found is None:
            return "not signed"
        access_key, signed_names, signature = found.groups()
        signed_at = datetime.strptime(asked.headers["x-sdk-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if access_key != self.access_key:
            return "unknown access key"
        if abs(datetime.now(UTC) - signed_at) > _LONGEST_AGE:
            return "signed too long ago"
        if not {"host", "x-sdk-date"} <= set(signed_names.split(";")):
            return "host and date are not signed"
        for header, wanted in (("x-project-id", self.project_id), ("x-security-token", self.security_token)):
            if wanted is not None and (asked.headers.get(header) != wanted or header not in signed_names.split(";")):
                return f"{header} is not as it must be"
        wanted_signature = self._signature(asked, signed_names)
        return None if hmac.compare_digest(signature, wanted_signature) else "the signature is wrong"

    def _signature(self, asked: Asked, signed_names: str) -> str:
        parts = urlsplit(asked.target)
        path = "/".join(quote(part, safe="~") for part in unquote(parts.path).split("/")).rstrip("/") + "/"
        query = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
        )
        headers = "".join(f"{name}:{asked.headers[name].strip()}\n" for name in signed_names.split(";"))
        empty = hashlib.sha256(b"").hexdigest()
        canonical = "\n".join(["GET", path, query, headers, signed_names, empty])
        to_sign = "\n".join(
            ["SDK-HMAC-SHA256", asked.headers["x-sdk-date"], hashlib.sha256(canonical.encode()).hexdigest()]
        )
        return hmac.new(self.secret_key.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
