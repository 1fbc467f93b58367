"""Training one run.

In the order of the flow: `randomness` derives generators from the seed, `schedule` says learning
rate and beta at each step, `pixels` gathers batches, `build` makes the model, `mode` says how a
step is computed, `parallel` has several processes compute it, `optimizers` update the weights,
`history` records, `checkpoint` saves and resumes, `trainer` is the state of a run, `together`
computes several as one, `loop` trains, `run` opens what was trained.
"""
