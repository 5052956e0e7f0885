import re

import numpy as np
import pytest

from beavervision.synthetic.corpus.sentences import HELD_OUT, languages


@pytest.mark.parametrize("code", sorted(languages()))
def test_learnt_and_held_out_sentences_share_no_phrase(code):
    language, rng = languages()[code], np.random.default_rng(1)
    said = {held_out: [language.sentence(rng, held_out=held_out) for _ in range(150)] for held_out in (False, True)}
    for phrases in (language.who, language.does, language.when, language.says):
        for i, phrase in enumerate(phrases):
            pattern = re.compile(re.escape(phrase).replace(r"\{n\}", r"\d+"))
            spoken = {split for split, lines in said.items() if any(pattern.search(line) for line in lines)}
            assert spoken <= {i % HELD_OUT == HELD_OUT - 1}, phrase


def test_numbers_are_filled_in():
    rng = np.random.default_rng(2)
    lines = [languages()["de"].sentence(rng, held_out=False) for _ in range(100)]
    assert not any("{" in line for line in lines)
    assert sum(any(letter.isdigit() for letter in line) for line in lines) > 10
    assert len(set(lines)) > 60
