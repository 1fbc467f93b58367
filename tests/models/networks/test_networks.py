"""Networks by name: what every one of them must do, and the images that each takes."""

from pathlib import Path

import pytest
import torch
from torch.func import functional_call, stack_module_state, vmap

from unknot.common.errors import UserError
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.compare import compare
from unknot.models.layers import set_up_layers
from unknot.models.networks import NETWORKS, NetworkEntry, find_network
from unknot.report.script_data import script_data

SIZES = [(28, 28), (32, 32), (33, 61), (64, 64), (96, 128), (160, 32), (250, 28), (256, 256)]


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("size", SIZES)
def test_every_shape_that_it_takes_has_its_codes_and_pictures(
    name: str, size: tuple[int, int]
) -> None:
    for channels in (1, 2, 3, 4):
        shape = (channels, *size)
        if not NETWORKS[name].takes(shape):
            continue
        with torch.device("meta"):  # shapes alone: large weights need no memory
            encoder, decoder = find_network(name)(shape, 5)
            assert encoder(torch.zeros(2, *shape)).shape == (2, 10)
            assert decoder(torch.zeros(2, 5)).shape == (2, *shape)


def test_every_size_is_taken_by_a_network_with_convolutions() -> None:
    for size in SIZES:
        takers = {name for name, entry in NETWORKS.items() if entry.takes((3, *size))}
        assert {"small_residual", "spatial_broadcast"} <= takers
    for name in ("higgins_conv", "burgess_conv", "locatello_conv"):
        sizes = [size for size in SIZES if NETWORKS[name].takes((3, *size))]
        assert sizes == [(32, 32), (64, 64), (96, 128), (160, 32), (256, 256)]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_an_image_does_not_depend_on_the_others_of_its_batch(name: str) -> None:
    """While training too: a batch may be divided among processes."""
    encoder, decoder = find_network(name)((3, 32, 32), 5)
    images = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    codes = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encoder(images)[:2], encoder(images[:2]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decoder(codes)[:2], decoder(codes[:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_gradients_reach_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    encoder, decoder = find_network(name)((3, 32, 32), 5)
    images = torch.rand(4, 3, 32, 32)
    mean, logvar = encoder(images).chunk(2, dim=1)
    ((decoder(mean) - images).square().sum() + logvar.exp().sum()).backward()
    for parameter in (*encoder.parameters(), *decoder.parameters()):
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_its_layers_follow_each_other_in_half_precision(name: str) -> None:
    torch.manual_seed(0)
    pair = find_network(name)((3, 32, 32), 5)
    given = torch.rand(2, 3, 32, 32), torch.randn(2, 5)
    exact = [network(x) for network, x in zip(pair, given)]
    for network in pair:
        set_up_layers(network, dtype=torch.bfloat16)
    for network, x, expected in zip(pair, given, exact):
        torch.testing.assert_close(network(x).float(), expected, rtol=0.05, atol=0.05)
        network(x).float().sum().backward()


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_several_are_computed_as_one_batched_program(name: str) -> None:
    torch.manual_seed(0)
    pairs = [find_network(name)((3, 32, 32), 5) for _ in range(2)]
    given = torch.rand(2, 4, 3, 32, 32), torch.randn(2, 4, 5)
    for networks, x in zip(zip(*pairs), given):
        exact = torch.stack([network(images) for network, images in zip(networks, x)])
        for network in networks:
            set_up_layers(network, dtype=None, plain=True)
        first = networks[0]
        parameters, buffers = stack_module_state(list(networks))
        stacked = vmap(lambda *state: functional_call(first, state[:2], state[2]))  # noqa: B023
        torch.testing.assert_close(stacked(parameters, buffers, x), exact, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_few_steps_on_a_batch_lower_its_error(name: str) -> None:
    torch.manual_seed(0)
    encoder, decoder = find_network(name)((3, 32, 32), 5)
    images = torch.randn(4, 3, 32, 32)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    errors = []
    for _ in range(10):
        optimizer.zero_grad()
        error = (decoder(encoder(images)[:, :5]) - images).square().mean()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < errors[0]


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_its_runs_in_a_comparison_have_an_explorer(
    name: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    experiment = compare(
        load_images(small_faces.images, size=32),
        [1],
        network=name,
        steps=3,
        batch_size=8,
        latent_dim=3,
        out=tmp_path / "experiment",
        engine="inline",
    )
    (run,) = experiment.runs()
    assert run.config.model.network == name
    assert run.files.is_done
    data = script_data([run], None)
    assert data is not None
    assert data.runs[0].model is not None, data.runs[0].reason
    assert "data-kernel" in experiment.report().read_text()


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(UserError, match=r"network is 'lineal'; did you mean 'linear'\?"):
        find_network("lineal")


@pytest.mark.parametrize("name", [name for name, entry in NETWORKS.items() if entry.multiple > 1])
def test_other_images_are_refused_with_the_networks_that_take_them(name: str) -> None:
    for shape, size in (((3, 28, 28), "28x28"), ((3, 64, 48), "64x48"), ((3, 288, 64), "288x64")):
        with pytest.raises(UserError, match=rf"{name} takes .*, not {size} .* images: .*linear"):
            find_network(name)(shape, 4)


def test_an_entry_says_which_images_it_takes() -> None:
    entry = NetworkEntry("module:function", smallest=28, most_channels=4)
    assert entry.text() == "images of any size from 28 pixels on, of 1 to 4 channels"
    assert [entry.takes(shape) for shape in ((4, 28, 96), (5, 28, 96), (1, 27, 96))] == [
        True,
        False,
        False,
    ]
    multiples = NetworkEntry("module:function", multiple=32, largest=256)
    assert multiples.text() == "images whose sides are multiples of 32 pixels, up to 256"
    assert [multiples.takes(shape) for shape in ((9, 64, 64), (3, 64, 48), (3, 288, 64))] == [
        True,
        False,
        False,
    ]
