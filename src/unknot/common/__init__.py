"""What every room may use: errors, files, TOML, progress, randomness, plug-ins. No science."""
