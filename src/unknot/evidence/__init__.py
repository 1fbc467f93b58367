"""The codes of all runs -> the answers, by statistics that were fixed before training.

Before the first step `collapse` predicts at which betas latents collapse, `preregistration` fixes
what will be compared and by which rule, and `power` says what that can find. Afterwards `collect`
gathers the `evidence` from which `answers` are made, a question each:

- What does each latent do? `run_evidence`: which labels it tells (`label_effects`, tested all at
  once by `permutation_test`, put together in `latent_labels`), given ones or those of
  `computed_labels`, and what moving it changes (`traversal_effects`).
- Are the latents special? `axes`: `axis_test` asks labels, `interaction_test` the decoder, and
  `agreement_test` other seeds, each against random rotations of the same codes (`rotation_test`).
- Did a higher beta do it? `verdict`: `rotation_null` says how far a run's axes stand out,
  `rate_matching` brings models to the same rate, `beta_test` compares betas that `beta_deals` deals
  anew, and `beta_bases` puts labels and pictures together (`corrections`).
- Which beta to take? `beta_choice`, beside `beta_table`, the betas side by side.

Several objectives are asked each alone and put together in `objective_rows`, where
`objective_comparison` holds them side by side at the same rate.

`single_run` asks the first two questions of one run alone. `variance_shares` asks another one, of
several experiments: how much of the scores objective, strength and seed explain.
"""
