"""What can go wrong, as one tree. Every message is a sentence that names the object and the remedy.

    FaquarryError
    ├── UsageError               exit 2: the command line or a setting is wrong
    │   ├── ConfigError          a TOML file or --set names an unknown key or a wrong value
    │   └── MissingExtra         a package that is not installed; names the extra that brings it
    ├── NothingToRead            exit 3: no source, or no table, where one was expected
    ├── SourceError              one source cannot be read; becomes its row in `sources`, exit 4
    │   └── SourceChanged        its bytes changed while it was read
    ├── EnvironmentProblem       exit 2: Java, Delta's jars, a folder that cannot be written
    └── LakeError                exit 2: a table is damaged, or newer or older than this version reads

Problems of a record are data (a row in `rejects`) and are never raised.
"""

from __future__ import annotations

from faquarry.redaction import scrubbed

__all__ = [
    "ConfigError",
    "EnvironmentProblem",
    "FaquarryError",
    "LakeError",
    "MissingExtra",
    "NothingToRead",
    "SourceChanged",
    "SourceError",
    "UsageError",
]


class FaquarryError(Exception):
    """The root: `str(error)` is the sentence a user reads, `exit_code` what the command ends with.

    Sentences quote addresses, settings and what servers said: secrets are masked here, for all of them.
    """

    exit_code = 2

    def __init__(self, *args: object) -> None:
        super().__init__(*(scrubbed(arg) if isinstance(arg, str) else arg for arg in args))


class UsageError(FaquarryError):
    """The command line asks for something that cannot be."""


class ConfigError(UsageError):
    """A configuration file or ``--set`` holds an unknown key or a value of the wrong type."""


class MissingExtra(UsageError):
    """An optional package is absent; the sentence names the extra that installs it."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed: pip install 'faquarry[{extra}]' brings it."
        )
        self.package, self.extra = package, extra


class NothingToRead(FaquarryError):
    """No source matches, or the lake holds no such table."""

    exit_code = 3


class SourceError(FaquarryError):
    """One source cannot be read (any further); the rest of the job goes on."""

    exit_code = 4


class SourceChanged(SourceError):
    """The bytes behind a source changed between two requests for it."""


class EnvironmentProblem(FaquarryError):
    """Something outside the package is missing: Java, jars, space, a permission."""


class LakeError(FaquarryError):
    """A table cannot be read or written as it stands."""
