"""Writes the reference of the public packages from their docstrings, as HTML into a folder; a warning is an error.

python tools/write_api.py build/api
"""

from __future__ import annotations

import pkgutil
import re
import sys
import warnings
from pathlib import Path

import pdoc
import pdoc.extract
import pdoc.render

import faquarry

INTERNAL = frozenset("__main__ cli compiled doctor extract intake llm maintain progress redaction sample spark".split())
"""What nobody imports who uses faquarry: the command line, its tools, what stages share, packaged data."""

NOT_OURS = re.compile(
    r"ForwardRef\(.*__init__\. Import of \w+ failed"  # a NamedTuple's constructor lies in a module that Python makes up
    r"|No module named 'datasets'|Import of Dataset failed"  # for type checkers alone, and not installed
)


def main(folder: str) -> None:
    vars(faquarry)["open"] = faquarry.open  # found when asked for (module __getattr__), which pdoc does not do
    pdoc.render.configure(docformat="google", math=True, show_source=False, search=True)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        pdoc.pdoc(*_modules(), output_directory=Path(folder))
    problems = [str(one.message) for one in told if not NOT_OURS.search(str(one.message))]
    if problems:
        sys.exit("\n".join(problems))
    print(f"{folder}/faquarry.html")


def _modules() -> list[str]:
    """The public modules that pdoc does not find by itself, as it goes by `__all__`: below a package that has one."""
    public = [
        module.name
        for module in pkgutil.walk_packages(faquarry.__path__, "faquarry.")
        if module.name.split(".")[1] not in INTERNAL
    ]
    named = ["faquarry"]
    found = set(pdoc.extract.walk_specs(named))
    for name in public:
        if name not in found:
            named.append(name)
            found.update(pdoc.extract.walk_specs([name]))
    return named


if __name__ == "__main__":
    main(*sys.argv[1:])
