"""Array code behind the metrics.

`entropy` of tables, `knn` of continuous codes, `trees`, `linear` models, `bins`, and in
`fixed_factor` sets of points that share a factor's value.
"""
