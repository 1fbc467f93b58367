"""What the answers about beta, or about the strengths of other objectives, rest on, in words."""

from unknot.config.run import beta_text
from unknot.evidence.answers import in_strengths, p_text
from unknot.evidence.answers.beta import IN_WORDS
from unknot.evidence.beta_test import WORDS
from unknot.evidence.evidence import Evidence


def strength_word(evidence: Evidence) -> str:
    """Call what was compared: beta where it is the weight of the rate alone, else strength."""
    is_of_beta = not evidence.rows and all(answer.is_of_beta for answer in evidence.answers)
    return "beta" if is_of_beta else "strength"


def reason_lines(evidence: Evidence) -> list[str]:
    """Say on what the answer about beta rests, a line for each basis and beta.

    Where there are several objectives, each line begins with the name of its own.
    """
    if not evidence.rows:
        lines = _reasons(evidence)
        return lines if strength_word(evidence) == "beta" else list(map(in_strengths, lines))
    return [f"{name}: {line}" for name, row in evidence.rows.items() for line in reason_lines(row)]


def _reasons(evidence: Evidence) -> list[str]:
    verdict = evidence.verdict
    if verdict is None:
        return []
    lines = [
        f"by {IN_WORDS[basis]}, beta {beta_text(result.beta)} beside "
        f"{beta_text(verdict.lowest_beta)}: {'; '.join(result.reasons)}"
        for basis, test in verdict.decision.tests.items()
        for result in test.results
    ]
    if len(verdict.decision.tests) > 1:
        corrected = [
            f"{IN_WORDS[basis]} {p_text(p_value)}"
            for basis, p_value in verdict.decision.p_values.items()
        ]
        lines.append(
            f"corrected for asking both labels and pictures (Hochberg): {', '.join(corrected)}"
        )
    for condition, z_scores in verdict.agreements.items():
        of_betas = [f"{beta_text(b)}: {z:.1f}" for b, z in zip(verdict.betas, z_scores)]
        lines.append(
            "for information only: how much better the latents of different seeds agree than "
            f"random mixes of them, {WORDS[condition]}, in standard deviations at each beta: "
            f"{', '.join(of_betas)}"
        )
    return lines + [f"{what}: {why}" for what, why in verdict.left_out.items()]
