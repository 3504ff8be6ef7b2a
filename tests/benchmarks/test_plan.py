"""From a study to its cells: what changes an id, what cannot be run, what is refused."""

import dataclasses
import json

import pytest

from benchmarks import plan as plan_module
from benchmarks import registry
from benchmarks.cli import _parser
from benchmarks.commands.run import study_from
from benchmarks.errors import StudyError
from benchmarks.identity import identity, settings_from
from benchmarks.plan import make_dataset, make_plan, resolve
from benchmarks.protocol import PRESETS, Protocol
from benchmarks.study import Study, Variant
from datasets.errors import DataError, SettingError
from datasets.settings import setting

#: another valid value of every field of the protocol; a new field must be added here
OTHER = {
    "backbone": "resnet18", "pixels": 64, "optimiser": "sgd", "learning_rate": 1e-3,
    "weight_decay": 0.1, "momentum": 0.5, "schedule": "constant", "milestones": (0.5,),
    "decay": 0.5, "clip_norm": 1.0, "batch_size": 16, "images": 640, "epochs": 2,
    "validations": 4, "patience": 1, "flip": 0.1, "rotation": 5.0, "crop": 0.5,
    "centre_crop": 0.875, "channels_last": False, "precision": "bfloat16", "weights": __file__,
    "weights_form": "timm",
}  # fmt: skip


def ids(**fields) -> list[str]:
    study = Study(**{"methods": ("focal",), "seeds": (0,)} | fields)
    return [cell.id for cell in make_plan(study, None).cells]


def parsed(*arguments: str) -> Study:
    return study_from(_parser().parse_args(["run", *arguments]))


def cells_of(*arguments: str) -> set[str]:
    return {cell.id for cell in make_plan(parsed(*arguments), None).cells}


# Expansion --------------------------------------------------------------------------------------


def test_a_study_is_the_product_of_methods_and_seeds():
    cells = make_plan(Study(methods=("focal", "ce"), seeds=(0, 3)), None).cells

    assert {(cell.method, cell.seed) for cell in cells} == {
        ("ce", 0), ("ce", 3), ("focal", 0), ("focal", 3),
    }  # fmt: skip


def test_seeds_come_one_after_the_other_and_costly_methods_first():
    cells = make_plan(Study(methods=("ce", "latent_alignment"), seeds=(1, 0)), None).cells

    assert [(cell.seed, cell.method) for cell in cells] == [
        (0, "latent_alignment"), (0, "ce"), (1, "latent_alignment"), (1, "ce"),
    ]  # fmt: skip


def test_variants_add_cells_with_their_settings():
    study = Study(
        methods=("ce", "focal"), seeds=(0,), variants=(Variant(("focal",), {"focal.gamma": 3}),)
    )
    cells = make_plan(study, None).cells

    assert sorted((cell.method, cell.variant) for cell in cells) == [
        ("ce", ""), ("focal", ""), ("focal", "gamma=3"),
    ]  # fmt: skip


def test_a_variant_equal_to_the_study_adds_nothing():
    study = Study(
        methods=("focal",), seeds=(0,), variants=(Variant(("focal",), {"focal.gamma": 2.0}),)
    )

    assert len(make_plan(study, None).cells) == 1


def test_a_variant_keeps_the_settings_of_the_study():
    study = Study(
        methods=("focal",), seeds=(0,), set={"protocol.images": 640},
        variants=(Variant(("focal",), {"focal.gamma": 3}),),
    )  # fmt: skip
    cells = make_plan(study, None).cells

    assert all(cell.description["protocol"]["images"] == 640 for cell in cells)


def test_what_differs_from_the_defaults_names_the_variant():
    study = Study(
        methods=("focal",), seeds=(0,), preset="smoke",
        set={"focal.gamma": "3", "synthetic.bias": 0, "protocol.images": "640"},
    )  # fmt: skip

    (cell,) = make_plan(study, None).cells

    assert cell.variant == "gamma=3 synthetic.bias=0 protocol.images=640"


# Identity ---------------------------------------------------------------------------------------


def test_ids_do_not_depend_on_the_order_of_arguments():
    first = cells_of(
        "--methods", "focal,ce", "--seeds", "1,0", "--set", "focal.gamma=3", "--set",
        "protocol.images=640",
    )  # fmt: skip
    second = cells_of(
        "--set", "protocol.images=640", "--set", "focal.gamma=3.0", "--seeds", "0,1",
        "--methods", "ce,focal",
    )  # fmt: skip

    assert first == second


@pytest.mark.parametrize(
    "arguments",
    [
        ("--workers", "7"), ("--device", "cpu"), ("--out", "elsewhere"), ("--cache", "elsewhere"),
        ("--data-root", "elsewhere"), ("--select", "best_acc"), ("--store-features",), ("--fast",),
        ("--threads", "3"),
    ],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_how_and_where_cells_run_changes_no_id(arguments):
    plain = ("--methods", "ce", "--seeds", "1")

    assert cells_of(*plain, *arguments) == cells_of(*plain)


def test_every_field_of_the_protocol_is_tried():
    assert set(OTHER) == {field.name for field in dataclasses.fields(Protocol)}


@pytest.mark.parametrize("name", OTHER)
def test_every_field_of_the_protocol_changes_the_id(name):
    assert ids(set={f"protocol.{name}": OTHER[name]}) != ids()


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": (1,)}, {"preset": "smoke"}, {"groups": ("gender",)}, {"unknown_groups": "drop"},
        {"set": {"focal.gamma": 3}}, {"set": {"synthetic.bias": 0}}, {"methods": ("ce",)},
    ],
    ids=str,
)  # fmt: skip
def test_what_may_change_a_number_changes_the_id(change):
    assert ids(**change) != ids()


def test_another_method_version_changes_the_id(monkeypatch):
    before = ids()
    focal = registry.methods()["focal"]
    raised = dataclasses.replace(focal.card, version=focal.card.version + 1)
    monkeypatch.setattr(focal, "card", raised)

    assert ids() != before


def test_another_protocol_version_changes_the_id(monkeypatch):
    before = ids()
    monkeypatch.setattr(plan_module, "PROTOCOL_VERSION", plan_module.PROTOCOL_VERSION + 1)

    assert ids() != before


def test_other_data_change_the_id(monkeypatch):
    before = ids()
    monkeypatch.setattr(registry.datasets()["synthetic"], "fingerprint", lambda *_: "new")

    assert ids() != before


def test_ids_are_readable():
    (name,) = ids()

    assert name.startswith("synthetic-focal-s0-")


def test_a_value_means_the_same_from_the_command_line_and_from_a_file():
    assert ids(set={"focal.gamma": "3"}) == ids(set={"focal.gamma": 3})


def test_a_description_survives_json():
    (cell,) = make_plan(Study(methods=("focal",), seeds=(0,)), None).cells

    assert json.loads(json.dumps(cell.description)) == cell.description


# Files ------------------------------------------------------------------------------------------


@pytest.fixture
def reads_a_file(monkeypatch):
    """`focal` with a setting that names a file."""

    @dataclasses.dataclass(frozen=True)
    class Settings:
        weights: str | None = setting(None, doc="a file", is_file=True)

    monkeypatch.setattr(registry.methods()["focal"], "Settings", Settings)


@pytest.mark.usefixtures("reads_a_file")
def test_a_file_is_identified_by_its_content(tmp_path):
    for name, text in (("a", "one"), ("b", "one"), ("c", "two")):
        (tmp_path / name).write_text(text)
    a, b, c = (ids(set={"focal.weights": str(tmp_path / name)}) for name in "abc")

    assert a == b
    assert a != c
    assert a != ids()


@pytest.mark.usefixtures("reads_a_file")
def test_a_cell_gets_the_path_of_its_file_back(tmp_path):
    (tmp_path / "a").write_text("one")
    path = str(tmp_path / "a")
    study = Study(methods=("focal",), seeds=(0,), set={"focal.weights": path})

    (cell,) = make_plan(study, None).cells

    assert settings_from(registry.methods()["focal"], cell.description["settings"]).weights == path


@pytest.mark.usefixtures("reads_a_file")
def test_two_files_of_one_name_are_two_variants(tmp_path):
    labels = []
    for folder, text in (("a", "one"), ("b", "two")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "model.pth"
        file.write_text(text)
        study = Study(methods=("focal",), seeds=(0,), set={"focal.weights": str(file)})
        labels.append(make_plan(study, None).cells[0].variant)

    # sha256 of "one" begins with 7692c3ad, that of "two" with 3fc4ccfe.
    assert labels == ["weights=model.pth:7692c3ad", "weights=model.pth:3fc4ccfe"]


@pytest.mark.usefixtures("reads_a_file")
def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match="absent cannot be read: No such file"):
        ids(set={"focal.weights": str(tmp_path / "absent")})


def test_every_setting_of_a_method_that_names_a_file_says_so():
    for key, cls in registry.methods().items():
        for field in dataclasses.fields(cls.Settings):
            names_a_file = "file" in field.metadata["doc"].split()
            assert field.metadata["is_file"] == names_a_file, f"{key}.{field.name}"


# Not applicable and refused ---------------------------------------------------------------------


@pytest.fixture
def london(tmp_path):
    """A folder with a label file of the London faces; a plan reads no picture."""
    folder = tmp_path / "london"
    folder.mkdir()
    lines = ["image,subject,expression,age,gender,ethnicity"]
    for person in range(10):
        for expression in ("neutral", "happy"):
            lines.append(f"{person}{expression}.jpg,{person},{expression},30,male,white")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    for line in lines[1:]:
        (folder / line.split(",")[0]).write_bytes(b"not read")
    return tmp_path


def test_a_method_whose_need_is_not_met_is_not_applicable_with_the_reason(london):
    study = Study(methods=("au_positive_matching", "ce"), datasets=("london",), seeds=(0, 1))

    plan = make_plan(study, london)

    assert {cell.method for cell in plan.cells} == {"ce"}
    assert [(n.method, n.seed, n.reason) for n in plan.not_applicable] == [
        ("au_positive_matching", seed, "the data set has no action units") for seed in (0, 1)
    ]


def test_a_methods_own_reason_makes_it_not_applicable():
    study = Study(
        methods=("spectral_decoupling",), seeds=(0,), set={"spectral_decoupling.schedule": "target"}
    )

    plan = make_plan(study, None)

    assert plan.cells == ()
    assert plan.not_applicable[0].reason == "schedule=target is defined for two classes"


def test_data_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(DataError, match="london was not found"):
        make_plan(Study(methods=("ce",), datasets=("london",), seeds=(0,)), tmp_path)


def test_an_unknown_attribute_is_refused_with_the_known_ones():
    with pytest.raises(DataError, match="no attribute 'gendr'; it has gender, tone"):
        ids(groups=("gendr",))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("focall.gamma", "'focall' is not part of this study. Did you mean 'focal.gamma'"),
        ("ce.gamma", "'ce' is not part of this study"),
        ("gamma", "written KEY.name=value, not 'gamma'"),
        ("focal.", "written KEY.name=value, not 'focal.'"),
    ],
)
def test_a_setting_of_something_outside_the_study_is_refused(name, message):
    with pytest.raises(StudyError, match=message):
        ids(set={name: 3})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("focal.gama", 3, "focal has no setting 'gama'; did you mean 'gamma'"),
        ("focal.gamma", "much", "focal.gamma must be a number, not 'much'"),
        ("focal.gamma", -1, "focal.gamma must be at least 0, not -1"),
        ("focal.gamma", "nan", "focal.gamma must be"),
        ("protocol.optimiser", "adm", "protocol.optimiser must be one of adamw, adam, sgd"),
        ("protocol.images", 1.5, "protocol.images must be a whole number"),
        ("synthetic.bias", 2, "synthetic.bias must be at least 0 and at most 1"),
    ],
)
def test_a_wrong_setting_is_refused(name, value, message):
    with pytest.raises(SettingError, match=message):
        ids(set={name: value})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"preset": "smok"}, "preset must be one of .*Did you mean 'smoke'"),
        ({"select": "best"}, "select must be one of last, best_acc"),
        ({"unknown_groups": "hide"}, "unknown_groups must be one of mask, drop, own_group"),
        ({"methods": ()}, "no methods; name at least one"),
        ({"seeds": (0, 0)}, "Seeds must be different"),
        ({"seeds": (-1,)}, "Seeds must be different and at least 0"),
        ({"groups": ("gender", "gender")}, "attribute of groups is named once"),
    ],
    ids=str,
)
def test_an_impossible_study_is_refused(fields, message):
    with pytest.raises(StudyError, match=message):
        ids(**fields)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_can_be_planned(preset):
    assert len(ids(preset=preset)) == 1


# Resolving --------------------------------------------------------------------------------------


def test_a_resolved_study_has_the_same_cells():
    study = Study(
        methods=("foc*", "ce"), seeds=(0,), preset="smoke", set={"focal.gamma": "3"},
        variants=(Variant(("offline",), {"protocol.images": 64}),),
    )  # fmt: skip

    assert make_plan(resolve(study), None) == make_plan(study, None)


def test_a_resolved_study_names_methods_and_protocol():
    resolved = resolve(Study(methods=("foc*",), seeds=(0,), preset="smoke"))

    assert resolved.methods == ("focal",)
    assert resolved.set["protocol.images"] == PRESETS["smoke"].images
    assert {name.partition(".")[2] for name in resolved.set} == set(OTHER)


def test_a_folder_named_by_a_setting_counts_by_its_files(tmp_path):
    def digest():
        dataset = make_dataset("omi", {"action_units": str(tmp_path)})
        return identity(dataset.settings)["action_units"]["sha256"]

    (tmp_path / "a.csv").write_text("1")
    first = digest()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/b.csv").write_text("2")
    second = digest()
    (tmp_path / "deep/b.csv").rename(tmp_path / "deep/c.csv")

    assert len({first, second, digest()}) == 3
