"""Table -> scores: the measures of the literature, by name.

Every function takes a `Table` and returns what it measured under the keys that it answers for.
Random choices come from the table's seed.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unknot.measure import importance, information, intervention, neighbours, prediction
from unknot.measure.measured import NAN, ONE_CODE, ONE_FACTOR, VOID, Measured
from unknot.measure.sampled import factor_vae, higgins
from unknot.measure.significance import informative
from unknot.measure.table import Factor, Table

DRAFT_TREES, DRAFT_CLASSES = 3, 4
ROTATION = "rotation"  # a draw that no linear predictor notices
NO_LABELS = ("total_correlation",)  # measures that look at no factor


def mig(table: Table) -> dict[str, Measured]:
    """Mutual information gap (Chen et al. 2018, eq. 6)."""
    gaps = _of_factors(table, lambda t: information.mig(t.information.corrected, _entropies(t)))
    return {"mig": Measured(_mean(gaps), table.per_factor(gaps))}


def mig_sup(table: Table) -> dict[str, Measured]:
    """The gap seen from the codes (Li et al. 2020, eq. 9)."""
    if len(table.factors) < 2:
        return {"mig_sup": Measured(NAN, chance=None, flags=(ONE_FACTOR,))}
    gaps = information.mig_sup(table.information.corrected, _entropies(table))
    flags = _idle_codes(table)
    return {"mig_sup": Measured(_mean(gaps), per_code=table.per_code(gaps), flags=flags)}


def jemmig(table: Table) -> dict[str, Measured]:
    """Joint entropy minus mutual information gap, normalised (Do and Tran 2020, eq. 11)."""
    scores = _of_factors(table, lambda t: information.jemmig(t.information))
    return {"jemmig": Measured(_mean(scores), table.per_factor(scores))}


def med(table: Table) -> dict[str, Measured]:
    """DCI's disentanglement with shares of mutual information (Cao et al. 2022, section 4)."""
    if len(table.factors) < 2:
        return {"med": Measured(NAN, chance=None, flags=(ONE_FACTOR,))}
    plug_in = table.information.plug_in
    total = plug_in.sum(0)
    spread = importance.shares(np.divide(plug_in, total, np.zeros_like(plug_in), where=total > 0))
    value = float(spread.disentanglement @ spread.code_weights)
    return {"med": Measured(value, per_code=table.per_code(spread.disentanglement))}


def modularity(table: Table) -> dict[str, Measured]:
    """Whether each code tells of one factor alone (Ridgeway and Mozer 2018, section 3)."""
    if len(table.factors) < 2:
        return {"modularity": Measured(NAN, chance=None, flags=(ONE_FACTOR,))}
    each = information.modularity(table.information.plug_in)
    flags = _idle_codes(table)
    return {
        "modularity": Measured(_mean(each), per_code=table.per_code(each), chance=None, flags=flags)
    }


def dci(table: Table) -> dict[str, Measured]:
    """Disentanglement, completeness, informativeness (Eastwood and Williams 2018, section 3)."""
    rng = table.rng("dci")
    importances = np.zeros((table.num_active, len(table.factors)))
    told = np.zeros(len(table.factors))
    for k, factor in enumerate(table.factors if table.num_active else ()):
        known = factor.known
        codes = table.codes[known]
        classes = _classes(table, factor)
        trees = DRAFT_TREES if table.draft else importance.NUM_TREES
        importances[:, k] = importance.forest_importances(codes, classes, rng, num_trees=trees)
        continuous = factor.kind == "continuous"
        target = factor.values if continuous else factor.levels
        told[k] = importance.predicted_share(
            *(codes, target[known], table.training(factor)),
            continuous=continuous,
            rng=rng,
            num_trees=1 if table.draft else importance.PREDICTING_TREES,
        )
    spread = importance.shares(importances)
    informativeness = Measured(_mean(told), table.per_factor(told))
    completeness = Measured(_mean(spread.completeness), table.per_factor(spread.completeness))
    if table.num_active == 1:
        completeness = Measured(NAN, chance=None, flags=(ONE_CODE,))
    if len(table.factors) < 2:
        disentanglement = Measured(NAN, chance=None, flags=(ONE_FACTOR,))
    else:
        value = float(spread.disentanglement @ spread.code_weights)
        disentanglement = Measured(value, per_code=table.per_code(spread.disentanglement))
    return {
        "dci_disentanglement": disentanglement,
        "dci_completeness": completeness,
        "dci_informativeness": informativeness,
    }


def sap(table: Table) -> dict[str, Measured]:
    """Separated attribute predictability, by R2 (Kumar et al. 2018, section 3)."""
    gaps = np.array(
        [
            prediction.sap(prediction.squared_correlations(table.codes[f.known], f.values[f.known]))
            for f in table.factors
        ]
    )
    return {"sap": Measured(_mean(gaps), table.per_factor(gaps))}


def explicitness(table: Table) -> dict[str, Measured]:
    """Area under the curve of a linear classifier, scaled to 0 and 1 (Ridgeway and Mozer 2018)."""
    each = np.zeros(len(table.factors))
    if table.draft == ROTATION:
        return {}
    for k, factor in enumerate(table.factors if table.num_active else ()):
        probabilities, truth = linear_classes(table, factor)
        each[k] = max(2 * prediction.mean_auroc(probabilities, truth) - 1, 0)
    return {"explicitness": Measured(_mean(each), table.per_factor(each))}


def irs(table: Table) -> dict[str, Measured]:
    """Interventional robustness (Suter et al. 2019, section 4)."""
    if not table.num_active:
        return {"irs": Measured(0.0, chance=None)}
    robust = np.stack(
        [intervention.irs(table.codes[f.known], f.classes[f.known]) for f in table.factors], axis=1
    )
    each = robust.max(1)
    value = float(np.average(each, weights=intervention.furthest(table.codes)))
    flags = _idle_codes(table)
    return {"irs": Measured(value, per_code=table.per_code(each), chance=None, flags=flags)}


def infomec(table: Table) -> dict[str, Measured]:
    """InfoM, InfoC and InfoE (Hsu et al. 2023, section 4)."""
    told = np.zeros(len(table.factors))
    shares = np.zeros((table.num_active, len(table.factors)))
    for k, factor in enumerate(table.factors if table.num_active else ()):
        levels = factor.merged(DRAFT_CLASSES) if table.draft else factor.levels
        own, rows = levels[factor.known], table.codes[factor.known]
        told_by = [neighbours.information_with_levels(own, code) for code in rows.T]
        shares[:, k] = np.array(told_by) / information.entropy(np.bincount(own))
        told[k] = 0.0 if table.draft == ROTATION else _told_linearly(table, factor)
    explicit = {"infomec_explicitness": Measured(_mean(told), table.per_factor(told))}
    if table.draft == ROTATION:
        explicit = {}
    void = _void_factors(table)
    if void is None:
        nothing = Measured(0.0, flags=(VOID,) if table.num_active else ())
        return {"infomec_modularity": nothing, "infomec_compactness": nothing, **explicit}
    named = (f"{VOID} for {', '.join(void)}",) if void else ()
    modular, compact = _concentrated(shares), _concentrated(shares.T)
    idle = (*named, *_idle_codes(table))
    modularity = Measured(_mean(modular), per_code=table.per_code(modular), flags=idle)
    if len(table.factors) < 2:
        modularity = Measured(NAN, chance=None, flags=(ONE_FACTOR,))
    compactness = Measured(_mean(compact), table.per_factor(compact), flags=named)
    if table.num_active == 1:
        compactness = Measured(NAN, chance=None, flags=(ONE_CODE,))
    return {
        "infomec_modularity": modularity,
        "infomec_compactness": compactness,
        **explicit,
    }


def total_correlation(table: Table) -> dict[str, Measured]:
    """How much the codes tell of one another, in nats (Watanabe 1960)."""
    value = neighbours.total_correlation(table.codes, table.rng("total correlation"))
    flags = () if np.isfinite(value) else ("unbounded: a code is a linear function of others",)
    return {"total_correlation": Measured(value, chance=None, flags=flags)}


def linear_classes(table: Table, factor: Factor) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities of a factor's classes by logistic regression, and the truth, at test points."""
    kept = f"linear classes of {factor.name}"
    if kept not in table.kept:
        known, classes = factor.known, _classes(table, factor)
        training = table.training(factor)
        probabilities = prediction.class_probabilities(
            table.codes[known], classes, int(classes.max()) + 1, training
        )
        table.kept[kept] = probabilities, classes[~training]
    found: tuple[NDArray[np.float64], NDArray[np.int64]] = table.kept[kept]
    return found


def _classes(table: Table, factor: Factor) -> NDArray[np.int64]:
    """A factor's classes where it is known; few of them in a draft."""
    classes = factor.merged(DRAFT_CLASSES) if table.draft else factor.classes
    return classes[factor.known]


def _told_linearly(table: Table, factor: Factor) -> float:
    if factor.kind == "discrete":
        return prediction.explained_entropy(*linear_classes(table, factor))
    known = factor.known
    return prediction.explained_variance(
        table.codes[known], factor.values[known], table.training(factor)
    )


def _concentrated(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """`(largest share of the row - 1/n) / (1 - 1/n)`; 0 for a row of zeros."""
    num = shares.shape[1]
    if num == 1:
        return (shares[:, 0] > 0).astype(float)
    total = shares.sum(1)
    largest = np.divide(shares.max(1), total, np.full(len(shares), 1 / num), where=total > 0)
    return (largest - 1 / num) / (1 - 1 / num)


def _void_factors(table: Table) -> list[str] | None:
    """Factors of which no code tells more than chance; None if that holds for all of them."""
    if table.draft:
        return []
    beaten = np.any(pairs_that_tell(table), axis=0)
    if not np.any(beaten):
        return None
    return [f.name for k, f in enumerate(table.factors) if not beaten[k]]


def _idle_codes(table: Table) -> tuple[str, ...]:
    """Words about codes that tell of no factor where others do; they count all the same."""
    if table.draft or not pairs_that_tell(table).any():
        return ()
    idle = np.flatnonzero(~np.any(pairs_that_tell(table), axis=1))
    if not len(idle):
        return ()
    named = ", ".join(str(column) for column in sorted(table.columns[idle]))
    return (f"codes that tell of no factor count as well: {named} (from 0)",)


def pairs_that_tell(table: Table) -> NDArray[np.bool_]:
    """Pairs of a code and a factor that beat permuted labels, shape `(num_active, num_factors)`."""
    if "pairs" not in table.kept:
        levels = [(f.levels, f.num_levels) for f in table.factors]
        table.kept["pairs"] = informative(table.codes, levels, table.rng("permutation test"))
    found: NDArray[np.bool_] = table.kept["pairs"]
    return found


def _of_factors(
    table: Table, compute: Callable[[Table], NDArray[np.float64]]
) -> NDArray[np.float64]:
    return compute(table) if table.num_active else np.zeros(len(table.factors))


def _entropies(table: Table) -> NDArray[np.float64]:
    return table.information.entropy


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0


MEASURES: dict[str, Callable[[Table], dict[str, Measured]]] = {
    "higgins": higgins,
    "factor_vae": factor_vae,
    "mig": mig,
    "mig_sup": mig_sup,
    "jemmig": jemmig,
    "dci": dci,
    "med": med,
    "sap": sap,
    "modularity": modularity,
    "explicitness": explicitness,
    "irs": irs,
    "infomec": infomec,
    "total_correlation": total_correlation,
}
"""What can be measured. `dci` and `infomec` answer for three scores each."""
