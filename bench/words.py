"""Requests as people write them: few words very often, many hardly ever (Zipf), in Italian and in English. Made, not quoted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, product


def _words(text: str) -> list[str]:
    return text.split()


ITALIAN = _words(
    "strada muro scuola frana acqua casa terremoto comune ponte pericolo fiume argine tetto albero danni sindaco zona famiglia "
    "edificio crepe neve fango evacuazione volontari protezione civile allerta piano emergenza domanda modulo contributo "
    "verifica agibilità tecnico sopralluogo quartiere palazzo cantina garage ospedale anziani bambini corrente telefono gas "
    "odore fumo incendio bosco vento pioggia grandine mare onda costa porto stazione ferrovia galleria versante roccia masso "
    "torrente tombino fogna allagamento pompa sacchi sabbia tenda campo cucina coperte medico farmaci assistenza alloggio "
    "albergo rimborso scadenza ordinanza decreto regione provincia ufficio risposta pratica segnalazione proposta informazione "
    "corso esercitazione"
)
ENGLISH = _words(
    "road wall school landslide water house earthquake town bridge danger river bank roof tree damage mayor area family "
    "building cracks snow mud evacuation volunteers civil protection alert plan emergency request form grant survey safety "
    "engineer visit hospital elderly children power phone smell smoke fire forest wind rain hail sea wave coast harbour "
    "station railway tunnel"
)
LINKS = {
    "it": _words("il la di che e un una in per con del della non sono è da si al nella alle"),
    "en": _words("the a of that and in for with is not are from to at on this we have it was"),
}
RANKS = 20_000
FLATTER = 5
"""Zipf's law with a flatter head (Mandelbrot): the first word stands in about a third of all texts."""

NOW_ON_EVERY_LIP, LONG_AGO = "scossa", "vaiont"
"""Words of one event each: that of the last weeks, and one of decades ago that nobody has written since."""


def vocabulary(language: str) -> list[str]:
    """Words by rank: the commonest are real, those behind are like names of places and families."""
    real = ITALIAN if language == "it" else ENGLISH
    onsets, vowels = ("b", "c", "d", "f", "g", "l", "m", "n", "p", "r", "s", "t", "v", "z"), ("a", "e", "i", "o")
    syllables = [onset + vowel for onset, vowel in product(onsets, vowels)]
    names = [f"{one}{other}{third}no" for one, other, third in product(syllables, syllables, syllables[::7])]
    random.Random(language).shuffle(names)
    return [*real, *names][:RANKS]


@dataclass(frozen=True)
class Writer:
    """Writes texts in one language. `words` are by rank."""

    language: str
    words: Sequence[str]
    weights: Sequence[float]

    @classmethod
    def of(cls, language: str) -> Writer:
        """The writer of a language."""
        words = vocabulary(language)
        return cls(language, words, list(accumulate(1 / (rank + FLATTER) for rank in range(1, len(words) + 1))))

    def text(self, dice: random.Random, words: int) -> str:
        """A text with so many words that say something, and half as many that do not."""
        said = dice.choices(self.words, cum_weights=self.weights, k=words)
        links = dice.choices(LINKS[self.language], k=words // 2)
        return " ".join(word for pair in zip(said[::2], links, said[1::2], strict=False) for word in pair)
