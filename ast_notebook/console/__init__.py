"""Subcommands of the command line `ast-notebook` that notebooks have as `%ast` lines."""
