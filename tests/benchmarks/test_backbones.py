"""The door to timm: initialisation from a generator, local weights, feature maps."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save_file

from benchmarks.backbones import download_weights, import_timm, make_backbone
from benchmarks.errors import BackboneError
from benchmarks.initial_weights import Start
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

    with pytest.raises(BackboneError, match="75 of 75 tensors are missing, first conv1.0.weight"):
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


def test_a_tensor_of_another_shape_is_named(tmp_path: Path):
    wrong = states(7) | {"conv1.0.weight": torch.zeros(2, 3, 3, 3)}
    save_file(wrong, tmp_path / "w.safetensors")

    with pytest.raises(BackboneError, match="conv1.0.weight is 2 x 3 x 3 x 3, not "):
        states(0, weights=str(tmp_path / "w.safetensors"))


def test_counters_of_batch_normalisation_may_be_missing(tmp_path: Path):
    old = {key: value for key, value in states(7).items() if not key.endswith("batches_tracked")}
    save_file(old, tmp_path / "w.safetensors")

    assert same(states(7), states(0, weights=str(tmp_path / "w.safetensors")))


# Weights that a study starts from ---------------------------------------------------------------

OWN_MEAN, OWN_STD = (120.0, 90.0, 80.0), (60.0, 50.0, 55.0)


def column(values: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


def started(path: Path, form: str) -> torch.nn.Module:
    start = Start(path, form, OWN_MEAN, OWN_STD)
    return make_backbone(NAME, torch_generator(0), start=start).double().eval()


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    save_file(states(7), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def test_weights_of_a_study_see_its_pictures_as_they_are(stored):
    net = started(stored, "auto")

    assert same(net.state_dict(), {k: v.double() if v.is_floating_point() else v
                                   for k, v in states(7).items()})  # fmt: skip
    assert net.initial_weights == "w.safetensors (study)"


def test_weights_of_timm_see_pictures_normalised_as_timm_does(stored):
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).double()
    plain = make_backbone(NAME, torch_generator(0), weights=str(stored)).double().eval()
    # the numbers that timm names for its ImageNet weights of this network
    mean, std = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    with torch.inference_mode():
        expected = plain((pictures - column(mean)) / column(std))
        found = started(stored, "timm")((pictures * 255 - column(OWN_MEAN)) / column(OWN_STD))

    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_the_change_of_pictures_is_no_weight_and_keeps_the_width(stored):
    net = started(stored, "timm")

    assert not {"scale", "shift"} & {key.rpartition(".")[2] for key in net.state_dict()}
    assert net.num_features == make_backbone(NAME, torch_generator(0)).num_features


# Weights from the hub ---------------------------------------------------------------------------


@pytest.fixture
def hub(tmp_path: Path, monkeypatch) -> Path:
    """An empty cache of the hub, and no network."""

    def nowhere(*_: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "hub"


def test_without_a_network_the_mend_is_said(hub, tmp_path):
    with pytest.raises(BackboneError) as error:
        download_weights(NAME, tmp_path / "weights")

    assert "cannot be downloaded from huggingface.co" in str(error.value)
    assert "give --weights model.safetensors" in str(error.value)
    assert not (tmp_path / "weights").exists()


def test_weights_that_the_hub_has_downloaded_become_a_file_that_starts_the_network(hub, tmp_path):
    repository = hub / "models--timm--test_resnet.r160_in1k"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    whole = import_timm().create_model(NAME).state_dict()
    save_file(whole, repository / "snapshots" / "abc" / "model.safetensors")

    path = download_weights(NAME, tmp_path / "weights")
    net = started(path, "timm")

    assert path.name == "test_resnet.r160_in1k.safetensors"
    assert torch.equal(net.state_dict()["net.conv1.0.weight"], whole["conv1.0.weight"].double())
    # the second time there is nothing to download
    (repository / "snapshots" / "abc" / "model.safetensors").unlink()
    assert download_weights(NAME, tmp_path / "weights") == path


def test_a_network_without_published_weights_is_said(hub, tmp_path):
    with pytest.raises(BackboneError, match="timm has no weights of resnet200 to download"):
        download_weights("resnet200", tmp_path)
