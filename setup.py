"""The entry for tools that know setup.py only; pyproject.toml says all of the package."""

from setuptools import setup

setup()
