"""The engine's own process: ``python -m core.engine.child``. JSON lines in and out.

In: ``{"do": "run", "id": n, "task": {...}, "device": ..., "previews": ..., "threads": ...,
"tier": ...}``
(and ``"lowered": {...}``: what is remembered of the task's world, ``"killed_in": ...``: the tier in
which the process before this one was ended for its memory, in the middle of this very task),
``{"do": "cancel", "id": n}``, ``{"do": "pause"}``, ``{"do": "resume"}``. Out: ``{"id": n,
"event": {...}}``. When the pipe in closes, whoever started this is gone and it ends.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from typing import Any, BinaryIO

from core.engine.control import CancelToken, PauseGate
from core.engine.events_json import NotOurs, from_json, from_line, to_json, to_line
from core.engine.in_process import InProcessEngine
from core.engine.lowered import Low


class Child:
    """Reads messages on a thread of its own, so that a cancel is heard while a task runs."""

    def __init__(self, source: BinaryIO, sink: BinaryIO):
        self._source, self._sink = source, sink
        self._tasks: queue.Queue[dict[str, Any]] = queue.Queue()
        self._tokens: dict[int, CancelToken] = {}
        self._pause = PauseGate()

    def serve(self) -> None:
        threading.Thread(target=self._listen, name="messages", daemon=True).start()
        engine: InProcessEngine | None = None
        while True:
            message = self._tasks.get()
            if engine is None:
                engine = InProcessEngine(
                    message.get("device", "auto"), bool(message.get("previews", True)),
                    message.get("threads"), tier=str(message.get("tier", "")),
                )
            engine.previews = bool(message.get("previews", True))
            id = message["id"]
            token, task = self._tokens[id], from_json(message["task"])
            if message.get("lowered"):
                engine.lowered.put(task, Low(**message["lowered"]))
            engine.killed_in = message.get("killed_in")
            for event in engine.run(task, token, self._pause):
                self._send({"id": id, "event": to_json(event)})
            self._tokens.pop(id, None)

    def _listen(self) -> None:
        for line in self._source:
            try:
                message = from_line(line)
            except NotOurs:
                continue
            match message.get("do"):
                case "run":
                    self._tokens[message["id"]] = CancelToken()
                    self._tasks.put(message)
                case "cancel":
                    if token := self._tokens.get(message.get("id")):
                        token.cancel()
                case "pause":
                    self._pause.pause()
                case "resume":
                    self._pause.resume()
        os._exit(0)  # in the middle of a task too: nobody is there to take its result

    def _send(self, message: dict[str, Any]) -> None:
        self._sink.write(to_line(message))
        self._sink.flush()


def main() -> None:
    # Libraries print; what they say must not get between the messages.
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        Child(sys.stdin.buffer, sink).serve()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(0)


if __name__ == "__main__":
    main()
