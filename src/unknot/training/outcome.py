"""What a trained run leaves for others: losses on held-out images, and their codes."""

import numpy as np
import torch

from unknot.common.notices import give_notice
from unknot.data.image_set import ImageSet
from unknot.models.vae import Posterior
from unknot.runs.evaluation import Evaluation, SplitLoss
from unknot.runs.folder import RunFolder
from unknot.runs.held_out import save_codes
from unknot.runs.history import read_history
from unknot.runs.inference import encode_images, evaluate_elbo
from unknot.training.fit import TrainedModel


def save_outcome(folder: RunFolder, trained: TrainedModel, images: ImageSet) -> None:
    """Write a run's losses on held-out images, and the codes of these.

    Test images are encoded once for both.

    Args:
        folder: the run's, with its history.
        trained: as `fit` gave it.
        images: those it was trained on.
    """
    validation_rows, test_rows = images.indices("validation"), images.indices("test")
    test = evaluate_elbo(trained.model, images.images, test_rows, seed=trained.seed)
    Evaluation(
        validation=_validation_loss(folder, trained, images),
        test=SplitLoss(
            distortion=test.distortion, rate=test.rate, kl=tuple(test.kl), num_images=test.num
        ),
        strategy=trained.strategy,
        precision=trained.precision.name,
        note=trained.precision.note,
        run=trained.name,
    ).save(folder.evaluation)
    validation = encode_images(trained.model, images.images, validation_rows)
    posterior = Posterior(
        mean=torch.cat([validation.mean, test.terms.posterior.mean]),
        logvar=torch.cat([validation.logvar, test.terms.posterior.logvar]),
    )
    save_codes(folder, images, np.concatenate([validation_rows, test_rows]), posterior)


def _validation_loss(folder: RunFolder, trained: TrainedModel, images: ImageSet) -> SplitLoss:
    """Take the losses at the last step from the history, or evaluate them again if it lost them."""
    num = trained.num_validation
    lines = read_history(folder.history, "validation")
    last = next((line for line in lines[-1:] if line["step"] == trained.steps), None)
    if last and {"distortion", "rate", "kl"} <= last.keys():
        return SplitLoss(
            distortion=last["distortion"], rate=last["rate"], kl=tuple(last["kl"]), num_images=num
        )
    give_notice(f"{folder.history} has no line of the last step; what it said is evaluated again")
    rows = images.indices("validation")[:num]
    again = evaluate_elbo(trained.model, images.images, rows, seed=trained.seed)
    return SplitLoss(
        distortion=again.distortion, rate=again.rate, kl=tuple(again.kl), num_images=num
    )
