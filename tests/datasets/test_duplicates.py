"""The same photograph is found again; different ones are not called the same."""

import io

import numpy as np
import pytest
from PIL import Image

from datasets.duplicates import blank, duplicates


def photographs(count, side=48, seed=0):
    """Smooth random pictures: 6 x 6 random colours, enlarged."""
    draw = np.random.default_rng(seed)
    return np.stack(
        [
            np.asarray(
                Image.fromarray(draw.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(
                    (side, side), Image.Resampling.BICUBIC
                )
            )
            for _ in range(count)
        ]
    )


def again(picture, quality):
    stored = io.BytesIO()
    Image.fromarray(picture).resize((96, 96)).save(stored, "JPEG", quality=quality)
    return np.asarray(Image.open(stored).resize((48, 48), Image.Resampling.LANCZOS))


def test_different_photographs_are_not_duplicates():
    assert duplicates(photographs(300)) == []


@pytest.mark.parametrize(
    "copy",
    [
        lambda picture: picture,
        lambda picture: picture[:, ::-1],
        lambda picture: again(picture, 40),
        lambda picture: again(picture[:, ::-1], 40),
        lambda picture: np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8),
    ],
    ids=["same", "mirrored", "stored again", "mirrored and stored again", "a little brighter"],
)
def test_a_copy_is_found_once(copy):
    images = photographs(40)
    images = np.concatenate([images, copy(images[7])[None]])
    assert duplicates(images) == [(7, 40)]


def test_a_change_of_light_alone_makes_another_picture():
    # The hash does not see it, the grey values do: 40 levels are more than compression leaves.
    images = photographs(3) // 2
    assert duplicates(np.concatenate([images, images[:1] + 40])) == []


def test_blank_pictures_are_listed_and_are_no_duplicates():
    images = photographs(4)
    images[[1, 3]] = 0
    assert blank(images).tolist() == [1, 3]
    assert duplicates(images) == []
    assert blank(images[:0]).tolist() == []
