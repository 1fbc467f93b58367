"""Images in, decoded once.

`load` asks the `sources` in turn which of them knows what was given; that one lists its images and,
as the `preparation` says, has them decoded (`decode`), read or drawn into the `cache`; `splits`
says which are for training, and out comes an `image_set`, whose pixels `standardize` scales, whose
principal components `pca` computes, and which `summary` describes to people.
"""
