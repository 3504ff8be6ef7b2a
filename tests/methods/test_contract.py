"""What every registered method must do; methods are found by walking the package."""

from __future__ import annotations

import ast
import dataclasses
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

import methods
from datasets.errors import WithheldError
from datasets.settings import make
from datasets.spec import Batch
from methods.base import NEEDS, Method
from tests.methods.tiny import (
    STEPS,
    build,
    declared,
    fit,
    given,
    gradients,
    make_backbone,
    make_batch,
    make_task,
    make_training,
    prepare,
    registered,
    same,
    shown,
    states,
    step_at,
    total_of,
    train,
)

METHODS = registered()
SHAPES = {"2x2": (2, (2,)), "7x6": (7, (2, 3)), "3x1": (3, (1,))}
EVERY = pytest.mark.parametrize("cls", METHODS.values(), ids=list(METHODS))
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))

#: settings under which every update is a plain descent; a reversed gradient climbs by design (its
#: value is tested in `test_gradient_reversal`), so the form with two plain updates stands in
DESCENDING = {"gradient_reversal": {"mode": "alternating"}}
#: settings under which the order of the samples does not matter; IRM's penalty takes even and odd
#: samples of a group apart (methods.md 12.5), its cross entropy remains; without latent noise
#: nothing of latent alignment belongs to a place in the batch
ORDERLESS = {"irm": {"strength": 0.0}, "latent_alignment": {"encoder": "ae"}}
#: methods that give even and odd rows of a batch different parts: their order keeps both apart
ORDERS = {"bias_contrastive": [2, 7, 6, 1, 4, 3, 0, 5]}
#: calls that belong to the harness, or that wait for the device
FORBIDDEN_CALLS = {
    "print", "open", "cuda", "backward", "item", "tolist", "cpu", "numpy", "synchronize", "seed",
}  # fmt: skip
IMPORTABLE = {
    "__future__", "collections", "contextlib", "dataclasses", "datasets", "math", "methods",
    "numpy", "scipy", "torch", "typing", "reports",
}  # fmt: skip


def all_terms(method: Method, batch: Batch) -> dict[str, torch.Tensor]:
    """The terms of all updates of all stages, in training mode."""
    found = {}
    for stage in method.stages():
        prepare(method, stage)
        seen = given(method, stage, batch)
        for number, update in enumerate(stage.updates):
            terms = update.terms(seen, step_at())
            found |= {f"{stage.name} {number} {name}": value for name, value in terms.items()}
    return found


def buffers(method: Method) -> dict[str, torch.Tensor]:
    """State that evaluating terms may move on, such as running statistics."""
    return {name: value.clone() for name, value in method.named_buffers()}


def restore(method: Method, kept: dict[str, torch.Tensor]) -> None:
    for name, value in method.named_buffers():
        value.copy_(kept[name])


def test_every_key_is_the_name_of_the_module_of_the_method() -> None:
    assert len(METHODS) >= 7
    for key, cls in METHODS.items():
        assert cls.__module__.rsplit(".", 1)[-1] == key


@EVERY
def test_card_names_title_source_needs_and_cost(cls: type[Method]) -> None:
    card = cls.card_for(cls.Settings())
    assert card.title and card.source and card.family and card.cost > 0
    assert card.needs | card.optional <= set(NEEDS)
    module = __import__(cls.__module__, fromlist=["x"])
    assert len(module.__doc__.splitlines()) >= 5, "the module docstring is the card"


@EVERY
def test_settings_are_documented_and_their_search_values_are_allowed(cls: type[Method]) -> None:
    for field in dataclasses.fields(cls.Settings):
        assert len(field.metadata["doc"]) > 10
        for value in (field.default, *field.metadata["search"]):
            made = make(cls.Settings, {field.name: value}, cls.card.key)
            assert getattr(made, field.name) == value


@EVERY
def test_card_and_settings_survive_pickling(cls: type[Method]) -> None:
    card, settings = cls.card, cls.Settings()
    assert pickle.loads(pickle.dumps(card)) == card
    assert vars(pickle.loads(pickle.dumps(settings))) == vars(settings)


@EVERY
def test_no_method_is_skipped_on_data_that_has_everything(cls: type[Method]) -> None:
    assert cls.skip(make_task(cls.card).spec, cls.Settings()) is None


@EVERY
@EVERY_SHAPE
def test_losses_are_finite_scalars_and_predictions_are_log_probabilities(
    cls: type[Method], shape: tuple[int, tuple[int, ...]]
) -> None:
    method = build(cls, task=make_task(cls.card, *shape))
    batch = make_batch(method.task)
    for name, term in all_terms(method, batch).items():
        assert term.shape == () and torch.isfinite(term), name
    method.eval()
    rows = method.predict(shown(batch, method.card))
    assert rows.shape == (8, shape[0])
    assert torch.isfinite(rows).all() and (rows <= 0).all()
    torch.testing.assert_close(rows.exp().sum(dim=1), torch.ones(8))


@EVERY
def test_a_small_step_lowers_the_loss_of_each_update(cls: type[Method]) -> None:
    method = build(cls, **DESCENDING.get(cls.card.key, {}))
    for stage in method.stages():
        prepare(method, stage)
        batch = given(method, stage, make_batch(method.task))
        for update in stage.updates:
            kept = buffers(method)
            before = total_of(update.terms(batch, step_at()))
            found = gradients(before, update.parameters)
            parameters = [p for chosen in update.parameters for p in chosen.parameters]
            with torch.no_grad():
                for parameter, gradient in zip(parameters, found, strict=True):
                    parameter.sub_(1e-4 * gradient)
            restore(method, kept)
            assert total_of(update.terms(batch, step_at())) < before


@EVERY
def test_every_trained_parameter_gets_a_finite_gradient(cls: type[Method]) -> None:
    method = build(cls)
    for stage in method.stages():
        prepare(method, stage)
        batch = given(method, stage, make_batch(method.task))
        for update in stage.updates:
            for gradient in gradients(total_of(update.terms(batch, step_at(2))), update.parameters):
                assert gradient is not None and torch.isfinite(gradient).all()


@EVERY
def test_training_changes_no_parameter_that_no_update_names(cls: type[Method]) -> None:
    method = build(cls)
    named = {
        id(p)
        for stage in method.stages()
        for update in stage.updates
        for chosen in update.parameters
        for p in chosen.parameters
    }
    before = {name: p.detach().clone() for name, p in method.named_parameters()}
    train(method)
    for name, parameter in method.named_parameters():
        if id(parameter) not in named:
            assert torch.equal(parameter, before[name]), name


@EVERY
def test_no_parameter_is_in_two_sets_of_an_update(cls: type[Method]) -> None:
    for stage in build(cls).stages():
        for update in stage.updates:
            ids = [id(p) for chosen in update.parameters for p in chosen.parameters]
            assert ids and len(ids) == len(set(ids))


@EVERY
def test_the_last_stage_predicts(cls: type[Method]) -> None:
    assert build(cls).stages()[-1].predicts


@EVERY
def test_a_stored_state_restores_the_predictions(cls: type[Method]) -> None:
    method = build(cls)
    train(method, steps=2)
    other = build(cls, seed=7, task=method.task).eval()
    batch = shown(make_batch(method.task), method.card)
    other.load_state_dict(method.state_dict())
    assert torch.equal(other.predict(batch), method.predict(batch))


@EVERY
def test_the_same_seed_gives_the_same_state(cls: type[Method]) -> None:
    first, second = build(cls), build(cls)
    train(first)
    train(second)
    assert same(states(first), states(second))


@EVERY
def test_trunk_and_head_of_a_seed_do_not_depend_on_the_extras(cls: type[Method]) -> None:
    with_extras, without = build(cls), cls(make_task(cls.card), cls.Settings())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        without.build(make_backbone, torch.Generator().manual_seed(0))
    assert same(states(without), states(with_extras))


DEGENERATE = {
    "a class is missing": {"labels": torch.tensor([0, 0, 0, 2, 2, 2, 0, 2])},
    "one class only": {"labels": torch.zeros(8, dtype=torch.int64)},
    "a group is missing": {"attributes": torch.zeros(8, 1, dtype=torch.int64)},
    "all groups unknown": {"attributes": torch.full((8, 1), -1)},
    "some groups unknown": {
        "attributes": torch.tensor([[0], [-1], [1], [-1], [0], [0], [1], [-1]])
    },
    "no action units measured": {"action_units_known": torch.zeros(8, dtype=torch.bool)},
    "action units all zero": {"action_units": torch.zeros(8, 13, dtype=torch.float64)},
}


@EVERY
@pytest.mark.parametrize("changes", DEGENERATE.values(), ids=list(DEGENERATE))
def test_degenerate_batches_give_finite_losses_and_gradients(
    cls: type[Method], changes: dict[str, torch.Tensor]
) -> None:
    method = build(cls)
    check_finite(method, make_batch(method.task, **changes))


@EVERY
def test_every_declared_need_is_read_and_missed(cls: type[Method]) -> None:
    """A method that asks for less than it reads, or for more, has a wrong card."""
    method = build(cls)
    for need in method.card.needs & set(Batch.NEED.values()):
        with pytest.raises(WithheldError, match=need):
            read_everything(method, need)


def read_everything(method: Method, withheld: str) -> None:
    """All that a method reads while it trains and predicts, without the fields of one need."""

    def without(batch: Batch) -> Batch:
        return Batch(**{k: v for k, v in vars(batch).items() if Batch.NEED.get(k) != withheld})

    training = without(declared(make_training(method.task), method.card))
    for stage in method.stages():
        prepare(method, stage, training=training)
        if stage.sampling is not None:
            stage.sampling(training, 0, torch.Generator())
        if stage.fit is not None:
            fit(method, stage, withheld=withheld)
        for update in stage.updates:
            update.terms(without(given(method, stage, make_batch(method.task))), step_at())


@EVERY
def test_a_batch_of_one_sample_gives_finite_losses_and_gradients(cls: type[Method]) -> None:
    method = build(cls)
    check_finite(method, make_batch(method.task, 1))


def check_finite(method: Method, batch: Batch) -> None:
    for stage in method.stages():
        prepare(method, stage)
        for update in stage.updates:
            total = total_of(update.terms(given(method, stage, batch), step_at(2)))
            assert torch.isfinite(total)
            for gradient in gradients(total, update.parameters):
                assert gradient is None or torch.isfinite(gradient).all()


@EVERY
def test_losses_and_predictions_leave_the_global_generators_alone(cls: type[Method]) -> None:
    method = build(cls)
    batch = make_batch(method.task)
    before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    all_terms(method, batch)
    method.eval()
    method.predict(shown(batch, method.card))
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002


@EVERY
def test_losses_do_not_depend_on_the_order_of_the_samples(cls: type[Method]) -> None:
    method = build(cls, **ORDERLESS.get(cls.card.key, {}))
    order = torch.tensor(ORDERS.get(cls.card.key, [3, 1, 7, 0, 6, 2, 5, 4]))
    for stage in method.stages():
        prepare(method, stage)
        batch = given(method, stage, make_batch(method.task))
        for update in stage.updates:
            kept, step = buffers(method), step_at()
            before = step.generator.get_state()
            terms = update.terms(batch, step)
            if not torch.equal(step.generator.get_state(), before):
                continue  # its own draws belong to positions of the batch
            restore(method, kept)
            for name, value in update.terms(batch.take(order), step_at()).items():
                torch.testing.assert_close(value, terms[name], rtol=1e-9, atol=1e-12)


@EVERY
def test_methods_of_cost_one_see_as_many_pictures_in_as_many_steps_as_cross_entropy(
    cls: type[Method],
) -> None:
    method = build(cls)
    if method.card.cost != 1:
        return
    trained = [s for s in method.stages() if s.updates and s.on_features is None]
    assert sum(stage.share for stage in trained) == 1
    assert sum(stage.share / stage.batch_factor for stage in trained) == 1


@EVERY
def test_predicting_changes_nothing(cls: type[Method]) -> None:
    method = build(cls).eval()
    before = states(method)
    batch = shown(make_batch(method.task), method.card)
    first = method.predict(batch)
    assert torch.equal(method.predict(batch), first)
    assert same(before, states(method))


@EVERY
def test_training_in_float32_stays_in_float32(cls: type[Method]) -> None:
    torch.set_default_dtype(torch.float32)
    method = build(cls)
    train(method, steps=STEPS)
    rows = method.predict(shown(make_batch(method.task), method.card))
    assert rows.dtype == torch.float32 and torch.isfinite(rows).all()


SOURCES = sorted(Path(methods.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_sources_leave_to_the_harness_what_is_its_own(path: Path) -> None:
    """No device moves, backward passes, output, files, host synchronisation or global seeds."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert name not in FORBIDDEN_CALLS, f"{path.name}:{node.lineno} calls {name}"
            seeds = name == "manual_seed" and ast.unparse(called) == "torch.manual_seed"
            assert not seeds, f"{path.name}:{node.lineno} seeds the global generator"


@pytest.mark.parametrize("path", SOURCES, ids=[path.stem for path in SOURCES])
def test_sources_import_no_model_library_and_nothing_of_the_harness(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] in IMPORTABLE, f"{path.name}:{node.lineno} imports {name}"
