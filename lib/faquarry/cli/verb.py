"""What a verb of the command line is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from faquarry.config import Configured

__all__ = ["Run", "Verb"]

Run = Callable[[argparse.Namespace, Configured], int]


@dataclass(frozen=True)
class Verb:
    """A name, a sentence, its own options, and a function that gives the exit code and imports what is heavy."""

    name: str
    help: str
    run: Run
    options: Callable[[argparse.ArgumentParser], None] = lambda parser: None
    recipe: bool = False  # --set is about the verb's recipe, not about the settings
