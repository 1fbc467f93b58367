"""Arrays -> pictures: `sheets` of images, `animations` of sheets, `plots` of numbers."""
