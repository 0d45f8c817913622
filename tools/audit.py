"""Known vulnerabilities of the packages in constraints.txt, by pip-audit: ``make audit``.

Ends with 1 where a package has one that a newer version mends, and that `IGNORED` does not name with a reason. Where no
service answers (no network, a mirror without advisories) nothing was checked: that is said, and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TOOL = "pip-audit>=2.9,<3"
SERVICES = ("pypi", "osv")
ROOT = Path(__file__).parent.parent
IGNORED: dict[str, str] = {
    # "PYSEC-2026-1": "why it does not concern us, and until when",
}


def main() -> int:
    reasons = []
    for service in SERVICES:
        found, why = _asked(service)
        if found is not None:
            return _told(found, service)
        reasons.append(why)
    print(f"audit: NOT CHECKED: {'; '.join(reasons)}.")
    return 0


def _asked(service: str) -> tuple[list[dict[str, Any]] | None, str]:
    """What pip-audit says of every package; None, and why, where it could not ask."""
    command = [
        *(sys.executable, "-m", "uv", "tool", "run", "--quiet", "--from", TOOL, "pip-audit"),
        *("--disable-pip", "--no-deps", "-r", str(ROOT / "constraints.txt"), "-s", service, "-f", "json"),
        *("--progress-spinner", "off", "--timeout", "20"),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        return None, f"pip-audit could not ask {service} ({type(error).__name__})"
    known = [package for package in packages if "vulns" in package]
    if 2 * len(known) < len(packages):
        return (
            None,
            f"{service} knows {len(known)} of {len(packages)} packages (no network, or a mirror without advisories)",
        )
    return packages, ""


def _told(packages: list[dict[str, Any]], service: str) -> int:
    bad = 0
    for package in packages:
        for one in package.get("vulns", ()):
            names = {one["id"], *one.get("aliases", ())}
            fixes = ", ".join(one.get("fix_versions", ()))
            reason = next((IGNORED[name] for name in names if name in IGNORED), None)
            verdict = f"ignored: {reason}" if reason else f"mended in {fixes}" if fixes else "no version mends it yet"
            bad += bool(fixes and reason is None)
            print(f"audit: {package['name']} {package['version']}: {one['id']}, {verdict}")
    checked = sum("vulns" in package for package in packages)
    print(f"audit: {checked} of {len(packages)} packages checked against {service}, {bad} to be replaced")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
