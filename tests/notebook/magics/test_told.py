"""Each subcommand, option, keyword and setting stands in the help, and completes by TAB."""

from __future__ import annotations

from ast_notebook.bindings.attributes import FITTING
from ast_notebook.login.plugin_conf import SITE
from ast_notebook.magics.completion import KEYWORDS
from ast_notebook.magics.table import COMMANDS


def test_each_subcommand_stands_in_the_help_and_completes(shell):
    overview = str(shell.run("%ast help"))
    for name, one in COMMANDS.items():
        assert f"{one.magic} " in overview and one.summary.endswith("."), name
        magic, words = one.magic.split()[0], name.split()
        for n, word in enumerate(words):
            for begun in (magic, "%ast help"):
                line = " ".join([begun, *words[:n], word[:2]])
                assert word in shell.complete_words(line), line
        told = str(shell.run(f"%ast help {name}"))
        assert one.summary in told and "In [1]: " in told, name
        assert f"ast {name}" in told.partition("In [1]: ")[2], name


def test_each_option_and_each_choice_stands_in_the_help_and_completes(shell):
    for name, one in COMMANDS.items():
        told = str(one.help())
        options = [argument for argument in one.arguments if argument.is_option]
        completed = shell.complete_words(f"{one.magic} --") if options else []
        for option in options:
            assert option.options.get("help"), (name, option.flags)
            long = [flag for flag in option.flags if flag.startswith("--")]
            assert all(flag in told for flag in option.flags), (name, option.flags)
            assert set(long) <= set(completed), (name, long)
            choices = {str(choice) for choice in option.options.get("choices", ())}
            if choices:
                offered = shell.complete_words(f"{one.magic} {option.flags[0]} ")
                assert choices <= set(offered), (name, option.flags)


def test_each_keyword_of_items_stands_in_the_help_and_completes_in_the_cell(shell):
    told = str(shell.run("%ast help items"))
    for keyword, (types, _) in FITTING.items():
        (line,) = (line for line in told.splitlines() if line.strip().startswith(f"{keyword} ="))
        assert types[0] in line
        assert keyword in shell.complete_words(f"%%ast items\n[office]\n    {keyword[:-1]}")
        other = f"%%ast logic a --userevent b\n{keyword[:-1]}"
        assert keyword not in shell.complete_words(other)
    assert set(KEYWORDS) <= set(shell.complete_words("%%ast items\n[office]\n    "))


def test_values_of_keywords_complete_from_the_pbx(connected):
    def offered(line: str) -> list[str]:
        return connected.complete_words(f"%%ast items\n[office]\n    [[fon]]\n        {line}")

    assert "num" in offered("type = n")
    assert "PJSIP/2222" in offered("ast_dev = PJ") and "2222" in offered("ast_state = 2")
    assert "support" in offered("ast_queue = ") and "support" in offered("ast_queue: su")
    assert "22@default" in offered("ast_box = ")


def test_each_setting_of_a_site_stands_in_config_and_completes(shell, capsys):
    shell.run("%config AstMagics")
    told = capsys.readouterr().out
    for name in SITE:
        assert f"AstMagics.{name}=" in told
        assert any(name in word for word in shell.complete_words(f"%config AstMagics.{name[:3]}"))
