"""Train the starter world's text encoder on the phrase book. Takes about a minute.

    python -m core.learning.train_text --out runs/text
    python -m core.learning.train_text --out runs/text-all --domains all
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from core.learning.driving.driver import MOTIONS as DRIVING
from core.learning.language import BOOKS, name_place, say
from core.learning.phrases.footage import PHRASES as FOOTAGE
from core.learning.scenes.scene import STYLES
from core.learning.scenes.walker import MOTIONS
from core.worlds.starter.text import StarterTextEncoder

#: What is not an action of this world: it must not be read as one.
OTHER = (
    "a cat on a chair", "make it rain", "the door opens", "sing a song", "change the colour",
    "someone waves", "a dog runs past", "lights flicker", "draw a tree", "explosion", "smile",
    "zoom in", "jump", "fly up", "snow falls", "open the window", "the sun sets", "dance",
)


def verb_loss(net: StarterTextEncoder, texts: list[str], labels: list[int]) -> torch.Tensor:
    return F.cross_entropy(net.verb(net(texts)), torch.tensor(labels), label_smoothing=0.02)


def obeyed(net: StarterTextEncoder, domains: Sequence[str] = ("first-person",)) -> float:
    """Share of held-out phrasings read as the right verb."""
    right = [
        net.read_verb(t)[0] == verb
        for d in domains for verb, ts in BOOKS[d].held_out.items() for t in ts
    ]
    return sum(right) / len(right)


def motion_of(verb: str) -> list[float] | None:
    """Forward, left, turn a frame; None for what a camera held by hand does, by nobody knows how
    much. What leaves the camera where it is moves nothing."""
    if verb in FOOTAGE and verb != "hold_camera":
        return None
    return list(MOTIONS.get(verb) or DRIVING.get(verb) or (0.0, 0.0, 0.0))


def motions_of(verbs: Sequence[str], domains: Sequence[str]) -> list[list[float] | None]:
    """As the encoder is told. In own footage people's own words may move the camera too; in the
    other worlds what is no verb asks for nothing."""
    found = [motion_of(verb) for verb in verbs]
    return [*found, None] if "footage" in domains else found


def places_of(domains: Sequence[str]) -> list[tuple[str, str]]:
    """(domain, place), the first-person styles in the order that their numbers have."""
    return [
        (d, place)
        for d in domains for place in (STYLES if d == "first-person" else BOOKS[d].places)
    ]


def train(
    out: Path, steps: int = 1500, seed: int = 0, domains: Sequence[str] = ("first-person",)
) -> StarterTextEncoder:
    """Train on the phrase books of ``domains`` (keys of ``language.BOOKS``) and save."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    controls = [(d, verb) for d in domains for verb in BOOKS[d].phrases]
    verbs = [verb for _, verb in controls]
    named = places_of(domains)
    # What is no action of one world may be one of another.
    said = {t for d in domains for ts in BOOKS[d].phrases.values() for t in ts}
    other = [t for t in OTHER if t not in said]
    net = StarterTextEncoder(
        styles=[place for _, place in named], verbs=verbs, motions=motions_of(verbs, domains)
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        picked = rng.integers(len(verbs), size=96)
        texts = [say(verbs[i], rng, domain=controls[i][0]) for i in picked]
        labels = [int(i) for i in picked]
        texts += [other[int(rng.integers(len(other)))] for _ in range(12)]
        labels += [len(verbs)] * 12
        loss = verb_loss(net, texts, labels)
        styles = rng.integers(len(named), size=48)
        places = [name_place(named[i][1], rng, named[i][0]) for i in styles]
        loss = loss + F.cross_entropy(net.style(net(places)), torch.from_numpy(styles))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 300 == 0 or step == steps - 1:
            mark_met(net, domains)
            print(f"step {step} loss {loss.item():.3f} "
                  f"held-out phrasings {obeyed(net, domains):.1%}", flush=True)
    mark_met(net, domains)
    out.mkdir(parents=True, exist_ok=True)
    net.save_pretrained(out / "text_encoder")
    return net


def mark_met(net: StarterTextEncoder, domains: Sequence[str] = ("first-person",)) -> None:
    """Note which buckets the phrase books fill."""
    for book in (BOOKS[d] for d in domains):
        for group in (*book.phrases.values(), *book.places.values()):
            for text in group:
                net.met[net.buckets(text)] = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/text"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--domains", default="first-person", metavar="NAME[,NAME…]",
                        help=f"whose phrase books: some of {', '.join(BOOKS)}, or all")
    args = parser.parse_args()
    domains = tuple(BOOKS) if args.domains == "all" else tuple(args.domains.split(","))
    unknown = sorted(set(domains) - set(BOOKS))
    if unknown:
        parser.error(f"there is no phrase book {', '.join(unknown)}; use {', '.join(BOOKS)} or all")
    torch.set_num_threads(1)
    train(args.out, args.steps, domains=domains)


if __name__ == "__main__":
    main()
