"""Every connection between the parts of the window. Parts never know each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from app.commanding import Commands
from app.context_menus import show_context_menu
from app.flow.told_edits import ToldEdits
from app.intake import Intake
from app.refresh.project import Refresh
from app.refresh.status import Status
from app.refresh.work import Work
from app.widgets.basics import follow_tip
from app.widgets.notice_bar import Notice

if TYPE_CHECKING:
    from app.window import MainWindow


def wire(w: MainWindow) -> None:
    w.refresh, w.work, w.status = Refresh(w), Work(w), Status(w)
    w.commands = Commands(w)
    w.intake = Intake(w)
    w.take_files = w.intake.take
    _notices(w)
    _document(w)
    _generation(w)
    _timeline(w)
    _viewer(w)
    _panels(w)
    _settings(w)
    w.refresh.all()


def _notices(w: MainWindow) -> None:
    show = w.notices.show_notice
    for part in (w.projects, w.films, w.generation, w.episodes, w.exporting, w.intake, w.choosing,
                 w.fetching, w.room, w.merging, w.slow_adapters):  # fmt: skip
        part.notice.connect(show)
    ToldEdits(w.document, w.notices, w)
    w.document.problem.connect(lambda words: show(Notice(words)))
    w.queue.problem.connect(lambda words: show(Notice(words, "warning")))
    w.projects.busy.connect(w.status.busy)
    w.films.busy.connect(w.status.busy)
    w.films.adapter_wanted.connect(w.commands.choose_slow_adapter)
    w.episodes.busy.connect(w.status.busy)
    w.slow_adapters.busy.connect(w.status.busy)

    def failed(job, words: str) -> None:
        p = w.document.project
        fixes = []
        if job.kind == "generate":
            from core.project.jobs import generate_job

            fixes.append(
                (w.tr("Try again"), lambda: w.room.add(generate_job(job.until, job.seed)))
            )
        elif job.kind == "redo" and p is not None and job.chunk in p.chunks:
            fixes.append((w.tr("Try again"), lambda: w.generation.redo_chunk(job.chunk)))
        elif job.kind == "more" and p is not None and job.chunk in p.chunks:
            fixes.append((w.tr("Try again"), lambda: w.choosing.more(job.chunk, 1)))
        fixes.append((w.tr("Show the log"), w.commands.open_logs))
        kept = w.tr("Every chunk made so far is kept and saved.")
        show(Notice(words, kept=kept, fixes=tuple(fixes)))

    w.queue.failed.connect(failed)


def _document(w: MainWindow) -> None:
    d = w.document
    d.opened.connect(lambda p: w.refresh.opened(p))
    d.opened.connect(lambda _p: w.viewer.setFocus())  # else a notice's button would have Enter
    d.closed.connect(w.refresh.closed)
    d.changed.connect(lambda p: w.refresh.project())
    d.changed.connect(lambda p: w.queue.check_waiting())
    d.saved.connect(w.status.title)
    d.stack.indexChanged.connect(lambda *_: w.refresh.undo())
    d.stack.cleanChanged.connect(lambda *_: w.refresh.undo())
    w.selection.changed.connect(w.refresh.selection)


def _generation(w: MainWindow) -> None:
    q = w.queue
    q.changed.connect(w.work.queue)
    q.progressed.connect(w.work.progress)
    q.preview.connect(w.work.preview)
    q.take_arrived.connect(w.work.take_arrived)
    q.waiting.connect(w.work.draft_waits)
    q.through.connect(w.work.job_through)
    q.fitted.connect(w.fitting.told)
    q.fitted.connect(
        lambda e: e.lowered and w.notices.show_notice(Notice(e.words, "warning"))
    )
    q.begun_again.connect(lambda words: w.notices.show_notice(Notice(words, "warning")))
    q.remarked.connect(lambda words: w.notices.show_notice(Notice(words, "warning")))
    w.fitting.changed.connect(w.work.fitting)
    w.fitting.changed.connect(w.status.fitting)
    w.document.changed.connect(lambda _p: w.fitting.refresh())
    w.document.opened.connect(lambda _p: w.fitting.refresh())
    w.document.closed.connect(w.fitting.refresh)
    w.exporting.progressed.connect(w.work.progress)
    w.choosing.going.connect(w.viewer.setFocus)
    w.consistency.changed.connect(w.refresh.consistency)
    w.generation.going.connect(w.viewer.setFocus)
    w.projects.started.connect(lambda: w.set_viewer_only(False))  # it begins with its panels
    w.projects.started.connect(lambda: w.show_panel("actions"))
    w.projects.started.connect(w.viewer.setFocus)
    w.progress.opened.connect(lambda: w.show_panel("queue"))
    w.engine.worker.ready.connect(w.status.engine_ready)


def _timeline(w: MainWindow) -> None:
    t, e, tr = w.timeline, w.editing, w.transport
    t.seek_requested.connect(tr.seek)
    tr.frame_changed.connect(t.set_playhead)
    t.clip_move_requested.connect(e.move_clip)
    t.together_move_requested.connect(e.move_together)
    t.together_order_requested.connect(e.order_together)
    t.clip_trim_requested.connect(e.trim_clip)
    t.clip_split_requested.connect(e.split_clip)
    t.delete_requested.connect(e.delete)
    t.action_add_requested.connect(lambda start, end, text: e.add_action(start, end, text))
    t.action_text_edited.connect(e.set_text)
    t.action_move_requested.connect(e.move_action)
    t.action_resize_requested.connect(e.resize_action)
    t.memory_point_clicked.connect(w.generation.go_back)
    t.marker_move_requested.connect(e.move_marker)
    t.in_out_requested.connect(e.set_in_out)
    t.track_change_requested.connect(e.set_track)
    t.redo_requested.connect(w.generation.redo_chunk)
    t.files_dropped.connect(lambda paths, _frame: w.intake.take(paths))
    t.context_menu_requested.connect(lambda *clicked: show_context_menu(w, *clicked))
    a = w.actions_table
    t.tool_changed.connect(lambda tool: a[f"tool_{tool}"].setChecked(True))
    t.snapping_changed.connect(a["snap"].setChecked)
    t.set_thumbnail_source(w.refresh.timeline_thumbnail)
    t.set_strip_source(w.strips.get)
    w.strips.changed.connect(t.thumbnails_changed)


def _viewer(w: MainWindow) -> None:
    v, g = w.viewer, w.generation
    v.accept_requested.connect(g.accept)
    v.redo_requested.connect(w.commands.redo_shown)
    v.discard_requested.connect(g.discard)
    v.take_chosen.connect(lambda _chunk, take: g.choose_take(take))
    v.problem.connect(lambda words: w.notices.show_notice(Notice(words, "warning")))
    v.files_dropped.connect(w.intake.take)
    automatic, action = v.bar.automatic, w.actions_table["auto_accept"]
    automatic.clicked.connect(action.trigger)
    action.toggled.connect(automatic.setChecked)
    w.transport.frame_changed.connect(w.refresh.moved)
    a = w.actions_table
    for widget, id in (
        (w.timeline.header.select, "tool_select"), (w.timeline.header.blade, "tool_blade"),
        (w.timeline.header.snap, "snap"), (w.timeline.header.fit, "zoom_fit"),
    ):  # fmt: skip
        follow_tip(widget, a[id])
    v.controls.smooth_chosen.connect(lambda smooth: a["pixels"].setChecked(not smooth))
    w.transport.loop_changed.connect(w.actions_table["loop"].setChecked)
    w.transport.playing_changed.connect(w.work.playing)


def _panels(w: MainWindow) -> None:
    a, g, e = w.actions_panel, w.generation, w.editing
    a.scene_changed.connect(e.set_scene)
    a.scene_changed.connect(lambda _text: w.refresh.now())  # an undo that follows at once is seen
    a.action_added.connect(lambda text, seconds: g.add_action(text, seconds))
    g.planned.connect(w.refresh.show_planned)
    a.action_text_changed.connect(e.set_text)
    w.projects.closing.connect(a.flush)

    def pending(*_: object) -> None:
        if a.editing is None:
            g.pending = a.pending()
        else:
            g.pending = (g.pending[0], a.pending()[1])
        w.work.plan()

    a.text.textChanged.connect(pending)
    a.amounts.seconds_changed.connect(pending)
    a.amounts.seconds_changed.connect(lambda value: w.settings.set("seconds", value))

    def seed(fixed: bool, value: int) -> None:
        g.fixed_seed = value if fixed else None
        w.settings.set("seed_fixed", fixed)
        w.settings.set("seed", value)

    a.amounts.seed_changed.connect(seed)
    a.amounts.steps_wanted.connect(e.set_steps)
    a.amounts.way_wanted.connect(e.set_way)
    a.tier_wanted.connect(lambda id: w.settings.set("tier", id, anew=True))
    a.amounts.set(*(w.settings.get(name) for name in ("seconds", "seed_fixed", "seed")))
    pending()
    seed(a.amounts.fixed.isChecked(), a.amounts.seed.value())

    w.clip_panel.take_chosen.connect(lambda _chunk, take: g.choose_take(take))

    w.clip_panel.seed_used.connect(lambda value: a.amounts.fix_seed(value))
    w.clip_panel.set_more(w.settings.get("more_takes"))
    w.clip_panel.more_changed.connect(lambda n: w.settings.set("more_takes", n))
    w.memory_panel.use_changed.connect(g.change_use)
    w.memory_panel.back_wanted.connect(g.go_back)
    w.memory_panel.seek_wanted.connect(w.transport.seek)
    w.queue_panel.commanded.connect(w.commands.on_job)
    w.queue_panel.clear_ended.connect(lambda: w.queue.clear())
    w.media_panel.start_wanted.connect(w.projects.start_from_asset)
    w.takes_panel.bring_back.connect(lambda _chunk, take: g.choose_take(take))
    w.takes_panel.show_wanted.connect(w.refresh.show_take)
    p = w.episodes_panel
    p.load_wanted.connect(w.episodes.load)
    p.rename_wanted.connect(w.episodes.rename)
    p.delete_wanted.connect(w.episodes.delete)
    p.export_wanted.connect(w.commands.export_episode)
    p.merge_wanted.connect(w.commands.merge_episodes)

    def made(id: str) -> None:
        w.refresh.now()
        p.rows.select(id)

    w.merging.made.connect(made)
    welcome = w.welcome
    welcome.sample_wanted.connect(w.projects.from_sample)
    welcome.files_wanted.connect(w.intake.take)
    welcome.browse_wanted.connect(w.commands.browse_start)
    welcome.open_wanted.connect(w.commands.open_project)
    welcome.recent_wanted.connect(w.projects.open)
    w.worlds_panel.more_wanted.connect(w.commands.worlds)
    w.fetching.quiet = lambda: w.commands.worlds_open
    w.fetching.installed.connect(w.worlds.forget)
    w.fetching.installed.connect(w.fitting.look_again)
    w.fetching.installed.connect(w.status.worlds)
    w.projects.crop_wanted.connect(w.commands.crop_start)


def _settings(w: MainWindow) -> None:
    def changed(name: str) -> None:
        if name == "theme":
            w.apply_theme()
        elif name in ("engine", "tier"):
            from app.window import default_engine

            if name == "tier":
                w.fitting.again()  # before the new engine asks what is remembered
            w.engine.worker.replace_engine(default_engine(w.settings))
        elif name == "recents":
            w.refresh.recents()
        elif name in ("consistency_lane", "more_takes"):
            w.refresh.choices()

    w.settings.changed.connect(changed)
    w.actions_table["theme"].setChecked(w.settings.get("theme") == "light")
    w.refresh.choices()
    # What the machine is using, once every two seconds.
    ram = QTimer(w)
    ram.setInterval(2000)
    ram.timeout.connect(w.status.ram)
    ram.start()
