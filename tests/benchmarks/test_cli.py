"""The command line: quick help, strict parsing, one sentence for an error."""

import subprocess
import sys
import time

import pytest

from benchmarks import ROOT
from benchmarks.cli import _parser, main


def parsed(*arguments: str):
    return _parser().parse_args(arguments)


def python(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_help_answers_in_less_than_half_a_second():
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = python("-m", "benchmarks", "--help")
        seconds.append(time.perf_counter() - started)

    assert done.returncode == 0
    assert "run" in done.stdout and "report" in done.stdout
    assert min(seconds) < 0.5


def test_help_imports_no_heavy_package():
    code = (
        "import sys\n"
        "from benchmarks.cli import main\n"
        "try:\n    main(['run', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'torch', 'timm', 'pandas', 'scipy', 'numpy'} & set(sys.modules)))"
    )

    assert python("-c", code).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (0, 1, 2)), ("7,", (7,)), ("4,1", (4, 1)), ("1", (0,))]
)
def test_seeds_are_a_count_or_a_list(text, seeds):
    assert parsed("run", "--seeds", text).seeds == seeds


@pytest.mark.parametrize("text", ["0", "-1", "many", "1,x", "1.5", ""])
def test_seeds_that_are_neither_are_refused(text, capsys):
    with pytest.raises(SystemExit) as stopped:
        parsed("run", "--seeds", text)

    assert stopped.value.code == 2
    assert "is neither a count nor a list" in (err := capsys.readouterr().err) or (
        "is not a count of at least 1" in err
    )


@pytest.mark.parametrize("text", ["0", "-2", "two", "1.5"])
def test_workers_are_a_positive_whole_number(text, capsys):
    with pytest.raises(SystemExit) as stopped:
        parsed("run", "--workers", text)

    assert stopped.value.code == 2
    assert "is not a whole number of at least 1" in capsys.readouterr().err


def test_lists_of_names_are_separated_by_commas():
    assert parsed("run", "--methods", "ce, focal,").methods == ("ce", "focal")


@pytest.mark.parametrize(
    "arguments",
    [(), ("runn",), ("run", "--device", "tpu"), ("list",), ("list", "nothing")],
    ids=str,
)
def test_wrong_usage_ends_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert "usage: python -m benchmarks" in capsys.readouterr().err


def said(capsys, *arguments: str) -> str:
    """The one sentence on stderr of a command that ends with 2."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert line.startswith("evenface: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--methods", "focall"), "There is no method 'focall'; did you mean 'focal'?"),
        (("--datasets", "sinthetic"), "no data set 'sinthetic'; did you mean 'synthetic'?"),
        (("--preset", "smoky"), "preset must be one of"),
        (("--select", "best"), "select must be one of"),
        (("--set", "focal.gama=3"), "focal has no setting 'gama'; did you mean 'gamma'?"),
        (("--set", "gamma"), "A setting is written KEY.name=value, not 'gamma'."),
        (("--variant", "focal"), "A variant is written METHODS:KEY.name=value"),
        (("--executor", "slurm"), "The executor 'slurm' is not built yet; use --executor local"),
        (("--executor", "ray"), "The executor 'ray' is not built yet"),
        (("--study", "absent.toml"), "There is no study file absent.toml."),
        (("--datasets", "london"), "point --data-root at the folder that holds labels.csv"),
        (("--backbone", "test_resnett"), "no backbone 'test_resnett'. Did you mean 'test_resnet"),
        (("--image-size", "3"), "protocol.pixels must be at least 16"),
        (("--groups", "gendr"), "has no attribute 'gendr'"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_mistake_is_one_sentence_and_writes_nothing(
    capsys, monkeypatch, tmp_path, arguments, sentence
):
    monkeypatch.chdir(tmp_path)

    assert sentence in said(capsys, "run", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_data_root_without_the_data_is_one_sentence(capsys, tmp_path):
    arguments = ("run", "--datasets", "london", "--data-root", str(tmp_path / "nothing"))

    assert "is not a folder" in said(capsys, *arguments, "--out", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_study_file_is_one_sentence(capsys, tmp_path):
    (tmp_path / "study.toml").write_text("methods = [")

    line = said(
        capsys, "run", "--study", str(tmp_path / "study.toml"), "--out", str(tmp_path / "o")
    )

    assert "study.toml is not a TOML file" in line
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_a_study_of_which_nothing_can_be_run_says_why(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    line = said(
        capsys, "run", "--methods", "spectral_decoupling", "--set",
        "spectral_decoupling.schedule=target",
    )  # fmt: skip

    assert "Nothing can be run: spectral_decoupling on synthetic: schedule=target is" in line
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_study_cannot_be_reported(capsys, tmp_path):
    assert "holds no study" in said(capsys, "report", str(tmp_path))


@pytest.mark.parametrize("what", ["methods", "datasets", "metrics", "layouts", "presets"])
def test_everything_can_be_listed(capsys, what):
    assert main(["list", what]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_the_list_of_methods_says_what_each_needs(capsys):
    main(["list", "methods"])

    shown = capsys.readouterr().out
    assert "au_positive_matching  AU positive matching" in shown
    assert "needs action_units" in shown
    assert "gamma = 2.0" not in shown


def test_named_methods_are_listed_with_their_settings(capsys):
    main(["list", "methods", "focal", "sd"])

    shown = capsys.readouterr().out
    assert "gamma = 2.0: focusing exponent" in shown
    assert "spectral_decoupling  " in shown and "ce  Cross" not in shown


def test_data_sets_are_listed_briefly_and_named_ones_with_their_settings(capsys):
    main(["list", "datasets"])
    brief = capsys.readouterr().out
    main(["list", "datasets", "fairface"])
    named = capsys.readouterr().out

    assert "classes and attributes by its settings" in brief and "7 classes; no attributes" in brief
    assert "label = gender" not in brief and "label = gender: attribute that is" in named


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("methods", "focl"), "did you mean 'focal'"),
        (("metrics", "acc"), "takes no names"),
        (("datasets", "--cards", "x"), "--cards goes with"),
    ],
)
def test_what_cannot_be_listed_is_said_in_one_sentence(capsys, arguments, message):
    assert message in said(capsys, "list", *arguments)
