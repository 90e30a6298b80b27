"""Train the starter world's text encoder on the phrase book. Takes about a minute.

    python -m core.learning.train_text --out runs/text
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from core.learning.language import HELD_OUT, PHRASES, PLACES, name_place, say
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


def obeyed(net: StarterTextEncoder) -> float:
    """Share of held-out phrasings read as the right verb."""
    right = [net.read_verb(t)[0] == verb for verb, ts in HELD_OUT.items() for t in ts]
    return sum(right) / len(right)


def train(out: Path, steps: int = 1500, seed: int = 0) -> StarterTextEncoder:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    verbs = list(PHRASES)
    net = StarterTextEncoder(
        styles=list(STYLES), verbs=verbs, motions=[list(MOTIONS[v]) for v in verbs]
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        picked = rng.integers(len(verbs), size=96)
        texts = [say(verbs[i], rng) for i in picked]
        labels = [int(i) for i in picked]
        texts += [OTHER[int(rng.integers(len(OTHER)))] for _ in range(12)]
        labels += [len(verbs)] * 12
        loss = verb_loss(net, texts, labels)
        styles = rng.integers(len(STYLES), size=48)
        places = [name_place(STYLES[i], rng) for i in styles]
        loss = loss + F.cross_entropy(net.style(net(places)), torch.from_numpy(styles))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 300 == 0 or step == steps - 1:
            mark_met(net)
            print(f"step {step} loss {loss.item():.3f} held-out phrasings {obeyed(net):.1%}", flush=True)
    mark_met(net)
    out.mkdir(parents=True, exist_ok=True)
    net.save_pretrained(out / "text_encoder")
    return net


def mark_met(net: StarterTextEncoder) -> None:
    """Note which buckets the phrase book fills."""
    for group in (*PHRASES.values(), *PLACES.values()):
        for text in group:
            net.met[net.buckets(text)] = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/text"))
    parser.add_argument("--steps", type=int, default=1500)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train(args.out, args.steps)


if __name__ == "__main__":
    main()
