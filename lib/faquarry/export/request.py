"""What an export is asked for, as plain data: the command line's half of it; the settings are the other half."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from faquarry.errors import UsageError
from faquarry.language.codes import to_iso639_3

__all__ = ["Request"]


@dataclass(frozen=True)
class Request:
    """`languages` are ISO 639-3, () for all; `parts` are those of the format, () for all."""

    format: str
    output: Path
    languages: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    release: bool = False
    takedown: Path | None = None

    @classmethod
    def of(
        cls,
        format: str,
        output: str,
        *,
        languages: list[str] | None = None,
        parts: list[str] | None = None,
        release: bool = False,
        takedown: str | None = None,
    ) -> Request:
        """From the words of a command line; languages may be any code or tag, several of them with commas between.

        Raises:
            UsageError: a language is none.
        """
        named = [word.strip() for words in languages or () for word in words.split(",") if word.strip()]
        codes = {word: to_iso639_3(word) for word in named}
        for word, code in codes.items():
            if code is None:
                raise UsageError(f"--language {word}: that is no language code, as deu, de or pt-BR are.")
        return cls(
            format,
            Path(output).expanduser().absolute(),
            tuple(sorted({code for code in codes.values() if code is not None})),
            tuple(dict.fromkeys(parts or ())),
            release,
            None if takedown is None else Path(takedown).expanduser(),
        )
