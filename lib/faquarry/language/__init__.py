"""Which language a pair is in: text first, the page's hints as a prior, the page's pairs together."""

from faquarry.language.hints import Hints
from faquarry.language.identified import Identified
from faquarry.language.identify import identify_page, languages_of

__all__ = ["Hints", "Identified", "identify_page", "languages_of"]
