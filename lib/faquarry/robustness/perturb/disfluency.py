"""Disfluencies of spoken questions: a false start, a word that takes it back, and the question again.

How long false starts are, where they stand and by what kind of word they are taken back is learned from people
(tools/fit_noise.py on the disfluent questions of xquad-disfl). The words themselves are written down by language.
"""

from __future__ import annotations

from collections.abc import Sequence

from faquarry.robustness.perturb.learned import Shares, learned
from faquarry.robustness.perturb.operation import Editor, Operation
from faquarry.robustness.perturb.perturbed import Edit
from faquarry.robustness.perturb.pieces import Pieces
from faquarry.robustness.perturb.randomness import Draw
from faquarry.robustness.perturb.strength import Strength
from faquarry.robustness.perturb.words import words_of

__all__ = ["OPERATIONS", "ROLES", "role_of"]

ROLES = ("filler", "no", "mean", "rather", "sorry")

# language -> a filler; no; I mean; or rather; sorry
_SAID = {
    "eng": ("uh|um", "no|wait no", "I mean", "or rather|or make that", "sorry|scratch that"),
    "deu": ("äh|ähm", "nein|halt nein", "ich meine", "oder besser gesagt|beziehungsweise", "Entschuldigung|Moment"),
    "fra": ("euh", "non|enfin non", "je veux dire", "ou plutôt", "pardon"),
    "spa": ("eh|este", "no|no espera", "quiero decir", "o mejor dicho|o más bien", "perdón"),
    "ita": ("ehm", "no|no aspetta", "voglio dire|cioè", "o meglio|anzi", "scusa"),
    "por": ("é|hum", "não|não espera", "quero dizer", "ou melhor", "desculpa"),
    "nld": ("eh|uhm", "nee|nee wacht", "ik bedoel", "of liever gezegd", "sorry"),
    "ron": ("ăă", "nu|nu stai", "adică", "sau mai bine zis", "scuze"),
    "pol": ("yyy|eee", "nie|nie czekaj", "to znaczy", "a raczej", "przepraszam"),
    "ces": ("ehm", "ne|vlastně ne", "myslím", "nebo spíš", "pardon"),
    "rus": ("э|эм", "нет|нет стоп", "то есть", "точнее|вернее", "извините"),
    "ukr": ("е|ем", "ні|ні чекайте", "тобто", "точніше|або радше", "вибачте"),
    "ell": ("εε", "όχι|όχι περίμενε", "εννοώ", "ή μάλλον", "συγγνώμη"),
    "tur": ("ıı|şey", "hayır|yok hayır", "yani", "daha doğrusu", "pardon"),
    "vie": ("ờ|ừm", "không|không phải", "ý tôi là", "hay đúng hơn là", "xin lỗi"),
    "ara": ("آه|اممم", "لا", "أقصد|أعني", "أو بالأحرى", "عفوا"),
    "hin": ("अं|मतलब", "नहीं|नहीं रुको", "मेरा मतलब है", "या यूँ कहें", "माफ़ कीजिए"),
    "ind": ("eh|anu", "bukan|eh bukan", "maksud saya", "atau lebih tepatnya", "maaf"),
    "swe": ("öh|eh", "nej|nej vänta", "jag menar", "eller snarare", "förlåt"),
}  # fmt: skip

_ENGLISH = {
    "filler": ("uh", "um", "ugh", "er", "oh", "hmm", "well"),
    "no": ("no", "wait", "nope"),
    "mean": ("mean", "meant"),
    "rather": ("rather", "make", "instead", "actually"),
    "sorry": ("sorry", "scratch", "oops", "dang"),
}


def role_of(words: Sequence[str], place: int) -> str | None:
    """What the English word at a place does in taking something back, None when it is none of these.

    >>> [role_of("in the second no i mean".split(), place) for place in (2, 3, 5)]
    [None, 'no', 'mean']
    """
    return next((role for role, said in _ENGLISH.items() if words[place] in said), None)


def _editor(language: str) -> Editor:
    said = [role.split("|") for role in _SAID[language if language in _SAID else "eng"]]
    model = {name: Shares(shares) for name, shares in learned()["disfluency"].items()}

    def speak(pieces: Pieces, strength: Strength, draw: Draw) -> list[Edit]:
        """One edit a disfluency: what is said twice, and the words that take it back, before the word they repeat."""
        text, words = pieces.text, words_of(pieces)
        places = [at for at in range(len(words)) if not at or text[words[at].start - 1].isspace()]
        budget = min(strength.budget(len(words)), (len(words) + 2) // 3)
        chosen: dict[int, Edit] = {}
        while places and len(chosen) < budget:
            region = model["starts"].draw(draw)
            some = [at for at in places if _region(at, len(words)) == region] or places
            at = some[draw.below(len(some))]
            places.remove(at)
            length = int(model["words"].draw(draw))
            last = min(at + length, len(words)) - 1
            while last > at and _crosses(pieces, words[at].start, words[last].end):
                last -= 1  # numbers and addresses are said once
            if any(at - 3 <= other <= at + length for other in chosen) or len(words) < 2:
                continue
            role = said[ROLES.index(model["roles"].draw(draw))]
            cue = role[draw.below(len(role))]
            start = words[at].start
            begun = text[start : words[last].end] if length else ""
            chosen[at] = Edit(start, "", f"{begun} {cue} " if begun else f"{cue} ")
        return [chosen[at] for at in sorted(chosen)]

    return speak


def _crosses(pieces: Pieces, start: int, end: int) -> bool:
    return any(first < end and start < last for first, last in pieces.spans)


def _region(at: int, count: int) -> str:
    return "begin" if at == 0 else "end" if at > 2 * count / 3 else "middle"


OPERATIONS = (
    Operation(
        "disfluency",
        "says a few words, takes them back (uh, no, I mean) and says them again, as in spoken questions",
        "the same question, as it is spoken",
        _editor,
        languages=frozenset(_SAID),
        unit="disfluencies",
    ),
)
