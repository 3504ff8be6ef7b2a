"""Finding plug-ins by walking and by entry point, and choosing them by name."""

import sys

import pytest

from benchmarks import registry
from benchmarks.errors import StudyError
from tests.benchmarks.plugins import install, method_source

SEVEN = {
    "au_positive_matching", "ce", "domain_discriminative", "focal", "gradient_reversal",
    "latent_alignment", "spectral_decoupling",
}  # fmt: skip


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs modules for one test; the registry forgets them afterwards."""
    before = set(sys.modules)

    def put(modules: dict[str, str], group: str = "evenface.methods") -> None:
        monkeypatch.syspath_prepend(install(tmp_path / "site", modules, group))
        registry.methods.cache_clear()
        registry.datasets.cache_clear()

    yield put
    registry.methods.cache_clear()
    registry.datasets.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("outside_"):
            del sys.modules[name]


def test_the_methods_of_the_checkout_are_found():
    assert set(registry.methods()) >= SEVEN


def test_the_data_sets_of_the_checkout_are_found():
    assert set(registry.datasets()) >= {"synthetic", "london", "omi", "omi_london"}


def test_methods_are_listed_in_alphabetic_order():
    assert list(registry.methods()) == sorted(registry.methods())


def test_all_means_every_method():
    assert registry.select_methods(("all",)) == list(registry.methods())


def test_names_are_sorted_and_not_repeated():
    assert registry.select_methods(("focal", "ce", "focal", "c?")) == ["ce", "focal"]


def test_globs_match_several_names():
    chosen = registry.select_methods(("*_matching", "ce"))

    assert chosen == [k for k in registry.methods() if k.endswith("_matching") or k == "ce"]


@pytest.mark.parametrize(("alias", "key"), [("dann", "gradient_reversal"), ("offline", "ce")])
def test_aliases_stand_for_their_method(alias, key):
    assert registry.select_methods((alias,)) == [key]


def test_an_unknown_method_is_refused_with_the_nearest_name():
    with pytest.raises(StudyError, match="no method 'focall'; did you mean 'focal'"):
        registry.select_methods(("ce", "focall"))


def test_an_unknown_method_like_no_other_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match="no method 'zzz'; known are .*focal"):
        registry.select_methods(("zzz",))


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(StudyError, match="no data set 'londn'; did you mean 'london'"):
        registry.select_datasets(("londn",))


def test_a_glob_that_matches_nothing_is_refused():
    with pytest.raises(StudyError, match=r"no method 'q\*'"):
        registry.select_methods(("q*",))


def test_an_installed_method_is_found_by_its_entry_point(installed):
    installed({"outside_one": method_source("outsider")})

    assert registry.methods()["outsider"].__module__ == "outside_one"
    assert set(registry.methods()) >= SEVEN


def test_an_installed_data_set_is_found_by_its_entry_point(installed):
    source = '''
from datasets.spec import Dataset, dataset


@dataset(title="Outside", licence="none", source="nowhere", key="outside_faces")
class Outside(Dataset):
    """Nothing."""
'''
    installed({"outside_faces": source}, "evenface.datasets")

    assert registry.datasets()["outside_faces"].card.title == "Outside"


def test_two_plug_ins_of_one_key_are_refused(installed):
    installed({"outside_two": method_source("focal")})

    with pytest.raises(StudyError, match="'focal': methods.focal and outside_two; rename one"):
        registry.methods()


@pytest.mark.parametrize(
    "source",
    ["import no_such_module\n", "def broken(:\n", "raise ValueError('an unknown need')\n"],
    ids=["import", "syntax", "error"],
)
def test_a_plug_in_that_does_not_import_is_announced_and_left_out(installed, source):
    installed({"outside_broken": source, "outside_three": method_source("third")})

    with pytest.warns(UserWarning, match="plug-in outside_broken .* does not import"):
        found = registry.methods()

    assert "third" in found


def test_a_class_imported_from_another_module_is_no_second_plug_in(installed):
    installed({"outside_four": "from methods.focal import Focal\n" + method_source("fourth")})

    assert registry.methods()["focal"].__module__ == "methods.focal"
