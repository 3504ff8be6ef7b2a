"""Decoding: colour, orientation, resampling, alignment, and what is said of bad files."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from datasets import pictures
from datasets.pictures import (
    TEMPLATE,
    UNREADABLE,
    Geometry,
    face_of,
    open_picture,
    read_face,
    similarity,
)


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


def stored(picture, kind="PNG", **options):
    """A picture as the bytes of a file."""
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def smooth(side, seed=0):
    """A picture without detail finer than an eighth of its side."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)


# --- colours and formats -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_scaled_not_cut_off(kind):
    levels = np.array([[0, 257, 32_896, 65_535]], dtype=np.uint16).repeat(4, axis=0)
    face = read_face(stored(Image.fromarray(levels), kind), Geometry(4))

    # 65,535 / 255 = 257: the levels are 0, 1, 128 and 255 of 255.
    np.testing.assert_array_equal(face[0], np.array([[0, 1, 128, 255]]).T.repeat(3, axis=1))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_grey_of_32_bits_is_refused_for_its_range_is_not_known(mode):
    with pytest.raises(ValueError, match="range"):
        open_picture(stored(Image.new(mode, (4, 4), 100), "TIFF"))


def test_cmyk_jpegs_have_the_colours_that_they_were_given():
    # Adobe's programs store the inks inverted; so does Pillow, and says so in the file.
    for colour in ((200, 30, 40), (20, 180, 60), (240, 240, 240)):
        inks = Image.new("RGB", (16, 16), colour).convert("CMYK")
        face = read_face(stored(inks, "JPEG", quality=95), Geometry(8))
        assert np.abs(face.astype(int) - colour).max() <= 6


@pytest.mark.filterwarnings("ignore")
def test_transparency_is_dropped_whatever_the_mode():
    colour = (120, 40, 200)
    palette = Image.new("RGB", (4, 4), colour).convert("P", palette=Image.Palette.ADAPTIVE)
    files = [
        stored(palette, transparency=bytes([0])),
        stored(Image.new("RGBA", (4, 4), (*colour, 0))),
        stored(palette, "GIF", transparency=0),
    ]
    for content in files:
        assert np.abs(read_face(content, Geometry(4)).astype(int) - colour).max() <= 2
    grey = read_face(stored(Image.new("LA", (4, 4), (90, 0))), Geometry(4))
    np.testing.assert_array_equal(grey, 90)


def test_one_bit_is_black_and_white():
    face = read_face(stored(Image.new("1", (4, 4), 1)), Geometry(4))

    np.testing.assert_array_equal(face, 255)


def test_of_a_moving_picture_the_first_is_taken():
    first, second = (Image.new("RGB", (4, 4), (level,) * 3) for level in (10, 200))
    content = stored(first, "GIF", save_all=True, append_images=[second])

    np.testing.assert_array_equal(read_face(content, Geometry(4)), 10)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM"])
def test_what_pictures_come_in_is_read(kind):
    face = read_face(stored(Image.new("RGB", (8, 8), (50, 100, 150)), kind), Geometry(4))

    assert np.abs(face.astype(int) - (50, 100, 150)).max() <= 6


def test_programs_in_the_form_of_pictures_are_not_run():
    # Pillow would hand this to Ghostscript.
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nshowpage\n%%EOF\n"

    with pytest.raises(ValueError, match="^not a picture$"):
        open_picture(eps)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_all_eight_orientations_come_back_upright(orientation, kind):
    upright = smooth(64)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    lying = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    face = read_face(stored(lying, kind, exif=exif), Geometry(64))

    # JPEG costs five levels of these colours; another orientation would cost eighty.
    assert np.abs(face.astype(int) - np.asarray(upright)).mean() < 6


def test_a_box_counts_in_the_picture_as_it_is_stored():
    # White where the box is; the orientation turns the result, not the box.
    lying = np.zeros((20, 20, 3), dtype=np.uint8)
    lying[0:8, 12:20] = 255
    lying[0:4, 12:20, 0] = 0
    exif = Image.Exif()
    exif[0x0112] = 3
    content = stored(Image.fromarray(lying), exif=exif)
    face = read_face(content, Geometry(8), box=np.array([12.0, 0.0, 20.0, 8.0]))

    assert (face[:4] == 255).all() and (face[4:, :, 0] == 0).all()


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_exif_block_does_not_lose_the_picture():
    face = read_face(stored(smooth(16), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), Geometry(8))

    assert face.shape == (8, 8, 3)


def png_of_size(width, height):
    """A PNG that says it has this size and holds next to nothing."""

    def chunk(kind, content):
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("size", [(8_000, 8_000), (12_000, 12_000), (60_000, 60_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(size):
    # A decoded one would take 192 MB to 10.8 GB; Pillow itself warns from 89 million pixels on.
    with pytest.raises(ValueError, match="too many pixels"):
        read_face(png_of_size(*size), Geometry(8))


def test_reasons_are_the_same_each_time():
    reasons = set()
    for _ in range(3):
        for content in (b"text", stored(smooth(32), "JPEG")[:-300], b""):
            with pytest.raises(UNREADABLE) as caught:
                read_face(content, Geometry(8))
            reasons.add(str(caught.value))

    assert len(reasons) == 2 and not any("0x" in reason for reason in reasons)


# --- cutting and resampling --------------------------------------------------------------------


def numbered(width, height):
    """Column number in red, row number in green."""
    rows, columns = np.mgrid[:height, :width]
    return Image.fromarray(np.dstack([columns, rows, 0 * rows]).astype(np.uint8))


def corners(face):
    """First and last column, first and last row that a `numbered` face shows, to half a pixel."""
    return [int(face[0, 0, 0]), int(face[0, -1, 0]), int(face[0, 0, 1]), int(face[-1, 0, 1])]


@pytest.mark.parametrize(
    ("box", "margin", "expected"),
    [
        ((20, 30, 40, 50), 0.0, [20, 39, 30, 49]),
        ((20, 30, 40, 50), 0.5, [10, 49, 20, 59]),  # 20 wide: 10 more on each side
        ((20, 30, 40, 40), 0.0, [20, 39, 25, 44]),  # square around the middle, 30 to 40
        ((-20, 30, 20, 50), 0.0, [0, 19, 30, 49]),  # 0 to 20 lies in the picture
        ((0, 0, 20, 20), 0.5, [0, 39, 0, 39]),  # moved into the picture
        ((80, 80, 140, 140), 0.0, [80, 99, 80, 99]),
        ((0, 0, 100, 100), 1.0, [0, 99, 0, 99]),  # no larger than the picture
    ],
)
def test_the_square_around_a_box_is_cut_within_the_picture(box, margin, expected):
    left, right = expected[:2]
    face = face_of(numbered(100, 100), Geometry(right - left + 1, margin), np.array(box, float))

    assert corners(face) == expected


def test_a_box_outside_the_picture_is_a_bad_picture():
    with pytest.raises(ValueError, match="box lies outside"):
        face_of(numbered(10, 10), Geometry(4), np.array([20.0, 0.0, 30.0, 10.0]))


def test_without_a_box_the_middle_square_is_cut():
    nothing = np.full(4, np.nan)

    assert corners(face_of(numbered(30, 10), Geometry(10), nothing)) == [10, 19, 0, 9]


@pytest.mark.parametrize("side", [401, 900])
def test_a_reduced_jpeg_is_as_good_as_the_whole(side):
    content = stored(smooth(side), "JPEG", quality=92)
    box = np.array([0.1, 0.2, 0.8, 0.9]) * side
    for known in ({}, {"box": box}, {"points": TEMPLATE * side * 0.7 + side / 10}):
        geometry = Geometry(40, aligned="points" in known)
        fast = read_face(content, geometry, **known)
        whole = face_of(open_picture(content), geometry, **known)
        assert np.abs(fast.astype(int) - whole).mean() < 1


def test_a_large_jpeg_is_not_decoded_whole(monkeypatch):
    sizes = []
    inner = pictures._face

    def watching(picture, *rest):
        picture.load()
        sizes.append(picture.size)
        return inner(picture, *rest)

    monkeypatch.setattr(pictures, "_face", watching)
    content = stored(smooth(800), "JPEG")
    read_face(content, Geometry(50))
    read_face(content, Geometry(50), box=np.array([0.0, 0.0, 200.0, 200.0]))
    read_face(stored(smooth(800), "PNG"), Geometry(50))

    # At least twice the wanted resolution is left: 800 / 8 = 2 x 50, 200 / 2 = 2 x 50.
    assert sizes == [(100, 100), (400, 400), (800, 800)]


def test_a_stripe_finer_than_the_result_averages_out_in_jpegs_too():
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    small = read_face(stored(Image.fromarray(stripes), "JPEG", quality=95), Geometry(8))

    assert np.abs(small.astype(int) - 100).max() <= 10


# --- alignment ---------------------------------------------------------------------------------


def test_the_similarity_of_least_squares_is_that_of_umeyama():
    # By singular values, as printed in the paper (eqs. 38 to 42), reflection excluded.
    rng = np.random.default_rng(3)
    for _ in range(20):
        source, target = rng.normal(size=(2, 5, 2)) * 30
        x, y = source - source.mean(0), target - target.mean(0)
        u, d, vt = np.linalg.svd(y.T @ x / 5)
        sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
        turn = u @ sign @ vt
        scale = np.trace(np.diag(d) @ sign) / x.var(axis=0).sum()
        shift = target.mean(0) - scale * turn @ source.mean(0)
        a, b = similarity(source, target)
        np.testing.assert_allclose([[a.real, -a.imag], [a.imag, a.real]], scale * turn, atol=1e-9)
        np.testing.assert_allclose([b.real, b.imag], shift, atol=1e-9)


def drawn(points, size, radius):
    """Coloured discs at the points on grey; and the colour of each."""
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]
    big = Image.new("RGB", (size[0] * 4, size[1] * 4), (100, 100, 100))
    pen = ImageDraw.Draw(big)
    for (x, y), colour in zip(points, colours, strict=True):
        pen.ellipse(
            [4 * (x - radius), 4 * (y - radius), 4 * (x + radius), 4 * (y + radius)], colour
        )
    return big.resize(size, Image.Resampling.BOX), np.array(colours)


def found_at(face, colours):
    """Centre of each disc, in pixels from the upper left corner."""
    places = []
    for colour in colours:
        likeness = np.clip(1 - np.abs(face.astype(float) - colour).sum(axis=2) / 200, 0, None)
        rows, columns = np.mgrid[: len(face), : len(face)] + 0.5
        places.append([np.average(columns, weights=likeness), np.average(rows, weights=likeness)])
    return np.array(places)


@pytest.mark.parametrize("degrees", [0, 17, -40, 90, 180])
@pytest.mark.parametrize("scale", [0.6, 1.0, 3.7])
def test_a_face_drawn_turned_and_scaled_comes_back_upright(degrees, scale):
    pixels = 64
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    side = int(110 * scale) + 40
    points = (TEMPLATE - TEMPLATE.mean(0)) * pixels * scale @ turn.T + (side / 2, side / 2 + 5)
    picture, colours = drawn(points, (side, side + 10), radius=4 * scale)
    face = face_of(picture, Geometry(pixels, aligned=True), points=points)

    off = np.linalg.norm(found_at(face, colours) - TEMPLATE * pixels, axis=1)
    assert off.max() < 0.5


def test_the_margin_of_an_aligned_face_shows_more_around_it():
    points = (TEMPLATE - 0.5) * 60 + 100
    picture, colours = drawn(points, (200, 200), radius=4)
    face = face_of(picture, Geometry(60, margin=0.25, aligned=True), points=points)

    # A quarter of the side more on each side: all distances shrink by 1.5.
    expected = ((TEMPLATE - 0.5) / 1.5 + 0.5) * 60
    assert np.linalg.norm(found_at(face, colours) - expected, axis=1).max() < 0.5


def test_points_at_their_usual_places_change_nothing():
    picture = smooth(48)
    face = face_of(picture, Geometry(48, aligned=True), points=TEMPLATE * 48)

    assert np.abs(face.astype(int) - np.asarray(picture)).max() <= 1


def test_an_aligned_face_is_reduced_without_aliasing():
    stripes = np.zeros((400, 400, 3), dtype=np.uint8)
    stripes[:, ::2] = 200
    small = face_of(
        Image.fromarray(stripes), Geometry(20, aligned=True), points=TEMPLATE * 300 + 50
    )

    assert np.abs(small.astype(int) - 100).max() <= 10


def test_what_lies_outside_the_picture_is_black():
    white = Image.new("RGB", (40, 40), (255, 255, 255))
    face = face_of(white, Geometry(40, aligned=True), points=TEMPLATE * 40 - (20, 0))

    # The face begins 20 pixels left of the picture.
    assert (face[:, :18] == 0).all() and (face[:, 22:] == 255).all()


@pytest.mark.parametrize(
    "points",
    [None, np.full((5, 2), np.nan), np.vstack([TEMPLATE[:4], [[np.nan] * 2]]), np.zeros((5, 2))],
    ids=["none", "all unknown", "one unknown", "all in one place"],
)
def test_without_points_the_box_decides_and_without_a_box_the_middle(points):
    picture, geometry = numbered(60, 40), Geometry(20, aligned=True)

    boxed = face_of(picture, geometry, np.array([10.0, 5.0, 30.0, 25.0]), points)
    assert corners(boxed) == [10, 29, 5, 24]
    np.testing.assert_array_equal(
        face_of(picture, geometry, None, points), face_of(picture, Geometry(20))
    )


def test_points_outside_the_picture_are_a_bad_picture():
    with pytest.raises(ValueError, match="face lies outside"):
        face_of(numbered(20, 20), Geometry(8, aligned=True), points=TEMPLATE * 20 + 100)


def test_points_do_not_count_where_no_alignment_is_asked_for():
    picture = numbered(60, 40)

    np.testing.assert_array_equal(
        face_of(picture, Geometry(20), points=TEMPLATE * 9), face_of(picture, Geometry(20))
    )
