"""Secrets out of everything that is said or kept: one place for all logs, tables, reports and error texts.

Secrets come in through addresses (user and password, signed queries), settings (keys in `spark.conf`) and the
environment. `shown` is the name under which a source stands in tables; `scrubbed` is for texts that may quote anything.

>>> shown("https://ann:pw@data.example/a.gz?part=1&X-Amz-Expires=60&X-Amz-Signature=ab12#x")
'https://data.example/a.gz?part=1#x'
>>> scrubbed("GET https://ann:pw@data.example/a.gz?sig=ab12&part=1 answers 403")
'GET https://***@data.example/a.gz?sig=***&part=1 answers 403'
"""

from __future__ import annotations

import os
import re

__all__ = ["MASK", "is_secret_name", "scrubbed", "shown"]

MASK = "***"
MIN_SECRET_CHARS = 8  # of a value in the environment: what is shorter stands in ordinary words

_NAME = re.compile(
    r"secret|passw(?:or)?d|passphrase|(?<![a-z])pwd(?![a-z])|token(?!i|s_|s$)|api[._-]?key|access[._-]?key|account[._-]?key"
    r"|private[._-]?key|credential|(?<![a-z])sas(?![a-z])|signature|authorization",
    re.IGNORECASE,
)
# Parameters of a query that hold a secret, and those that only belong to a signature: they change with every signing.
_KEYS = (
    r"x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|awsaccesskeyid|googleaccessid|key-pair-id|policy"
    r"|(?:access_|auth_|id_)?token|api[_-]?key|subscription-key|password|passwd|pwd|secret|client_secret|authorization|auth"
)
_SIGNING = re.compile(
    rf"(?:x-(?:amz|goog)-[a-z0-9-]{{1,40}}|{_KEYS}|expires|se|sp|sv|sr|st|spr|sip|skoid|sktid|skt|ske|sks|skv)\Z",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"[?&](?:x-(?:amz|goog)-signature|signature|sig)=", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^\s/?#]+@")
_PARAMETER = re.compile(rf"([?&;](?:{_KEYS})=)[^&\s#\"'<>]{{1,8000}}", re.IGNORECASE)
_ONLY_SECRET = re.compile(rf"(?:{_KEYS})\Z", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"((?:secret|password|token(?!s)|api[._]?key|access[._]key|account[._]key)[\w.-]{0,80}\s?=\s?)[^\s&,;\"'}]{1,4000}",
    re.IGNORECASE,
)
# Values that are known by their looks, as their makers publish them.
_VALUE = re.compile(
    r"\b(?:A(?:KIA|SIA)[0-9A-Z]{16}\b|sk-[A-Za-z0-9_-]{16,200}|hf_[A-Za-z0-9]{20,100}|gh[pousr]_[A-Za-z0-9]{20,255}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,200})|(?<=Bearer )[A-Za-z0-9._~+/=-]{8,4000}"
)


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name (of a setting, of a variable) is not for showing.

    >>> [is_secret_name(name) for name in ("fs.s3a.secret.key", "OPENAI_API_KEY", "judge.max_tokens", "tokenizer")]
    [True, True, False, False]
    """
    return _NAME.search(name) is not None


def shown(uri: str) -> str:
    """The name of a file in tables and messages: its address without user, password and signature.

    The same file signed anew has the same name. Other parameters that hold a secret stay with their value masked.
    """
    if "://" not in uri:
        return uri
    uri = _USER.sub("", uri, count=1)
    address, mark, rest = uri.partition("?")
    if not mark:
        return uri
    query, hash_, fragment = rest.partition("#")
    signed = _SIGNED.search(mark + query) is not None
    kept = []
    for piece in query.split("&"):
        name, equals, _ = piece.partition("=")
        if signed and _SIGNING.match(name):
            continue
        kept.append(f"{name}={MASK}" if equals and _ONLY_SECRET.match(name) else piece)
    return f"{address}{mark if kept else ''}{'&'.join(kept)}{hash_}{fragment}"


def scrubbed(text: str) -> str:
    """The text with all in it masked that is, or looks like, a secret, and what the environment names as one."""
    for value in _of_the_environment():
        text = text.replace(value, MASK)
    if "://" in text:
        text = _USER.sub(f"{MASK}@", text)
    if "=" in text:
        text = _ASSIGNED.sub(rf"\1{MASK}", _PARAMETER.sub(rf"\1{MASK}", text))
    return _VALUE.sub(MASK, text)


def _of_the_environment() -> list[str]:
    """Longest first: one may begin another."""
    found = {value for name, value in os.environ.items() if len(value) >= MIN_SECRET_CHARS and is_secret_name(name)}
    return sorted((value for value in found if not _is_place(value)), key=len, reverse=True)


def _is_place(value: str) -> bool:
    """A file or an address that holds the secret (``AWS_WEB_IDENTITY_TOKEN_FILE``) is none itself."""
    return value.startswith(("/", "http://", "https://"))
