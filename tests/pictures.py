"""Makes the pictures of the README: drives the real window, offscreen, on a sample project.

    python -m tests.pictures --out resources/pictures

Nothing of whoever runs it is read or changed: settings and projects have a folder of their own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 240  # seconds for one thing to happen
MOST = 300 * 1024  # bytes of one picture
NAMES = ("welcome", "new-project", "draft", "memory", "studio", "export")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("resources/pictures"), metavar="DIR")
    parser.add_argument("--size", default="1600x1000", metavar="WxH", help="of the window")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--sample", default="", help="the name of a sample; else the first")
    parser.add_argument("--chunks", type=int, default=6, help="of the walk")
    parser.add_argument("--world", type=Path, metavar="DIR", help="another than the installed")
    parser.add_argument("--all", action="store_true", help="also every other panel and dialog")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="slowfast-pictures-") as folder:
        os.environ["QT_QPA_PLATFORM"] = os.environ.get("SLOWFAST_PICTURES_ON", "offscreen")
        os.environ["HOME"] = folder  # so that paths can be shown from "~" on, as people know them
        os.environ["SLOWFAST_SETTINGS"] = str(Path(folder) / "studio.ini")
        os.environ["SLOWFAST_LOGS"] = str(Path(folder) / "logs")
        session = Session(args, Path(folder))
        if not args.world and not session.w.worlds.entries():
            raise SystemExit("No world is installed: resources/worlds/starter is empty.")
        try:
            session.tour()
        finally:
            session.w.shut_down()
    for path in session.made:
        print(f"{path}  {path.stat().st_size // 1024} kB")
    return 0


class Session:
    def __init__(self, args: argparse.Namespace, folder: Path):
        from app.state.settings import Settings
        from app.state.worlds import Worlds
        from app.studio import open_window

        settings = Settings()
        projects = folder / "Documents" / "SlowFast Projects"
        projects.mkdir(parents=True)
        settings.set("projects_folder", str(projects))
        settings.set("theme", args.theme)
        settings.sync()
        parts = {"worlds": Worlds([args.world])} if args.world else {}
        self.w, self.app = open_window(["studio"], **parts)
        width, height = (int(n) for n in args.size.split("x"))
        self.w.resize(width, height)
        self.args, self.made = args, []
        self.wait(0.3)

    # -- the tour ----------------------------------------------------------------------------------

    def tour(self) -> None:
        from core.rollout.samples import samples

        w = self.w
        self.take("welcome")
        w.commands.new_project()
        self.until(lambda: self.dialog().create.isEnabled(), "the picture in the dialog")
        self.over("new-project")
        known = samples()
        chosen = next((s for s in known if s.name == self.args.sample), known[0])
        w.projects.from_sample(chosen)
        self.until(lambda: w.document.project is not None, "the project")
        if self.args.all:
            self.wait(0.5)
            self.take("fresh")
            self.panels("empty-")
        self.walk()
        if self.args.all:
            self.panels("")
            self.dialogs()

    def walk(self) -> None:
        """All chunks but the last kept by themselves; the last one waits as a draft."""
        w = self.w
        p = w.document.project
        until = 1 + self.args.chunks * p.chunk_frames
        w.generation.set_auto_accept(True)
        from core.project.jobs import generate_job

        w.queue.add(generate_job(until))
        if self.args.all:
            self.until(lambda: len(w.document.project.takes) >= 2 and w.queue.active, "a chunk")
            self.wait(0.3)
            self.take("making")
            w.queue.pause(w.queue.jobs[0].id)
            self.wait(0.3)
            self.take("paused")
            w.queue.resume(w.queue.jobs[0].id)
        self.until(lambda: len(w.document.project.takes) >= self.args.chunks - 1, "the walk")
        w.generation.set_auto_accept(False)
        self.until(lambda: w.generation.draft_take() is not None and not w.queue.busy, "a draft")
        self.rest()
        w.transport.seek(until - p.chunk_frames // 2)
        self.wait(1.0)
        self.take("draft")
        w.generation.accept()
        self.until(lambda: not w.queue.busy and all(j.ended for j in w.queue.jobs), "learning")
        self.rest()
        w.transport.seek(1 + 3 * p.chunk_frames + p.chunk_frames // 2)  # one that was helped
        w.show_panel("memory")
        self.wait(0.4)
        self.take("memory")
        w.show_panel("actions")
        w.viewer.setFocus()
        w.transport.seek(1 + 4 * p.chunk_frames + 2)  # the place it came back to
        self.wait(1.0)
        self.take("studio")
        w.commands.export()
        self.wait(0.4)
        self.over("export")

    def panels(self, before: str) -> None:
        for name in ("clip", "memory", "queue", "episodes", "worlds", "takes"):
            self.w.show_panel(name)
            self.wait(0.3)
            self.take(before + name)
        self.w.show_panel("actions")
        self.w.show_panel("media")

    def dialogs(self) -> None:
        commands = self.w.commands
        for name in ("preferences", "shortcuts", "about"):
            getattr(commands, name)()
            self.wait(0.4)
            self.over(name)
        for title, menu in self._menus():
            menu.popup(self.w.mapToGlobal(self.w.rect().topLeft()))
            self.wait(0.1)
            self.keep(f"menu-{title}", menu.grab())
            menu.close()

    def _menus(self):
        return [(a.text().strip("&").lower(), a.menu()) for a in self.w.menuBar().actions()]

    # -- pictures ----------------------------------------------------------------------------------

    def take(self, name: str) -> None:
        self.keep(name, self.w.grab())

    def dialog(self):
        from PySide6.QtWidgets import QDialog

        return next(d for d in self.w.findChildren(QDialog) if d.isVisible())

    def over(self, name: str) -> None:
        """The dialog that is open, on the window that it belongs to; closes it."""
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtGui import QColor, QPainter

        dialog = self.dialog()
        self._shorten_paths(dialog)
        whole, part = self.w.grab(), dialog.grab()
        ratio = whole.devicePixelRatio()
        size = part.deviceIndependentSize().toSize()
        at = QPoint((self.w.width() - size.width()) // 2, (self.w.height() - size.height()) // 2)
        painter = QPainter(whole)
        painter.fillRect(self.w.rect(), QColor(0, 0, 0, 90))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPixmap(at, part)
        painter.end()
        whole.setDevicePixelRatio(ratio)
        self.keep(name, whole)
        dialog.reject()
        self.wait(0.1)

    def _shorten_paths(self, dialog) -> None:
        from PySide6.QtWidgets import QLineEdit

        home = str(Path.home())
        for field in dialog.findChildren(QLineEdit):
            if field.text().startswith(home):
                field.setText("~" + field.text().removeprefix(home))
                field.setCursorPosition(0)
        self.wait(0.2)

    def keep(self, name: str, pixmap) -> None:
        """Only the README's own, unless all are wanted; as small as a PNG gets."""
        from PIL import Image
        from PySide6.QtGui import QImage

        if name not in NAMES and not self.args.all:
            return
        image = pixmap.toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = bytes(image.constBits())
        picture = Image.frombuffer(
            "RGB", (image.width(), image.height()), rows, "raw", "RGB", image.bytesPerLine(), 1
        )
        path = self.args.out / f"{name}.png"
        picture.save(path, optimize=True)
        for colours in (256, 128, 64):
            if path.stat().st_size <= MOST:
                break
            method = Image.Quantize.MEDIANCUT
            picture.quantize(colours, method, dither=Image.Dither.FLOYDSTEINBERG).save(
                path, optimize=True
            )
        self.made.append(path)

    # -- waiting -----------------------------------------------------------------------------------

    def rest(self) -> None:
        """Until it has stopped playing and everything on the timeline has its pictures."""
        self.w.transport.pause()
        self.wait(1.0)
        self.w.timeline.zoom_fit()
        self.wait(1.0)

    def wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)

    def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            notice = self.w.notices.current
            if notice is not None and notice.level == "problem":
                raise SystemExit(f"The studio says: {notice.text}")
            if time.monotonic() > end:
                raise SystemExit(f"Waited {PATIENCE} s for {what}.")
            self.wait(0.02)
        self.wait(0.1)


if __name__ == "__main__":
    sys.exit(main())
