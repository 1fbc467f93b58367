"""What the results say, with statistics that were fixed before training.

In the order data flows: `spectrum` and `guide` tell before the first step which betas can matter
for given images; `plan` fixes what will be compared and by which rule. Afterwards `labels`, which
compares `statistics` with their `permutation`, and `movement` tell what each latent does,
`matching` brings models to the same rate, `contrast` holds groups of runs against each other,
`verdict` decides by the rule, and `betas` puts all side by side.
"""
