"""Training one run.

`fit` takes a `trainer` from its `checkpoint`, or an `untrained` model, to its end: `batches` say
what each step sees, `schedules` its learning rate and beta, `gradients` how it is computed,
`precision` in which numbers, `optimizers` what changes the weights. `monitors` watch it, the
`logbook` writes it down, `listeners` are told of it, `signals` stop it, `memory` keeps it fast, and
`outcome` is what it leaves.
"""
