"""Cautions: what they say and when they are silent."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.cautions import cautions
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import cell, full_study, rows, study


def texts(frames):
    return [one.text for one in cautions(frames)]


def of_seeds(count, **place):
    values = {("ce", str(seed)): 0.5 for seed in range(count)}
    return study(rows(values, **place), [cell("synthetic", "ce", seed) for seed in range(count)])


def test_a_complete_study_of_many_seeds_and_images_has_none():
    frames = of_seeds(10)
    assert cautions(replace(frames, statistics=made_statistics(frames.metrics))) == []


def test_one_seed_is_said_to_tell_nothing_of_training():
    assert any("one seed. Nothing is known" in text for text in texts(of_seeds(1)))


@pytest.mark.parametrize(("seeds", "p"), [(2, "0.5"), (3, "0.25"), (5, "0.0625")])
def test_few_seeds_name_the_smallest_p(seeds, p):  # 2^(1 - S)
    assert any(f"{seeds} seeds" in t and f"below {p}," in t for t in texts(of_seeds(seeds)))


def test_six_seeds_are_enough_for_a_test_over_seeds():  # 2^-5 = .03125 < .05
    assert not any("sign-flip" in text for text in texts(of_seeds(6)))


def test_failed_and_missing_cells_are_counted_and_listed():
    found = cautions(full_study())
    failed = next(one for one in found if "failed;" in one.text)
    # focal's seed 3 and all five of gradient reversal, of 35 + 15 cells
    assert failed.text.startswith("6 of 50 cells failed")
    assert failed.details == (
        "failed: focal on synthetic, seed 3: loss is NaN",
        "failed: gradient_reversal on synthetic, seed 0, 1, 2, 3, 4: out of memory",
    )
    assert any(one.text.startswith("2 of 50 cells have not been run") for one in found)


def test_one_missing_cell_is_said_in_the_singular():
    frames = study(
        rows({("ce", "0"): 0.5}), [cell("synthetic", "ce", 0), cell("synthetic", "ce", 1, "failed")]
    )
    assert any(
        text.startswith("1 of 2 cells failed; its method is shown") for text in texts(frames)
    )


def test_small_strata_are_counted_and_the_smallest_named():
    parts = [
        rows({("ce", "0"): 0.5}, attribute="gender", group=group, emotion=emotion, metric="tpr")
        .assign(n=n)
        for group, emotion, n in (
            ("male", "fear", 4), ("female", "fear", 29), ("male", "anger", 30),
            ("female", "anger", 100),
        )
    ]  # fmt: skip
    frames = study(pd.concat(parts), [cell("synthetic", "ce", 0)])
    (text,) = [one for one in texts(frames) if "strata" in one]
    assert "2 of 4 class x group strata by gender have fewer than 30 test images" in text
    assert text.endswith("smallest: fear | male (4), fear | female (29).")


def test_images_of_unknown_group_are_counted():
    part = rows({("ce", "0"): 0.5}, attribute="gender", group="male", emotion="fear", metric="tpr")
    frames = study(part.assign(n_unknown=7), [cell("synthetic", "ce", 0)])
    assert any("7 test images of unknown group" in text for text in texts(frames))


def test_missing_statistics_and_reconstructions_are_said():
    found = texts(full_study())
    assert any("no intervals" in text for text in found)
    assert any(text.startswith("Reconstructions") and "Latent alignment" in text for text in found)


def test_what_a_data_set_asks_to_be_said_is_said():
    notes = {"synthetic": ("12 pictures left out.",), "other": ("Not here.",)}
    found = texts(replace(of_seeds(10), data_notes=notes))
    assert sum("12 pictures left out." in text for text in found) == 1
    assert not any("Not here." in text for text in found)
