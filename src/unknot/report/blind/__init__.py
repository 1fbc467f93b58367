"""The blind test: can a reader tell latents from random directions, or one beta from another?

`strips` draws lines through the codes and gives two of them the same change of the picture;
`latent_trials` and `beta_trials` make the trials of a run and of two runs; `experiment` says which
tests an experiment has. `answers` reads and writes the code with a reader's answers, and `pooling`
counts those of several readers.
"""
