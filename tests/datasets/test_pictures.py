"""Decoding: colour, orientation, resampling, and what is said of bad files."""

import numpy as np
import pytest
from PIL import Image

from datasets.contents import digest
from datasets.pictures import UNREADABLE, Geometry, face_of, open_picture
from datasets.tree import Source


def decode(paths, pixels):
    return np.stack([face_of(open_picture(p.read_bytes()), Geometry(pixels)) for p in paths])


def _save(path, array, **options):
    Image.fromarray(np.asarray(array, dtype=np.uint8)).save(path, **options)
    return path


def test_a_picture_of_the_right_size_comes_back_as_it_is(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 6, 3))
    faces = decode([_save(tmp_path / "a.png", pixels)], 6)
    assert faces.dtype == np.uint8
    np.testing.assert_array_equal(faces[0], pixels)


def test_grey_palette_and_transparent_pictures_become_rgb(tmp_path):
    grey = np.full((4, 4), 90, dtype=np.uint8)
    paths = [_save(tmp_path / "grey.png", grey)]
    for mode in ("P", "RGBA", "LA", "1", "CMYK"):
        paths.append(tmp_path / f"{mode}.tif")
        Image.fromarray(grey).convert("RGB" if mode == "CMYK" else "L").convert(mode).save(
            paths[-1]
        )
    assert decode(paths, 4).shape == (6, 4, 4, 3)
    np.testing.assert_array_equal(decode(paths[:3], 4), 90)


def test_a_stripe_finer_than_the_result_averages_out(tmp_path):
    stripes = np.zeros((64, 64, 3))
    stripes[:, ::2] = 200
    small = decode([_save(tmp_path / "a.png", stripes)], 8)
    # Without a filter of the width of the reduction the columns would be all 0 or all 200.
    assert np.abs(small.astype(int) - 100).max() <= 10


def test_orientation_is_respected(tmp_path):
    left_bright = np.zeros((8, 8, 3))
    left_bright[:, :4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its side: turn a quarter clockwise to show it
    face = decode([_save(tmp_path / "a.png", left_bright, exif=exif)], 8)[0]
    assert (face[:4] == 255).all() and (face[4:] == 0).all()


def test_a_wide_picture_is_cut_to_its_middle_not_squeezed(tmp_path):
    wide = np.zeros((4, 12, 3))
    wide[:, 4:8] = 255
    np.testing.assert_array_equal(decode([_save(tmp_path / "a.png", wide)], 4), 255)


@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_what_is_no_whole_picture_is_refused(tmp_path, damage):
    whole = _save(tmp_path / "a.jpg", np.random.default_rng(0).integers(0, 256, (32, 32, 3)))
    content = {"cut": whole.read_bytes()[:-200], "text": b"not a picture", "empty": b""}[damage]
    with pytest.raises(UNREADABLE):
        open_picture(content)


def test_the_digest_changes_with_content_name_and_order(tmp_path):
    paths = [_save(tmp_path / name, np.full((2, 2, 3), 7)) for name in ("a.png", "b.png")]
    first, second = (Source(path) for path in paths)
    digests = [digest([first, second]), digest([second, first]), digest([first])]
    paths[1].write_bytes(paths[1].read_bytes() + b"x")
    digests.append(digest([first, second]))
    paths[1].unlink()
    digests.append(digest([first, second]))
    assert len(set(digests)) == 5
    assert digest([first]) == digests[2]
