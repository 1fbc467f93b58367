"""Arrays -> pictures: `sheets` of images, `animations` of sheets, `plots` of numbers.

For papers there are `paper_grids` of images and `paper_plots` of numbers, set and written by
`papers`.
"""
