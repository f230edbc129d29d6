"""Where to log in and as whom: plugin.conf, the environment, the keyring, and a question."""

from ast_notebook.login.plugin_conf import SITE, PluginDefinition, read_plugin, read_plugins
from ast_notebook.login.settings import SERVICE, from_keyring, settings_for

__all__ = [
    "SERVICE",
    "SITE",
    "PluginDefinition",
    "from_keyring",
    "read_plugin",
    "read_plugins",
    "settings_for",
]
