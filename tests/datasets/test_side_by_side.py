"""Many sets below one data root: each adapter finds its own."""

import importlib

from benchmarks import registry
from tests.datasets.test_every_adapter import KEYS

#: made of others, described by their users, or with files of another (FER+ has FER2013's table)
LEFT_OUT = {"affectnet_cfd", "omi_london", "folder", "ferplus"}
#: key -> few pictures
SMALL = {
    "affectnet": {"train": 1, "test": 1}, "affectnet_automatic": {"count": 1},
    "affectnet_npy": {"train": 1, "test": 1}, "celeba": {"copies": 1}, "celeba_hq": {"copies": 1},
    "expw": {"faces": 2}, "iaslab": {"people": 2}, "kdef": {"people": 1}, "london": {"people": 1},
    "raf_db": {"copies": 1, "original": False}, "utkface": {"faces": 10},
}  # fmt: skip


def test_every_set_is_told_from_all_others(tmp_path):
    folders = {}
    for key in sorted(set(KEYS) - LEFT_OUT):
        maker = importlib.import_module(f"tests.datasets.miniatures.{key}")
        folders[key] = maker.make(tmp_path, **SMALL.get(key, {}))

    assert len(folders) >= 16
    for key, folder in folders.items():
        listing = registry.datasets()[key]().read(tmp_path)
        files = [*listing.pictures, *listing.tables]
        assert listing.pictures and all(folder in file.path.parents for file in files), key
