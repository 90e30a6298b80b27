"""What the Worlds dialog shows of one world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # not on the way to the first window
    from core.models.fit import Fit
    from core.models.overview import Item
    from core.models.progress import Progress
    from core.models.verify import Verdict

#: What goes on with a world just now; "" nothing.
Activity = Literal[
    "", "asking", "queued", "fetching", "checking", "mending", "stopping", "removing"
]


@dataclass(frozen=True)
class ModelFacts:
    """``error`` is the sentence of the last thing that went wrong with it; ``verdict`` what the
    last look at its files found."""

    item: Item
    fits: tuple[Fit, ...] = ()
    activity: Activity = ""
    progress: Progress | None = None
    error: str = ""
    verdict: Verdict | None = None

    @property
    def id(self) -> str:
        return self.item.id
