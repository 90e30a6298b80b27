"""Train the starter world's text encoder on the phrase book. Takes about a minute.

    python -m core.learning.train_text --out runs/text
    python -m core.learning.train_text --out runs/text-all --domains all
    python -m core.learning.train_text --out runs/text-new --like resources/worlds/starter/text_encoder

With ``--like`` it reads more phrasings than another encoder, with features as near to that one's as can
be: a denoiser that was trained with the other can go on with it untrained.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from core.learning.driving.driver import MOTIONS as DRIVING
from core.learning.language import BOOKS, name_place, say
from core.learning.phrases.footage import PHRASES as FOOTAGE
from core.learning.phrases.other import OTHER
from core.learning.scenes.scene import STYLES
from core.learning.scenes.walker import MOTIONS
from core.worlds.starter.text import StarterTextEncoder

_LIKE = 5.0  # weight of the distance to another encoder's features


def verb_loss(net: StarterTextEncoder, texts: list[str], labels: list[int]) -> torch.Tensor:
    return F.cross_entropy(net.verb(net(texts)), torch.tensor(labels), label_smoothing=0.02)


def obeyed(net: StarterTextEncoder, domains: Sequence[str] = ("first-person",)) -> float:
    """Share of held-out phrasings read as the right verb."""
    right = [
        net.read_verb(t)[0] == verb
        for d in domains for verb, ts in BOOKS[d].held_out.items() for t in ts
    ]
    return sum(right) / len(right)


class Like:
    """The features that another encoder gives, or would give had it read the phrase rightly."""

    def __init__(self, encoder: StarterTextEncoder, phrases: Mapping[str, Sequence[str]]):
        """``phrases``: verb → ways to say it, of which it reads most."""
        self._encoder = encoder.float().eval().requires_grad_(False)
        self._read = {
            verb: [t for t in said if encoder.read_verb(t)[0] == verb] for verb, said in phrases.items()
        }
        lost = [verb for verb, said in self._read.items() if not said]
        if lost:
            raise ValueError(f"The encoder to be like reads no phrase of {', '.join(lost)}.")
        self._typical = {
            verb: F.rms_norm(encoder(said).mean(0), (encoder.config.features,))
            for verb, said in self._read.items()
        }

    def features(self, text: str, verb: str | None = None) -> torch.Tensor:
        """[features]. Where it hears another verb than ``verb``, what is typical of ``verb``."""
        if verb in self._typical and self._encoder.read_verb(text)[0] != verb:
            return self._typical[verb]
        return self._encoder([text])[0]


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
    out: Path, steps: int = 2000, seed: int = 0, domains: Sequence[str] = ("first-person",),
    like: StarterTextEncoder | None = None,
) -> StarterTextEncoder:
    """Train on the phrase books of ``domains`` (keys of ``language.BOOKS``) and save. ``like``:
    keep the features of this one."""
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
    given = {verb: BOOKS[d].phrases[verb] for d, verb in controls}
    wanted = None
    if like is not None:
        wanted = Like(like, given)
        if like.config.verbs == verbs and like.config.styles == net.config.styles:
            net.load_state_dict(like.state_dict())
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        picked = rng.integers(len(verbs), size=96)
        texts = [say(verbs[i], rng, domain=controls[i][0]) for i in picked]
        labels = [int(i) for i in picked]
        texts += [other[int(rng.integers(len(other)))] for _ in range(24)]
        labels += [len(verbs)] * 24
        loss = verb_loss(net, texts, labels)
        styles = rng.integers(len(named), size=48)
        places = [name_place(named[i][1], rng, named[i][0]) for i in styles]
        loss = loss + F.cross_entropy(net.style(net(places)), torch.from_numpy(styles))
        if wanted is not None:
            asked = [verbs[i] for i in picked] + [None] * (len(texts) - len(picked) + len(places))
            seen = [wanted.features(t, verb) for t, verb in zip([*texts, *places], asked)]
            loss = loss + _LIKE * F.mse_loss(net([*texts, *places]), torch.stack(seen))
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
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--domains", default="first-person", metavar="NAME[,NAME…]",
                        help=f"whose phrase books: some of {', '.join(BOOKS)}, or all")
    parser.add_argument("--like", type=Path, metavar="FOLDER",
                        help="an encoder whose features to keep, for a denoiser trained with it")
    args = parser.parse_args()
    domains = tuple(BOOKS) if args.domains == "all" else tuple(args.domains.split(","))
    unknown = sorted(set(domains) - set(BOOKS))
    if unknown:
        parser.error(f"there is no phrase book {', '.join(unknown)}; use {', '.join(BOOKS)} or all")
    torch.set_num_threads(1)
    like = StarterTextEncoder.from_pretrained(args.like) if args.like else None
    train(args.out, args.steps, domains=domains, like=like)


if __name__ == "__main__":
    main()
