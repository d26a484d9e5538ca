"""How long each part of the starter trains."""

from dataclasses import dataclass, replace

from trainer.named_recipes import RECIPES
from trainer.recipes import DetectorStage, FusionStage, GlobalStage, LocalStage, Recipe, WaveformStage
from trainer.starter.pages import INNER_SHARE


@dataclass(frozen=True)
class StarterPlan:
    """How long each part trains.

    Args:
        recipe: the training on rendered signals, and the rules for decisions; its waveform stage teaches signals.
        real_global, real_local, real_waveform: the further training with real and rendered pages together.
        styles: pages drawn of each LUDB record for training, early stopping and measuring.
        fusion_rendered: rendered pages that the head learns from beside the real ones.
        rendered_alone: rendered pages that teach where beat and page networks stay as they are and no real page is had.
        waveform_parts: of the real pages; a waveform network is tuned without each of them, so that the head learns
            from what it says of pages that it has not seen.
    """

    recipe: Recipe
    real_global: GlobalStage
    real_local: LocalStage
    real_waveform: WaveformStage
    styles: tuple[int, int, int] = (10, 3, 4)
    fusion_rendered: int = 100
    rendered_alone: int = 400
    waveform_parts: int = 4

    def drawn_pages(self, rendered_only: bool) -> int:
        """How many drawn pages teach where beat and page networks stay as they are."""
        return self.rendered_alone if rendered_only else self.fusion_rendered


_GLOBAL = GlobalStage(epochs=3, steps_per_epoch=110, batch=16, lr=7e-4, patience=6, px_per_mm=1.5, frozen_blocks=1)
_LOCAL = LocalStage(epochs=4, steps_per_epoch=150, batch=64, lr=1e-3, patience=5, places=True)
_WAVEFORM = WaveformStage(epochs=45, batch=64, lr=3e-3, patience=45, weight_decay=0.05)
STARTER = StarterPlan(
    recipe=replace(
        RECIPES["quick"],
        name="starter",
        inner_share=INNER_SHARE,
        detector=DetectorStage(epochs=5, steps_per_epoch=400, batch=2, lr=1e-3, patience=6, width=0.25),
        global_=_GLOBAL,
        local=_LOCAL,
        waveform=_WAVEFORM,
        fusion=FusionStage(
            epochs=25, batch=64, lr=2e-4, patience=8, pool="mean", weight_decay=0.05, pictures_hidden=0.3
        ),
    ),
    # Finer than the first part: an ST segment lifted by 1 mm is 2 pixels then.
    real_global=replace(_GLOBAL, epochs=6, lr=6e-4, px_per_mm=2.0),
    real_local=replace(_LOCAL, epochs=10, steps_per_epoch=300, lr=7e-4, patience=10),
    real_waveform=replace(_WAVEFORM, epochs=15, batch=32, lr=1e-3, patience=15),
)
