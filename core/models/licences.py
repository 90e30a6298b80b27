"""Accepting a licence: once per world and version of the licence, before anything is fetched."""

from __future__ import annotations

from datetime import UTC, datetime

from core.models.errors import LicenceNotAccepted
from core.models.offers import Offer
from core.models.settings import ModelSettings


def accept(settings: ModelSettings, offer: Offer, card: str = "") -> None:
    """Record that the person accepted the licence. ``card``: the word the page had then."""
    settings.set_accepted(
        offer.id,
        {
            "version": offer.licence.version,
            "card": card or offer.licence.card,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    )


def is_accepted(settings: ModelSettings, offer: Offer, card: str = "") -> bool:
    """Whether this version was accepted; with ``card``, also whether the page still says it."""
    found = settings.accepted(offer.id)
    return found.get("version") == offer.licence.version and card in ("", found.get("card"))


def check_accepted(settings: ModelSettings, offer: Offer, card: str = "") -> None:
    """Raises LicenceNotAccepted. ``card`` is what the hub's page says now; "" where unknown."""
    if offer.embedded:
        return
    name, url = offer.licence.name, offer.licence.url
    if not is_accepted(settings, offer):
        raise LicenceNotAccepted(
            f"{offer.name} has a licence of its own ({name}), which was not accepted yet.",
            f"Read it at {url} and accept it first.",
        )
    if not is_accepted(settings, offer, card):
        raise LicenceNotAccepted(
            f"The page of {offer.name} now names another licence ({card[:60]}) than the one that "
            f"was accepted ({settings.accepted(offer.id).get('card', '')[:60]}).",
            f"Read it at {offer.page} and accept it again.",
            card=card,
        )
