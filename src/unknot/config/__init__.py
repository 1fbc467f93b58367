"""What an experiment is: frozen dataclasses, as they stand in TOML files."""
