"""Latent alignment and its networks; style and reverse cross entropy have tests of their own."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Method, Step
from methods.latent_alignment import LatentAlignment
from methods.networks.mbconv import MBConv, ResidualBlock
from methods.networks.vae import (
    LATENT,
    Encoder,
    Generator,
    block_widths,
    kl_divergence,
    num_halvings,
)
from methods.shared.style import RandomMaps
from tests.methods import tiny
from tests.methods.tiny import build, declared, make_batch, make_task, number, same, states, train


def made(sizes: tuple[int, ...] = (2,), **settings: Any) -> Method:
    return build(LatentAlignment, task=make_task(LatentAlignment.card, sizes=sizes), **settings)


def batch_of(method: Method, **changes: Tensor) -> Batch:
    return declared(make_batch(method.task, 4, **changes), method.card)


def step(seed: int = 0) -> Step:
    return Step(0, 10, torch.Generator().manual_seed(seed))


def test_halvings_leave_eight_to_sixteen_pixels() -> None:
    halvings = {16: 1, 32: 2, 48: 2, 64: 3, 100: 3, 128: 4, 224: 4}
    assert {pixels: num_halvings(pixels) for pixels in halvings} == halvings
    assert block_widths(128) == (32, 64, 128, 128)
    assert block_widths(256) == (32, 64, 128, 128, 128)


@pytest.mark.parametrize(("pixels", "side"), [(48, 12), (128, 8), (50, 13), (37, 10)])
def test_the_generator_mirrors_the_encoder_at_any_size(pixels: int, side: int) -> None:
    images = torch.zeros(1, 3, pixels, pixels)
    mean, log_variance = Encoder(pixels).eval()(images)
    assert mean.shape == log_variance.shape == (1, LATENT, side, side)
    assert Generator(pixels).eval()(mean).shape == images.shape


def test_divergence_of_the_prior_from_itself_is_zero() -> None:
    assert number(kl_divergence(torch.zeros(2, 3), torch.zeros(2, 3))) == 0


def test_divergence_is_the_mean_over_entries_of_the_closed_form() -> None:
    # entries: (1 + 1 - 1 - 0) / 2 = 0.5 and (0 + e - 1 - 1) / 2
    found = kl_divergence(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]))
    assert number(found) == pytest.approx((0.5 + (2.718281828459045 - 2) / 2) / 2, rel=1e-12)


def test_the_encoder_climbs_what_the_discriminator_descends() -> None:
    method = made(lambda_adv=0.7)
    batch = batch_of(method)
    parameters = list(method.encoder.parameters())
    hiding = method.align_loss(batch, step())["confusion"]
    latent, _, _ = method.latent(batch.images, step())
    helping = method.group_loss(latent, batch)
    found = torch.autograd.grad(hiding, parameters)
    wanted = torch.autograd.grad(helping, parameters)
    for own, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(own, -0.7 * other, rtol=1e-9, atol=1e-14)


def test_the_term_of_the_discriminator_does_not_reach_the_encoder() -> None:
    method = made()
    loss = method.discriminator_loss(batch_of(method), step())["discriminator"]
    reached = torch.autograd.grad(loss, list(method.encoder.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in reached)


def test_the_discriminator_comes_first_and_each_side_is_updated_alone() -> None:
    method = made()
    stage = method.stages()[0]
    ids = [{id(p) for s in update.parameters for p in s.parameters} for update in stage.updates]
    assert ids[0] == {id(p) for p in method.discriminator.parameters()}
    networks = (method.encoder, method.generator)
    assert ids[1] == {id(p) for network in networks for p in network.parameters()}
    assert not stage.predicts and method.stages()[1].predicts


def test_one_head_for_each_attribute_or_one_for_the_product() -> None:
    apart, together = made((2, 3)), made((2, 3), groups="intersection")
    assert [head.out_features for head in apart.discriminator.heads] == [2, 3]
    assert [head.out_features for head in together.discriminator.heads] == [6]


def test_the_heads_are_averaged_and_unknown_values_left_out() -> None:
    method = made((2, 3))
    codes = torch.tensor([[0, 2], [-1, 1], [1, -1], [1, 0]])
    batch = batch_of(method, attributes=codes)
    latent = torch.randn(4, LATENT, 8, 8, generator=torch.Generator().manual_seed(0))
    losses = []
    for j, logits in enumerate(method.discriminator(latent)):
        rows = [
            -number(logits[i].log_softmax(0)[codes[i, j]]) for i in range(4) if codes[i, j] >= 0
        ]
        losses.append(sum(rows) / 3)
    assert number(method.group_loss(latent, batch)) == pytest.approx(sum(losses) / 2, rel=1e-10)


def test_without_discriminator_the_groups_do_not_matter() -> None:
    first, second = made(discriminator=False), made(discriminator=False)
    batches = [make_batch(first.task, 4, seed=seed) for seed in range(2)]
    swapped = [
        make_batch(first.task, 4, seed=seed, attributes=1 - batch.attributes)
        for seed, batch in enumerate(batches)
    ]
    train(first, 2, batches=batches)
    train(second, 2, batches=swapped)
    assert same(states(first), states(second))


def test_weight_zero_equals_no_discriminator() -> None:
    weightless, without = made(lambda_adv=0.0), made(discriminator=False)
    train(weightless, 2)
    train(without, 2)
    assert same(states(weightless), states(without))


def test_with_discriminator_the_groups_matter() -> None:
    """Guards the two tests above."""
    first, second = made(), made(discriminator=False)
    train(first, 2)
    train(second, 2)
    assert not same(states(first), states(second), only=("encoder.",))


def test_the_second_stage_leaves_the_encoder_byte_for_byte() -> None:
    method = made()
    stages = method.stages()
    method.stages = lambda: stages[1:]  # type: ignore[method-assign]
    before = states(method)
    train(method, 3)
    fixed = ("encoder.", "generator.", "discriminator.", "phi.")
    assert same(before, states(method), only=fixed)
    assert not same(before, states(method), only=("classifier.",))
    assert method.encoder in stages[1].frozen


def test_the_first_stage_counts_each_batch_once_and_trains_no_classifier() -> None:
    method = made()
    stages = method.stages()
    method.stages = lambda: stages[:1]  # type: ignore[method-assign]
    before = states(method)
    train(method, 3)
    assert same(before, states(method), only=("classifier.", "head.", "phi."))
    assert int(states(method)["encoder.blocks.0.1.num_batches_tracked"]) == 3


def test_an_autoencoder_draws_no_noise_and_a_variational_one_does() -> None:
    images = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    plain, noisy = made(encoder="ae"), made(encoder="vae")
    first, second = (plain.latent(images, step(seed))[0] for seed in (0, 1))
    assert torch.equal(first, second)
    first, second, again = (noisy.latent(images, step(seed))[0] for seed in (0, 1, 0))
    assert not torch.equal(first, second)
    assert torch.equal(first, again)
    assert "kl" not in plain.align_loss(batch_of(plain), step())


def test_a_latent_draw_is_mean_plus_noise_times_standard_deviation() -> None:
    method = made()
    images = make_batch(method.task, 2).images
    latent, mean, log_variance = method.latent(images, step(5))
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(latent, mean + noise * torch.exp(log_variance / 2))


def test_the_prediction_uses_the_mean() -> None:
    method = made().eval()
    images = make_batch(method.task, 2).images
    mean, _ = method.encoder(images)
    wanted = method.head(method.classifier(mean)).log_softmax(1)
    torch.testing.assert_close(method.predict(Batch(images=images)), wanted)


def test_weights_multiply_the_terms_of_the_first_stage() -> None:
    plain = made(recon_weight=1.0)
    scaled = made(recon_weight=0.5, alpha=30.0, kl_weight=0.01, lambda_adv=2.0)
    batch = batch_of(plain)
    first, second = (method.align_loss(batch, step()) for method in (plain, scaled))
    factors = {"style": 3.0, "kl": 0.01, "confusion": 2.0, "reconstruction": 0.5}
    assert set(first) == set(second) == set(factors)
    for name, factor in factors.items():
        torch.testing.assert_close(second[name], factor * first[name])


def test_pixels_are_compared_only_if_asked_for() -> None:
    method = made()
    assert "reconstruction" not in method.align_loss(batch_of(method), step())


def test_the_second_stage_minimises_symmetric_cross_entropy() -> None:
    method = made(ce_weight=0.5, reverse_weight=2.0, log_zero=-3.0).eval()
    batch = batch_of(method)
    terms = method.loss(batch, step())
    p = method.predict(batch).exp().gather(1, batch.labels[:, None])[:, 0]
    torch.testing.assert_close(terms["ce"], 0.5 * -p.log().mean())
    torch.testing.assert_close(terms["reverse_ce"], 2.0 * 3.0 * (1 - p).mean())


def test_without_the_reverse_part_symmetric_cross_entropy_is_cross_entropy() -> None:
    method = made(reverse_weight=0.0).eval()
    batch = batch_of(method)
    terms = method.loss(batch, step())
    assert number(terms["reverse_ce"]) == 0
    plain = -method.predict(batch).gather(1, batch.labels[:, None]).mean()
    torch.testing.assert_close(terms["ce"], plain)


def test_the_style_network_is_random_or_the_one_of_the_file() -> None:
    asked = {}

    def make_backbone(name: str | None, generator: torch.Generator, **options: Any) -> nn.Module:
        asked.update(options, name=name)
        return tiny.make_backbone(name, generator, **options)

    assert isinstance(made().phi, RandomMaps)
    settings = LatentAlignment.Settings(phi="vgg.safetensors", phi_backbone="vgg16")
    method = LatentAlignment(make_task(LatentAlignment.card), settings)
    generator = torch.Generator().manual_seed(0)
    method.build(make_backbone, generator)
    assert asked == {}
    method.build_extras(make_backbone, generator)
    assert asked == {"name": "vgg16", "weights": "vgg.safetensors", "maps": True}
    assert not any(parameter.requires_grad for parameter in method.phi.parameters())
    assert method.phi in method.stages()[0].frozen
    assert torch.isfinite(method.align_loss(batch_of(method), step())["style"])


def test_the_ablations_of_the_block_differ_in_the_classifier_alone() -> None:
    for name, kind in (("mbconv", MBConv), ("resblock", ResidualBlock)):
        assert all(isinstance(block, kind) for block in made(block=name).classifier.blocks)


def test_a_block_has_a_residual_path_only_where_shapes_agree() -> None:
    images = torch.randn(2, 8, 4, 4)
    block = MBConv(8, 8, 1).eval()
    nn.init.zeros_(block.layers[-1].weight)
    assert torch.equal(block(images), images)
    other = MBConv(8, 8, 2).eval()
    nn.init.zeros_(other.layers[-1].weight)
    assert torch.equal(other(images), torch.zeros(2, 8, 2, 2))


def test_swapping_the_groups_with_the_heads_changes_no_prediction() -> None:
    first, second = made(), made()
    for name in ("weight", "bias"):
        wanted = getattr(first.discriminator.heads[0], name).data.flip(0).clone()
        getattr(second.discriminator.heads[0], name).data = wanted
    batches = [make_batch(first.task, 4, seed=seed) for seed in range(2)]
    swapped = [
        make_batch(first.task, 4, seed=seed, attributes=1 - batch.attributes)
        for seed, batch in enumerate(batches)
    ]
    train(first, 2, batches=batches)
    train(second, 2, batches=swapped)
    images = Batch(images=batches[0].images)
    torch.testing.assert_close(second.predict(images), first.predict(images), rtol=1e-7, atol=1e-7)
