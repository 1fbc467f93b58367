"""Training one run.

In the order of the flow: `randomness` derives generators from the seed, `schedule` says learning
rate and beta at each step, `pixels` gathers batches, `build` makes the model, `mode` says how a
step is computed, `optimizers` update the weights, `parallel` has several processes do both,
`history` records, `checkpoint` saves and resumes, `outcome` is what a trained run leaves, `trainer`
is the state of a run, `together` computes several as one, `loop` trains, `run` opens what was
trained.
"""
