"""Phrase books: one meaning a phrase, and phrasings held out of training never said in it."""

from __future__ import annotations

import numpy as np
import pytest

from core.learning.driving import STYLES as ROADS
from core.learning.language import BOOKS, name_place, say
from core.learning.robot.table import TABLES
from core.learning.scenes import MOTIONS
from core.learning.scenes import STYLES as SCENES


def test_a_phrase_means_one_control_of_one_domain() -> None:
    meant: dict[str, tuple[str, str]] = {}
    for domain, book in BOOKS.items():
        assert set(book.phrases) == set(book.held_out)
        for table in (book.phrases, book.held_out):
            for control, phrases in table.items():
                assert len(phrases) >= 2
                for phrase in phrases:
                    assert phrase not in meant, (phrase, meant[phrase], (domain, control))
                    meant[phrase] = (domain, control)
    names = [control for book in BOOKS.values() for control in book.phrases]
    assert len(set(names)) == len(names) < 256


@pytest.mark.parametrize("domain", ["driving", "robot", "footage"])
def test_what_training_says_is_never_a_held_out_phrasing(domain: str) -> None:
    book = BOOKS[domain]
    held_out = {p for phrases in book.held_out.values() for p in phrases}
    said = {
        manner + phrase + ending
        for phrases in book.phrases.values() for phrase in phrases
        for manner in book.manners for ending in book.endings
    }
    assert held_out.isdisjoint(said)
    rng = np.random.default_rng(0)
    for control in book.phrases:
        assert say(control, rng, domain=domain) in said
        assert say(control, rng, held_out=True, domain=domain) in held_out


def test_every_place_has_names() -> None:
    for domain, places in (("first-person", SCENES), ("driving", ROADS), ("robot", TABLES)):
        assert set(places) == set(BOOKS[domain].places)
        assert set(BOOKS["first-person"].phrases) == set(MOTIONS)


def test_words_of_ones_own_are_said_as_they_are() -> None:
    rng = np.random.default_rng(0)
    assert say("open the drawer", rng, domain="footage") == "open the drawer"
    assert name_place("our kitchen", rng, domain="footage") == "our kitchen"
    with pytest.raises(KeyError):
        say("open the drawer", rng)
