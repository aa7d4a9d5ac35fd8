"""Translates an error of an object store, which pyarrow.fs reports in a text of the AWS SDK, to an OSError.

Only the code of the store's answer is passed on: the rest may repeat what was sent, including credentials.
"""

import errno
import re
from typing import Final

_AWS: Final = re.compile(r"AWS Error (\w+)(?: \(HTTP status (\d+)\))? during \w+ operation: ?(.*)", re.DOTALL)
_UNPARSED: Final = re.compile(r"Unable to parse ExceptionName: ([A-Za-z]{3,40}) ")
_CURL: Final = re.compile(r"curlCode: \d+, ([^;]*)")

_CREDENTIALS: Final = (
    "the store refuses our access: check that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile or the role of "
    "this machine are set, and what they permit"
)
_LATER: Final = "the store is unavailable, or asks us to slow down: try again later"
_SENTENCES: Final = {
    "ACCESSDENIED": _CREDENTIALS,
    "INVALIDACCESSKEYID": _CREDENTIALS,
    "SIGNATUREDOESNOTMATCH": _CREDENTIALS,
    "INVALIDSIGNATURE": _CREDENTIALS,
    "INVALIDCLIENTTOKENID": _CREDENTIALS,
    "UNRECOGNIZEDCLIENT": _CREDENTIALS,
    "MISSINGAUTHENTICATIONTOKEN": _CREDENTIALS,
    "INVALIDTOKEN": _CREDENTIALS,
    "EXPIREDTOKEN": "the store refuses our access: the temporary key has expired; renew it",
    "REQUESTTIMETOOSKEWED": "the store refuses our access: the clock of this machine is wrong",
    "REQUESTEXPIRED": "the store refuses our access: the clock of this machine is wrong",
    "PERMANENTREDIRECT": "the bucket is in another region: set AWS_REGION",
    "AUTHORIZATIONHEADERMALFORMED": "the bucket is in another region: set AWS_REGION",
    "VIRTUALHOSTDOMAINREQUIRED": "the store needs `addressing_style = virtual` below `s3 =` in ~/.aws/config",
    "SLOWDOWN": _LATER,
    "THROTTLING": _LATER,
    "SERVICEUNAVAILABLE": _LATER,
    "INTERNALFAILURE": _LATER,
}
"""Sentences by code, in upper case without underscores: the SDK and the stores spell the codes differently."""

_STATUSES: Final = {"301": "PERMANENTREDIRECT", "401": "ACCESSDENIED", "403": "ACCESSDENIED", "503": "SLOWDOWN"}
"""Codes by HTTP status, for answers without a code, such as all answers to HEAD."""


def store_error(file: str, bucket: str, exc: Exception) -> OSError:
    """Return the error to raise instead of pyarrow's `exc`. `file`: the object or folder that the request was about."""
    found = _AWS.search(str(exc))
    if isinstance(exc, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, "the store has no such object", file)
    if found is None:
        return OSError(errno.EIO, f"the store cannot be used ({type(exc).__name__})", file)
    code, status, said = found.groups()
    if code == "NO_SUCH_BUCKET":
        return FileNotFoundError(errno.ENOENT, f"there is no bucket '{bucket}' in the store", file)
    if code == "NETWORK_CONNECTION":
        curl = _CURL.match(said)
        reason = curl[1] if curl else "no answer"
        return OSError(errno.EIO, f"the connection to the store failed ({reason}): see AWS_ENDPOINT_URL", file)
    unparsed = _UNPARSED.match(said)
    shown = unparsed[1] if unparsed else f"HTTP status {status}" if status else code
    key = shown.replace("_", "").upper()
    sentence = _SENTENCES.get(key) or _SENTENCES.get(_STATUSES.get(status or "", ""), "the store refuses the request")
    number = errno.EACCES if sentence.startswith("the store refuses our access") else errno.EIO
    return OSError(number, f"{sentence} ({shown})", file)
