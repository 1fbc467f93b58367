"""Saved runs -> one HTML page: `page` fills `template.html`."""
