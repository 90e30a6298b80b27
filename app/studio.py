"""The way in: builds the application and shows the window. Torch is not imported on this path."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

log = logging.getLogger("app")


class Complaints(QObject):
    """Exceptions nobody caught, from any thread, as one sentence on the interface thread."""

    heard = Signal(str)


def install_hooks(complaints: Complaints) -> None:
    """Log the traceback, tell the artist one sentence; the studio goes on."""

    def tell(kind, error, trace, where: str) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.error("unhandled in %s", where, exc_info=(kind, error, trace))
        try:
            complaints.heard.emit(f"Something went wrong inside the studio ({kind.__name__}).")
        except RuntimeError:
            pass

    sys.excepthook = lambda kind, error, trace: tell(kind, error, trace, "the window")
    threading.excepthook = lambda a: tell(
        a.exc_type, a.exc_value, a.exc_traceback, str(a.thread and a.thread.name)
    )


def start_log() -> Path:
    from app.state.settings import log_folder

    path = log_folder() / "studio.log"
    root = logging.getLogger()
    if not any(isinstance(h, RotatingFileHandler) for h in root.handlers):
        handler = RotatingFileHandler(
            path, maxBytes=2_000_000, backupCount=3, encoding="utf-8", delay=True
        )
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
        root.setLevel(logging.INFO)
    return path


def make_application(argv: Sequence[str]) -> QApplication:
    app = QApplication.instance() or QApplication([argv[0] if argv else "slowfast-studio"])
    app.setApplicationName("SlowFast Studio")
    app.setOrganizationName("SlowFast Studio")
    app.setDesktopFileName("slowfast-studio")
    return app


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="slowfast-studio", description="The SlowFast Studio window."
    )
    parser.add_argument(
        "files", nargs="*", help="a project folder, a picture, a video or an episode"
    )
    parser.add_argument("--project", metavar="DIR", help="open this project")
    return parser.parse_args(list(argv[1:]))


def open_window(argv: Sequence[str], **parts):
    """The application and its window, shown. ``parts`` go to the window (a world, an engine)."""
    wish = arguments(argv)
    app = make_application(argv)

    from app import theme
    from app.state.settings import Settings
    from app.widgets.keyguard import KeyGuard
    from app.window import MainWindow

    settings = Settings()
    theme.apply(app, settings.get("theme"))
    guard = KeyGuard(app)
    app.installEventFilter(guard)
    window = MainWindow(settings, **parts)
    window.restore_layout()
    window.show()
    given = [*([wish.project] if wish.project else []), *wish.files]
    if given:
        QTimer.singleShot(0, window, lambda: window.take_files([Path(f) for f in given]))
    # What waits until the window stands there.
    QTimer.singleShot(0, window, window.refresh.after_show)
    return window, app


def run_studio(argv: Sequence[str]) -> int:
    """Show the studio until it is closed; returns the exit code."""
    path = start_log()
    faulthandler.enable(open(path.with_name("fault.log"), "a"))
    complaints = Complaints()
    install_hooks(complaints)
    window, app = open_window(argv)

    from app.widgets.notice_bar import Notice

    def tell(words: str) -> None:
        window.notices.show_notice(
            Notice(
                words,
                kept=window.tr("The project is saved. If it happens again, send the log along."),
                fixes=((window.tr("Show the log"), window.commands.open_logs),),
            )
        )

    complaints.heard.connect(tell)

    def end(*_: object) -> None:
        """Closing the terminal saves like closing the window; but a signal asks nobody."""
        window.document.kept()
        window.leave_unsaved()

    for name in ("SIGINT", "SIGTERM"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    # Torch takes a second or two to import: do it while the artist looks around.
    QTimer.singleShot(1500, window, window.engine.worker.warm_up)
    code = app.exec()
    stopped = window.shut_down()
    logging.shutdown()
    if not stopped:  # an engine that hangs must not keep the process: everything is saved
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(run_studio(sys.argv))
