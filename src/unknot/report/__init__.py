"""Saved runs and their evidence -> one HTML page, and the pictures in each run's folder.

`run_figures` draws a run with the help of `figures`. `page` makes a `ReportContext` once, hands it
to every one of the `sections`, and `render` puts their HTML pieces together with the `assets`.
`script_data` and `browser_decoder` make what the page's scripts read, `text` its sentences, which
the command line prints too.
"""
