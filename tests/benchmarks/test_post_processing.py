"""Post-processors in a study: planned beside each method, fitted on validation, blind to labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks import registry
from benchmarks.commands.run import _card_record
from benchmarks.errors import StudyError
from benchmarks.frames import prediction_sets
from benchmarks.plan import make_plan, resolve
from benchmarks.runner import RunOptions, run_cell
from benchmarks.selection import RULES
from benchmarks.store import Store
from benchmarks.study import Study, Variant
from benchmarks.study_file import read_study, write_study
from datasets.settings import setting
from methods.post.base import PostProcessor, post
from tests.benchmarks.test_runner import SMALL


@post("Prior of the group", source="test", key="prior")
class Prior(PostProcessor):
    """Decides at random with the class shares that its group has in the validation part."""

    seen: list[object] = []

    @dataclass(frozen=True)
    class Settings:
        floor: float = setting(1.0, doc="added to every count", low=0.0)

    def fit(self, validation):
        self.seen.append(validation)
        counts = np.full((self.task.num_groups + 1, self.task.num_classes), self.settings.floor)
        np.add.at(counts, (validation.groups, validation.known_labels), 1)
        self.shares = counts / counts.sum(axis=1, keepdims=True)

    def decide(self, part):
        self.seen.append(part)
        return self.shares[part.groups]

    def notes(self):
        return {"classes": list(self.task.classes), "groups": self.task.num_groups}


@post("Never", source="test", key="never")
class Never(PostProcessor):
    @classmethod
    def skip(cls, spec, settings):
        return f"not for {spec.name}"


@pytest.fixture(autouse=True)
def processors(monkeypatch):
    Prior.seen = []
    monkeypatch.setattr(registry, "post_processors", lambda: {"never": Never, "prior": Prior})


def study(**fields) -> Study:
    return Study(**{"methods": ("ce",), "seeds": (0,), "set": SMALL, "post": ("prior",)} | fields)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A finished cell of `ce`, and its folder."""
    out, cache = tmp_path_factory.mktemp("post"), tmp_path_factory.mktemp("cache")
    options = RunOptions(out, None, cache)
    (cell,) = make_plan(study(post=()), None).cells
    assert run_cell(cell, options).status == "done"
    return options, cell


# Planning ---------------------------------------------------------------------------------------


def test_every_method_of_the_study_is_treated_after_all_are_trained():
    plan = make_plan(study(methods=("ce", "focal"), seeds=(0, 1)), None)

    assert [cell.method for cell in plan.cells[:4]] == ["ce", "focal", "ce", "focal"]
    assert {(cell.method, cell.seed) for cell in plan.treated} == {
        ("ce+prior", 0), ("ce+prior", 1), ("focal+prior", 0), ("focal+prior", 1),
    }  # fmt: skip
    assert {cell.base for cell in plan.treated} == {cell.id for cell in plan.trained}


def test_a_treated_cell_reads_groups_at_test():
    plan = make_plan(study(), None)

    assert {"test_groups", "val_groups"} <= set(plan.treated[0].reads)
    assert "test_groups" not in plan.trained[0].reads


def test_settings_of_a_post_processor_change_its_cells_only():
    before = make_plan(study(), None)
    after = make_plan(study(set={**SMALL, "prior.floor": 2}), None)

    assert before.trained == after.trained
    assert before.treated[0].id != after.treated[0].id
    assert after.treated[0].variant.endswith("prior.floor=2")


def test_variants_of_a_method_are_treated_too():
    variant = Variant(("ce",), {"synthetic.bias": 0})
    plan = make_plan(study(variants=(variant,)), None)

    assert len(plan.trained) == len(plan.treated) == 2
    assert len({cell.variant for cell in plan.treated}) == 2


def test_what_cannot_be_treated_is_not_applicable_with_the_reason():
    plan = make_plan(study(post=("never",)), None)

    assert len(plan.cells) == 1
    (skipped,) = plan.not_applicable
    assert (skipped.method, skipped.reason) == ("ce+never", "not for synthetic")


def test_a_method_that_cannot_run_is_not_treated_for_the_same_reason():
    changes = {**SMALL, "spectral_decoupling.schedule": "target"}
    plan = make_plan(study(methods=("spectral_decoupling",), set=changes), None)

    assert plan.cells == ()
    reasons = {skipped.method: skipped.reason for skipped in plan.not_applicable}
    assert len(reasons) == 2 and len(set(reasons.values())) == 1


def test_an_unknown_post_processor_is_refused_with_the_nearest_name():
    with pytest.raises(StudyError, match="no post-processor 'prio'; did you mean 'prior'"):
        make_plan(study(post=("prio",)), None)


def test_a_setting_of_a_post_processor_that_is_not_used_is_refused():
    with pytest.raises(StudyError, match="not part of this study"):
        make_plan(study(post=(), set={"prior.floor": 2}), None)


def test_a_study_file_keeps_the_post_processors(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(write_study(resolve(study(post=("p*",)))))

    assert Study(**read_study(path)).post == ("prior",)


# Running ----------------------------------------------------------------------------------------


def treated(stored):
    options, _ = stored
    cell = make_plan(study(), None).treated[0]
    outcome = run_cell(cell, options)
    assert (outcome.status, outcome.reason) == ("done", "")
    return Store(options.out), cell


def test_it_is_fitted_on_validation_and_blind_to_the_labels_of_the_test_part(stored):
    store, cell = treated(stored)
    base = store.predictions(cell.base)

    assert len(Prior.seen) == 2 * len(RULES)
    for validation, part in zip(Prior.seen[::2], Prior.seen[1::2], strict=True):
        assert validation.labels.tolist() == base["val_labels"].tolist()
        assert part.labels is None and len(part) == len(base["test_labels"])
        assert part.groups.max() == 5 >= validation.groups.max() > 2


def test_decisions_of_every_rule_are_stored_with_what_was_fitted(stored):
    store, cell = treated(stored)
    arrays, record = store.predictions(cell.id), store.record(cell.id)

    for rule in RULES:
        rows = arrays[f"test_decisions_{rule}"]
        np.testing.assert_allclose(rows.sum(axis=1), 1)
        assert record["notes"][rule]["groups"] == 6
    assert arrays["test_ids"].tolist() == store.predictions(cell.base)["test_ids"].tolist()
    assert record["card"]["family"] == "post"


def test_metrics_are_those_of_the_expected_decisions(stored):
    store, cell = treated(stored)
    planned = {name: getattr(cell, name) for name in ("id", "dataset", "method", "variant", "seed")}

    sets = prediction_sets(store, planned, {"intersections": []})

    assert {one.select for one in sets} == set(RULES)
    arrays = store.predictions(cell.id)
    assert np.array_equal(sets[0].decisions, arrays[f"test_decisions_{sets[0].select}"])


def test_without_the_predictions_the_cell_fails_and_says_so(tmp_path):
    cell = make_plan(study(), None).treated[0]

    outcome = run_cell(cell, RunOptions(tmp_path, None, tmp_path))

    assert outcome.status == "failed"
    assert f"the predictions of {cell.base} are not there" in outcome.reason


def test_the_card_of_a_treated_method_names_both():
    card = _card_record("ce+prior")

    assert (card["key"], card["family"]) == ("ce+prior", "post")
    assert card["title"].endswith(" + Prior of the group")
    assert card["needs"] == ["test_groups", "val_groups"]


def test_post_processors_are_not_among_all_methods():
    plan = make_plan(study(methods=("all",), post=()), None)

    named = {cell.method for cell in plan.cells} | {n.method for n in plan.not_applicable}
    assert not named & {"prior", "never"}
