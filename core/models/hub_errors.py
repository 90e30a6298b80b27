"""What the network or the hub answered, as a sentence."""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from core.models.errors import (
    AccessRefused,
    HubBusy,
    ModelError,
    NoConnection,
    NotThere,
    Offline,
)
from core.models.offers import Offer
from core.models.sizes import duration

_TOKEN = "Give a new token (Worlds, Access token; or: main.py worlds token)."


def offline_error() -> Offline:
    return Offline(
        "The studio is set to stay offline, so nothing is fetched.",
        "Turn Offline off in Worlds (or unset HF_HUB_OFFLINE) first.",
    )


def from_hub(response: Any, endpoint: str) -> bool:
    """Whether the hub itself answered, not the storage that it sent us on to."""
    return (response.url.host or "", response.url.port) == (
        urlsplit(endpoint).hostname or "", urlsplit(endpoint).port
    )  # fmt: skip


def from_status(response: Any, offer: Offer, with_token: bool, endpoint: str) -> ModelError:
    """The error for an HTTP status of 400 or more. ``with_token``: one was sent."""
    status, code = response.status_code, response.headers.get("x-error-code", "")
    if status in (401, 403, 404, 410) and not from_hub(response, endpoint):
        return HubBusy(  # a link that has run out: the next try gets a new one
            f"The storage behind the hub refused a file (it answered {status}).",
            "Try again later; in a company's network, ask whether it is blocked.",
        )
    if code == "GatedRepo" or status == 403:
        if with_token:
            return AccessRefused(
                f"{offer.name} is open only to people its makers let in, and the account of this "
                "token is not among them yet.",
                f"Open {offer.page}, accept the conditions with that account, then try again.",
            )
        return AccessRefused(
            f"{offer.name} is open only to people its makers let in.",
            f"Open {offer.page}, accept the conditions there, then give the studio a token of "
            "that account.",
        )
    if status == 401:
        if with_token:
            return AccessRefused(
                "The hub does not take this token: it may have been withdrawn or have run out.",
                _TOKEN,
            )
        return AccessRefused(
            f"The hub does not show {offer.repo} to somebody it does not know: it is gated, "
            "private or gone.",
            f"Look at {offer.page}. Where you have access there, give the studio a token.",
        )
    if status in (404, 410, 451):
        return NotThere(
            f"The hub has no such file or version of {offer.repo} any more.",
            f"Look at {offer.page}, or update the studio, which may know where it went.",
        )
    if status == 429:
        wait = retry_after(response.headers)
        when = f"in {duration(wait)}" if wait else "in some minutes"
        return HubBusy(
            "The hub was asked too often from this address and wants a pause.",
            f"Try again {when}.", wait,
        )
    if status == 408 or status >= 500:
        return HubBusy(
            f"The hub has trouble of its own (it answered {status}).",
            "Try again later.", retry_after(response.headers),
        )
    return ModelError(
        f"The hub refused to give {offer.name} (it answered {status}).", "Try again later."
    )


def retry_after(headers: Any) -> float | None:
    """Seconds to wait, from Retry-After (seconds or a date) or the hub's own rate limit."""
    text = str(headers.get("retry-after", "")).strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    if text:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
        except (TypeError, ValueError):
            pass
    found = re.search(r"\br=0;t=(\d{1,9})\b", str(headers.get("ratelimit", "")))
    return float(found[1]) if found else None


def from_network(error: BaseException, endpoint: str) -> NoConnection:
    """The error for a connection that could not be made or that broke."""
    host = urlsplit(endpoint).hostname or endpoint
    kinds = {kind.__name__ for e in causes(error) for kind in type(e).__mro__}
    if any(isinstance(e, socket.gaierror) for e in causes(error)):
        made = NoConnection(
            f"{host} was not found: this machine seems to have no network, or the name is wrong.",
            "Check the connection and the address of the hub (HF_ENDPOINT).",
        )
    elif any(isinstance(e, ssl.SSLCertVerificationError) for e in causes(error)):
        made = NoConnection(
            f"The certificate of {host} can't be trusted, so nothing is fetched from it.",
            "Check the clock of this machine; in a company's network, ask for its certificate.",
        )
        made.again = False
    elif "ProxyError" in kinds:
        made = NoConnection(
            "The proxy of this network refused the connection.",
            "Check HTTPS_PROXY and NO_PROXY, or ask whoever runs the network.",
        )
    elif "TimeoutException" in kinds:
        made = NoConnection(
            f"{host} has not answered for too long.", "Check the connection, then try again."
        )
    elif "ConnectError" in kinds:
        made = NoConnection(
            f"There is no connection to {host}.", "Check the connection, then try again."
        )
    else:
        made = NoConnection(
            f"The connection to {host} broke.", "Check the connection, then try again."
        )
    return made


def causes(error: BaseException) -> list[BaseException]:
    """The error and what led to it."""
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found
