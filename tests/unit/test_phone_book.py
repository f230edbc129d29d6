"""Phone books: by CSV, vCard, frame and dict."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ast_notebook import PhoneBook
from ast_notebook.errors import ConfError

VCARDS = """BEGIN:VCARD
VERSION:3.0
FN:Ann Able
TEL;TYPE=WORK:+49 30 11111
TEL;TYPE=FAX:+49 30 22222
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Bén Baker
TEL;VALUE=uri;TYPE=cell:tel:+49-151-12345678
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCller;Cleo
TEL;CELL:030 33333
END:VCARD
BEGIN:VCARD
VERSION:3.0
what is this
ORG:Dodo Ltd;Sales
TEL:030 44444
END:VCARD
"""
KNOWN = {
    "+493011111": "Ann Able",
    "+4915112345678": "Bén Baker",
    "+493033333": "Cleo Müller",
    "+493044444": "Dodo Ltd",
}


def write(folder: Path, text: str, name: str = "book.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_vcards_of_all_versions_are_read_and_faxes_left_out(tmp_path):
    book = PhoneBook.read(write(tmp_path, VCARDS, "people.vcf"), country="DE")
    assert dict(book.items()) == KNOWN
    assert book.name("0049 30 11111") == "Ann Able"
    assert book.name("+49 30 22222") is None and book.name("anonymous") is None


@pytest.mark.parametrize(
    ("lines", "number", "name"),
    [
        ("FN:Able\\, Ann\\; MD\nTEL:1\n", "1", "Able, Ann; MD"),
        ("fn:An\n n Able\ntel:1\n", "1", "Ann Able"),
        ("FN:\nN:Able;Ann,Maria;;Dr.\nTEL:1\n", "1", "Ann Maria Able"),
        ('item1.FN:Ann\nitem2.TEL;TYPE="cell,x:y;z":1\n', "1", "Ann"),
        ("FN;QUOTED-PRINTABLE;CHARSET=ISO-8859-1:M=FC=\nller\nTEL;VOICE:1\n", "1", "Müller"),
        ("FN;ENCODING=QUOTED-PRINTABLE;CHARSET=no:M=C3=BCller=\n\nTEL:1\n", "1", "Müller"),
        ("FN:Ann\nTEL;FAX:2\nTEL;VALUE=uri:tel:+1-2;ext=3\n", "+12", "Ann"),
        ("FN:Ann\nAGENT:\nBEGIN:VCARD\nFN:Ben\nTEL:2\nEND:VCARD\nTEL:1\n", "1", "Ann"),
        ("FN:Ann\nPHOTO;ENCODING=B:" + "A" * 20_000 + "\n AA\nTEL:1\n", "1", "Ann"),
    ],
)
def test_lines_of_vcards_are_read_as_programs_write_them(tmp_path, lines, number, name):
    book = PhoneBook.read(write(tmp_path, f"BEGIN:VCARD\n{lines}END:VCARD\n", "people.vcf"))
    assert book.name(number) == name


@pytest.mark.parametrize(
    "line",
    [
        "NOTE:" + "a" * 200_000,
        "X-LONG;TYPE=home:" + "a b " * 50_000,
    ],
)
def test_no_line_of_a_vcard_keeps_python_busy(tmp_path, line):
    cards = f"BEGIN:VCARD\nFN:Ann\n{line}\nTEL:1\nEND:VCARD\n"
    assert PhoneBook.read(write(tmp_path, cards, "people.vcf")).name("1") == "Ann"


@pytest.mark.parametrize(
    "text",
    [
        "number,name\n030 11111,Ann Able\n",
        "Name;Telefon\r\nAnn Able;030 11111\r\n",
        "First Name,Last Name,Phone 1 - Type,Phone 1 - Value\nAnn,Able,Work,'030 11111'\n".replace(
            "'", '"'
        ),
        "Vorname\tNachname\tMobiltelefon\nAnn\tAble\t030 11111\n",
        "Company,First Name,Last Name,Business Phone,Business Fax\nX,Ann,Able,030 11111,030 9\n",
        "name,phone\nAnn Able,030 11111 ::: 030 22222\n",
    ],
)
def test_columns_are_found_as_address_books_name_them(tmp_path, text):
    book = PhoneBook.read(write(tmp_path, text), country="DE")
    assert book.name("+493011111") == "Ann Able"


def test_columns_can_be_told_and_are_asked_for(tmp_path):
    path = write(tmp_path, "Wer;Was\nAnn Able;030 11111\n", encoding="cp1252")
    with pytest.raises(ConfError, match="columns="):
        PhoneBook.read(path)
    told = {"Was": "number", "Wer": "name"}
    assert PhoneBook.read(path, columns=told, country="DE").name("030-11111") == "Ann Able"
    with pytest.raises(ConfError, match="columns="):
        PhoneBook.read(path, columns={"Wo": "number", "Wer": "name"})


def test_frames_and_dicts_are_phone_books_too():
    frame = pd.DataFrame({"name": ["Ann", None, "Ben"], "phone": ["030 11111", "030 2", None]})
    book = PhoneBook.read(frame, country="DE")
    assert dict(book.items()) == {"+493011111": "Ann"}
    book = PhoneBook.read({"200": "Desk", "+49 30 11111": "Ann"})
    assert book.name("200") == "Desk" and book.name("+493011111") == "Ann"
    assert book.frame()["name"].tolist() == ["Desk", "Ann"]
    assert len(book) == 2 and repr(book) == "<PhoneBook of 2 numbers>"


@pytest.mark.parametrize("country", ["DE", None])
def test_a_column_of_numbers_with_one_missing_keeps_their_digits(country):
    frame = pd.DataFrame({"name": ["Ann Able", "Bo"], "number": [4930123456.0, float("nan")]})
    book = PhoneBook.read(frame, country=country)
    assert book.name("4930123456") == "Ann Able"
    assert book.name("49301234560") is None
    assert len(book) == 1


@pytest.mark.parametrize("number", ["4.93012E+10", "front door 1", "030 123456 ext. 4", "A1"])
def test_a_text_with_letters_is_no_number(number):
    book = PhoneBook([(number, "Ann Able")])
    assert (len(book), book.left_out) == (0, 1)
    assert PhoneBook([("1", "Ann Able")]).name("door1") is None


def test_a_character_set_that_there_cannot_be_costs_no_book(tmp_path):
    path = tmp_path / "book.vcf"
    head = "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-8\0:=41nn"
    path.write_text(f"BEGIN:VCARD\n{head}\nTEL:030 11111\nEND:VCARD\n")
    assert PhoneBook.read(path).name("03011111") == "Ann"


def test_the_first_name_of_a_number_counts_and_the_others_are_counted():
    book = PhoneBook([("030 11111", "Ann"), ("+49 30 11111", "Amy"), ("", "Nobody")], country="DE")
    assert book.name("030 11111") == "Ann" and book.left_out == 2


@pytest.mark.parametrize("source", [5, None])
def test_what_is_no_phone_book_is_told(source):
    with pytest.raises(ConfError, match="a phone book is a file, a frame, or a dict"):
        PhoneBook.read(source)


def test_what_cannot_be_read_is_told_in_one_line(tmp_path):
    with pytest.raises(ConfError, match="cannot be read"):
        PhoneBook.read(tmp_path / "none.csv")
    with pytest.raises(ConfError, match="no vCard"):
        PhoneBook.read(write(tmp_path, "nothing", "empty.vcf"))
    with pytest.raises(ConfError, match="columns"):
        PhoneBook.read(write(tmp_path, ""))
    with pytest.raises(ConfError, match="no END:VCARD"):
        PhoneBook.read(write(tmp_path, VCARDS + "BEGIN:VCARD\nFN:Eve\n", "cut.vcf"))
