"""Our chunks against the families' own pipelines, loaded from the very same folder: where a stock
pipeline can do what a world does (one clean picture in front), it makes the same latents."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from core.project.model import ActionPart, Sampling
from core.rollout.chunk import make_chunk
from core.worlds.catalogue import load_world
from core.worlds.protocol import Address, LatentFrame
from tests.worlds import tiny

PROMPT = "a stone hall; the camera walks forward"
STEPS, GUIDANCE = 4, 2.0
#: float32 and other orders of summation.
CLOSE = 2e-3


def ours(world, schedule: list[float], k: int = 1) -> torch.Tensor:
    """Latents [F, C, h, w] of a chunk after ``k`` clean ones."""
    g = world.geometry
    pictures = tiny.film((g.height, g.width), 1 + (k - 1) * g.t_stride)
    past = [
        LatentFrame(z, Address(i * g.t_stride)) for i, z in enumerate(world.encode(pictures))
    ]
    world.schedule = lambda steps: schedule
    z, _ = make_chunk(
        world, None, past, (ActionPart("walk forward", g.chunk_frames),), "a stone hall", 7,
        Sampling(STEPS, GUIDANCE),
    )
    return z


def noise(world, k: int = 1) -> torch.Tensor:
    g = world.geometry
    shape = (1, g.channels, k + g.n_new, g.latent_height, g.latent_width)
    return torch.randn(shape, generator=torch.Generator().manual_seed(7))


def asked(world, k: int = 1) -> dict:
    g = world.geometry
    return {
        "prompt": PROMPT, "negative_prompt": "", "height": g.height, "width": g.width,
        "num_frames": 1 + (k - 1 + g.n_new) * g.t_stride, "num_inference_steps": STEPS,
        "guidance_scale": GUIDANCE, "output_type": "latent", "return_dict": False,
    }


def pictures(world, count: int = 1) -> list[Image.Image]:
    g = world.geometry
    return [Image.fromarray(p) for p in tiny.film((g.height, g.width), count)]


def loaded(kind, folder):
    pipeline = kind.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def levels(scheduler) -> list[float]:
    return [float(s) for s in scheduler.sigmas]


def test_wan(tiny_checkpoint, monkeypatch):
    from diffusers import WanImageToVideoPipeline
    from diffusers.pipelines.wan import pipeline_wan_i2v

    # It mends broken Unicode with a library that is not needed for anything else.
    monkeypatch.setattr(pipeline_wan_i2v, "prompt_clean", lambda text: text)
    folder = tiny_checkpoint("wan")
    world, pipeline = load_world(folder), loaded(WanImageToVideoPipeline, folder)
    stock = pipeline(image=pictures(world)[0], latents=noise(world), **asked(world))[0]
    made = ours(world, levels(pipeline.scheduler))
    assert torch.allclose(stock[0, :, 1:].transpose(0, 1), made, atol=CLOSE)
    assert float(made.std()) > 0.1


@pytest.mark.parametrize("k", [1, 3])
def test_ltx(tiny_checkpoint, monkeypatch, k):
    from diffusers import LTXConditionPipeline
    from diffusers.pipelines.ltx import pipeline_ltx_condition
    from diffusers.pipelines.ltx.pipeline_ltx_condition import LTXVideoCondition

    folder = tiny_checkpoint("ltx")
    world, pipeline = load_world(folder), loaded(LTXConditionPipeline, folder)
    # It draws the picture's latents from what the encoder says; ours are the likeliest ones.
    monkeypatch.setattr(
        pipeline_ltx_condition, "retrieve_latents", lambda out, generator: out.latent_dist.mode()
    )
    video = pictures(world, 1 + (k - 1) * world.geometry.t_stride)
    given = LTXVideoCondition(image=video[0]) if k == 1 else LTXVideoCondition(video=video)
    stock = pipeline(
        conditions=[given], frame_rate=float(world.geometry.rate), image_cond_noise_scale=0.0,
        generator=torch.Generator().manual_seed(7), **asked(world, k),
    )[0]
    schedule = world.schedule(STEPS)
    assert np.allclose(schedule, levels(pipeline.scheduler), atol=1e-6)
    made = ours(world, schedule, k)
    assert torch.allclose(stock[0, :, k:].transpose(0, 1), made, atol=CLOSE)
    assert float(made.std()) > 0.1


def test_ltx_before_095_bends_its_schedule_as_its_scheduler_does():
    from diffusers import FlowMatchEulerDiscreteScheduler

    from core.worlds.ltx import LTXWorld, shift_at

    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True, base_shift=0.95, max_shift=2.05, base_image_seq_len=1024,
        max_image_seq_len=4096, shift_terminal=0.1,
    )
    tokens, steps = 3000, 7
    world = object.__new__(LTXWorld)
    world._shift, world._later = shift_at(dict(scheduler.config), tokens), False
    world._terminal = scheduler.config.shift_terminal
    mu = 0.95 + (2.05 - 0.95) * (tokens - 1024) / (4096 - 1024)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu)
    assert np.allclose(world.schedule(steps), levels(scheduler), atol=1e-5)


def test_skyreels(tiny_checkpoint, monkeypatch):
    """Call by call: its own solver looks back at earlier steps, which ours must not."""
    from diffusers import SkyReelsV2DiffusionForcingImageToVideoPipeline, UniPCMultistepScheduler
    from diffusers.pipelines.skyreels_v2 import pipeline_skyreels_v2_diffusion_forcing_i2v as module

    monkeypatch.setattr(module, "prompt_clean", lambda text: text)
    folder = tiny_checkpoint("skyreels")
    world = load_world(folder)
    pipeline = loaded(SkyReelsV2DiffusionForcingImageToVideoPipeline, folder)
    # The checkpoint says none; diffusers' own examples put this in.
    pipeline.scheduler = UniPCMultistepScheduler.from_config(
        pipeline.scheduler.config, flow_shift=8.0
    )
    calls = []

    def note(net, args, kwargs, out):
        calls.append((kwargs["hidden_states"], kwargs["timestep"], out[0]))

    pipeline.transformer.register_forward_hook(note, with_kwargs=True)
    pipeline(image=pictures(world)[0], latents=noise(world), base_num_frames=1000, **asked(world))
    # Its first level is the last step of training, 999 of 1000, and all are counted from there.
    assert np.allclose(world.schedule(STEPS), levels(pipeline.scheduler), atol=2e-3)
    g = world.geometry
    addresses = [Address(i * g.t_stride) for i in range(1 + g.n_new)]
    texts = ["", *["walk forward"] * g.n_new]
    conds = [
        world.condition(addresses, 0, texts, "a stone hall"),
        world.condition(addresses, 0, None, None),
    ]
    assert len(calls) == 2 * STEPS
    picture = world.encode(tiny.film((g.height, g.width), 1))[0]
    for i, (z, steps, out) in enumerate(calls):
        assert torch.allclose(z[0, :, 0], picture, atol=1e-5) and not steps[:, 0].any()
        with torch.no_grad():
            made = world.forward(z, steps / 1000, conds[i % 2])
        assert torch.allclose(out, made, atol=1e-4) and float(made.std()) > 0.1


def test_skyreels_takes_a_shift_that_is_said(tiny_checkpoint, tmp_path):
    """The family's stands in where none is; a scheduler's is over it, the world's over both."""
    folder = shutil.copytree(tiny_checkpoint("skyreels"), tmp_path / "said")
    file = folder / "scheduler" / "scheduler_config.json"
    scheduler = json.loads(file.read_text("utf-8"))
    assert scheduler["flow_shift"] == 1.0  # as the converted checkpoints have it

    def halfway() -> float:
        return load_world(folder).schedule(2)[1]

    assert halfway() == pytest.approx(8 / 9)
    file.write_text(json.dumps({**scheduler, "flow_shift": 5.0}), "utf-8")
    assert halfway() == pytest.approx(5 / 6)
    own = json.loads((folder / "world.json").read_text("utf-8"))
    tiny.describe(folder, **own, shift=1.0)
    assert halfway() == pytest.approx(1 / 2)


def test_modelscope_steps_as_ddim_does(tiny_checkpoint):
    from diffusers import DDIMScheduler

    folder = tiny_checkpoint("modelscope")
    world = load_world(folder)
    scheduler = DDIMScheduler.from_pretrained(folder, subfolder="scheduler")
    scheduler.set_timesteps(10)
    generator = torch.Generator().manual_seed(1)
    z, out = (torch.randn(1, 4, 2, 4, 4, generator=generator) for _ in range(2))
    t = int(scheduler.timesteps[3])
    stock = scheduler.step(out, t, z)
    mine, clean = world.step(z, out, (t + 1) / 1000, (t - 100 + 1) / 1000)
    assert torch.allclose(stock.prev_sample, mine, atol=1e-5)
    assert torch.allclose(stock.pred_original_sample, clean, atol=1e-4)
    noised = scheduler.add_noise(z[:, :, 0], out[:, :, 0], torch.tensor([t]))
    same = world.add_noise(z[:, :, :1], out[:, :, :1], torch.tensor([[(t + 1) / 1000]]))
    assert torch.allclose(noised, same[:, :, 0], atol=1e-5)


def test_modelscope_is_told_the_level_of_the_noised_frames(tiny_checkpoint):
    from diffusers import UNet3DConditionModel

    folder = tiny_checkpoint("modelscope")
    world = load_world(folder)
    net = UNet3DConditionModel.from_pretrained(folder / "unet", use_safetensors=True).eval()
    z = torch.randn(1, 4, 4, 4, 4, generator=torch.Generator().manual_seed(3))
    cond = world.condition([Address(i) for i in range(4)], 1, ["", "", "go", "go"], "a hall")
    u = torch.tensor([[0.0, 0.0, 0.5, 0.5]])  # the past clean, as in the paper
    with torch.no_grad():
        stock = net(z, 499, encoder_hidden_states=cond.text[None]).sample
        assert torch.allclose(stock, world.forward(z, u, cond), atol=1e-5)
