"""The invertible network: inverse, determinant, start, and zuko's transforms as an oracle."""

import pytest
import torch
import zuko
from torch import Tensor, nn

from methods.networks.flow import BLOCKS, MAX_LOG_SCALE, Coupling, Flow


def made(width: int, strength: float = 1.0) -> Flow:
    """A flow whose weights are all drawn, so that no part of it is the identity."""
    generator = torch.Generator().manual_seed(0)
    flow = Flow(width, generator)
    for parameter in flow.parameters():
        # Outputs of a layer as large as its inputs; larger ones make the map ill-conditioned.
        scale = strength * (parameter.shape[1] ** -0.5 if parameter.dim() == 2 else 0.3)
        nn.init.normal_(parameter, std=scale, generator=generator)
    return flow


def codes(width: int, size: int = 5) -> Tensor:
    return torch.randn(size, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("width", [2, 7, 128])
@pytest.mark.parametrize(("precision", "strength"), [(torch.float32, 0.3), (torch.float64, 1.0)])
def test_the_inverse_gives_the_inputs_back(
    width: int, precision: torch.dtype, strength: float
) -> None:
    """In single precision at the strength of trained weights; far stronger maps amplify rounding.

    Trained on the synthetic faces the error was below 1e-4 (measured).
    """
    flow = made(width, strength).to(precision)
    inputs = codes(width).to(precision)
    outputs, _ = flow(inputs)
    assert not torch.allclose(outputs, inputs, atol=0.1)
    assert float((flow.inverse(outputs) - inputs).detach().norm() / inputs.norm()) < 1e-4


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_determinant_is_that_of_the_jacobian(width: int) -> None:
    flow, inputs = made(width), codes(width)
    _, log_det = flow(inputs)
    for row, found in zip(inputs, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda x: flow(x[None])[0][0], row)
        torch.testing.assert_close(found, jacobian.det().abs().log())


def test_a_fresh_flow_permutes_and_nothing_else() -> None:
    flow, inputs = Flow(9, torch.Generator().manual_seed(0)), codes(9)
    outputs, log_det = flow(inputs)
    order = torch.arange(9)
    for block in flow.blocks:
        order = order[block.order]
    assert torch.equal(outputs, inputs[:, order])
    assert torch.equal(log_det, torch.zeros(5))
    assert len(flow.blocks) == BLOCKS == 8
    assert not torch.equal(order, torch.arange(9))


def test_the_logarithm_of_a_scale_is_clamped_hard() -> None:
    coupling = Coupling(4)
    nn.init.constant_(coupling.layers[-1].bias, 50.0)
    _, log_det = coupling(codes(4))
    assert torch.equal(log_det, torch.full((5,), 2 * MAX_LOG_SCALE))
    nn.init.constant_(coupling.layers[-1].bias, 1.5)
    assert torch.equal(coupling(codes(4))[1], torch.full((5,), 2 * 1.5))


def test_a_coupling_leaves_what_it_reads() -> None:
    coupling, inputs = made(7).blocks[0].coupling, codes(7)
    outputs, _ = coupling(inputs)
    assert torch.equal(outputs[:, :4], inputs[:, :4])
    assert not torch.isclose(outputs[:, 4:], inputs[:, 4:]).any()


def as_zuko(flow: Flow, width: int) -> zuko.transforms.ComposedTransform:
    """The same map from zuko's transforms, with the weights of `flow`."""
    steps: list[torch.distributions.Transform] = []
    for block in flow.blocks:
        scale = torch.distributions.AffineTransform(
            block.scaling.shift, block.scaling.log_scale.exp()
        )
        steps.append(zuko.transforms.DependentTransform(scale, 1))
        steps.append(zuko.transforms.PermutationTransform(block.order))

        def meta(kept: Tensor, layers: nn.Module = block.coupling.layers) -> zuko.transforms:
            log_scale, shift = layers(kept).chunk(2, dim=-1)
            inner = torch.distributions.AffineTransform(shift, log_scale.clamp(-2, 2).exp())
            return zuko.transforms.DependentTransform(inner, 1)

        mask = torch.arange(width) < width - width // 2
        steps.append(zuko.transforms.CouplingTransform(meta, mask))
    return zuko.transforms.ComposedTransform(*steps)


@pytest.mark.parametrize("width", [5, 16])
def test_values_and_determinants_are_those_of_zuko(width: int) -> None:
    flow, inputs = made(width), codes(width)
    outputs, log_det = flow(inputs)
    wanted, wanted_det = as_zuko(flow, width).call_and_ladj(inputs)
    torch.testing.assert_close(outputs, wanted)
    torch.testing.assert_close(log_det, wanted_det)
    torch.testing.assert_close(flow.inverse(outputs), as_zuko(flow, width).inv(outputs))
