"""A trained run: its folder and its codes.

`folder` names every file; `weights`, `history` and `evaluation` read and write three of them.
`inference` takes images to codes and back, `run` opens a trained run, `codes_file` writes codes and
labels to files, `held_out` has the codes of test images beside their labels, `scores` scores them, `export` and `codecs` hand the model to others.
"""
