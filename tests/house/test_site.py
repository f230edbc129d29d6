"""The documentation site is built, its links lead somewhere, and its cells run."""

import shutil

import pytest

from tests.support.paths import ROOT
from tools.site import build

PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The whole site, built once."""
    to = tmp_path_factory.mktemp("site")
    assert build.build(to) == 0, "see what Sphinx said above"
    return to


@pytest.mark.timeout(2400)
def test_every_page_is_on_the_site(site):
    names = [page.relative_to(ROOT / "docs").with_suffix(".html") for page in PAGES]
    assert len(names) > 15
    assert [name for name in names if not (site / "html" / name).exists()] == []
    assert (site / "html" / "contributing.html").exists()


@pytest.mark.timeout(2400)
def test_the_site_asks_nothing_of_other_machines(site):
    """Scripts, styles and pictures are its own, so that it can be read without a network."""
    foreign = [
        page.name
        for page in (site / "html").rglob("*.html")
        for tag in ("<script src=", '<link rel="stylesheet" ', "<img ")
        for part in page.read_text(encoding="utf-8").split(tag)[1:]
        if "http" in part.partition(">")[0]
    ]
    assert foreign == []


@pytest.mark.parametrize(
    "wrong", ["[a page](nowhere.md)", "[a heading](#nowhere)", "```{code-cell}\n1 / 0\n```"]
)
def test_what_is_wrong_with_a_page_fails_the_build(tmp_path, wrong, capfd):
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(ROOT / "docs" / "conf.py", source)
    shutil.copytree(ROOT / "docs" / "static", source / "static")
    front = "---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n"
    (source / "index.md").write_text(f"{front}# A page\n\n{wrong}\n")
    assert build.sphinx(source, tmp_path) != 0
    said = capfd.readouterr().err
    assert "nowhere" in said or "ZeroDivisionError" in said


RECIPES = [
    (page.stem, *part.split("\n", 1))
    for page in sorted((ROOT / "docs" / "howto").glob("*.md"))
    for part in page.read_text(encoding="utf-8").split("\n## ")[1:]
]
#: A test of Spark's runs this one.
ELSEWHERE = {"Have Spark compute the calls of an archive"}


def test_there_are_forty_recipes():
    assert len(RECIPES) >= 40


@pytest.mark.parametrize(("page", "title", "text"), RECIPES)
def test_a_recipe_is_run(page, title, text):
    assert "```{code-cell}" in text or title in ELSEWHERE


def test_the_command_says_by_its_status_whether_all_is_well(monkeypatch, tmp_path):
    from tools.site import __main__ as command

    given = []
    monkeypatch.setattr(command, "build", lambda to, **more: given.append((to, more)) or 3)
    monkeypatch.setattr("sys.argv", ["site", "--quick", "--to", str(tmp_path)])
    assert command.main() == 3
    assert given == [(tmp_path, {"run": False, "links": False})]
