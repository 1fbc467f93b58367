"""How good a run is: losses on held-out images and scores of its codes, as in `evaluation.json`."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.common.reading import UnfitError, damage_named, read_json
from unknot.config.run import RunConfig
from unknot.metrics.registry import OLD_KEYS
from unknot.metrics.result import Score
from unknot.metrics.settings import NullSettings
from unknot.runs.field_types import check_fields, check_finite, check_least
from unknot.runs.folder import TRAIN_AGAIN
from unknot.runs.own_digest import tell_if_edited, with_own_digest

FORMAT = 2


@dataclass(frozen=True)
class SplitLoss:
    """How well a model fits the images of one split, in nats per image.

    Attributes:
        distortion: mean of `-log p(x|z)`.
        rate: mean KL divergence of the posterior from the prior.
        kl: the rate of each latent.
        num_images: on which it was evaluated.
    """

    distortion: float
    rate: float
    kl: tuple[float, ...]
    num_images: int

    @property
    def elbo(self) -> float:
        """`-(distortion + rate)`: a lower bound of log p(x), less the dropped constant."""
        return -(self.distortion + self.rate)

    def check(self, latent_dim: int) -> None:
        """Refuse what no model with so many latents can give.

        Raises:
            UnfitError: names the field.
        """
        check_finite("distortion", self.distortion)
        check_least("num_images", 0, self.num_images)
        check_finite("kl", self.rate, *self.kl)
        if len(self.kl) != latent_dim:
            raise UnfitError(f"it is of a model with {len(self.kl)} latents; this has {latent_dim}")

    def as_dict(self) -> dict[str, Any]:
        """The fields and the bound, for a JSON document."""
        return asdict(self) | {"elbo": self.elbo}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "SplitLoss":
        """Read back what `as_dict` gave."""
        return cls(
            distortion=document["distortion"],
            rate=document["rate"],
            kl=tuple(document["kl"]),
            num_images=document["num_images"],
        )


@dataclass(frozen=True)
class CodeScores:
    """Scores of a run's codes.

    Attributes:
        scores: by name of the metric; empty where there are none.
        problem: why there are none, in words.
        num_images: whose codes were scored.
        source: of the images; None for the run's own test images.
        nulls: how many draws were made.
        seed: of all random choices.
        active_latents: whose posterior mean varies over the images by more than .01.
        marginal_kl: in nats, from the distribution of all codes together to the prior: `total`,
            `per_latent` and `total_correlation`; None for too few images.
        seconds: it took.
    """

    scores: dict[str, Score]
    problem: str | None
    num_images: int
    source: str | None
    nulls: NullSettings
    seed: int
    active_latents: tuple[int, ...]
    marginal_kl: dict[str, Any] | None
    seconds: float

    def check(self, latent_dim: int) -> None:
        """Refuse what no codes with so many latents can give.

        Raises:
            UnfitError: names the field.
        """
        check_least("num_images", 0, self.num_images)
        if any(not 0 <= latent < latent_dim for latent in self.active_latents):
            raise UnfitError(
                f"field 'active_latents' names latents that a model of {latent_dim} has not"
            )
        if self.marginal_kl is not None:
            check_finite("marginal_kl", self.marginal_kl["total"])

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "scores": {name: score.as_dict() for name, score in self.scores.items()},
            "problem": self.problem,
            "num_images": self.num_images,
            "source": self.source,
            "nulls": asdict(self.nulls),
            "seed": self.seed,
            "active_latents": list(self.active_latents),
            "marginal_kl": self.marginal_kl,
            "seconds": self.seconds,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "CodeScores":
        """Read back what `as_dict` gave."""
        scores = {OLD_KEYS.get(name, name): value for name, value in document["scores"].items()}
        return cls(
            scores={name: Score.from_dict(name, value) for name, value in scores.items()},
            problem=document["problem"],
            num_images=document["num_images"],
            source=document["source"],
            nulls=NullSettings(**document["nulls"]),
            seed=document["seed"],
            active_latents=tuple(document["active_latents"]),
            marginal_kl=document["marginal_kl"],
            seconds=document["seconds"],
        )


@dataclass(frozen=True)
class Evaluation:
    """What was evaluated of a run.

    Attributes:
        validation: losses on at most 1,000 validation images, at the end of training.
        test: losses on the test images.
        strategy: how the steps were computed: `single`, `data_parallel` or `stacked`.
        precision: of the large layers while training.
        note: what could not be had as asked, for the user.
        scores: of the codes of the test images; None before they are scored.
        scores_on_other_data: by source of the images.
        run: name of the run by its description; empty in evaluations of version 0.1.0.
    """

    validation: SplitLoss
    test: SplitLoss
    strategy: str
    precision: str
    note: str
    scores: CodeScores | None = None
    scores_on_other_data: dict[str, CodeScores] = field(default_factory=dict)
    run: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "format": FORMAT,
            "run": self.run,
            "validation": self.validation.as_dict(),
            "test": self.test.as_dict(),
            "strategy": self.strategy,
            "precision": self.precision,
            "note": self.note,
            "scores": self.scores.as_dict() if self.scores else None,
            "scores_on_other_data": {
                source: scores.as_dict() for source, scores in self.scores_on_other_data.items()
            },
        }

    def save(self, path: Path) -> None:
        """Write it to `RunFolder.evaluation`."""
        write_json(path, with_own_digest(self.as_dict()))

    @classmethod
    def load(cls, path: Path, config: RunConfig | None = None) -> "Evaluation":
        """Read `RunFolder.evaluation`, also as version 0.1.0 wrote it.

        Args:
            path: of the file.
            config: of the run that it must be of.

        Raises:
            DamageError: if it is missing, damaged or of another run.
            UserError: if it is of a later version, or cannot be read.
        """
        document = read_json(path, within=path.parent, remedy=TRAIN_AGAIN)
        with damage_named(path, TRAIN_AGAIN):
            if document.get("format", 1) > FORMAT:
                raise UserError(
                    f"{path} was written by a later version of unknot; install that one"
                )
            evaluation = cls.from_dict(document if "format" in document else _from_0_1(document))
            check_fields(evaluation)
            if config:
                evaluation.check(config)
        tell_if_edited(document, path)
        return evaluation

    def check(self, config: RunConfig) -> None:
        """Refuse what cannot be, and what is of another run.

        Args:
            config: the run's description.

        Raises:
            UnfitError: says what does not fit.
        """
        if self.run not in ("", config.name):
            raise UnfitError(f"it is of the run {self.run}")
        latent_dim = config.model.latent_dim
        for loss in (self.validation, self.test):
            loss.check(latent_dim)
        for scores in filter(None, (self.scores, *self.scores_on_other_data.values())):
            scores.check(latent_dim)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Evaluation":
        """Read back what `as_dict` gave."""
        others = document["scores_on_other_data"]
        return cls(
            validation=SplitLoss.from_dict(document["validation"]),
            test=SplitLoss.from_dict(document["test"]),
            strategy=document["strategy"],
            precision=document["precision"],
            note=document["note"],
            scores=CodeScores.from_dict(document["scores"]) if document["scores"] else None,
            scores_on_other_data={
                source: CodeScores.from_dict(scores) for source, scores in others.items()
            },
            run=document.get("run", ""),
        )


OLD_STRATEGIES = {"eager": "single", "data-parallel": "data_parallel"}
"""What strategies were called in 0.1.0, where the name has changed."""


def _from_0_1(document: dict[str, Any]) -> dict[str, Any]:
    """Rename what version 0.1.0 wrote."""
    strategy, precision = document["mode"].split(" ", 1)
    measured, others = document.get("measured"), document.get("measured_on", {})
    return {
        "validation": document["validation"] | {"num_images": document["num_validation"]},
        "test": document["test"] | {"num_images": document["test"]["num"]},
        "strategy": OLD_STRATEGIES.get(strategy, strategy),
        "precision": precision,
        "note": document["note"] or "",
        "scores": _scores_from_0_1(measured) if measured else None,
        "scores_on_other_data": {name: _scores_from_0_1(value) for name, value in others.items()},
    }


def _scores_from_0_1(measured: dict[str, Any]) -> dict[str, Any]:
    effort = measured["effort"]
    return {
        "scores": measured["scores"],
        "problem": measured.get("problem"),
        "num_images": measured["num"],
        "source": measured["data"],
        "nulls": {
            "permutations": effort["permutations"],
            "rotations": effort["rotations"],
            "subsamples": effort["resamples"],
            "max_points": effort["points"],
        },
        "seed": measured["seed"],
        "active_latents": measured["active_latents"],
        "marginal_kl": measured.get("aggregate_mismatch"),
        "seconds": measured["seconds"],
    }
