"""A small world in the layout of diffusers, as a hub's repository holds it: names and bytes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from core.models.offers import APACHE, Needs, Offer

TINY = Offer(
    id="tiny-world", name="Tiny world", what="For tests.", licence=APACHE,
    needs=Needs(vram_gb=0, ram_gb=1, disk_gb=1), family="tiny", about_gb=0.001,
    repo="makers/tiny", pipelines=("TinyPipeline",),
)  # fmt: skip


def weights(seed: int, floats: int = 3000, name: str = "w") -> bytes:
    values = np.random.default_rng(seed).standard_normal(floats).astype(np.float32)
    return save({name: values, f"{name}.bias": values[:7].copy()})


def as_json(content: object) -> bytes:
    return json.dumps(content, indent=1).encode()


def tiny_files(
    pipeline: str = "TinyPipeline", floats: int = 3000, junk: bool = True,
    backbone: str = "transformer", **index: object,
) -> dict[str, bytes]:  # fmt: skip
    """Weights of 12 kB (or ``floats`` numbers) a file; ``junk``: what must not be fetched."""
    shards = {f"diffusion_pytorch_model-0000{i}-of-00002.safetensors": i for i in (1, 2)}
    where = {f"s{i}{end}": n for n, i in shards.items() for end in ("", ".bias")}
    files = {
        "model_index.json": as_json(
            {
                "_class_name": pipeline, "_diffusers_version": "0.42.1",
                "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
                "text_encoder": ["transformers", "UMT5EncoderModel"],
                "tokenizer": ["transformers", "T5TokenizerFast"],
                backbone: ["diffusers", "TinyTransformer3DModel"],
                "transformer_2": [None, None],
                "vae": ["diffusers", "AutoencoderKLTiny"],
                **index,
            }
        ),
        "LICENSE.txt": b"You may.\n",
        "README.md": b"# Tiny\n",
        "scheduler/scheduler_config.json": as_json({"shift": 3.0}),
        "text_encoder/config.json": as_json({"d_model": 8}),
        "text_encoder/model.safetensors": weights(1, floats),
        "tokenizer/tokenizer.json": as_json({"version": "1.0"}),
        "tokenizer/spiece.model": b"\x0a\x05words" * 30,
        f"{backbone}/config.json": as_json({"layers": 1}),
        f"{backbone}/diffusion_pytorch_model.safetensors.index.json": as_json(
            {"metadata": {"total_size": 8 * floats}, "weight_map": where}
        ),
        **{f"{backbone}/{n}": weights(10 + i, floats, f"s{i}") for n, i in shards.items()},
        "vae/config.json": as_json({"channels": 4}),
        "vae/diffusion_pytorch_model.safetensors": weights(2, floats),
    }  # fmt: skip
    if junk:
        files |= {
            "tiny-13b-dev.safetensors": weights(90),
            "pipeline.py": b"raise SystemExit('run')\n",
            "assets/demo.gif": b"GIF89a",
            "text_encoder/pytorch_model.bin": b"\x80\x04pickle",
            "vae/diffusion_pytorch_model.fp16.safetensors": weights(91),
            f"{backbone}/model.safetensors.index.fp16.json": b"{}",
            f"{backbone}/modeling.py": b"raise SystemExit('run')\n",
        }
    return files


def is_junk(name: str) -> bool:
    return name in set(tiny_files()) - set(tiny_files(junk=False))


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    """Write ``files`` below ``folder``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` by its name."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*")) if p.is_file()
    }
