"""Methods on the codes of a frozen generator, and the baseline on the latent encoder."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from datasets.errors import SettingError
from datasets.spec import Batch
from methods.base import Method, MethodError, Optimiser
from methods.ce_on_e import CrossEntropyOnCodes
from methods.ce_on_mu import CrossEntropyOnMean
from methods.fair_latent_inn import FairLatentInn
from methods.latent_alignment import LatentAlignment
from methods.networks.vae import CodeDecoder, CodeEncoder
from methods.shared.code_generators import CodeGenerator, GeneratorSettings
from tests.methods import tiny
from tests.methods.tiny import (
    build,
    given,
    make_batch,
    make_task,
    number,
    same,
    states,
    step_at,
    train,
)

GIVEN = {"encoder": "encoder.pt2", "decoder": "decoder.pt2"}


def made(sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    task = make_task(FairLatentInn.card, sizes=sizes)
    return build(FairLatentInn, task=task, **{"width": 8} | settings)


def shuffled(method: Method) -> Method:
    """The method with a flow that is not the identity."""
    for parameter in method.flow.parameters():
        nn.init.normal_(parameter, std=0.04, generator=torch.Generator().manual_seed(5))
    return method.eval()


def part_terms(method: Method, batch: Batch) -> dict[str, Tensor]:
    stage = next(stage for stage in method.stages() if stage.name == "part")
    return stage.updates[0].terms(given(method, stage, batch), step_at())


@pytest.mark.parametrize("pixels", [16, 37, 48])
def test_codes_go_to_pictures_of_the_same_size(pixels: int) -> None:
    images = torch.zeros(2, 3, pixels, pixels)
    encoder, decoder = CodeEncoder(5, pixels).eval(), CodeDecoder(5, pixels).eval()
    mean, log_variance = encoder(images)
    assert mean.shape == log_variance.shape == (2, 5)
    assert torch.equal(encoder.mean(images), mean)
    assert decoder(mean).shape == images.shape


def test_standardised_codes_have_mean_zero_and_spread_one_on_the_training_part() -> None:
    method = made()
    images = make_batch(method.task, 20).images
    method.eval()
    raw = method.codes.encode(images)
    method.codes.standardise(Batch(features=raw), Batch(features=raw[:0]))
    codes = method.codes.codes(images)
    torch.testing.assert_close(codes.mean(dim=0), torch.zeros(8), atol=1e-9, rtol=0)
    torch.testing.assert_close(codes.std(dim=0, correction=0), torch.ones(8))


def test_an_entry_without_spread_stays_finite() -> None:
    method = made()
    method.codes.standardise(Batch(features=torch.ones(4, 8)), Batch(features=torch.ones(1, 8)))
    assert torch.equal(method.codes.std, torch.ones(8))


def test_the_generator_is_trained_in_its_own_stage_alone() -> None:
    """Property (e): what trains the flow leaves the generator byte for byte."""
    method = made()
    stages = method.stages()
    assert [stage.name for stage in stages] == [
        "generate", "standardise", "part", "neutral", "classify",
    ]  # fmt: skip
    assert [stage.predicts for stage in stages] == [False, False, False, False, True]
    method.stages = lambda: stages[2:]  # type: ignore[method-assign]
    before = states(method)
    train(method, 3)
    assert same(before, states(method), only=("codes.",))
    assert not same(before, states(method), only=("flow.",))
    assert not same(before, states(method), only=("head.",))


def test_the_last_stage_refits_the_classifier_and_nothing_else() -> None:
    method = made()
    stages = method.stages()
    method.stages = lambda: stages[-1:]  # type: ignore[method-assign]
    before = states(method)
    train(method, 3)
    fixed = ("codes.", "flow.", "class_head.", "group_head.", "neutral")
    assert same(before, states(method), only=fixed)


def test_both_methods_on_codes_start_from_one_generator_and_draw_the_same_noise() -> None:
    fair, plain = made(), build(CrossEntropyOnCodes, width=8)
    assert same(states(fair), states(plain), only=("codes.",))
    first, second = fair.stages()[0], plain.stages()[0]
    assert first.name == second.name == "generate"
    assert first.stream == second.stream is not None
    assert (first.share, first.batch_factor) == (second.share, second.batch_factor)
    train(fair)
    train(plain)
    assert same(states(fair), states(plain), only=("codes.",))


def test_a_batch_of_codes_is_larger_than_they_are_wide() -> None:
    stage = FairLatentInn(make_task(FairLatentInn.card)).settings
    assert stage.width == 128
    method = made()
    assert next(s for s in method.stages() if s.name == "part").batch_factor * 32 == 256


def test_the_flow_is_trained_by_adam_at_its_own_rate() -> None:
    (update,) = next(s for s in made(flow_rate=3e-4).stages() if s.name == "part").updates
    assert update.optimiser is not None
    assert (update.optimiser.name, update.optimiser.learning_rate) == ("adam", 3e-4)
    (update,) = next(s for s in made().stages() if s.name == "part").updates
    assert update.optimiser == Optimiser("adam", 1e-4, weight_decay=0.0)


def test_a_picture_is_read_as_code_then_flow_then_first_half_then_classifier() -> None:
    method = shuffled(made(width=7))
    images = make_batch(method.task, 3).images
    latent, _ = method.flow(method.codes.encoder.mean(images) - method.codes.mean)
    assert latent.shape == (3, 7)
    wanted = method.head(latent[:, :3]).log_softmax(1)
    torch.testing.assert_close(method.predict(Batch(images=images)), wanted)


def test_weights_multiply_the_terms() -> None:
    plain = shuffled(made())
    scaled = shuffled(made(lambda_dg=0.1, lambda_eq=2.0, lambda_di=3.0, lambda_c=0.5))
    batch = make_batch(plain.task)
    first, second = part_terms(plain, batch), part_terms(scaled, batch)
    factors = {"gaussian": 1.0}
    for part in ("class", "group"):
        factors |= {f"diagonal_{part}": 0.1, f"equal_{part}": 2.0}
        factors |= {f"contrast_{part}": 3.0, f"ce_{part}": 0.5}
    assert set(first) == set(second) == set(factors)
    for name, factor in factors.items():
        torch.testing.assert_close(second[name], factor * first[name])


def test_unknown_groups_leave_the_terms_of_groups() -> None:
    method = shuffled(made())
    unknown = make_batch(method.task, attributes=torch.full((8, 1), -1))
    terms = part_terms(method, unknown)
    for name in ("contrast_class", "contrast_group", "ce_group"):
        assert number(terms[name]) == 0
    known = part_terms(method, make_batch(method.task))
    for name in ("gaussian", "diagonal_class", "equal_class", "diagonal_group", "ce_class"):
        assert torch.equal(terms[name], known[name])


def test_swapping_with_oneself_is_the_reconstruction() -> None:
    method = shuffled(made())
    images = make_batch(method.task, 4).images
    found = method.counterfactuals(images, images)
    torch.testing.assert_close(found["swapped"], found["reconstruction"])
    assert {name: pictures.shape for name, pictures in found.items()} == dict.fromkeys(
        ("reconstruction", "swapped", "neutral"), images.shape
    )


def test_a_counterfactual_keeps_the_class_part_and_takes_the_other() -> None:
    """With a decoder that is the identity on codes, the parts can be read back."""
    method = shuffled(made())
    batch = make_batch(method.task, 4)
    images, donors = batch.images, batch.views
    method.codes.pictures = lambda codes: codes  # type: ignore[method-assign]
    found = method.counterfactuals(images, donors)
    of_class, _ = method.parts(images)
    _, of_group = method.parts(donors)
    swapped, _ = method.flow(found["swapped"])
    torch.testing.assert_close(swapped, torch.cat([of_class, of_group], dim=1))
    neutral, _ = method.flow(found["neutral"])
    torch.testing.assert_close(neutral[:, :4], of_class)
    torch.testing.assert_close(neutral[:, 4:], method.neutral.expand(4, -1), rtol=1e-9, atol=1e-9)


def test_the_neutral_part_is_the_mean_over_the_training_part() -> None:
    method = made()
    rows = torch.arange(12.0).view(3, 4)
    stage = next(stage for stage in method.stages() if stage.name == "neutral")
    assert stage.fit is not None
    stage.fit(Batch(features=rows), Batch(features=rows[:1]))
    assert torch.equal(method.neutral, torch.tensor([4.0, 5.0, 6.0, 7.0]))


def test_probes_are_offered_the_code_and_both_parts() -> None:
    method = shuffled(made(width=7))
    shapes = {
        name: tuple(rows.shape)
        for name, rows in method.representations(make_batch(method.task, 2).images).items()
    }
    assert shapes == {"e": (2, 7), "Z_Y": (2, 3), "Z_S": (2, 4)}


@pytest.mark.parametrize("cls", [CrossEntropyOnCodes, FairLatentInn])
def test_a_given_generator_decides_the_width_and_is_not_trained(cls: type[Method]) -> None:
    method = build(cls, **GIVEN)
    assert method.codes.width == 6
    assert method.card.cost == pytest.approx(cls.card.cost - 1.75 * 1.7, abs=0.01)
    assert build(cls).card.cost == cls.card.cost
    assert [stage.name for stage in method.stages()][0] == "standardise"
    train(method, 2)
    assert "codes.encoder" not in " ".join(states(method))


def test_a_given_generator_makes_pictures_only_with_its_decoder() -> None:
    images = make_batch(make_task(FairLatentInn.card), 2).images
    found = build(FairLatentInn, **GIVEN).eval().counterfactuals(images, images)
    assert found["swapped"].shape == images.shape
    without = build(FairLatentInn, encoder="encoder.pt2").eval()
    with pytest.raises(MethodError, match="set `decoder`"):
        without.counterfactuals(images, images)


def test_a_decoder_without_encoder_is_refused_before_anything_runs() -> None:
    with pytest.raises(SettingError, match="needs its encoder"):
        GeneratorSettings(decoder="decoder.pt2")


class Wrong(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, inputs: Tensor) -> Tensor:
        return torch.zeros(*self.shape)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 1), (3, 6)], ids=str)
def test_an_encoder_that_gives_no_codes_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(MethodError, match="must map .N, 3, H, W. pictures to .N, D. codes"):
        CodeGenerator(
            GeneratorSettings(encoder="e.pt2"), 16, lambda *_, **__: Wrong(*shape),
            torch.Generator(),
        )  # fmt: skip


def test_a_decoder_of_another_size_is_refused() -> None:
    def programs(name: str | None, generator: torch.Generator, *, program: str) -> nn.Module:
        return tiny.TinyProgram() if program == "e.pt2" else Wrong(2, 3, 8, 8)

    with pytest.raises(MethodError, match=r"\(N, 3, 16, 16\).*gave \(2, 3, 8, 8\)"):
        CodeGenerator(
            GeneratorSettings(encoder="e.pt2", decoder="d.pt2"), 16, programs, torch.Generator()
        )


def test_methods_without_a_generator_make_no_pictures() -> None:
    method = build(CrossEntropyOnMean)
    images = make_batch(method.task, 2).images
    with pytest.raises(MethodError, match="ce_on_mu makes no counterfactual pictures"):
        method.counterfactuals(images, images)
    assert set(method.representations(images)) == {"features"}


def test_the_baseline_on_the_mean_starts_as_latent_alignment_and_sees_as_much() -> None:
    baseline, method = build(CrossEntropyOnMean), build(LatentAlignment)
    pairs = [
        (baseline.trunk[0], method.encoder.blocks), (baseline.trunk[1], method.encoder.to_mean),
        (baseline.trunk[2], method.classifier), (baseline.head, method.head),
    ]  # fmt: skip
    for own, other in pairs:
        wanted = other.state_dict()
        assert all(torch.equal(value, wanted[name]) for name, value in own.state_dict().items())
    images = make_batch(baseline.task, 2).images
    method.eval(), baseline.eval()
    assert torch.equal(baseline.predict(Batch(images=images)), method.predict(Batch(images=images)))
    shares = [sum(stage.share for stage in m.stages()) for m in (baseline, method)]
    assert shares[0] == shares[1] == 2


def test_the_baseline_on_the_mean_trains_its_encoder() -> None:
    method = build(CrossEntropyOnMean)
    before = states(method)
    train(method, 2)
    assert not same(before, states(method), only=("trunk.0.",))


def test_relabelled_groups_change_no_prediction() -> None:
    first, second = made(), made()
    for name in ("weight", "bias"):
        wanted = getattr(first.group_head, name).data.flip(0).clone()
        getattr(second.group_head, name).data = wanted
    batches = [make_batch(first.task, seed=seed) for seed in range(2)]
    swapped = [
        make_batch(first.task, seed=seed, attributes=1 - batch.attributes)
        for seed, batch in enumerate(batches)
    ]
    train(first, 2, batches=batches)
    train(second, 2, batches=swapped)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-7, atol=1e-7)


def test_the_validation_part_does_not_move_the_standardisation() -> None:
    method = made()
    training = Batch(features=torch.randn(6, 8, generator=torch.Generator().manual_seed(0)))
    method.codes.standardise(training, Batch(features=torch.full((3, 8), 1e6)))
    torch.testing.assert_close(method.codes.mean, training.features.mean(dim=0))
