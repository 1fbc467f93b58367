"""Measures of codes beside known factors: array code, without torch.

In the order data flows: `checks` makes a `table` of codes and factors (`bins` cuts them into
levels); `information`, `neighbours`, `importance`, `prediction` and `intervention` hold the
formulas, on plain arrays; `significance` tells information from chance; `sampled` and `measures`
draw what each published measure needs from a table and say what they `measured`; `nulls` repeats
that where there is nothing to find; `scoring` puts a `Score` together. `agreement` compares codes
of several models, `posterior` codes with their prior.

    from unknot import measure

    scores = measure.score(codes, factors)
    measure.mig(codes, factors).value
"""

from unknot.measure.agreement import udr
from unknot.measure.posterior import active_units, aggregate_mismatch
from unknot.measure.scoring import HEADLINE, KEYS, Score, alone, score

higgins = alone("higgins")
factor_vae = alone("factor_vae")
mig = alone("mig")
mig_sup = alone("mig_sup")
jemmig = alone("jemmig")
dci_disentanglement = alone("dci", "dci_disentanglement")
dci_completeness = alone("dci", "dci_completeness")
dci_informativeness = alone("dci", "dci_informativeness")
med = alone("med")
sap = alone("sap")
modularity = alone("modularity")
explicitness = alone("explicitness")
irs = alone("irs")
infomec_modularity = alone("infomec", "infomec_modularity")
infomec_compactness = alone("infomec", "infomec_compactness")
infomec_explicitness = alone("infomec", "infomec_explicitness")
total_correlation = alone("total_correlation")

__all__ = ["HEADLINE", "KEYS", "Score", "active_units", "aggregate_mismatch", "score", "udr", *KEYS]
