"""The worlds that can be fetched: what each is, its licence in plain words, and what it needs.

Data, read by people. To offer another world, add an ``Offer`` and write its family (see
ARCHITECTURE.md). Sizes and needs are estimates from the number of parameters and the precision of
the published files; the exact size is asked of the hub before anything is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

Commercial = Literal["yes", "limited", "no"]


@dataclass(frozen=True)
class Licence:
    """``version`` is what is accepted: change it when the terms or their summary change."""

    name: str
    version: str
    url: str
    commercial: Commercial
    summary: str  # commercial limits in plain words
    region: str  # regional limits in plain words
    card: str  # the word of the model's page ("apache-2.0", "other"): a change asks again


@dataclass(frozen=True)
class Needs:
    """In GB as sold. ``vram_gb`` 0: the processor is enough."""

    vram_gb: float
    ram_gb: float
    disk_gb: float


@dataclass(frozen=True)
class Offer:
    """One world. ``repo`` is empty for the embedded one.

    ``revision``: a commit of the repository, or None for its newest; a download is always bound
    to one commit. ``parts``: the sub-folders of the diffusers layout that are needed.
    ``pipelines`` and ``index``: how ``model_index.json`` of a folder shows that it is this world.
    """

    id: str
    name: str
    what: str
    licence: Licence
    needs: Needs
    family: str
    about_gb: float = 0.0
    repo: str = ""
    revision: str | None = None
    parts: tuple[str, ...] = ("scheduler", "text_encoder", "tokenizer", "transformer", "vae")
    pipelines: tuple[str, ...] = ()
    index: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    gated: bool = False
    recommended: bool = False
    note: str = ""

    @property
    def embedded(self) -> bool:
        return not self.repo

    @property
    def page(self) -> str:
        """Where a person reads the card and, for a gated world, asks for access."""
        return f"https://huggingface.co/{self.repo}" if self.repo else ""


APACHE = Licence(
    name="Apache License 2.0",
    version="apache-2.0",
    url="https://www.apache.org/licenses/LICENSE-2.0",
    commercial="yes",
    summary="Free to use, also commercially. Keep the notices when you pass the weights on.",
    region="No regional limits.",
    card="apache-2.0",
)

OFFERS: tuple[Offer, ...] = (
    Offer(
        id="starter",
        name="Starter world",
        what="The small world that comes with the studio: first-person walks at 128×128, without a "
        "graphics card.",
        licence=APACHE,
        needs=Needs(vram_gb=0, ram_gb=3, disk_gb=0),
        family="starter",
    ),
    Offer(
        id="wan22-ti2v-5b",
        name="Wan 2.2 TI2V 5B",
        what="A general world of 5 billion parameters; the one to begin with on a graphics card.",
        licence=APACHE,
        needs=Needs(vram_gb=12, ram_gb=32, disk_gb=36),
        family="wan",
        about_gb=34,
        repo="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        pipelines=("WanPipeline", "WanImageToVideoPipeline"),
        index=MappingProxyType({"expand_timesteps": True}),
        recommended=True,
    ),
    Offer(
        id="ltx-video-2b",
        name="LTX-Video 2B",
        what="A fast world of 2 billion parameters. Less detail than Wan, several times quicker.",
        licence=Licence(
            name="Lightricks' own licence",
            version="ltx-video-open-weights-2025",
            url="https://huggingface.co/Lightricks/LTX-Video",
            commercial="limited",
            summary="Not an open-source licence. As it is commonly reported, companies above a "
            "yearly revenue (10 million US dollars) need a paid one, and some uses are forbidden. "
            "The terms differ between versions: check the card.",
            region="Check the card.",
            card="other",
        ),
        needs=Needs(vram_gb=8, ram_gb=32, disk_gb=30),
        family="ltx",
        about_gb=28,
        repo="Lightricks/LTX-Video",
        pipelines=("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
    ),
    Offer(
        id="skyreels-v2-df",
        name="SkyReels V2 DF 1.3B",
        what="A world of 1.3 billion parameters that was made for long video: every frame has a "
        "noise level of its own.",
        licence=Licence(
            name="Skywork Community License",
            version="skywork-community",
            url="https://huggingface.co/Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
            commercial="limited",
            summary="The licence of its maker, with conditions of its own for commercial use: "
            "check the card and the licence file beside the weights.",
            region="Check the card.",
            card="other",
        ),
        needs=Needs(vram_gb=8, ram_gb=32, disk_gb=30),
        family="skyreels",
        about_gb=28,
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipelines=(
            "SkyReelsV2DiffusionForcingPipeline",
            "SkyReelsV2DiffusionForcingImageToVideoPipeline",
            "SkyReelsV2DiffusionForcingVideoToVideoPipeline",
        ),
    ),
    Offer(
        id="modelscope-t2v",
        name="ModelScope text-to-video 1.7B",
        what="The model that SlowFast-VGen was built on, for comparing with the paper: small "
        "pictures, short chunks.",
        licence=Licence(
            name="CC BY-NC 4.0",
            version="cc-by-nc-4.0",
            url="https://creativecommons.org/licenses/by-nc/4.0/",
            commercial="no",
            summary="Non-commercial only: no film made with it may earn money. The text of its "
            "card also names CC BY-NC-ND, which forbids passing on changed ones: check the card.",
            region="No regional limits.",
            card="cc-by-nc-4.0",
        ),
        needs=Needs(vram_gb=8, ram_gb=16, disk_gb=9),
        family="modelscope",
        about_gb=8,
        repo="ali-vilab/text-to-video-ms-1.7b",
        parts=("scheduler", "text_encoder", "tokenizer", "unet", "vae"),
        pipelines=("TextToVideoSDPipeline",),
    ),
)


def offer(id: str) -> Offer | None:
    """The offer called ``id``, or None."""
    return next((o for o in OFFERS if o.id == id), None)
