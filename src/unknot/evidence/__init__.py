"""The codes of all runs -> the evidence, by statistics that were fixed before training.

Before the first step `collapse` predicts at which betas latents collapse, and `preregistration`
fixes what will be compared and by which rule. Afterwards `collect` asks of every run what its
latents do (`run_evidence`): which labels they tell (`label_effects`, tested all at once by
`permutation_test`, put together in `latent_labels`) and what moving them changes
(`traversal_effects`). Are the axes of a run special? `axis_test` asks labels, given ones or those
of `computed_labels`, `interaction_test` the decoder and `agreement_test` other seeds, each against
random rotations of the same codes (`rotation_test`). Then it asks whether beta mattered:
`rotation_null` compares codes with rotations of themselves, `rate_matching` brings models to the
same rate, `group_tests` compares two groups of runs, `beta_contrast` each beta with the lowest,
`verdict` decides by the rule, and `beta_table` puts the betas side by side. `beta_test` is a test
for anybody's figures, in which `beta_deals` deals betas anew within seeds.
"""
