"""The door to timm: initialisation from a generator, local weights, feature maps."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.backbones import BackboneError, make_backbone
from benchmarks.seeding import torch_generator

NAME = "test_resnet"


def states(seed: int, **options: object) -> dict[str, torch.Tensor]:
    return make_backbone(NAME, torch_generator(seed), **options).state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


def test_the_generator_decides_the_initial_weights_and_nothing_else_does():
    torch.manual_seed(1)
    first = states(0)
    torch.manual_seed(2)
    before = torch.get_rng_state()

    assert same(first, states(0))
    assert not same(first, states(1))
    assert torch.equal(torch.get_rng_state(), before)


def test_features_are_pooled_and_as_wide_as_said():
    net = make_backbone(NAME, torch_generator(0)).eval()

    assert net(torch.zeros(2, 3, 32, 32)).shape == (2, net.num_features)


def test_maps_have_the_channels_that_are_said():
    net = make_backbone(NAME, torch_generator(0), maps=True).eval()

    maps = net(torch.zeros(2, 3, 32, 32))

    assert [level.shape[1] for level in maps] == net.channels
    assert all(level.dim() == 4 for level in maps)


@pytest.mark.parametrize("prefix", ["", "trunk.", "module."])
@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_weights_come_from_a_file_with_or_without_the_usual_prefixes(
    tmp_path: Path, prefix: str, kind: str
):
    wanted = states(7)
    content = {f"{prefix}{key}": value for key, value in wanted.items()}
    content["head.weight"] = torch.zeros(7, 4)
    file = tmp_path / f"weights.{kind}"
    save_file(content, file) if kind == "safetensors" else torch.save(content, file)

    assert same(wanted, states(0, weights=str(file)))


def test_weights_of_a_trunk_serve_its_feature_maps(tmp_path: Path):
    save_file({f"trunk.{k}": v for k, v in states(7).items()}, tmp_path / "model.safetensors")

    net = make_backbone(
        NAME, torch_generator(0), weights=str(tmp_path / "model.safetensors"), maps=True
    )

    # The trunk's first convolution, under the name that timm gives it in either form.
    assert any(torch.equal(v, states(7)["conv1.0.weight"]) for v in net.state_dict().values())


def test_a_file_that_does_not_fit_is_said_with_what_is_missing(tmp_path: Path):
    save_file({"other": torch.zeros(1)}, tmp_path / "w.safetensors")

    with pytest.raises(BackboneError, match="of 90 tensors are missing, first conv1.0.weight"):
        states(0, weights=str(tmp_path / "w.safetensors"))


def test_a_missing_file_is_said(tmp_path: Path):
    with pytest.raises(BackboneError, match="There is no weights file"):
        states(0, weights=str(tmp_path / "none.pth"))


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(BackboneError, match="Did you mean 'resnet50'"):
        make_backbone("resnet5O", torch_generator(0))


def test_a_file_that_runs_code_when_it_is_read_is_refused(tmp_path: Path):
    torch.save({"net": make_backbone(NAME, torch_generator(0))}, tmp_path / "whole.pth")

    with pytest.raises(BackboneError, match="whole.pth"):
        states(0, weights=str(tmp_path / "whole.pth"))


def test_a_file_without_a_state_dict_is_refused(tmp_path: Path):
    torch.save([torch.zeros(1)], tmp_path / "list.pth")

    with pytest.raises(BackboneError, match="holds list, not a state dict"):
        states(0, weights=str(tmp_path / "list.pth"))


def test_a_training_checkpoint_is_read_through_its_state_dict(tmp_path: Path):
    wanted = states(7)
    torch.save({"epoch": 3, "state_dict": wanted}, tmp_path / "checkpoint.pth")

    assert same(wanted, states(0, weights=str(tmp_path / "checkpoint.pth")))
