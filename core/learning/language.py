"""Control signals turned into language: many ways to say each motion and each place.

Some phrasings are held out of training, so that obedience can be measured on words not seen.
``BOOKS`` has one book for each domain; the first-person world's is the one that ships.
"""

from __future__ import annotations

import numpy as np

from core.learning.phrases import driving, first_person, footage, robot
from core.learning.phrases.book import Book
from core.learning.phrases.first_person import HELD_OUT, PHRASES

__all__ = ["BOOKS", "HELD_OUT", "PHRASES", "name_place", "say"]

#: Domain (the name of a source, ``core.learning.sources``) → its phrase book.
BOOKS: dict[str, Book] = {
    "first-person": first_person.BOOK,
    "driving": driving.BOOK,
    "robot": robot.BOOK,
    "footage": footage.BOOK,
}


def say(
    verb: str, rng: np.random.Generator, held_out: bool = False, domain: str = "first-person"
) -> str:
    """One way to ask for ``verb``, a control of ``domain``.

    What is no control of it was written by a person (an action of own footage) and is said as
    it is. Raises KeyError for such a text in the first-person world, which has controls alone.
    """
    book = BOOKS[domain]
    if domain != "first-person" and verb not in book.phrases:
        return verb
    phrases = (book.held_out if held_out else book.phrases)[verb]
    phrase = phrases[int(rng.integers(len(phrases)))]
    if held_out:
        return phrase
    text = book.manners[int(rng.integers(len(book.manners)))] + phrase
    return text + book.endings[int(rng.integers(len(book.endings)))]


def name_place(style: str, rng: np.random.Generator, domain: str = "first-person") -> str:
    """One way to name a scene of ``style``. A name that a person gave is said as it is."""
    places = BOOKS[domain].places
    if domain != "first-person" and style not in places:
        return style
    names = places[style]
    return names[int(rng.integers(len(names)))]
