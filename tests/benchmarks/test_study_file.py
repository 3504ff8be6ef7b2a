"""Study files: read strictly, written so that they read back as the same study."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import StudyError
from benchmarks.plan import make_plan, resolve
from benchmarks.study import Study, Variant
from benchmarks.study_file import read_study, write_study


def read(folder, text: str) -> dict:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return read_study(path)


def test_a_file_holds_what_the_command_line_takes(tmp_path):
    values = read(
        tmp_path,
        """
        methods = ["ce", "foc*"]
        datasets = ["synthetic"]
        seeds = 3
        preset = "smoke"
        store_models = true

        [set]
        "focal.gamma" = 3
        synthetic = { bias = 0.5 }

        [[variants]]
        methods = ["focal"]
        set = { focal = { gamma = 1e-3 } }
        """,
    )

    assert Study(**values) == Study(
        methods=("ce", "foc*"),
        seeds=(0, 1, 2),
        preset="smoke",
        store_models=True,
        set={"focal.gamma": 3, "synthetic.bias": 0.5},
        variants=(Variant(("focal",), {"focal.gamma": 0.001}),),
    )


def test_seeds_may_be_listed(tmp_path):
    assert read(tmp_path, "seeds = [4, 2]") == {"seeds": (4, 2)}


STUDY = Study(
    methods=("focal", "ce"),
    datasets=("synthetic",),
    seeds=(3, 0),
    preset="smoke",
    select="best_wga",
    groups=("tone",),
    unknown_groups="drop",
    store_features=True,
    set={"focal.gamma": 1e-05, "protocol.milestones": (0.25, 0.5), "synthetic.bias": "0.5"},
    variants=(
        Variant(("focal",), {"focal.gamma": 3, "protocol.channels_last": False}),
        Variant(("ce", "focal"), {"protocol.backbone": "test_resnet"}),
    ),
    name='A "quoted" study: 50 % \\ größer',
)


def with_lists_as_tuples(study: Study) -> Study:
    changes = {k: tuple(v) if isinstance(v, list) else v for k, v in study.set.items()}
    return Study(**{**vars(study), "set": changes})


def test_a_written_study_reads_back_as_itself(tmp_path):
    again = Study(**read(tmp_path, write_study(STUDY)))

    assert with_lists_as_tuples(again) == STUDY


def test_a_resolved_study_reads_back_with_the_same_cells(tmp_path):
    again = Study(**read(tmp_path, write_study(resolve(STUDY))))

    assert make_plan(again, None) == make_plan(STUDY, None)


@given(
    st.text(st.characters(blacklist_categories=("Cs",)), max_size=20),
    st.floats(allow_nan=False),
    st.integers(-(2**53), 2**53),
)
def test_any_text_and_number_survives_the_file(tmp_path_factory, text, number, whole):
    folder = tmp_path_factory.getbasetemp()
    study = Study(name="x" + text, set={"a.text": text, "a.number": number, "a.whole": whole})

    again = Study(**read(folder, write_study(study)))

    assert (again.name, again.set) == (study.name, study.set)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('method = ["ce"]', "no key 'method'; did you mean 'methods'"),
        ("zzz = 1", "no key 'zzz'; known are methods, datasets, seeds"),
        ('methods = "ce"', "methods must be a list, not 'ce'"),
        ("methods = [1]", r"methods must be a list of texts, not \[1\]"),
        ("seeds = true", "seeds must be a whole number or a list, not True"),
        ('seeds = "5"', "seeds must be a whole number or a list, not '5'"),
        ("seeds = [1, true]", "seeds must be whole numbers"),
        ("seeds = 1.5", "seeds must be a whole number or a list, not 1.5"),
        ("store_models = 1", "store_models must be true or false, not 1"),
        ("preset = 3", "preset must be a text, not 3"),
        ('set = "a"', "set must be a table, not 'a'"),
        ('[[variants]]\nmethods = ["ce"]', "each of the variants has exactly the keys"),
        ('variants = ["ce"]', "each of the variants has exactly the keys"),
        ('[[variants]]\nmethods = "ce"\nset = {}', "methods is a list and set a table"),
        ("methods = [", "is not a TOML file: "),
        ("methods", "is not a TOML file: "),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path, text, message):
    with pytest.raises(StudyError, match=message) as raised:
        read(tmp_path, text)

    assert "study.toml" in str(raised.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"There is no study file .*absent\.toml"):
        read_study(tmp_path / "absent.toml")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(StudyError, match="cannot be read: Is a directory"):
        read_study(tmp_path)


def test_a_binary_file_is_refused(tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(StudyError, match="is not a TOML file"):
        read_study(tmp_path / "study.toml")
