"""Which devices look like trunks, and what plugin.conf tells of a site."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ast_notebook.calls.trunks import guess_trunks
from ast_notebook.login import read_plugins

CALLS = pd.DataFrame(
    [
        ("PJSIP/provider", "03011111"),
        ("PJSIP/provider", "03022222"),
        ("PJSIP/provider", "03033333"),
        ("PJSIP/provider", "03033333"),
        ("PJSIP/200", "200"),
        ("PJSIP/200", "200"),
        ("PJSIP/door", "1"),
        ("PJSIP/door", "2"),
        ("SIP/backup", None),
        (None, "03044444"),
    ],
    columns=["caller_device", "caller"],
    dtype="str",
)


def test_a_device_that_many_numbers_call_from_looks_like_a_trunk():
    (row,) = guess_trunks(CALLS).to_dict("records")
    assert (row["device"], row["calls"], row["numbers"]) == ("PJSIP/provider", 4, 3)
    assert row["why"] == "3 different numbers called from it"


def test_so_does_one_that_the_pbx_registers_by():
    found = guess_trunks(CALLS, [("sip:account@backup.example:5060", "sip:backup.example")])
    assert found["device"].tolist() == ["PJSIP/provider", "SIP/backup"]
    assert found["why"][1] == "the PBX registers by that name"
    assert guess_trunks(CALLS.head(0)).empty


def test_plugin_conf_tells_of_a_site():
    (plugin,) = read_plugins(
        "[ast]\nclass_name = Asterisk\nusername = admin\ntrunks = PJSIP/a | PJSIP/b\n"
        "country = DE\noutside = 0\nphone_book = people.vcf\n"
    )
    assert plugin.site == {
        "trunks": "PJSIP/a | PJSIP/b",
        "country": "DE",
        "outside": "0",
        "phone_book": "people.vcf",
    }
    assert dict(plugin.settings) == {"username": "admin"}


def test_a_phone_book_is_beside_its_plugin_conf(tmp_path: Path):
    path = tmp_path / "plugin.conf"
    path.write_text("[ast]\nclass_name = Asterisk\nphone_book = people.csv\n")
    (plugin,) = read_plugins(path)
    assert plugin.site["phone_book"] == tmp_path / "people.csv"
