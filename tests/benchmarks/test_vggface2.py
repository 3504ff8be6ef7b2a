"""Weights of VGGFace2 in timm's ResNet-50: the features of the published network, on our pictures.

The published network is written out here with the names of Oxford's release, as a chain of
functions; nothing of ours is in it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from benchmarks.backbones import make_backbone
from benchmarks.errors import BackboneError
from benchmarks.initial_weights import Start
from benchmarks.seeding import torch_generator

#: blocks, inner width
STAGES = {2: (3, 64), 3: (4, 128), 4: (6, 256), 5: (3, 512)}
#: red, green, blue
MEAN = torch.tensor([131.0912, 103.8827, 91.4953], dtype=torch.float64).view(1, 3, 1, 1)
#: by which the study normalises its pictures
OWN_MEAN, OWN_STD = (120.0, 90.0, 80.0), (60.0, 50.0, 55.0)


def layers() -> dict[str, tuple[int, int, int]]:
    """Oxford's name of each convolution -> outputs, inputs, size."""
    found, width = {"conv1_7x7_s2": (64, 3, 7)}, 64
    for stage, (blocks, inner) in STAGES.items():
        for block in range(1, blocks + 1):
            name = f"conv{stage}_{block}"
            found[f"{name}_1x1_reduce"] = (inner, width, 1)
            found[f"{name}_3x3"] = (inner, inner, 3)
            found[f"{name}_1x1_increase"] = (4 * inner, inner, 1)
            if block == 1:
                found[f"{name}_1x1_proj"] = (4 * inner, width, 1)
            width = 4 * inner
    return found


@pytest.fixture(scope="module")
def oxford() -> dict[str, Tensor]:
    """Random weights that keep the size of signals, with Oxford's names."""
    draw = torch.Generator().manual_seed(0)
    state = {}
    for name, (outputs, inputs, size) in layers().items():
        fan = inputs * size * size
        state[f"{name}.weight"] = torch.randn(
            outputs, inputs, size, size, generator=draw
        ) * (2 / fan) ** 0.5  # fmt: skip
        for key, low, high in (
            ("weight", 0.4, 0.8), ("bias", -0.2, 0.2), ("running_mean", -0.2, 0.2),
            ("running_var", 0.5, 1.5),
        ):  # fmt: skip
            values = torch.rand(outputs, generator=draw) * (high - low) + low
            state[f"{name}_bn.{key}"] = values
    state["conv1_7x7_s2.weight"] /= 60
    state["classifier.weight"] = torch.zeros(8631, 1, 1, 1)
    return state


def torchvision_name(name: str) -> str:
    """Name in the other release, by Oxford's: a table, not a pattern."""
    if name.startswith("conv1_7x7_s2"):
        return "bn1" if name.endswith("_bn") else "conv1"
    stage, block, *kind = name.removeprefix("conv").split("_")
    parts = {
        "1x1_reduce": "conv1", "1x1_reduce_bn": "bn1", "3x3": "conv2", "3x3_bn": "bn2",
        "1x1_increase": "conv3", "1x1_increase_bn": "bn3", "1x1_proj": "downsample.0",
        "1x1_proj_bn": "downsample.1",
    }  # fmt: skip
    return f"layer{int(stage) - 1}.{int(block) - 1}.{parts['_'.join(kind)]}"


def other_release(oxford: dict[str, Tensor], *, classifier: bool = True) -> dict[str, Tensor]:
    """The same weights with torchvision's names."""
    state = {
        f"{torchvision_name(layer)}.{value}": tensor
        for key, tensor in oxford.items()
        for layer, _, value in [key.rpartition(".")]
        if layer != "classifier"
    }
    return state | ({"fc.weight": torch.zeros(8631, 2048)} if classifier else {})


def published(state: dict[str, Tensor], images: Tensor) -> Tensor:
    """(B, 2048) features of the published network for pictures of 0..255 less their means."""
    weights = {key: value.double() for key, value in state.items()}

    def layer(x: Tensor, name: str, stride: int = 1) -> Tensor:
        kernel = weights[f"{name}.weight"]
        x = functional.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
        norm = (weights[f"{name}_bn.{key}"] for key in ("running_mean", "running_var"))
        scale, shift = weights[f"{name}_bn.weight"], weights[f"{name}_bn.bias"]
        return functional.batch_norm(x, *norm, scale, shift, eps=1e-5)

    x = layer(images, "conv1_7x7_s2", stride=2).relu()
    x = functional.max_pool2d(x, 3, stride=2, ceil_mode=True)
    for stage, (blocks, _) in STAGES.items():
        for block in range(1, blocks + 1):
            name, stride = f"conv{stage}_{block}", 2 if block == 1 and stage > 2 else 1
            y = layer(x, f"{name}_1x1_reduce", stride).relu()
            y = layer(layer(y, f"{name}_3x3").relu(), f"{name}_1x1_increase")
            x = (y + (layer(x, f"{name}_1x1_proj", stride) if block == 1 else x)).relu()
    return x.mean(dim=(2, 3))


def start_of(path: Path, form: str = "auto") -> Start:
    return Start(path, form, OWN_MEAN, OWN_STD)


def ours(path: Path, images: Tensor, form: str = "auto") -> Tensor:
    """Features of the study's network on the same RGB pictures, normalised as the study does."""
    net = make_backbone("resnet50", torch_generator(0), start=start_of(path, form)).double().eval()
    mean, std = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (OWN_MEAN, OWN_STD))
    with torch.inference_mode():
        return net((images - mean) / std)


@pytest.fixture(scope="module")
def images() -> Tensor:
    """RGB pictures in 0..255, of a side that the strides do not divide."""
    draw = torch.Generator().manual_seed(1)
    return torch.randint(256, (1, 3, 50, 50), generator=draw).double()


def same(one: Tensor, other: Tensor) -> bool:
    """Equal up to the rounding of the channels' factors to single precision."""
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))


def test_oxfords_release_sees_red_green_and_blue_less_their_means(oxford, images, tmp_path):
    save_file(oxford, tmp_path / "resnet50_ft.safetensors")
    expected = published(oxford, images - MEAN)

    assert same(ours(tmp_path / "resnet50_ft.safetensors", images), expected)
    # what the test can tell apart: the other order of channels gives other features
    assert not same(published(oxford, (images - MEAN).flip(1)), expected)


def test_the_other_release_sees_blue_green_and_red_less_their_means(oxford, images, tmp_path):
    torch.save(other_release(oxford), tmp_path / "resnet50_ft.pth")

    found = ours(tmp_path / "resnet50_ft.pth", images)

    assert same(found, published(oxford, (images - MEAN).flip(1)))


def test_without_its_classifier_the_other_release_must_be_named(oxford, images, tmp_path):
    torch.save(other_release(oxford, classifier=False), tmp_path / "w.pth")
    expected = published(oxford, (images - MEAN).flip(1))

    assert same(ours(tmp_path / "w.pth", images, "vggface2"), expected)
    assert not same(ours(tmp_path / "w.pth", images), expected)


def test_feature_maps_start_from_them_too(oxford, images, tmp_path):
    save_file(oxford, tmp_path / "w.safetensors")
    start = start_of(tmp_path / "w.safetensors")
    net = make_backbone("resnet50", torch_generator(0), start=start, maps=True).double().eval()
    mean, std = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (OWN_MEAN, OWN_STD))
    with torch.inference_mode():
        last = net((images - mean) / std)[-1]

    assert same(last.mean(dim=(2, 3)), published(oxford, images - MEAN))
    assert net.channels[-1] == 2048


def refusal(path: Path, name: str = "resnet50") -> str:
    with pytest.raises(BackboneError) as error:
        make_backbone(name, torch_generator(0), start=start_of(path))
    return str(error.value)


def test_a_missing_tensor_is_named(oxford, tmp_path):
    left = {key: value for key, value in oxford.items() if key != "conv4_6_3x3_bn.running_var"}
    save_file(left, tmp_path / "w.safetensors")

    assert "1 of 265 tensors are missing, first layer3.5.bn2.running_var" in refusal(
        tmp_path / "w.safetensors"
    )


def test_the_network_with_squeeze_and_excitation_is_refused(oxford, tmp_path):
    extra = {"conv2_1_1x1_down.weight": torch.zeros(16, 256, 1, 1)}
    save_file(oxford | extra, tmp_path / "w.safetensors")

    assert "SE-ResNet-50" in refusal(tmp_path / "w.safetensors")


def test_another_backbone_is_refused_with_the_mend(oxford, tmp_path):
    save_file(oxford, tmp_path / "w.safetensors")

    assert "give --backbone resnet50" in refusal(tmp_path / "w.safetensors", "test_resnet")
