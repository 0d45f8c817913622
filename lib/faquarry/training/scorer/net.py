"""What the small scorer learns, in torch: the same numbers as `faquarry.vectors.scoring.small.kernel`, with gradients.

Features that are not learned come from the kernel itself; those of learned similarity are made here, batch by batch. They are
the learned kin of ColBERT's MaxSim (Khattab and Zaharia 2020) with a projection for either side, so that a subword of a
question can ask for another one ("symptoms" for "signs", "how many" for digits), and of a product of sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from faquarry.vectors.scoring.small.kernel import HEAD, LEXICAL
from faquarry.vectors.scoring.small.weights import Subwords, Weights

if TYPE_CHECKING:
    from faquarry.training.scorer.recipe import NetworkSettings

__all__ = ["Net"]

_LIFT = 8.0  # products of sums are small; as features they should be as large as the others
_START = 2.0  # length of a projected subword before training, at most


class Net(torch.nn.Module):
    """Questions (b, m), texts (b, k, n) and their lexical features (b, k, LEXICAL) to logits (b, k).

    Subwords are numbers; `pad` stands behind the last one of a text.
    """

    def __init__(
        self, subwords: Subwords, sizes: NetworkSettings, mean: npt.NDArray[Any], deviation: npt.NDArray[Any]
    ) -> None:
        super().__init__()
        count, dims = subwords.codes.shape
        self.pad = count
        self._split = sizes.matched
        self._mean, self._deviation = mean.astype(np.float32), deviation.astype(np.float32)
        unit = torch.from_numpy(subwords.unit(slice(None)))
        self.register_buffer("_unit", torch.cat([unit, torch.zeros(1, dims)]), persistent=False)
        lengths = torch.from_numpy(np.log(subwords.lengths))
        self.register_buffer("_lengths", torch.cat([lengths, torch.zeros(1)]), persistent=False)
        axes = _axes(subwords)
        start = _START * torch.cat([axes[:, : sizes.matched], axes[:, : sizes.summed]], dim=1)
        self.register_buffer("_start", start, persistent=False)
        self.ask, self.tell = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
        gate = torch.cat([torch.zeros(dims), torch.ones(1)])
        self.ask_gate, self.tell_gate = torch.nn.Parameter(gate), torch.nn.Parameter(gate.clone())
        features = LEXICAL + 2 + 2 * sizes.summed
        self.hidden, self.out = torch.nn.Linear(features, sizes.hidden), torch.nn.Linear(sizes.hidden, 1, bias=False)
        self.straight = torch.nn.Parameter(torch.zeros(features))

    def forward(
        self, questions: torch.Tensor, texts: torch.Tensor, lexical: torch.Tensor, shown: torch.Tensor | None = None
    ) -> torch.Tensor:
        """`shown` (b,): nought where a question has to do without what is learned, so that it is no crutch."""
        learned = torch.cat(self._learned(questions, texts), dim=2)
        if shown is not None:
            learned = learned * shown[:, None, None]
        x = torch.cat([self._centred(lexical), learned], dim=2)
        found: torch.Tensor = self.out(torch.relu(self.hidden(x))).squeeze(2) + x @ self.straight
        return found

    def strayed(self) -> torch.Tensor:
        """How far both projections are from where they began: a mean square."""
        start = self.get_buffer("_start")
        found: torch.Tensor = ((self.ask - start) ** 2).mean() + ((self.tell - start) ** 2).mean()
        return found

    def _centred(self, lexical: torch.Tensor) -> torch.Tensor:
        return (lexical - torch.from_numpy(self._mean)) / torch.from_numpy(self._deviation)

    def _learned(self, questions: torch.Tensor, texts: torch.Tensor) -> list[torch.Tensor]:
        split = self._split
        asked, ask_gate = self._projected(questions, self.ask, self.ask_gate)
        told, tell_gate = self._projected(texts, self.tell, self.tell_gate)
        ask_gate = ask_gate / ask_gate.sum(1, keepdim=True).clamp_min(1e-6)
        alike = torch.einsum("bmd,bknd->bkmn", asked[..., :split], told[..., :split])
        alike = alike.masked_fill((texts == self.pad)[:, :, None, :], -1e4)
        matches = [(ask_gate[:, None] * part.amax(3)).sum(2, keepdim=True) for part in (alike, alike[..., :HEAD])]
        wanted = (ask_gate[..., None] * asked[..., split:]).sum(1)[:, None]
        sums = []
        for part, gate in ((told, tell_gate), (told[:, :, :HEAD], tell_gate[:, :, :HEAD])):
            total = gate.sum(2, keepdim=True).clamp_min(1e-6)
            sums.append(wanted * (gate[..., None] * part[..., split:]).sum(2) / total * _LIFT)
        return [*matches, *sums]

    def _projected(
        self, numbers: torch.Tensor, matrix: torch.Tensor, gate: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Learned vectors and gates of subwords, each distinct one computed once. -> (…, dims), (…)"""
        distinct, places = torch.unique(numbers, return_inverse=True)
        unit = self.get_buffer("_unit")[distinct]
        open_ = unit @ gate[:-1] + gate[-1] * self.get_buffer("_lengths")[distinct]
        gates = torch.exp(open_.clamp(-6.0, 4.0)) * (distinct != self.pad)
        return torch.nn.functional.embedding(places, unit @ matrix), gates[places]

    def weights(self, platt: tuple[float, float] = (1.0, 0.0)) -> Weights:
        """What was learned, as the packaged scorer keeps it."""

        def array(tensor: torch.Tensor) -> npt.NDArray[np.float32]:
            return np.ascontiguousarray(tensor.detach().numpy())

        features = len(self.straight)
        lift = np.ones(features, np.float32)
        lift[LEXICAL + 2 :] = _LIFT
        mean, deviation = np.zeros(features, np.float32), np.ones(features, np.float32)
        mean[:LEXICAL], deviation[:LEXICAL] = self._mean, self._deviation
        return Weights(
            ask=array(self.ask),
            tell=array(self.tell),
            ask_gate=array(self.ask_gate),
            tell_gate=array(self.tell_gate),
            split=np.array([self._split]),
            mean=mean,
            deviation=deviation,
            hidden=array(self.hidden.weight).T * lift[:, None],
            hidden_bias=array(self.hidden.bias),
            out=array(self.out.weight)[0],
            straight=array(self.straight) * lift,
            platt=np.array(platt, np.float64),
        )


def _axes(subwords: Subwords) -> torch.Tensor:
    """Principal axes of the encoder's vectors, those that tell most first: what is learned starts as a shortened cosine."""
    spread = np.zeros((subwords.codes.shape[1],) * 2)
    for start in range(0, len(subwords.codes), 8192):
        unit = subwords.unit(slice(start, start + 8192)).astype(np.float64)
        spread += unit.T @ unit
    _, axes = np.linalg.eigh(spread)
    return torch.from_numpy(np.ascontiguousarray(axes[:, ::-1]).astype(np.float32))
