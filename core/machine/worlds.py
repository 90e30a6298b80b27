"""Which worlds this machine can run, and why not; which one suits it best.

What each needs stands in the catalogue of offers and nowhere else; what counts as enough is said in
``core.models.fit``, as in the Worlds dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.machine.devices import Device
from core.machine.gpus import Gpu
from core.machine.probe import Machine
from core.machine.report import Check, WorldVerdict
from core.models.fit import Fit, best_of, fit
from core.models.offers import OFFERS, Offer


def judge_worlds(
    machine: Machine,
    devices: Sequence[Device],
    starter: Check,
    torch_works: bool,
    folder: Path,
    there: Sequence[str] = (),
    offers: Sequence[Offer] = OFFERS,
) -> tuple[WorldVerdict, ...]:
    """``devices``: what torch computes on beside the processor; those with a problem do not count,
    whatever the driver says. ``folder``: where worlds go; ``there``: ids that are installed."""
    usable = [device for device in devices if not device.problem]
    found = []
    for one in offers:
        if one.embedded:
            found.append(_starter(one, usable, starter, torch_works))
        else:
            fits = _fits(one, machine, usable, folder)
            found.append(_verdict(one, fits, machine, usable, one.id in there))
    return tuple(found)


def advice(
    machine: Machine, devices: Sequence[Device], folder: Path, there: Sequence[str] = (),
    offers: Sequence[Offer] = OFFERS,
) -> str:
    """Which offer fits this machine best, in a sentence, with the command that gets it."""
    usable = [device for device in devices if not device.problem]
    fits = {one.id: _fits(one, machine, usable, folder) for one in offers}
    best = best_of(offers, fits)
    if best is None or best.embedded:
        return "The starter world fits this machine best; the larger ones need a graphics card."
    tight = any(f.level != "fine" for f in fits[best.id] if f.what != "disk")
    how = ", with parts of it moved in and out" if tight else ""
    words = f"{best.name} fits this machine best{how} ({best.licence.name})"
    if best.id in there:
        return f"{words}; it is installed."
    return f"{words}: main.py worlds get {best.id}"


def _fits(
    one: Offer, machine: Machine, usable: Sequence[Device], folder: Path
) -> tuple[Fit, ...]:
    return fit(one, replace(machine, gpus=tuple(map(_gpu, usable))), folder)


def _gpu(device: Device) -> Gpu:
    memory = round(device.memory_gb * 1024) if device.memory_gb else None
    return Gpu("apple" if device.name == "mps" else "nvidia", device.title, memory)


def _starter(
    one: Offer, usable: Sequence[Device], starter: Check, torch_works: bool
) -> WorldVerdict:
    if not torch_works:
        return WorldVerdict(one.name, False, "torch does not work here yet.")
    if starter.status == "fail":
        return WorldVerdict(one.name, False, starter.detail)
    where = usable[0].title if usable else "the processor"
    return WorldVerdict(one.name, True, f"runs on {where}; it needs no GPU.")


def _verdict(
    one: Offer, fits: Sequence[Fit], machine: Machine, usable: Sequence[Device], there: bool
) -> WorldVerdict:
    needs = [f for f in fits if f.what != "disk"]
    runs = all(f.level != "short" for f in needs)
    said = [f.words for f in needs if f.what == "graphics" or f.level != "fine"]
    if not usable and machine.gpus and one.needs.vram_gb:
        said.append(f"torch can't compute on {machine.gpus[0].name}.")
    if not there:
        said += [f.words for f in fits if f.what == "disk" and f.level == "short"]
    return WorldVerdict(one.name, runs, " ".join(said))
