"""Deep feature reweighting: the trunk of `ce`, its last layer fitted anew on balanced data.

Features learnt from biased data still hold what the class needs; it is the last layer that leans on
the rest. Stage 1 is `ce`. Stage 2 leaves the trunk as it is and fits the last layer to the features
z, standardised with mean and standard deviation of the training part, by

    minimise |W|_1 + C sum_i CE(softmax(W z_i + b), y_i)          over a balanced subset

A subset holds, in each class, as many samples of every group as the rarest group has there, drawn
at random. C is the one of `strengths` whose fit on one half of the data has the best worst-stratum
accuracy on the other half of the validation part; then `repeats` subsets are drawn from all of it
and the fits averaged. The standardisation is folded into the head, so that prediction is as in
`ce`: pictures only.

`data = val` fits on the validation part (published; half of it while C is tuned) and reads its
groups, not those of the training part. `train` fits on the training part and tunes C on the
validation part: it reads the groups of both. A sample of unknown group is in no subset.

Where we differ. The authors make all strata equal; here groups are equal within each class, since
the rarest of dozens of strata leaves next to nothing. Ties in the worst stratum go to the mean over
strata, then to the larger C. While tuning, too, features are standardised with the training part.
The fit is multinomial and leaves the intercept free (liblinear penalises it), and is solved by 200
accelerated gradient steps, not to convergence. Mind the comparison: `data = val` learns from labels
that other methods only select with, and its validation scores are on what it was fitted to. The
same goes for `--post`: a post-processor is then fitted to validation predictions of a head that was
itself fitted to these samples. There is one checkpoint, so that every selection rule keeps the
same.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    Method,
    MethodCard,
    MethodError,
    Stage,
    Step,
    Update,
    method,
)
from methods.ops import cross_entropy, indicator
from methods.shared.sparse_regression import Problems, minimise
from methods.shared.strata import means_by_code, stratum_codes

#: subsets that are averaged, by `data` (Kirichenko et al. 2023, code)
REPEATS = {"val": 20, "train": 10}
#: standard deviation, over the size of a feature, below which it counts as constant; rounding in
#: single precision alone makes some 1e-7
CONSTANT = 1e-6


def balanced_rows(labels: Tensor, groups: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of a random subset in which every class has its groups equally often.

    Groups that a class does not have at all do not count; rows of unknown group are left out.

    Args:
        labels: (n,) class codes, on the processor.
        groups: (n,) group codes, -1 unknown, on the processor.
        generator: decides who is drawn, not how many.

    Raises:
        MethodError: no sample has a known group.
    """
    order = torch.randperm(len(labels), generator=generator)
    kept = [order[:0]]
    for label in range(int(labels.max()) + 1):
        own = order[labels[order] == label]
        members = [own[groups[own] == group] for group in range(int(groups.max()) + 1)]
        sizes = [len(rows) for rows in members if len(rows) > 0]
        kept += [rows[: min(sizes, default=0)] for rows in members]
    rows = torch.cat(kept)
    if len(rows) == 0:
        raise MethodError("dfr has no sample of known group to fit on.")
    return rows


def standardisation(features: Tensor) -> tuple[Tensor, Tensor]:
    """(d,) means and (d,) standard deviations of (n, d) features; 1 for those that are constant.

    A feature is constant where its deviation is next to nothing beside its mean or beside the
    deviation of the others: dividing by it would blow up what it does on other parts.
    """
    centre, spread = features.mean(dim=0), features.std(dim=0, correction=0)
    size = centre.abs().maximum(spread.mean())
    return centre, torch.where(spread > CONSTANT * size, spread, torch.ones_like(spread))


@dataclass(frozen=True)
class Samples:
    """Standardised features with labels and groups, on the processor, in double precision."""

    inputs: Tensor
    labels: Tensor
    groups: Tensor

    def take(self, rows: Tensor) -> "Samples":
        """The samples of some rows."""
        return Samples(self.inputs[rows], self.labels[rows], self.groups[rows])


def fit(
    samples: Samples, rows: Tensor, strengths: Tensor, num_classes: int
) -> tuple[Tensor, Tensor]:
    """(R, d, K) weights and (R, K) intercepts of R fits.

    Args:
        samples: inputs and classes.
        rows: (R, m) rows of the samples that each fit sees.
        strengths: (R,) values of C.
        num_classes: K.
    """
    targets = indicator(samples.labels, num_classes, samples.inputs.dtype)
    return minimise(Problems(samples.inputs[rows], targets[rows], strengths))


def stratum_accuracies(correct: Tensor, samples: Samples, num_groups: int) -> tuple[float, float]:
    """Lowest and mean accuracy over the strata there are, of (n,) bool; NaN without any."""
    codes = stratum_codes(samples.labels, samples.groups, num_groups)
    count = num_groups * (int(samples.labels.max()) + 1)
    means, sizes = means_by_code(correct.to(torch.float64), codes, count)
    there = means[sizes > 0]
    if len(there) == 0:
        return float("nan"), float("nan")
    return float(there.min()), float(there.mean())


@method(
    "Deep feature reweighting",
    family="robust",
    source="Kirichenko et al. 2023, Sec. 6; PolinaKirichenko/deep_feature_reweighting",
    needs=("val_groups",),
    optional=("train_groups",),
    cost=1.25,
)
class DeepFeatureReweighting(Method):
    @dataclass(frozen=True)
    class Settings:
        data: str = setting(
            "val",
            doc="part that the last layer is fitted on (Kirichenko et al. 2023: both)",
            choices=("val", "train"),
        )
        strengths: tuple[float, ...] = setting(
            (1.0, 0.7, 0.3, 0.1, 0.07, 0.03, 0.01),
            doc="values of C that are tried (Waterbirds; CelebA: 3 to 0.003)",
        )
        repeats: int | None = setting(
            None, doc="balanced subsets that are averaged; none: 20 on val, 10 on train", low=1
        )

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        needs = {"val_groups"} if settings.data == "val" else {"val_groups", "train_groups"}
        return replace(cls.card, needs=frozenset(needs), optional=frozenset())

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        if min(self.settings.strengths, default=0) <= 0:
            raise MethodError("dfr.strengths must hold numbers above 0, and at least one.")
        # A stage that fits is handed no generator: its draws are decided here.
        self.draws = int(torch.randint(2**31, (), generator=generator))

    def stages(self) -> tuple[Stage, ...]:
        train = Stage("train", (Update(self.loss, self.parameter_sets()),), predicts=False)
        return train, Stage("refit", fit=self.refit)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}

    def refit(self, training: Batch, validation: Batch) -> None:
        """Replaces the head by the averaged fits."""
        features = training.features.to("cpu", torch.float64)
        centre, spread = standardisation(features)
        held_out = _samples(validation, centre, spread)
        on_training = self.settings.data == "train"
        samples = _samples(training, centre, spread) if on_training else held_out
        generator = torch.Generator().manual_seed(self.draws)
        order = torch.randperm(len(held_out.labels), generator=generator)
        scored, fitted = order[: len(order) // 2], order[len(order) // 2 :]
        half = samples if on_training else samples.take(fitted)
        strength = self._tuned(half, held_out.take(scored), generator)
        weights, intercepts = self._averaged(samples, strength, generator)
        folded = weights / spread[:, None]
        with torch.no_grad():
            self.head.weight.copy_(folded.T)  # type: ignore[operator]
            self.head.bias.copy_(intercepts - centre @ folded)  # type: ignore[operator]

    def _tuned(self, half: Samples, scored: Samples, generator: torch.Generator) -> float:
        """The C whose fit on `half` does best on the worst stratum of `scored`."""
        candidates = sorted(self.settings.strengths, reverse=True)
        strengths = torch.tensor(candidates, dtype=torch.float64)
        # One subset for all, so that nothing but C differs.
        rows = balanced_rows(half.labels, half.groups, generator).expand(len(candidates), -1)
        weights, intercepts = fit(half, rows, strengths, self.task.num_classes)
        answers = (scored.inputs @ weights + intercepts[:, None]).argmax(dim=2)
        scores = [
            stratum_accuracies(row == scored.labels, scored, self.task.num_groups)
            for row in answers
        ]
        # The first of the best: `max` keeps the earlier one of equals.
        best = max(range(len(candidates)), key=lambda position: scores[position])
        return float(candidates[best])

    def _averaged(
        self, samples: Samples, strength: float, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """(d, K) weights and (K,) intercepts, means over the fits to several subsets."""
        repeats = self.settings.repeats or REPEATS[self.settings.data]
        subsets = [balanced_rows(samples.labels, samples.groups, generator) for _ in range(repeats)]
        strengths = torch.full((repeats,), strength, dtype=torch.float64)
        weights, intercepts = fit(samples, torch.stack(subsets), strengths, self.task.num_classes)
        return weights.mean(dim=0), intercepts.mean(dim=0)


def _samples(part: Batch, centre: Tensor, spread: Tensor) -> Samples:
    inputs = (part.features.to("cpu", torch.float64) - centre) / spread
    return Samples(inputs, part.labels.to("cpu"), part.groups.to("cpu"))
