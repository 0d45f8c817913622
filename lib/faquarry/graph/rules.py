"""Which links say something about the page they lead to; a link that does not names the first rule that says so.

WebDRO (appendix A.2) and Anchor-DR leave out anchors that say nothing, links inside a site, headers and footers. The
order is that of certainty: what is no link to a page, what leads nowhere else, where it stands, what it says.
"""

from __future__ import annotations

import re
from enum import StrEnum

from faquarry.config.settings import GraphSettings
from faquarry.graph.anchors import is_bare_address, says_nothing
from faquarry.graph.regions import Region

__all__ = ["LinkReason", "reason_against"]


class LinkReason(StrEnum):
    """Why a link is not kept: the enumeration behind `links.reason`."""

    NOT_HTTP = "not_http"  # mailto:, tel:, javascript: and the like; dst_url holds the scheme alone
    BROKEN_URL = "broken_url"  # no address can be read
    LONG_URL = "long_url"  # longer than graph.max_url_chars
    SELF = "self"  # leads to its own page
    SAME_SITE = "same_site"  # leads to a page of the same site
    REGION = "region"  # stands in navigation, header, footer or sidebar
    SPONSORED = "sponsored"  # rel=sponsored or rel=ugc: paid for, or a visitor's
    NOFOLLOW = "nofollow"  # rel=nofollow, where graph.nofollow is off
    EMPTY_ANCHOR = "empty_anchor"  # no text, and no image that has one
    BARE_URL = "bare_url"  # the anchor is an address
    UNINFORMATIVE_ANCHOR = "uninformative_anchor"  # "home", "read more", "2", "»"
    LONG_ANCHOR = "long_anchor"  # longer than graph.max_anchor_chars: a teaser, not a name
    REPEATED = "repeated"  # the page has a kept link with the same target and the same words before


_NOT_VOUCHED = re.compile(r"\b(?:sponsored|ugc)\b", re.IGNORECASE)
_NOFOLLOW = re.compile(r"\bnofollow\b", re.IGNORECASE)


def reason_against(
    anchor: str, site: str, region: Region, rel: str | None, settings: GraphSettings
) -> LinkReason | None:
    """The first rule that speaks against a link to a page of another site; None: it is kept.

    `site` is the target's. What can be told before (no page, the same page or site) and what needs the other links of the
    page (`REPEATED`) is the caller's.
    """
    if region is not Region.BODY:
        return LinkReason.REGION
    if rel:
        if _NOT_VOUCHED.search(rel):
            return LinkReason.SPONSORED
        if not settings.nofollow and _NOFOLLOW.search(rel):
            return LinkReason.NOFOLLOW
    if not anchor:
        return LinkReason.EMPTY_ANCHOR
    if is_bare_address(anchor, site):
        return LinkReason.BARE_URL
    if says_nothing(anchor):
        return LinkReason.UNINFORMATIVE_ANCHOR
    if len(anchor) > settings.max_anchor_chars:
        return LinkReason.LONG_ANCHOR
    return None
