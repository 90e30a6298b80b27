"""What this machine can run, and why not: every check with what it means and what to do."""

from __future__ import annotations

import sys
from pathlib import Path

from core.machine.backend import NoBackend, backend_of_build, choose_backend
from core.machine.checksums import NAME as SUMS
from core.machine.checksums import wrong_files
from core.machine.devices import NoTorch, TorchBuild, installed_torch
from core.machine.libraries import install_command, missing_libraries, package_manager
from core.machine.pins import BASE, ROOT, installed_versions, read_pins
from core.machine.probe import Display, Machine, disk_free_mb, find_display, probe_machine
from core.machine.report import Check, Report
from core.machine.video_tools import encoders, qt_problem
from core.machine.worlds import advice, judge_worlds

STARTER = ROOT / "resources" / "worlds" / "starter"
REPAIR = "python3 installers/bootstrap.py repair"

RAM_FEW_MB, RAM_LOW_MB = 3000, 6000
DISK_LOW_MB = 3000


def doctor_report() -> Report:
    machine, display, torch = probe_machine(), find_display(), installed_torch()
    starter = check_starter(STARTER)
    checks = (
        check_python(),
        check_processor(machine),
        check_memory(machine),
        check_disk(disk_free_mb(Path.cwd())),
        check_gpus(machine),
        check_packages(installed_versions()),
        check_torch(torch, machine),
        check_encoder(),
        check_display(display),
        check_libraries(display),
        check_qt(),
        starter,
        check_models_folder(),
    )
    devices = torch.devices if isinstance(torch, TorchBuild) else ()
    folder, there = worlds_here()
    works = isinstance(torch, TorchBuild)
    return Report(
        checks, judge_worlds(machine, devices, starter, works, folder, there),
        advice(machine, devices, folder, there) if works else "",
    )


def worlds_here() -> tuple[Path, tuple[str, ...]]:
    """Where worlds go, and the ids of those that are installed."""
    try:
        from core.models.places import installed
        from core.models.settings import ModelSettings

        settings = ModelSettings()
        return settings.folder, tuple(world.id for world in installed(settings))
    except ImportError:  # said by the check of packages
        return Path.cwd(), ()


def check_python() -> Check:
    version = "%d.%d.%d" % sys.version_info[:3]
    return Check("python", "Python", "ok", f"{version} at {sys.executable}")


def check_processor(machine: Machine) -> Check:
    detail = f"{machine.release}, {machine.processor} ({machine.arch}), {machine.cores} cores"
    return Check("processor", "Processor", "ok", detail)


def check_memory(machine: Machine) -> Check:
    if machine.ram_mb is None:
        return Check("memory", "Memory", "ok", "The system does not say how much there is.")
    detail = f"{machine.ram_mb / 1024:.1f} GB"
    if machine.ram_free_mb is not None:
        detail += f", {machine.ram_free_mb / 1024:.1f} GB of it free"
    if machine.ram_mb < RAM_FEW_MB:
        more = "Close other programs, or use a machine with 4 GB or more."
        return Check(
            "memory", "Memory", "warn", f"{detail}: too little for a comfortable run.", more
        )
    if machine.ram_mb < RAM_LOW_MB:
        return Check("memory", "Memory", "warn", f"{detail}: enough for the starter world only.")
    return Check("memory", "Memory", "ok", detail)


def check_disk(free_mb: int) -> Check:
    detail = f"{free_mb / 1024:.1f} GB free here"
    if free_mb < DISK_LOW_MB:
        more = "Free some space: every accepted chunk keeps its film, latents and memory."
        return Check("disk", "Disk", "warn", f"{detail}: projects grow.", more)
    return Check("disk", "Disk", "ok", detail)


def check_gpus(machine: Machine) -> Check:
    found = "; ".join(gpu.describe() for gpu in machine.gpus)
    if machine.notes:
        detail = ". ".join([*([found] if found else []), *machine.notes])
        return Check("gpus", "Graphics", "warn", detail, f"When that is mended: {REPAIR}")
    if not found:
        return Check(
            "gpus", "Graphics", "ok", "No GPU found: the processor does the work, more slowly."
        )
    return Check("gpus", "Graphics", "ok", found)


def check_packages(have: dict[str, str]) -> Check:
    if not BASE.is_file():
        return Check(
            "packages", "Packages", "warn", f"{BASE} is missing: versions cannot be compared."
        )
    pins = read_pins(BASE)
    lost = [name for name in pins if name not in have]
    other = [
        f"{n} {have[n]} (made with {v})" for n, v in pins.items() if n in have and have[n] != v
    ]
    if lost:
        shown = ", ".join(lost[:6]) + (f" and {len(lost) - 6} more" if len(lost) > 6 else "")
        return Check("packages", "Packages", "fail", f"Not installed: {shown}.", REPAIR)
    if other:
        return Check("packages", "Packages", "warn", f"Other versions: {', '.join(other)}.", REPAIR)
    return Check("packages", "Packages", "ok", f"all {len(pins)} are there in the right versions")


def check_torch(torch: TorchBuild | NoTorch, machine: Machine) -> Check:
    if isinstance(torch, NoTorch):
        return Check("torch", "torch", "fail", f"torch does not import. {torch.reason}", REPAIR)
    detail = f"{torch.version}, {torch.threads} threads"
    broken = [f"{device.title}: {device.problem}" for device in torch.devices if device.problem]
    if broken:
        return Check("torch", "torch", "warn", f"{detail}. Not usable: {'; '.join(broken)}", REPAIR)
    if torch.devices:
        detail += "; computes on " + ", ".join(f"{d.name} ({d.title})" for d in torch.devices)
        return Check("torch", "torch", "ok", detail)
    detail += "; computes on the processor"
    try:
        best = choose_backend(machine)
    except NoBackend:
        return Check("torch", "torch", "ok", detail)
    if best.name == "cpu" and best.advice:
        return Check("torch", "torch", "warn", f"{detail} ({best.reason})", best.advice)
    if best.name in ("cpu", backend_of_build(torch.version)) or best.name == "mps":
        return Check("torch", "torch", "ok", detail)
    more = f"python3 installers/bootstrap.py repair --backend {best.name}"
    return Check("torch", "torch", "warn", f"{detail}, although there is {best.reason}.", more)


def check_encoder() -> Check:
    found = encoders()
    if not found.imageio and not found.pyav:
        why = f"No H.264 encoder works ({found.problem}): films cannot be written."
        return Check("encoder", "Film encoder", "fail", why, REPAIR)
    if not found.imageio or not found.pyav:
        lost = "PyAV" if found.imageio else "imageio-ffmpeg"
        return Check(
            "encoder",
            "Film encoder",
            "warn",
            f"H.264 is missing in {lost}: {found.problem}",
            REPAIR,
        )
    return Check(
        "encoder", "Film encoder", "ok", f"H.264 (libx264) in PyAV and in ffmpeg {found.version}"
    )


def check_display(display: Display) -> Check:
    if display.available:
        return Check("display", "Display", "ok", display.detail)
    why = f"No window can open: {display.detail}. Rendering without a window works."
    return Check(
        "display", "Display", "warn", why, "Log in to a desktop, or use: main.py render --help"
    )


def check_libraries(display: Display) -> Check:
    missing = missing_libraries(display.kind if display.available else "")
    if not missing:
        return Check("libraries", "System files", "ok", "all libraries and a font for Qt are there")
    command = install_command(missing, package_manager(), sudo=True)
    names = ", ".join(missing.names())
    status = "fail" if missing.libraries else "warn"
    more = " ".join(command) if command else "Install them with your system's package manager."
    return Check("libraries", "System files", status, f"Qt needs what is not here: {names}.", more)


def check_qt() -> Check:
    problem = qt_problem()
    if problem:
        return Check("qt", "Qt", "fail", f"Qt does not start. {problem}", REPAIR)
    return Check("qt", "Qt", "ok", "starts")


def check_starter(folder: Path) -> Check:
    again = "Fetch the project's files again (git checkout -- resources)."
    if not any(folder.rglob("*.safetensors")):
        return Check(
            "starter", "Starter world", "fail", f"There are no weights in {folder}.", again
        )
    if not (folder / SUMS).is_file():
        why = f"It is there, but {SUMS} is missing, so its files cannot be verified."
        return Check("starter", "Starter world", "warn", why, again)
    wrong = wrong_files(folder)
    if wrong:
        return Check("starter", "Starter world", "fail", f"Damaged: {', '.join(wrong)}.", again)
    return Check("starter", "Starter world", "ok", "there, and every file has its right checksum")


def models_folder() -> Path:
    from core.models.settings import default_folder

    return default_folder()


def check_models_folder() -> Check:
    import tempfile

    try:
        folder = models_folder()
    except ImportError:
        why = "platformdirs is not installed, so the folder is unknown."
        return Check("models", "Models folder", "fail", why, REPAIR)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = f"{folder} cannot be written: {error.strerror}. Downloaded worlds have no place."
        return Check(
            "models", "Models folder", "warn", why, "Give yourself the right to write there."
        )
    return Check(
        "models", "Models folder", "ok", f"{folder}, {disk_free_mb(folder) / 1024:.0f} GB free"
    )
