"""Encoded pictures become pixels, one at a time; `unknot.data.decode` does a whole set.

`picture_files` opens a file, finds its frames and loads them, `raw_values` and `value_ranges` see
to values that are no bytes and `color_profiles` to colors, `pixels` makes the image, and `chunks`
does so for some pictures in a thread.
"""
