"""A trained run: its folder and its codes.

`folder` names every file; `weights`, `history` and `evaluation` read and write three of them.
`inference` takes images to codes and back, `run` opens a trained run, `held_out` its codes beside
labels, `scores` scores them, `export` and `codecs` hand the model to others.
"""
