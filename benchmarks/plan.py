"""From a study to its cells: one (data set, method, settings, seed) each, with a content id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import registry
from benchmarks.errors import StudyError
from benchmarks.identity import cell_id, changed_texts, identity
from benchmarks.protocol import PRESETS, PROTOCOL_VERSION, YOUNGER, Protocol
from benchmarks.study import Study, Variant
from datasets import settings as declared
from datasets.spec import Dataset, DatasetSpec
from methods.base import MethodCard


@dataclass(frozen=True)
class Cell:
    """One run of one method on one seed.

    Attributes:
        id: readable key and a hash of `description`.
        variant: settings that differ from their defaults, sorted; empty for none.
        description: everything that may change a number, as JSON values.
        cost: passes per sample relative to `ce`, for the estimate of the time left.
        reads: what the method reads under its settings, names out of `methods.base.NEEDS`.
        base: id of the cell whose stored predictions are treated; empty for a cell that trains.
    """

    id: str
    dataset: str
    method: str
    variant: str
    seed: int
    description: dict[str, Any]
    cost: float
    reads: tuple[str, ...]
    base: str = ""


@dataclass(frozen=True)
class NotApplicable:
    """A combination that cannot be run, with the reason that the tables print."""

    dataset: str
    method: str
    variant: str
    seed: int
    reads: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Plan:
    """Cells in the order in which they are run, and what cannot be run."""

    cells: tuple[Cell, ...]
    not_applicable: tuple[NotApplicable, ...]

    @property
    def trained(self) -> tuple[Cell, ...]:
        """The cells that train a method."""
        return tuple(cell for cell in self.cells if not cell.base)

    @property
    def treated(self) -> tuple[Cell, ...]:
        """The cells that post-process the predictions of another cell."""
        return tuple(cell for cell in self.cells if cell.base)


def make_plan(study: Study, data_root: Path | None, cache: Path | None = None) -> Plan:
    """Expands a study; the same study gives the same cells whatever the order of its arguments.

    Args:
        study: what is run.
        data_root: folder that holds the data sets.
        cache: folder of prepared data, where checksums of pictures are kept, too.

    Raises:
        StudyError, SettingError: unknown names or values.
        DataError: data that is not where it should be.
    """
    cells: dict[str, Cell] = {}
    skipped: dict[NotApplicable, None] = {}
    posts = registry.select_post_processors(study.post)
    for methods, context in _contexts(study, data_root, cache):
        for key in methods:
            for seed in study.seeds:
                trained = _plan_cell(context, key, seed)
                treated = [_plan_post(context, trained, post) for post in posts]
                for planned in (trained, *treated):
                    if isinstance(planned, Cell):
                        cells[planned.id] = planned
                    else:
                        skipped[planned] = None
    # Seed by seed, so that an interrupted study holds paired results; costly cells first in each.
    # What treats the predictions of others comes last.
    ordered = sorted(
        cells.values(), key=lambda c: (c.base != "", c.seed, -c.cost, c.dataset, c.method, c.id)
    )
    return Plan(tuple(ordered), tuple(skipped))


def resolve(study: Study) -> Study:
    """The study with globs expanded and every value of the protocol written out.

    Its plan is the same; a later change of a preset's values does not change it.
    """
    variants = [
        Variant(tuple(registry.select_methods(variant.methods)), variant.set)
        for variant in study.variants
    ]
    protocol = asdict(resolve_protocol(study.preset, study.set))
    return replace(
        study,
        methods=tuple(registry.select_methods(study.methods)),
        post=tuple(registry.select_post_processors(study.post)),
        datasets=tuple(registry.select_datasets(study.datasets)),
        set={**study.set, **{f"protocol.{name}": value for name, value in protocol.items()}},
        variants=tuple(variants),
        name=study.title,
    )


def resolve_protocol(preset: str, changes: Mapping[str, Any]) -> Protocol:
    """The preset's protocol with `protocol.*` changes."""
    base = asdict(PRESETS[preset])
    protocol: Protocol = declared.make(Protocol, base | changes_of("protocol", changes), "protocol")
    return protocol


def make_dataset(name: str, changes: Mapping[str, Any]) -> Dataset:
    """The registered data set with checked settings."""
    cls = registry.datasets()[name]
    return cls(declared.make(cls.Settings, changes, name))


def grouped_attributes(spec: DatasetSpec, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the attributes that methods train with.

    Raises:
        DataError: the data set has no such attribute.
    """
    return tuple(spec.attribute(name).name for name in wanted or spec.default_groups)


@dataclass(frozen=True)
class _Context:
    """What the cells of one data set under one set of changes share."""

    study: Study
    changes: Mapping[str, Any]
    protocol: Protocol
    dataset: Dataset
    fingerprint: str

    @property
    def spec(self) -> DatasetSpec:
        return self.dataset.describe()

    @property
    def groups(self) -> tuple[str, ...]:
        return grouped_attributes(self.spec, self.study.groups)

    # Once for all cells: a file of weights or of action units takes a while to hash.
    @cached_property
    def dataset_identity(self) -> dict[str, Any]:
        return identity(self.dataset.settings)

    @cached_property
    def dataset_changes(self) -> dict[str, str]:
        """What differs from the defaults, for the label of a variant."""
        return changed_texts(self.dataset.settings)

    @cached_property
    def protocol_identity(self) -> dict[str, Any]:
        """As `identity`, without younger settings at their defaults: older cells keep their id."""
        changed = declared.changed(self.protocol)
        return {
            name: value
            for name, value in identity(self.protocol).items()
            if name not in YOUNGER or name in changed
        }

    @cached_property
    def protocol_changes(self) -> dict[str, str]:
        """What differs from the preset, for the label of a variant."""
        return changed_texts(self.protocol, PRESETS[self.study.preset])


def _contexts(
    study: Study, data_root: Path | None, cache: Path | None
) -> Iterator[tuple[list[str], _Context]]:
    """Method keys with their context: the study's own settings, then those of each variant."""
    requests = [(study.methods, dict(study.set))]
    requests += [(variant.methods, {**study.set, **variant.set}) for variant in study.variants]
    fingerprints: dict[tuple[str, str], str] = {}
    specs: dict[str, DatasetSpec] = {}
    for patterns, changes in requests:
        methods = registry.select_methods(patterns)
        _check_owners(study, changes)
        protocol = resolve_protocol(study.preset, changes)
        for name in registry.select_datasets(study.datasets):
            dataset = make_dataset(name, changes_of(name, changes))
            _check_comparable(specs.setdefault(name, dataset.describe()), dataset.describe())
            # Reading a data set's files takes a while; variants mostly share them.
            key = (name, repr(dataset.settings))
            if key not in fingerprints:
                fingerprints[key] = dataset.fingerprint(data_root, cache)
            yield methods, _Context(study, changes, protocol, dataset, fingerprints[key])


def _check_comparable(first: DatasetSpec, other: DatasetSpec) -> None:
    """A table has one set of classes and groups: raises StudyError where a variant changes them."""
    names = ("classes", "attributes", "default_groups", "folds")
    if any(getattr(first, name) != getattr(other, name) for name in names):
        raise StudyError(
            f"The variants of a study must leave the classes and groups of {first.name} as they "
            "are: run one study for each."
        )


def _check_owners(study: Study, changes: Mapping[str, Any]) -> None:
    """Every changed setting must belong to something in the study: a typo must not pass unseen."""
    patterns = [study.methods, *(variant.methods for variant in study.variants)]
    owners = {"protocol", *registry.select_datasets(study.datasets)}
    owners |= {key for wanted in patterns for key in registry.select_methods(wanted)}
    owners |= set(registry.select_post_processors(study.post))
    for name in changes:
        owner, dot, setting = name.partition(".")
        if not dot or not setting:
            raise StudyError(f"A setting is written KEY.name=value, not '{name}'.")
        if owner not in owners:
            near = declared.nearest(owner, owners)
            hint = f" Did you mean '{near}.{setting}'?" if near else ""
            raise StudyError(f"'{name}': '{owner}' is not part of this study.{hint}")


def changes_of(owner: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `changes` that belong to `owner`, without its name in front."""
    prefix = f"{owner}."
    return {k.removeprefix(prefix): v for k, v in changes.items() if k.startswith(prefix)}


def _plan_cell(context: _Context, key: str, seed: int) -> Cell | NotApplicable:
    cls, spec = registry.methods()[key], context.spec
    settings = declared.make(cls.Settings, changes_of(key, context.changes), key)
    card = cls.card_for(settings)
    reads = tuple(sorted(card.needs | card.optional))
    variant = _variant(context, settings)
    reason = _missing_need(card, spec, context.groups) or cls.skip(spec, settings)
    if reason is not None:
        return NotApplicable(spec.name, key, variant, seed, reads, reason)
    description = _description(context, card, settings, seed)
    return Cell(cell_id(description), spec.name, key, variant, seed, description, card.cost, reads)


def _plan_post(context: _Context, base: Cell | NotApplicable, key: str) -> Cell | NotApplicable:
    """The cell that treats the predictions of `base`; not applicable where that one is not."""
    cls, spec = registry.post_processors()[key], context.spec
    settings = declared.make(cls.Settings, changes_of(key, context.changes), key)
    own = " ".join(f"{key}.{name}={text}" for name, text in changed_texts(settings).items())
    variant = " ".join(text for text in (base.variant, own) if text)
    reads = tuple(sorted({*base.reads, *cls.card.needs}))
    method = f"{base.method}+{key}"
    reason = base.reason if isinstance(base, NotApplicable) else None
    reason = reason or _missing_need(cls.card, spec, context.groups) or cls.skip(spec, settings)
    if isinstance(base, NotApplicable) or reason is not None:
        return NotApplicable(spec.name, method, variant, base.seed, reads, reason or "")
    description = {
        "dataset": spec.name,
        "method": method,
        "seed": base.seed,
        "base": base.id,
        "groups": list(context.groups),
        "post": key,
        "post_version": cls.card.version,
        "settings": identity(settings),
    }
    name = cell_id(description)
    return Cell(name, spec.name, method, variant, base.seed, description, 0.0, reads, base.id)


def _description(context: _Context, card: MethodCard, settings: Any, seed: int) -> dict[str, Any]:
    """Everything that may change a number, as JSON values: what identifies a cell."""
    return {
        "dataset": context.spec.name,
        "dataset_settings": context.dataset_identity,
        "fingerprint": context.fingerprint,
        "train_images": context.spec.train_images,
        "groups": list(context.groups),
        "unknown_groups": context.study.unknown_groups,
        "method": card.key,
        "method_version": card.version,
        "settings": identity(settings),
        "protocol": context.protocol_identity,
        "protocol_version": PROTOCOL_VERSION,
        "seed": seed,
    }


def _missing_need(card: MethodCard, spec: DatasetSpec, groups: tuple[str, ...]) -> str | None:
    if "action_units" in card.needs and not spec.action_units:
        return "the data set has no action units"
    if card.needs & {"train_groups", "test_groups", "val_groups"} and not groups:
        return "the data set has no protected attribute"
    if "val_groups" in card.needs and not spec.has_validation:
        return "the data set has no validation part"
    return None


def _variant(context: _Context, settings: Any) -> str:
    """What differs from the defaults: `gamma=3 synthetic.bias=0 protocol.images=600`."""
    parts = {
        "": changed_texts(settings),
        f"{context.spec.name}.": context.dataset_changes,
        "protocol.": context.protocol_changes,
    }
    return " ".join(
        f"{owner}{name}={value}"
        for owner, values in parts.items()
        for name, value in values.items()
    )
