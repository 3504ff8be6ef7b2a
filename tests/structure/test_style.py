"""Sizes, banned calls, docstrings, layout."""

import ast
import re

import pytest

from benchmarks import ROOT
from tests.structure.source import (
    PACKAGES,
    calls_of,
    functions_of,
    shipped,
    tracked,
)

MAX_LINES, MAX_FUNCTION, MAX_POSITIONAL = 400, 40, 5

#: function -> why it may be longer
LONG = {
    "benchmarks/cli.py:_add_run": "one entry an option; splitting it would hide the list",
}
#: function -> why it may have more positional arguments
WIDE: dict[str, str] = {}
#: classes whose documented members a plug-in overrides
PLUG_IN_BASES = ("Method", "PostProcessor", "Dataset", "PictureSet")
#: the only files that seed torch's global generator
SEEDS = {"benchmarks/seeding.py"}
BANNED = re.compile(
    r"(eval|exec|compile|__import__|"
    r"(pickle|cPickle|dill|cloudpickle|joblib)\.\w+|yaml\.(load|unsafe_load|full_load)|"
    r"random\.\w+|(np|numpy)\.random\.(?!default_rng$|Generator$|SeedSequence$|PCG64$|Philox$)\w+|"
    r"torch\.(manual_seed|seed)|torch\.cuda\.manual_seed\w*|os\.system)"
)


def named(path: str, node: ast.FunctionDef) -> str:
    return f"{path}:{node.name}"


def length(node: ast.FunctionDef) -> int:
    """Lines of a function without its docstring."""
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def positional(node: ast.FunctionDef) -> int:
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_no_source_file_is_too_long():
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked()
        if path.suffix == ".py" and path.is_relative_to(ROOT)
        and path.relative_to(ROOT).parts[0] in PACKAGES
        and (count := len(path.read_text().splitlines())) > MAX_LINES
    }  # fmt: skip

    assert long == {}


def test_no_function_is_too_long_but_for_those_listed():
    long = {
        named(path, node)
        for path, tree in shipped().items()
        for node in functions_of(tree)
        if length(node) > MAX_FUNCTION
    }

    assert long == set(LONG)


def test_no_function_has_too_many_positional_arguments_but_for_those_listed():
    wide = {
        named(path, node)
        for path, tree in shipped().items()
        for node in functions_of(tree)
        if positional(node) > MAX_POSITIONAL
    }

    assert wide == set(WIDE)


def test_nothing_pickles_evaluates_text_or_draws_from_global_generators():
    banned = {
        (path, line, name)
        for path, tree in shipped().items()
        for line, name in calls_of(tree)
        if BANNED.fullmatch(name) and not (name == "torch.manual_seed" and path in SEEDS)
    }

    assert banned == set()


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')", "pickle.loads(b'')", "yaml.load(t)", "random.random()", "np.random.rand(3)",
        "np.random.seed(0)", "torch.manual_seed(0)",
    ],
)  # fmt: skip
def test_a_banned_call_would_be_found(text):
    assert [name for _, name in calls_of(ast.parse(text)) if BANNED.fullmatch(name)]


@pytest.mark.parametrize(
    "text", ["np.random.default_rng(0)", "draw.random(3)", "model.eval()", "yaml.safe_load(t)"]
)
def test_a_harmless_call_is_not_banned(text):
    assert not [name for _, name in calls_of(ast.parse(text)) if BANNED.fullmatch(name)]


def keyword(call: ast.Call, name: str):
    return next((k.value for k in call.keywords if k.arg == name), None)


def test_files_are_read_without_pickle():
    unsafe = []
    for path, tree in shipped().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name = ast.unparse(node.func)
            wanted = {"np.load": ("allow_pickle", False), "torch.load": ("weights_only", True)}
            if name in wanted:
                key, value = wanted[name]
                given = keyword(node, key)
                if given is None or ast.literal_eval(given) is not value:
                    unsafe.append((path, node.lineno))

    assert unsafe == []


def bases_with_docstrings() -> set[str]:
    """Members that a documented base class describes; overriding them needs no second docstring."""
    found = set()
    paths = (
        "methods/base.py",
        "methods/post/base.py",
        "datasets/spec.py",
        "datasets/picture_set.py",
    )
    for path in paths:
        for node in ast.walk(shipped()[path]):
            if isinstance(node, ast.ClassDef) and node.name in PLUG_IN_BASES:
                found |= {m.name for m in functions_of(node) if ast.get_docstring(m)}
    return found


def public(tree: ast.Module, inherited: set[str]):
    """Public classes and functions of a module, and public members of its classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            registered = any(
                ast.unparse(d).startswith(("method(", "post(", "dataset("))
                for d in node.decorator_list
            )
            # The docstring of a plug-in's module is its card.
            if not registered:
                yield node
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    ours = isinstance(member, ast.FunctionDef) and not member.name.startswith("_")
                    if ours and not (node.bases and member.name in {*inherited, "forward"}):
                        yield member


def is_obvious(node: ast.AST) -> bool:
    """A property or method of a few lines whose name says it all."""
    decorators = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
    small = isinstance(node, ast.FunctionDef) and len(node.body) <= 3
    return any(d == "overload" or d.endswith(".setter") for d in decorators) or (
        small and ("property" in decorators or positional(node) <= 1)
    )


def test_public_functions_and_classes_have_docstrings():
    inherited = bases_with_docstrings()
    assert {"build", "loss", "stages", "predict", "split"} <= inherited | {"loss"}

    without = {
        f"{path}:{node.name}"
        for path, tree in shipped().items()
        for node in public(tree, inherited)
        if ast.get_docstring(node) is None and not is_obvious(node)
    }

    assert without == set()


def test_modules_have_docstrings():
    assert [path for path, tree in shipped().items() if ast.get_docstring(tree) is None] == []


def texts():
    """Text files of the repository with their content; this test file names what it looks for."""
    for path in tracked():
        if path.suffix in (".py", ".sh", ".toml", ".cfg", ".md", ".yml", ".txt", ".cff"):
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def test_no_file_holds_a_path_of_one_machine():
    pattern = re.compile(r"(?<![\w.])/(work|root|Users|home/\w+)/")
    found = {
        (name, number)
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line) and not name.startswith("tests/structure/")
    }

    assert found == set()


def test_every_package_has_a_test_folder_with_tests():
    for package in PACKAGES:
        assert list((ROOT / "tests" / package).rglob("test_*.py")), package


def test_no_photograph_is_in_the_repository():
    starts = {b"\xff\xd8\xff": "JPEG", b"RIFF": "WebP"}
    found = []
    for path in tracked():
        with path.open("rb") as handle:
            head = handle.read(4)
        if any(head.startswith(start) for start in starts) or path.suffix.lower() in (
            ".jpg", ".jpeg", ".webp", ".npz", ".npy", ".pkl", ".pt", ".pth",
        ):  # fmt: skip
            found.append(str(path.relative_to(ROOT)))

    assert found == []


def test_the_whole_of_a_package_is_found_by_the_installer():
    for package in PACKAGES:
        folders = {path.parent for path in (ROOT / package).rglob("*.py")}
        assert all((folder / "__init__.py").is_file() for folder in folders), package


def test_catching_every_exception_is_rare():
    places = {
        (path, ast.unparse(node.type))
        for path, tree in shipped().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
        # A net that raises again only cleans up.
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
    }

    # Around a cell, so that the others go on; around the import of another project's plug-in.
    assert places == {
        ("benchmarks/runner.py", "Exception"),
        ("benchmarks/registry.py", "Exception"),
    }
