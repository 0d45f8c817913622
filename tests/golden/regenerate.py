"""Shows where goldens differ from what comes out now; with ``--write`` takes that over. Read the diff before you commit.

python -m tests.golden.regenerate [NAME…] [--write]
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from tests.golden.runner import CASES, Case, all_cases, compared, observed

_PAGE_FIELDS = ("title", "syntaxes", "repair", "questions")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="cases to look at (all)")
    parser.add_argument("--write", action="store_true", help="write the expected files")
    options = parser.parse_args()
    changed = 0
    for case in all_cases():
        if options.names and case.name not in options.names:
            continue
        new = _fresh(case) if not case.expected else _kept(case)
        if new == case.expected:
            continue
        changed += 1
        print(f"--- {case.name}\n- {_line(case.expected)}\n+ {_line(new)}")
        if options.write:
            path = CASES / f"{case.name}.expected.json"
            path.write_text(json.dumps(new, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"{changed} cases differ" + (", written" if options.write and changed else ""))
    return 0 if options.write else min(changed, 1)


def _kept(case: Case) -> dict[str, Any]:
    """What comes out now, with the keys that the case states."""
    expected, seen = compared(case, case.run())
    return case.expected if seen == expected else {"why": case.expected.get("why", ""), **seen}


def _fresh(case: Case) -> dict[str, Any]:
    """A first draft for a page without an expected file."""
    seen = observed(case.run())
    page = seen["page"] and {name: seen["page"][name] for name in _PAGE_FIELDS}
    return {
        "why": "TODO: say why this case exists",
        "page": page,
        "pairs": [{"question": row["question"], "answer": row["answer"]} for row in seen["pairs"]],
        "rejects": [{"reason": row["reason"], "question": row["question"]} for row in seen["rejects"]],
    }


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    raise SystemExit(main())
