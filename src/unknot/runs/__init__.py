"""A trained run: its folder and its codes.

`folder` names every file; `weights`, `history` and `evaluation` read and write three of them.
`inference` takes images to codes and back, `run` opens a trained run, `codes_file` writes codes
beside labels, `held_out` holds those of test images, `scores` scores them, `export` and `codecs`
hand the model to others.
"""
