"""A hub on loopback: the addresses, headers and redirects that huggingface_hub uses, with faults.

Large files are redirected to a second server on another port (another origin, as the hub's CDN is),
behind a signed link. Every request is written down in ``Hub.seen``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LFS_ABOVE = 4096  # bytes: larger files are kept outside git, as on the hub
SIGNATURE = "Signature=once-only-secret"


@dataclass
class Fault:
    """What goes wrong with the bytes of a file, ``times`` times (None: always).

    ``status`` answers that instead, with ``headers``. ``drop``: the line breaks after that many
    bytes. ``stall``: it falls silent after that many. ``flip``: a byte is wrong. ``extra``: more
    bytes than said in the list; ``short``: fewer. ``whole``: ranges are ignored. ``zipped``: the
    answer is compressed though nobody asked. ``pace``: bytes a second.
    """

    times: int | None = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    drop: int | None = None
    stall: int | None = None
    flip: bool = False
    extra: int = 0
    short: int = 0
    whole: bool = False
    zipped: bool = False
    pace: float = 0.0


@dataclass(frozen=True)
class Seen:
    """One request. ``server``: "hub" or "cdn"."""

    server: str
    method: str
    path: str
    range: str
    token: str
    agent: str


@dataclass
class Repo:
    files: dict[str, bytes]
    commit: str
    licence: str | None = "apache-2.0"
    gated: bool = False
    private: bool = False
    dropped: set[str] = field(default_factory=set)  # commits that are gone


class Hub:
    """Use as a context: ``with Hub() as hub: hub.add("me/world", files)``; ``hub.endpoint``."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.faults: dict[str, list[Fault]] = defaultdict(list)  # by file name, or "api"
        self.seen: list[Seen] = []
        self.tokens: set[str] = set()  # that are known
        self.let_in: set[str] = set()  # and that may read gated repositories
        self.listed: Callable[[list[dict[str, Any]]], None] = lambda rows: None  # may tamper
        self.resting = threading.Event()  # set to end every stall
        self._lock = threading.Lock()
        self._hub = _serve(self, _HubHandler)
        self._cdn = _serve(self, _CdnHandler)
        self.endpoint = f"http://127.0.0.1:{self._hub.server_address[1]}"
        self.cdn = f"http://127.0.0.1:{self._cdn.server_address[1]}"

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self.resting.set()
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()

    def add(self, name: str, files: dict[str, bytes], **options: Any) -> Repo:
        commit = hashlib.sha1(repr(sorted(files)).encode() + b"".join(files.values())).hexdigest()
        self.repos[name] = Repo(dict(files), commit, **options)
        return self.repos[name]

    def fault(self, name: str, **what: Any) -> None:
        self.faults[name].append(Fault(**what))

    def take_fault(self, name: str) -> Fault | None:
        with self._lock:
            for fault in self.faults.get(name, ()):
                if fault.times is None:
                    return fault
                if fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def asked(self, name: str, server: str = "") -> list[Seen]:
        """Requests for the bytes of a file, in order."""
        wanted = [hashlib.sha256(f).hexdigest() for r in self.repos.values()
                  for n, f in r.files.items() if n == name]
        return [
            s for s in self.seen
            if s.method == "GET" and (not server or s.server == server)
            and (s.path.endswith(f"/{name}") or any(s.path.startswith(f"/lfs/{w}") for w in wanted))
        ]

    def note(self, server: str, handler: BaseHTTPRequestHandler) -> None:
        headers = handler.headers
        self.seen.append(
            Seen(server, handler.command, handler.path, headers.get("range", ""),
                 headers.get("authorization", ""), headers.get("user-agent", ""))
        )


def is_lfs(content: bytes) -> bool:
    return len(content) > LFS_ABOVE


def blob_id(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 32
    hub: Hub

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that leaves is what many tests are about


def _serve(hub: Hub, handler: type[BaseHTTPRequestHandler]) -> _Server:
    server = _Server(("127.0.0.1", 0), handler)
    server.hub = hub
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = ""

    def log_message(self, *_: object) -> None:
        pass

    @property
    def hub(self) -> Hub:
        return self.server.hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.hub.note(self.name, self)
        self.answer(unquote(urlsplit(self.path).path), parse_qs(urlsplit(self.path).query))

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        raise NotImplementedError

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str = "", message: str = "", **headers: str) -> None:
        if code:
            headers["X_Error_Code"] = code
        if message:
            headers["X_Error_Message"] = message
        body = json.dumps({"error": message or code}).encode()
        self.reply(status, body, Content_Type="application/json", **headers)

    def give(self, content: bytes, fault: Fault | None, **headers: str) -> None:
        """``content``, or the range of it that was asked for, with what goes wrong on the way."""
        fault = fault or Fault(times=0)
        if fault.status:
            self.refuse(fault.status, **{k.replace("-", "_"): v for k, v in fault.headers.items()})
            return
        if fault.flip:
            content = content[:-1] + bytes([content[-1] ^ 1])
        content = content[: len(content) - fault.short] + b"\0" * fault.extra
        start, status = 0, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        if asked and not fault.whole and not fault.zipped:
            start, status = int(asked[1]), 206
            if start >= len(content):
                self.reply(416, Content_Range=f"bytes */{len(content)}")
                return
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if fault.zipped:
            body = gzip.compress(body)
            headers["Content_Encoding"] = "gzip"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.pour(body, fault)

    def pour(self, body: bytes, fault: Fault) -> None:
        end = len(body)
        if fault.drop is not None:
            end = min(end, fault.drop)
        if fault.stall is not None:
            end = min(end, fault.stall)
        block = 65536 if not fault.pace else max(1, int(fault.pace / 50))
        for at in range(0, end, block):
            self.wfile.write(body[at : min(end, at + block)])
            self.wfile.flush()
            if fault.pace:
                time.sleep(0.02)
        if fault.stall is not None:
            self.hub.resting.wait(60)
        if end < len(body):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)


class _HubHandler(_Handler):
    name = "hub"

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/([^/]+))?", path)
        tree = re.fullmatch(r"/api/models/([^/]+/[^/]+)/tree/([^/]+)(?:/(.*))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if tree:
            self._tree(tree[1], tree[2], query)
        elif api:
            self._info(api[1], api[2], "blobs" in query)
        elif file:
            self._resolve(file[1], file[2], file[3])
        else:
            self.refuse(404, "RepoNotFound")

    def _repo(self, name: str, revision: str | None) -> Repo | None:
        """The repository, once the one who asks may see it; else the answer was given."""
        fault = self.hub.take_fault("api") if "/api/" in self.path else None
        if fault is not None and fault.status:
            self.refuse(fault.status, **{k.replace("-", "_"): v for k, v in fault.headers.items()})
            return None
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens:
            self.refuse(401, "", "Invalid credentials in Authorization header")
            return None
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and token not in self.hub.let_in):
            self.refuse(401 if not token else 404, "RepoNotFound", "Repository not found")
            return None
        if revision not in (None, "main", repo.commit) or revision in repo.dropped:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repo

    def _rows(self, repo: Repo) -> list[dict[str, Any]]:
        rows = []
        for name, content in repo.files.items():
            row: dict[str, Any] = {
                "rfilename": name, "size": len(content), "blobId": blob_id(content)
            }
            if is_lfs(content):
                row["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(), "size": len(content),
                    "pointerSize": 130,
                }
            rows.append(row)
        self.hub.listed(rows)
        return rows

    def _info(self, name: str, revision: str | None, blobs: bool) -> None:
        repo = self._repo(name, revision)
        if repo is None:
            return
        rows = self._rows(repo)
        body = {
            "_id": "0" * 24, "id": name, "modelId": name, "author": name.split("/")[0],
            "sha": repo.commit, "private": repo.private, "gated": "auto" if repo.gated else False,
            "disabled": False, "downloads": 1, "likes": 0, "tags": ["diffusers"],
            "createdAt": "2025-07-01T00:00:00.000Z", "lastModified": "2025-07-02T00:00:00.000Z",
            "cardData": {"license": repo.licence} if repo.licence else {},
            "siblings": rows if blobs else [{"rfilename": r["rfilename"]} for r in rows],
        }
        self.reply(200, json.dumps(body).encode(), Content_Type="application/json")

    def _tree(self, name: str, revision: str, query: dict[str, list[str]]) -> None:
        repo = self._repo(name, revision)
        if repo is None:
            return
        rows = []
        for row in self._rows(repo):
            made = {"type": "file", "oid": row["blobId"], "size": row["size"],
                    "path": row["rfilename"]}
            if "lfs" in row:
                made["lfs"] = {"oid": row["lfs"]["sha256"], "size": row["size"],
                               "pointerSize": 130}
            rows.append(made)
        self.reply(200, json.dumps(rows).encode(), Content_Type="application/json")

    def _resolve(self, name: str, revision: str, file: str) -> None:
        repo = self._repo(name, revision)
        if repo is None:
            return
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        if repo.gated and token not in self.hub.let_in:
            words = f"Access to model {name} is restricted."
            self.refuse(403 if token else 401, "GatedRepo", words)
            return
        content = repo.files.get(file)
        if content is None:
            self.refuse(404, "EntryNotFound", "Entry not found", X_Repo_Commit=repo.commit)
            return
        common = {"X_Repo_Commit": repo.commit, "Cache_Control": "no-store",
                  "Date": formatdate(usegmt=True)}
        if not is_lfs(content):
            self.give(content, self.hub.take_fault(file), ETag=f'"{blob_id(content)}"', **common)
            return
        sha = hashlib.sha256(content).hexdigest()
        self.reply(
            302, b"", Location=f"{self.hub.cdn}/lfs/{sha}?name={file}&{SIGNATURE}",
            X_Linked_Etag=f'"{sha}"', X_Linked_Size=str(len(content)), ETag=f'"{sha[:32]}"',
            X_Xet_Hash=sha, Link=f'<{self.hub.endpoint}/xet>; rel="xet-auth"', **common,
        )


class _CdnHandler(_Handler):
    name = "cdn"

    def answer(self, path: str, query: dict[str, list[str]]) -> None:
        if SIGNATURE not in self.path or self.headers.get("authorization"):
            self.refuse(403, "", "a signed link, and no token beside it")
            return
        sha = path.removeprefix("/lfs/")
        for repo in self.hub.repos.values():
            for name, content in repo.files.items():
                if hashlib.sha256(content).hexdigest() == sha:
                    self.give(content, self.hub.take_fault(name), ETag=f'"{sha}"')
                    return
        self.refuse(404)
