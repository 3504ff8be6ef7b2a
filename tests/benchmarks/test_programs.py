"""Exported programs: what goes in and out, modes and moves, files that are something else."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks.errors import ProgramError
from benchmarks.programs import Program, load_program

MEAN, STD = (51.0, 102.0, 153.0), (25.5, 51.0, 76.5)


class Codes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.BatchNorm2d(4))

    def forward(self, pictures: Tensor) -> Tensor:
        # A view that fails on another memory layout than the exported one.
        return self.layers(pictures).view(-1, 4 * 4 * 4)


class Faces(nn.Module):
    def forward(self, codes: Tensor) -> Tensor:
        return codes.view(-1, 3, 4, 4) * 0.5


class Pair(nn.Module):
    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        return codes + 1, codes + 2


def exported(module: nn.Module, example: Tensor, path: Path) -> Path:
    shapes = ({0: torch.export.Dim("n")},)
    program = torch.export.export(module.eval(), (example,), dynamic_shapes=shapes)
    torch.export.save(program, path)
    return path


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> tuple[Codes, Path]:
    torch.manual_seed(0)
    module = Codes()
    path = tmp_path_factory.mktemp("programs") / "codes.pt2"
    return module, exported(module, torch.rand(2, 3, 16, 16), path)


def test_pictures_reach_the_program_as_colours_in_0_to_1(encoder):
    module, path = encoder
    colours = torch.rand(5, 3, 16, 16)
    mean = torch.tensor(MEAN).view(1, 3, 1, 1) / 255
    std = torch.tensor(STD).view(1, 3, 1, 1) / 255

    found = load_program(path, MEAN, STD)((colours - mean) / std)

    torch.testing.assert_close(found, module(colours), rtol=1e-4, atol=1e-5)


def test_pictures_of_the_program_come_out_normalised(tmp_path):
    path = exported(Faces(), torch.rand(2, 48), tmp_path / "faces.pt2")

    found = load_program(path, MEAN, STD)(torch.full((3, 48), 0.8))

    # Every colour is 0.4 = 102 / 255: two, no and two thirds of a deviation from the means.
    wanted = torch.tensor([2.0, 0.0, -2 / 3]).view(1, 3, 1, 1).expand(3, 3, 4, 4)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_program_has_no_state_no_parameters_and_no_training_mode(encoder):
    program = load_program(encoder[1], MEAN, STD)
    images = torch.randn(4, 3, 16, 16)
    first = program.eval()(images)

    assert program.state_dict() == {} and list(program.parameters()) == []
    assert torch.equal(program.train()(images), first)
    assert not program.train()(images).requires_grad


def test_another_memory_layout_changes_nothing(encoder):
    program = load_program(encoder[1], MEAN, STD)
    images = torch.randn(4, 3, 16, 16)
    first = program(images)

    moved = nn.ModuleList([program]).to(memory_format=torch.channels_last)[0]

    assert torch.equal(moved(images.contiguous(memory_format=torch.channels_last)), first)


def test_a_program_moves_with_the_method(encoder):
    program = load_program(encoder[1], MEAN, STD).to("meta")

    assert {t.device.type for t in program._hidden[0].state_dict().values()} == {"meta"}
    assert program.mean.device.type == "meta"


@pytest.mark.parametrize("shape", [(2, 3, 20, 20), (2, 7)], ids=str)
def test_a_tensor_of_another_shape_is_said(encoder, shape):
    sizes = " x ".join(map(str, shape))
    with pytest.raises(ProgramError, match=f"does not take a tensor of {sizes} .*export it with"):
        load_program(encoder[1], MEAN, STD)(torch.zeros(shape))


def test_a_program_that_returns_two_tensors_is_said(tmp_path):
    path = exported(Pair(), torch.rand(2, 4), tmp_path / "pair.pt2")

    with pytest.raises(ProgramError, match="returns tuple, not one tensor"):
        load_program(path, MEAN, STD)(torch.zeros(3, 4))


def test_a_missing_program_is_said(tmp_path):
    with pytest.raises(ProgramError, match="There is no program .*none.pt2"):
        load_program(tmp_path / "none.pt2", MEAN, STD)


def text(path: Path, _: Path) -> None:
    path.write_text("not a program")


def weights(path: Path, _: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, path)


class Code:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return print, ("code of the file was run",)


def rewritten(source: Path, path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))


def code_in_inputs(path: Path, source: Path) -> None:
    buffer = io.BytesIO()
    torch.save((Code(),), buffer)
    rewritten(source, path, lambda n, d: buffer.getvalue() if n.endswith("model.pt") else d)


def code_in_weights(path: Path, source: Path) -> None:
    old, new = b'"use_pickle": false', b'"use_pickle": true'
    rewritten(source, path, lambda n, d: d.replace(old, new) if "weights_config" in n else d)


def code_in_objects(path: Path, source: Path) -> None:
    rewritten(source, path, lambda _, d: d)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("codes/data/constants/custom_obj_0", b"")


def cut(path: Path, source: Path) -> None:
    rewritten(source, path, lambda n, d: d[:20] if n.endswith("models/model.json") else d)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (text, "not a zip file"),
        (weights, "holds no exported computation"),
        (code_in_inputs, "sample inputs are not tensors"),
        (code_in_weights, "a tensor in it is pickled"),
        (code_in_objects, "holds data/constants/custom_obj_0"),
        (cut, "Unterminated string"),
    ],
)
def test_a_file_that_is_something_else_is_refused_in_one_sentence(
    encoder, tmp_path, capsys, write, reason
):
    write(tmp_path / "file.pt2", encoder[1])

    with pytest.raises(ProgramError, match=f"file.pt2 is not a program .*{reason}") as raised:
        load_program(tmp_path / "file.pt2", MEAN, STD)

    assert "\n" not in str(raised.value)
    assert capsys.readouterr().out == ""


def test_a_program_is_a_module_of_the_method(encoder):
    assert isinstance(load_program(encoder[1], MEAN, STD), Program)
