"""What says that a candidate may be right as well, before any model is asked: identities, as SQL over joined rows.

A row holds a query (`q_…`) and a candidate answer (`d_…`): `groups` of duplicates, `questions`, `pages` and `sites` as
hashes. A candidate's are those of every pair that gives this answer.
"""

from __future__ import annotations

from faquarry.config.settings import MineSettings

__all__ = ["GUARDS", "SIMILAR", "guard_sql"]

GUARDS = {
    "positive": "id = positive_id",
    "duplicates": "arrays_overlap(d_groups, q_groups)",
    "same_question": "arrays_overlap(d_questions, q_questions)",
    "same_page": "arrays_overlap(d_pages, q_pages)",
    "same_site": "arrays_overlap(d_sites, q_sites)",
}
"""Name (of the setting that switches it off; the positive itself is never a negative) -> when it speaks, first one first."""

SIMILAR = "similar_question"
"""The guard that compares vectors; it speaks after the others."""


def guard_sql(settings: MineSettings) -> str:
    """A CASE that gives the name of the first guard that speaks against a candidate, else null."""
    on = {name: when for name, when in GUARDS.items() if name == "positive" or getattr(settings, name)}
    return "CASE " + " ".join(f"WHEN {when} THEN '{name}'" for name, when in on.items()) + " END"
