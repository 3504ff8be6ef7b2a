"""Mirror image, rotation and crop of whole batches."""

import math

import pytest
import torch
from torch import Tensor

from benchmarks.augment import Augmentation, warp
from benchmarks.backbones import import_timm

SIDE = 24


def smooth_pictures(count: int) -> Tensor:
    """Pictures without sharp edges, so that two ways to interpolate agree closely."""
    coarse = torch.rand(count, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic")


def transforms(augmentation: Augmentation, count: int = 64, seed: int = 0) -> Tensor:
    return augmentation.transforms(count, torch.Generator().manual_seed(seed))


def inner(images: Tensor) -> Tensor:
    return images[..., 6:-6, 6:-6]


def vision_functional():
    import_timm()  # torchvision beside a CPU-only torch
    from torchvision.transforms.v2 import functional

    return functional


def test_strength_0_is_the_identity():
    images = smooth_pictures(8)

    warped = warp(images, transforms(Augmentation(flip=0, rotation=0, crop=1), 8))

    torch.testing.assert_close(warped, images, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("augmentation", "expected"),
    [
        (Augmentation(0, 0, 1), True),
        (Augmentation(0.5, 0, 1), False),
        (Augmentation(0, 1, 1), False),
        (Augmentation(0, 0, 0.9), False),
    ],
    ids=str,
)
def test_only_strength_0_counts_as_the_identity(augmentation, expected):
    assert augmentation.is_identity is expected


def test_flip_is_the_mirror_image():
    images = smooth_pictures(8)

    warped = warp(images, transforms(Augmentation(flip=1, rotation=0, crop=1), 8))

    torch.testing.assert_close(warped, torch.flip(images, dims=[3]), atol=1e-5, rtol=0)


def test_half_of_many_pictures_are_mirrored():
    mirrored = transforms(Augmentation(flip=0.5, rotation=0, crop=1), 10_000)[:, 0, 0] < 0

    # Five standard errors of a share of one half: 5 * 0.5 / 100.
    assert abs(float(mirrored.float().mean()) - 0.5) < 0.025


def test_rotation_agrees_with_torchvision():
    functional = vision_functional()
    images = smooth_pictures(8)
    maps = transforms(Augmentation(flip=0, rotation=15, crop=1), 8)

    ours = warp(images, maps)

    for picture, turned, rows in zip(images, ours, maps, strict=True):
        # Ours maps output to input: the picture turns the other way; torchvision counts clockwise.
        angle = -math.degrees(math.atan2(float(rows[1, 0]), float(rows[0, 0])))
        theirs = functional.affine(
            picture, angle=angle, translate=[0.0, 0.0], scale=1.0, shear=[0.0, 0.0],
            interpolation=functional.InterpolationMode.BILINEAR,
        )  # fmt: skip
        torch.testing.assert_close(inner(turned), inner(theirs), atol=1e-4, rtol=0)


def test_crop_agrees_with_torchvision():
    functional = vision_functional()
    images = smooth_pictures(8)
    maps = transforms(Augmentation(flip=0, rotation=0, crop=0.7), 8)

    ours = warp(images, maps)

    for picture, cropped, rows in zip(images, ours, maps, strict=True):
        side = float(rows[0, 0])
        # Half a picture is 1 in normalised coordinates and SIDE / 2 pixels.
        shift = [-float(rows[axis, 2]) / side * SIDE / 2 for axis in (0, 1)]
        theirs = functional.affine(
            picture, angle=0.0, translate=shift, scale=1 / side, shear=[0.0, 0.0],
            interpolation=functional.InterpolationMode.BILINEAR,
        )  # fmt: skip
        torch.testing.assert_close(inner(cropped), inner(theirs), atol=1e-4, rtol=0)


def test_rotations_stay_within_the_largest_angle_in_both_directions():
    maps = transforms(Augmentation(flip=0, rotation=15, crop=1), 2_000)
    degrees = torch.rad2deg(torch.atan2(maps[:, 1, 0], maps[:, 0, 0]))

    assert -15 <= float(degrees.min()) < -14
    assert 14 < float(degrees.max()) <= 15


def test_crops_keep_the_declared_share_and_stay_inside_the_picture():
    maps = transforms(Augmentation(flip=0, rotation=0, crop=0.7), 2_000)
    side, shift = maps[:, 0, 0], maps[:, :, 2]

    assert float(side.min()) >= 0.7
    assert float(side.max()) <= 1
    assert float((shift.abs() + side[:, None]).max()) <= 1 + 1e-6


def test_crops_reach_all_four_edges():
    maps = transforms(Augmentation(flip=0, rotation=0, crop=0.7), 2_000)
    room = 1 - maps[:, 0, 0]
    share = maps[:, :, 2] / room[:, None]

    assert (share.min(dim=0).values < -0.9).all()
    assert (share.max(dim=0).values > 0.9).all()


def test_each_sample_of_a_batch_has_its_own_draw():
    maps = transforms(Augmentation(flip=0, rotation=15, crop=0.9))

    assert len(torch.unique(maps.flatten(1), dim=0)) == len(maps)


def test_a_strength_changes_no_other_draw():
    weak = transforms(Augmentation(flip=0.5, rotation=0, crop=1))
    strong = transforms(Augmentation(flip=0.5, rotation=0, crop=0.5))

    assert torch.equal(weak[:, 0, 0] < 0, strong[:, 0, 0] < 0)


def test_outside_the_picture_its_border_is_repeated():
    white = torch.ones(4, 3, SIDE, SIDE)

    warped = warp(white, transforms(Augmentation(flip=0, rotation=180, crop=1), 4))

    torch.testing.assert_close(warped, white)
