"""Who may import whom."""

import pytest

from tests.structure.source import PACKAGES, imports_of, shipped

#: package -> what it may import of ours besides itself; a name stands for all below it
ALLOWED = {
    "benchmarks": ("datasets", "methods", "reports"),
    "methods": ("datasets.spec", "datasets.settings", "datasets.errors", "reports.metrics"),
    "datasets": (),
    "reports": (),
}
#: outside packages that only one file may import
DOORS = {"timm": "benchmarks/backbones.py", "torchvision": "benchmarks/backbones.py"}


def below(name: str, parents: tuple[str, ...]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def ours(names: set[str]) -> set[str]:
    """Imported modules of ours; `from datasets import spec` counts as `datasets.spec`."""
    found = {name for name in names if below(name, PACKAGES)}
    packages = {name for name in found if name in PACKAGES}
    longer = {name.partition(".")[0] for name in found - packages}
    return found - (packages & longer)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package):
    wrong = {
        (path, name)
        for path, tree in shipped().items()
        if path.startswith(f"{package}/")
        for name in ours(imports_of(tree))
        if not below(name, (package, *ALLOWED[package]))
    }

    assert wrong == set()


@pytest.mark.parametrize("package", ["reports", "methods/post"])
def test_reports_and_post_processors_import_no_torch(package):
    wrong = {
        path
        for path, tree in shipped().items()
        if path.startswith(f"{package}/") and below("torch", tuple(imports_of(tree)))
        or path.startswith(f"{package}/") and any(below(n, ("torch",)) for n in imports_of(tree))
    }  # fmt: skip

    assert wrong == set()


@pytest.mark.parametrize(("name", "door"), DOORS.items())
def test_one_file_alone_imports_model_libraries(name, door):
    importers = {
        path
        for path, tree in shipped().items()
        if any(below(imported, (name,)) for imported in imports_of(tree))
    }

    assert importers == ({door} if name == "timm" else set())


def test_the_harness_names_no_plug_in():
    plug_ins = {
        path.removesuffix(".py").replace("/", ".")
        for path, tree in shipped().items()
        if path.startswith(("methods/", "datasets/"))
        and any(
            getattr(decorator, "func", decorator).id in ("method", "post", "dataset")
            for node in tree.body
            for decorator in getattr(node, "decorator_list", [])
            if hasattr(getattr(decorator, "func", decorator), "id")
        )
    }
    assert {"methods.ce", "datasets.london"} <= plug_ins

    named = {
        (path, name)
        for path, tree in shipped().items()
        if path.startswith("benchmarks/")
        for name in imports_of(tree)
        if below(name, tuple(plug_ins))
    }
    assert named == set()


def test_commands_are_imported_when_they_are_needed():
    heavy = ("torch", "timm", "numpy", "pandas", "scipy", "matplotlib")

    for path in ("benchmarks/__init__.py", "benchmarks/__main__.py", "benchmarks/cli.py"):
        assert not any(below(name, heavy) for name in imports_of(shipped()[path])), path
