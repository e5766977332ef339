"""Configs as files: read YAML, say where a mistake is, write a commented file, and its schema."""

from simdata.config_file.load import changed, load_config, scene_names, scene_summary
from simdata.config_file.override import Option
from simdata.config_file.schema import config_schema
from simdata.config_file.text import render_yaml

__all__ = ["Option", "changed", "config_schema", "load_config", "render_yaml", "scene_names", "scene_summary"]
