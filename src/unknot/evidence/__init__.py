"""What the results say, with statistics that were fixed before training.

`spectrum` and `guide` tell before the first step which betas can matter for given images.
"""
