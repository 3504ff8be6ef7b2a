"""Small tasks, batches, a two-layer backbone and a training loop for the tests of methods.

The loop seeds the global generators as `methods/base.py` says that the harness does.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import methods
from datasets.settings import make
from datasets.spec import Attribute, Batch, DatasetSpec, groups_of
from methods.base import Method, MethodCard, ParameterSet, Stage, Step, Task, Update
from methods.shared.au_matching import PAPER_UNITS

torch.set_num_threads(1)

#: AU05 is not of the paper, so that columns and positions in the paper's list differ
UNITS = ("AU05", *PAPER_UNITS)
STEPS = 4


def registered() -> dict[str, type[Method]]:
    """Every method of the package by key, found as the harness finds them: by walking it."""
    found = {}
    for info in pkgutil.walk_packages(methods.__path__, prefix="methods."):
        module = importlib.import_module(info.name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if cls.__module__ == info.name and issubclass(cls, Method) and "card" in vars(cls):
                found[cls.card.key] = cls
    return dict(sorted(found.items()))


def make_spec(num_classes: int = 3, sizes: tuple[int, ...] = (2,)) -> DatasetSpec:
    attributes = tuple(
        Attribute(f"attribute{j}", tuple(f"level{k}" for k in range(size)))
        for j, size in enumerate(sizes)
    )
    classes = tuple(f"class{k}" for k in range(num_classes))
    return DatasetSpec("tiny", classes, attributes, tuple(a.name for a in attributes), 64, UNITS)


def make_task(
    card: MethodCard,
    num_classes: int = 3,
    sizes: tuple[int, ...] = (2,),
    *,
    pixels: int = 16,
    counts: tuple[tuple[int, ...], ...] | None = None,
) -> Task:
    """A task, by default with 5 training samples a stratum; counts only if groups are declared."""
    spec = make_spec(num_classes, sizes)
    num_groups = int(np.prod(sizes))
    if counts is None:
        counts = ((5,) * num_groups,) * num_classes
    class_counts = tuple(sum(row) for row in counts)
    declared = counts if card.may_read("train_groups") else None
    return Task(spec, spec.attributes, class_counts, pixels, declared)


def make_batch(task: Task, size: int = 8, *, seed: int = 0, **changes: Tensor) -> Batch:
    """A batch with every field, in the default precision; `changes` replace fields.

    `groups` follow from `attributes`, unless they are given.
    """
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(size, 3, task.pixels, task.pixels, generator=generator)
    sizes = task.group_sizes
    columns = [torch.randint(n, (size,), generator=generator) for n in sizes]
    fields: dict[str, Tensor] = {
        "images": images,
        "labels": torch.randint(task.num_classes, (size,), generator=generator),
        "attributes": torch.stack(columns, dim=1),
        "action_units": torch.rand(size, len(UNITS), generator=generator),
        "action_units_known": torch.rand(size, generator=generator) < 0.8,
        "index": torch.arange(size),
        "subjects": torch.arange(size) // 2,
        "views": torch.randn(images.shape, generator=generator),
    }
    fields |= changes
    codes = groups_of(fields["attributes"].numpy(), sizes)
    return Batch(**{"groups": torch.from_numpy(codes)} | fields)


def declared(batch: Batch, card: MethodCard) -> Batch:
    """The batch without the fields that the card does not name."""
    kept = {
        name: value
        for name, value in vars(batch).items()
        if name not in Batch.NEED or card.may_read(Batch.NEED[name])
    }
    return Batch(**kept)


def shown(batch: Batch, card: MethodCard) -> Batch:
    """What a method is handed when it predicts."""
    extra = ("groups", "attributes") if card.may_read("test_groups") else ()
    return Batch(**{name: getattr(batch, name) for name in ("images", *extra)})


class TinyBackbone(nn.Module):
    """Two convolutions with batch normalisation; 8 features, or the maps of both levels."""

    def __init__(self, *, maps: bool = False) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.BatchNorm2d(4))
        self.second = nn.Sequential(nn.Conv2d(4, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8))
        self.num_features = 8
        self.channels = [4, 8]
        self.maps = maps

    def forward(self, images: Tensor) -> Any:
        first = torch.relu(self.first(images))
        second = torch.relu(self.second(first))
        return [first, second] if self.maps else second.mean(dim=(2, 3))


class TinyProgram(nn.Module):
    """A fixed linear map without state: pictures to codes of width 6, or codes to pictures."""

    def forward(self, inputs: Tensor) -> Tensor:
        if inputs.dim() == 4:
            rows = inputs.flatten(1)
            return rows @ _fixed_weights(rows.shape[1], 6).to(rows.dtype)
        return (inputs @ _fixed_weights(6, 3 * 16 * 16).to(inputs.dtype)).view(-1, 3, 16, 16)


def _fixed_weights(width_in: int, width_out: int) -> Tensor:
    generator = torch.Generator().manual_seed(width_in)
    return torch.randn(width_in, width_out, generator=generator) / width_in**0.5


def make_backbone(
    name: str | None,
    generator: torch.Generator,
    *,
    weights: str | None = None,
    maps: bool = False,
    program: str | None = None,
) -> nn.Module:
    if program is not None:
        return TinyProgram()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return TinyBackbone(maps=maps)


class Pixels(nn.Module):
    """Stands in for a trunk whose features are the values that the test puts into `images`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1)


def build(cls: type[Method], *, task: Task | None = None, seed: int = 0, **settings: Any) -> Method:
    """A method on the tiny backbone; settings are checked as the command line's."""
    chosen = make(cls.Settings, settings, cls.card.key)
    method = cls(task if task is not None else make_task(cls.card_for(chosen)), chosen)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        method.build(make_backbone, torch.Generator().manual_seed(seed))
        torch.manual_seed(seed + 1000)
        method.build_extras(make_backbone, torch.Generator().manual_seed(seed + 1000))
    return method


def on_logits(
    cls: type[Method], num_classes: int = 3, sizes: tuple[int, ...] = (2,), **settings: Any
) -> Method:
    """A method whose outputs are the values that the test puts into `images`."""
    method = build(cls, task=make_task(cls.card, num_classes, sizes), **settings)
    method.trunk, method.head = Pixels(method.num_outputs()), nn.Identity()
    return method


def step_at(index: int = 0, total: int = STEPS, seed: int = 0) -> Step:
    return Step(index, total, torch.Generator().manual_seed(seed))


def number(value: Any) -> float:
    """A scalar without its graph; torch warns when one that has a gradient is converted."""
    return float(value.detach() if isinstance(value, Tensor) else value)


def total_of(losses: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(losses.values())).sum()


def gradients(total: Tensor, sets: tuple[ParameterSet, ...]) -> list[Tensor | None]:
    parameters = [p for chosen in sets for p in chosen.parameters]
    if not total.requires_grad:
        return [None] * len(parameters)
    return list(torch.autograd.grad(total, parameters, allow_unused=True))


def make_training(task: Task, *, seed: int = 0) -> Batch:
    """All fields but the pictures of a training part with exactly the counts of the task."""
    shape = (task.num_classes, task.num_groups)
    counts = np.array(task.counts) if task.counts else np.full(shape, 5)
    strata = np.repeat(np.arange(counts.size), counts.ravel())
    labels, groups = np.divmod(strata, task.num_groups)
    order = np.random.default_rng(seed).permutation(len(labels))
    columns = np.stack(np.unravel_index(groups[order], task.group_sizes), axis=1)
    batch = make_batch(
        task, len(labels), seed=seed, labels=torch.from_numpy(labels[order]),
        attributes=torch.from_numpy(columns),
    )  # fmt: skip
    return Batch(**{k: v for k, v in vars(batch).items() if k not in ("images", "views")})


def prepare(method: Method, stage: Stage, *, training: Batch | None = None) -> None:
    """What the harness does before the steps of a stage: its modes, and `Stage.prepare`."""
    _set_modes(method, stage)
    if stage.prepare is not None:
        part = make_training(method.task) if training is None else training
        stage.prepare(declared(part, method.card), torch.Generator().manual_seed(0))


def given(method: Method, stage: Stage, batch: Batch) -> Batch:
    """What an update of the stage is handed of a full batch."""
    fields = vars(declared(batch, method.card))
    if stage.on_features is None:
        return Batch(**fields)
    kept = {k: v for k, v in fields.items() if k not in ("images", "views")}
    return Batch(features=_features(method, stage, batch), **kept)


def _features(method: Method, stage: Stage, batch: Batch) -> Tensor:
    modes = [(module, module.training) for module in method.modules()]
    method.eval()
    with torch.no_grad():
        features = (stage.on_features or method.features)(batch.images)
    for module, mode in modes:
        module.training = mode
    return features


def fit(method: Method, stage: Stage, *, size: int = 48, withheld: str = "") -> None:
    """Runs a stage that fits, on `size` samples of either part, without the fields of a need."""
    assert stage.fit is not None
    parts = []
    for seed, need in ((0, "train_groups"), (1, "val_groups")):
        batch = make_batch(method.task, size, seed=seed)
        fields = {
            name: value
            for name, value in vars(declared(batch, method.card)).items()
            if name not in ("images", "views", "groups", "attributes")
            and Batch.NEED.get(name, "") != (withheld or None)
        }
        if method.card.may_read(need) and need != withheld:
            fields |= {"groups": batch.groups, "attributes": batch.attributes}
        parts.append(Batch(features=_features(method, stage, batch), **fields))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stage.fit(*parts)


def train(method: Method, steps: int = STEPS, *, batches: list[Batch] | None = None) -> None:
    """All stages with AdamW, `steps` batches each; every fourth step sees the same batch again."""
    if batches is None:
        batches = [make_batch(method.task, seed=seed) for seed in range(4)]
    for number, stage in enumerate(method.stages()):
        prepare(method, stage)
        if stage.fit is not None:
            fit(method, stage)
        own = torch.Generator().manual_seed(number)
        optimisers = [_optimiser(update.parameters) for update in stage.updates]
        for index in range(steps if stage.fit is None else 0):
            _set_modes(method, stage)
            batch = given(method, stage, batches[index % len(batches)])
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(index)
                for update, optimiser in zip(stage.updates, optimisers, strict=True):
                    _apply(update, optimiser, batch, Step(index, steps, own))
    method.eval()


def _apply(update: Update, optimiser: torch.optim.Optimizer, batch: Batch, step: Step) -> None:
    terms = update.terms(batch, step)
    parameters = [p for chosen in update.parameters for p in chosen.parameters]
    if update.combine_gradients is None:
        found = gradients(total_of(terms), update.parameters)
    else:
        per_term = {}
        for name, term in terms.items():
            per_term[name] = list(
                torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
            )
        found = update.combine_gradients(per_term)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
    optimiser.step()


def _set_modes(method: Method, stage: Stage) -> None:
    method.train()
    for module in stage.frozen:
        module.eval()


def _optimiser(sets: tuple[ParameterSet, ...]) -> torch.optim.Optimizer:
    groups = [{"params": list(s.parameters), "lr": 1e-2 * s.rate_factor} for s in sets]
    return torch.optim.AdamW(groups, weight_decay=0.02)


def states(method: Method) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def same(
    first: dict[str, Tensor], second: dict[str, Tensor], *, only: tuple[str, ...] = ("",)
) -> bool:
    """Whether the entries of `first` with one of the prefixes are bit for bit those of `second`."""
    names = [name for name in first if name.startswith(only)]
    return bool(names) and all(torch.equal(first[name], second[name]) for name in names)
