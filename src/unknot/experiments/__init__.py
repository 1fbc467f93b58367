"""All runs of one comparison.

`setup` describes them, `compare` has them executed on one of the `engines`, `execute` takes each to
its end, and `experiment` opens what is there.
"""
