"""One scale of strength for all operations: how many edits a query gets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from faquarry.errors import UsageError

__all__ = ["STRENGTHS", "Strength"]

STRENGTHS = ("1", "2", "5%", "10%", "20%")

_WRITTEN = re.compile(r"([1-9]\d{0,3})\s*(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Strength:
    """`amount` edits, or `amount` percent of a text's editable graphemes (words, for operations on words)."""

    amount: int
    percent: bool

    @classmethod
    def of(cls, written: str | int | Strength) -> Strength:
        """
        >>> Strength.of("10%"), str(Strength.of(2))
        (Strength(amount=10, percent=True), '2')

        Raises:
            UsageError: neither a whole number from 1 to 9999 nor a percentage from 1% to 100%.
        """
        if isinstance(written, Strength):
            return written
        match = _WRITTEN.fullmatch(str(written).strip())
        if match is None or (match[2] and int(match[1]) > 100):
            raise UsageError(
                f"The strength {written!r} is not understood: write edits a query (1, 2) or a share of it (5%, 10%, 20%)."
            )
        return cls(int(match[1]), bool(match[2]))

    def budget(self, units: int) -> int:
        """Edits that a text of so many units gets at most; at least 1.

        >>> Strength.of("10%").budget(44), Strength.of("5%").budget(3), Strength.of(2).budget(44)
        (4, 1, 2)
        """
        return max(1, (2 * self.amount * units + 100) // 200) if self.percent else self.amount

    def __str__(self) -> str:
        return f"{self.amount}%" if self.percent else str(self.amount)
