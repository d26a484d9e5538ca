"""How long does it take to retrain the fusion head alone, in 5 folds, when what the other networks see is cached?

python -m benchmarks.speed.fusion_head --khan DIR --cache DIR --bundle DIR [--pages 630] [--folds 5]

The pages are those of the published experiment's size (148 normal, 482 abnormal, drawn by group). The same
cross-validation runs twice, as ``trainer crossval`` does it: first on whatever ``--cache`` holds, then on a full cache.
The bundle must not have seen the pages, or its folds find no clean start.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.training.khan_features import all_khan_pages, published_sample
from trainer.crossval.lineage import Ancestor, start_chooser
from trainer.crossval.out_of_fold import CrossValidation, cross_validate
from trainer.data.page import PreparedPage
from trainer.named_recipes import recipe_named
from trainer.recipes import only_stages
from trainer.runs.folder import open_run
from trainer.stages.context import RunContext


def run_once(pages: Sequence[PreparedPage], bundle: Path, cache: Path, n_folds: int) -> None:
    """One cross-validation of the head; prints minutes, seconds of each part, and the pooled figure."""
    recipe = only_stages(recipe_named("quick"), ["fusion"])
    started, worked = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run = open_run(Path(folder) / "run", {"recipe": recipe.to_json()}, "file\n", resume=True)
        start_of = start_chooser([Ancestor.of(bundle)], "bundle", recipe, "cpu", needs_bundle=True)
        job = CrossValidation(pages, recipe, start_of, run, n_folds)
        summary = cross_validate(job, RunContext(torch.device("cpu"), cache=cache / "seen"))
    spent: dict[str, float] = {}
    for fold in summary.fold_facts:
        for stage, seconds in fold.seconds_of_stages.items():
            spent[stage] = spent.get(stage, 0.0) + seconds
    auroc = summary.pooled["fused"]["auroc"]
    print(
        f"  {(time.monotonic() - started) / 60:.1f} min, {(time.process_time() - worked) / 60:.1f} of them computing; "
        f"seconds by stage: { {stage: round(seconds) for stage, seconds in spent.items()} }\n"
        f"  fused AUROC {auroc['value']:.3f} ({auroc['low']:.3f} to {auroc['high']:.3f})",
        flush=True,
    )


def main() -> None:
    """Measure twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("khan", "cache", "bundle"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pages", type=int, default=630, metavar="N")
    parser.add_argument("--folds", type=int, default=5)
    options = parser.parse_args()
    pages = published_sample(all_khan_pages(options.khan, options.cache))[: options.pages]
    print(f"{len(pages)} pages, {options.folds} folds, {torch.get_num_threads()} threads")
    for name in ("with what the cache held", "with everything cached"):
        print(name, flush=True)
        run_once(pages, options.bundle, options.cache, options.folds)


if __name__ == "__main__":
    main()
