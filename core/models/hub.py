"""The hub, through huggingface-hub's own client: the list of a world's files, and their bytes.

The list comes from ``HfApi``; bytes come from the hub's ``resolve`` addresses over plain HTTP with
a range. ``hf_hub_download`` is not used for them: since 2.x it throws a partial file away on every
failure, its waits can't be interrupted, and through Xet it writes into a cache outside the folder
the person chose. See ARCHITECTURE.md, "Getting worlds".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from core.models.errors import AccessRefused, Refused
from core.models.hub_errors import from_hub, from_network, from_status, offline_error
from core.models.names import check_names
from core.models.offers import Offer
from core.models.token import may_carry

T = TypeVar("T")
TIMEOUT = 20.0  # seconds without a byte, after which a line counts as broken
LARGEST = 50 * 10**9  # the hub gives no larger file over plain HTTP

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class RemoteFile:
    """``sha256`` of a large file (LFS), else ``blob``: git's sha1 of a small one. Hex."""

    name: str
    size: int
    sha256: str = ""
    blob: str = ""


@dataclass(frozen=True)
class Listing:
    """What the repository holds at one commit. ``card``: the licence its page names, or ""."""

    repo: str
    commit: str
    files: tuple[RemoteFile, ...]
    card: str = ""


@dataclass(frozen=True)
class Answer:
    """A file's bytes from ``start`` on. ``total``: its whole size, None where it is not said."""

    start: int
    total: int | None
    chunks: Iterator[bytes]


class Hub:
    """``token`` is asked only when the hub refuses without one, or at once for a gated world."""

    def __init__(
        self,
        endpoint: str,
        token: Callable[[], str | None] = lambda: None,
        offline: bool = False,
        timeout: float = TIMEOUT,
    ):
        self.endpoint = endpoint
        self._ask_token = token
        self._offline = offline
        self._timeout = timeout
        self._token: str | None = None
        for name in ("httpx2", "httpcore2"):  # they write signed links down
            logging.getLogger(name).setLevel(logging.WARNING)

    # -- the list --------------------------------------------------------------------------------

    def listing(self, offer: Offer, revision: str | None = None) -> Listing:
        """The files of ``offer`` at ``revision`` (else its own, else the newest commit).

        Raises ModelError; waits for the network as long as ``timeout``.
        """
        self._ready(offer)
        wanted = revision or offer.revision

        def ask() -> Any:
            from huggingface_hub import HfApi

            api = HfApi(self.endpoint, token=self._token or False, headers=_agent())
            with _translating(self.endpoint, offer, bool(self._token)):
                return api.model_info(
                    offer.repo, revision=wanted, files_metadata=True, timeout=self._timeout
                )

        info = self._with_token(ask)
        commit = str(info.sha or "")
        pinned = wanted is not None and _COMMIT.fullmatch(wanted)
        if not _COMMIT.fullmatch(commit) or (pinned and commit != wanted):
            raise Refused(
                f"The hub answered for {offer.repo} without saying which version it is.",
                "Check the address of the hub (HF_ENDPOINT).",
            )
        siblings = info.siblings or []
        check_names(str(s.rfilename) for s in siblings)
        return Listing(
            offer.repo, commit, tuple(_remote_file(s) for s in siblings), _licence_of(info)
        )

    # -- bytes -----------------------------------------------------------------------------------

    @contextmanager
    def stream(self, offer: Offer, commit: str, name: str, start: int = 0) -> Iterator[Answer]:
        """The bytes of one file from ``start``; the answer says where they really begin."""
        self._ready(offer)
        with self._response(offer, commit, name, start) as response:
            yield response

    @contextmanager
    def _response(self, offer: Offer, commit: str, name: str, start: int) -> Iterator[Answer]:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import get_session, hf_raise_for_status

        url = hf_hub_url(offer.repo, name, revision=commit, endpoint=self.endpoint)

        def headers() -> dict[str, str]:
            made = {**_agent(), "accept-encoding": "identity"}
            if start:
                made["range"] = f"bytes={start}-"
            if self._token:
                made["authorization"] = f"Bearer {self._token}"
            return made

        for attempt in (1, 2):
            with _translating(self.endpoint, offer, bool(self._token)):
                with get_session().stream(
                    "GET", url, headers=headers(), timeout=self._timeout
                ) as response:
                    if attempt == 1 and self._wants_token(response) and self._take_token():
                        continue
                    hf_raise_for_status(response)
                    plain = response.headers.get("content-encoding", "identity") == "identity"
                    chunks = response.iter_raw() if plain else response.iter_bytes()
                    yield Answer(*_extent(response, plain), chunks)
                    return

    # -- who asks --------------------------------------------------------------------------------

    def _ready(self, offer: Offer) -> None:
        if self._offline:
            raise offline_error()
        if offer.gated:
            self._take_token()

    def _wants_token(self, response: Any) -> bool:
        return response.status_code in (401, 403) and from_hub(response, self.endpoint)

    def _take_token(self) -> bool:
        """Whether there is a token that was not used yet."""
        if self._token is not None or not may_carry(self.endpoint):
            return False
        self._token = self._ask_token()
        return self._token is not None

    def _with_token(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except AccessRefused:
            if not self._take_token():
                raise
            return ask()


@contextmanager
def _translating(endpoint: str, offer: Offer, with_token: bool) -> Iterator[None]:
    """Errors of the client become sentences; its own are not chained, for they hold addresses."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except OfflineModeIsEnabled:
        raise offline_error() from None
    except HfHubHTTPError as error:
        raise from_status(error.response, offer, with_token, endpoint) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
        raise from_network(error, endpoint) from None
    except (HFValidationError, ValueError, TypeError, KeyError, AttributeError):
        raise Refused(
            f"What answers at {endpoint} does not speak like the hub.",
            "Check the address (HF_ENDPOINT), and that no login page of a network stands between.",
        ) from None


def _extent(response: Any, plain: bool) -> tuple[int, int | None]:
    """(start, total) of what the answer holds."""
    headers = response.headers
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("content-range", "").strip())
        if found and plain:
            return int(found[1]), int(found[2]) if found[2] != "*" else None
        raise ValueError("a range that was not asked for")
    length = headers.get("content-length", "")
    return 0, int(length) if plain and length.isdigit() else None


def _remote_file(sibling: Any) -> RemoteFile:
    lfs = sibling.lfs
    size = lfs.size if lfs else sibling.size
    sha256 = str(lfs.sha256 or "") if lfs else ""
    blob = "" if lfs else str(sibling.blob_id or "")
    return RemoteFile(
        str(sibling.rfilename),
        size if isinstance(size, int) and size >= 0 else -1,
        sha256 if _SHA256.fullmatch(sha256) else "",
        blob if _COMMIT.fullmatch(blob) else "",
    )


def _licence_of(info: Any) -> str:
    card = info.card_data
    found = card.get("license") if card is not None else None
    if isinstance(found, list):
        found = found[0] if found else None
    return found.strip().lower()[:80] if isinstance(found, str) else ""


def _agent() -> dict[str, str]:
    """Who asks: the program's name and nothing about the machine."""
    return {"user-agent": "slowfast-studio"}

