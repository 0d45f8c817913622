"""Keys, tokens and passwords: strings whose makers gave them a recognisable beginning, or that a name is given to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from faquarry.export.masking.spans import Span

__all__ = ["keys"]

_MADE = re.compile(
    r"""(?<![A-Za-z0-9_-])(?:
        (?:AKIA|ASIA|AROA|AIDA)[A-Z2-7]{16}                       # Amazon
      | AIza[\w-]{35}                                             # Google
      | ya29\.[\w-]{20,}
      | gh[pousr]_[A-Za-z0-9]{36,} | github_pat_\w{22,}           # GitHub
      | glpat-[\w-]{20,}                                          # GitLab
      | xox[abeoprs]-[\w-]{10,}                                   # Slack
      | (?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}               # Stripe
      | whsec_[A-Za-z0-9+/=]{16,}
      | sk-[A-Za-z0-9_-]{20,}                                     # OpenAI, Anthropic
      | hf_[A-Za-z0-9]{30,}                                       # Hugging Face
      | npm_[A-Za-z0-9]{36} | pypi-[\w-]{40,}
      | SG\.[\w-]{16,}\.[\w-]{16,}                                # SendGrid
      | key-[0-9a-f]{32}                                          # Mailgun
      | shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}                        # Shopify
      | do[opr]_v1_[0-9a-f]{64}                                   # DigitalOcean
      | EAA[A-Za-z0-9]{60,}                                       # Facebook
      | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}                  # JSON web tokens
    )(?![A-Za-z0-9_])""",
    re.VERBOSE | re.ASCII,
)
_BLOCK = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----.*?(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----|\Z)", re.DOTALL
)
_NAMED = re.compile(
    r"""(?<![A-Za-z])(?:api[ _-]?key|access[ _-]?(?:key|token)|auth[ _-]?token|client[ _-]?secret|secret[ _-]?(?:key|token)?
        |private[ _-]?key|token|passw(?:or)?d|passwort|contraseña|mot\ de\ passe|пароль)
        ["']?\s{0,2}(?:[:=]|=>)\s{0,2}["']?(?P<value>[A-Za-z0-9_\-./+=]{16,})""",
    re.VERBOSE | re.IGNORECASE,
)
_BEARER = re.compile(r"\bBearer\s+(?P<value>[A-Za-z0-9_\-./+=]{20,})")
_IN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}+://(?P<value>[^\s/?#:@\[\]]+:[^\s/?#@\[\]]+)@", re.IGNORECASE)
_LONG = 16


# What every text has that holds a secret; plain searches, ten times as fast as the patterns.
HINTS = (
    *(
        "AKIA",
        "ASIA",
        "AROA",
        "AIDA",
        "AIza",
        "ya29.",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xox",
    ),
    *(
        "k_live_",
        "k_test_",
        "whsec_",
        "sk-",
        "hf_",
        "npm_",
        "pypi-",
        "SG.",
        "key-",
        "shp",
        "_v1_",
        "EAA",
        "eyJ",
        "BEGIN ",
    ),
    *("Bearer", "://"),
)
NAMES = ("key", "token", "secret", "passw", "contraseña", "mot de passe", "пароль")


def keys(text: str) -> Iterator[Span]:
    """Where secrets stand; of ``name = value`` and of a URL only the secret itself."""
    lower = text.lower()
    if not (any(hint in text for hint in HINTS) or any(name in lower for name in NAMES)):
        return
    for pattern in (_MADE, _BLOCK, _IN_URL):
        for found in pattern.finditer(text):
            yield found.span("value" if "value" in pattern.groupindex else 0)
    for pattern in (_NAMED, _BEARER):
        for found in pattern.finditer(text):
            if _random(found["value"]):
                yield found.span("value")


def _random(value: str) -> bool:
    """Whether a value looks drawn by lot: digits among letters, and many characters that differ; no placeholder, no path.

    >>> _random("9f8A7b6C5d4E3f2A1b0C"), _random("YOUR_API_KEY_GOES_HERE"), _random("xxxxxxxxxxxxxxxx1")
    (True, False, False)
    """
    digits = sum(character.isdigit() for character in value)
    letters = sum(character.isalpha() for character in value)
    return digits >= 2 and letters >= 2 and len(set(value)) >= 8 and "//" not in value and value.count("/") < 3
