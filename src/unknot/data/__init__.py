"""Images in, decoded once.

In the order data flows: `sources` recognises what was given, lists it (`folder`, `celeba`), reads
it (`archives` from `containers`; `arrays`) or has it drawn (`drawn`: `faces`, `sprites`); `decode`
turns encoded pictures into pixels, `splits` says what is for training, `cache` keeps the result,
`image_set` is what everything else sees, `standardize` scales its pixels.
"""
