"""Training one run.

In the order of the flow: `randomness` derives generators from the seed, `schedule` says learning
rate and beta at each step, `history` records, `checkpoint` saves and resumes, `loop` trains,
`run` opens what was trained.
"""
