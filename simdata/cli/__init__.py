"""The command line: thin. Every command finds its work in the rooms below and imports it when it runs."""

from simdata.cli.app import app, main, run

__all__ = ["app", "main", "run"]
