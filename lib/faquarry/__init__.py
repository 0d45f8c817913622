"""faquarry: mine the web's FAQ markup into Delta tables, and train robust retrievers on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faquarry.opened import open as open

__all__ = ["__version__", "open"]

__version__ = "0.1.0.dev0"


def __getattr__(name: str) -> Any:
    """``faquarry.open`` is found when it is asked for: importing the package alone costs nothing."""
    if name == "open":
        from importlib import import_module  # by name: the rooms below this one import the package too

        return import_module("faquarry.opened").open
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
