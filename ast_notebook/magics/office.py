"""`%ast unreturned`, `trunks` and `names`: the questions of an office, and its settings."""

from __future__ import annotations

import argparse

import pandas as pd
from IPython.core.error import UsageError

from ast_notebook.asterisk.site import FORMS
from ast_notebook.calls import begun, measures
from ast_notebook.calls.trunks import NONE_FOUND
from ast_notebook.durations import duration
from ast_notebook.errors import ConfError
from ast_notebook.magics import values
from ast_notebook.magics.anonymizing import ANONYMIZE, KEEP_PREFIX, anonymizer, hidden
from ast_notebook.magics.command import Given, argument, command
from ast_notebook.magics.context import Context
from ast_notebook.magics.past import OF_PLACE, PLACES, TRUNK, TZ, read, time_of
from ast_notebook.magics.period import PERIOD
from ast_notebook.magics.progress import Progress
from ast_notebook.numbering import PhoneBook
from ast_notebook.views import shown_unreturned


def _within(text: str) -> str:
    try:
        duration(text, "--within")
    except ConfError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


@command(
    "unreturned",
    PLACES,
    *PERIOD,
    argument(
        "--within",
        type=_within,
        metavar="TIME",
        help="how soon a call is to be returned: 1d or 4h; by default at any time until now",
    ),
    TRUNK,
    TZ,
    *OF_PLACE,
    ANONYMIZE,
    KEEP_PREFIX,
)
def unreturned(context: Context, given: Given) -> pd.DataFrame:
    """Show the callers whom nobody answered, and whom nobody has called back.

    With --within, the callers who were reached later than that are there, too. A caller who called
    again and was answered does not wait any more.

    In [1]: %ast unreturned --since 8:00 --trunk PJSIP/provider
    In [2]: %ast unreturned Master.csv --tz Europe/Berlin --trunk PJSIP/provider --within 1d
    """
    hiding = anonymizer(given, given.trunk)
    first, over = time_of(context, given)
    with Progress("looking for calls that nobody returned"):
        if given.places:
            past = read(context, given)
            matters = measures.unreturned(begun(past.frame, first, over), given.within)
            found = shown_unreturned(matters, zone=past.tz)
        else:
            pbx = context.heard(given.pbx)
            found = pbx.unreturned(given.within, since=first, until=over, trunks=given.trunk)
    return hidden(found, hiding)


@command(
    "trunks",
    argument("name", nargs="*", metavar="DEVICE", values=values.devices),
    argument("--guess", action="store_true", help="take the devices that look like trunks"),
)
def trunks(context: Context, given: Given) -> pd.DataFrame:
    """Show or set the devices that lead to the public network, so that calls have a direction.

    The result has the devices that are set, and those that look like trunks by the calls so far
    and the registrations, with the reasons. %config AstMagics.trunks sets them for all PBXs.

    With --guess, those that look like trunks are set; to correct that, name the right ones.

    In [1]: %ast trunks
    In [2]: %ast trunks --guess
    In [3]: %ast trunks PJSIP/provider
    """
    if given.name and given.guess:
        raise UsageError("%ast trunks: name devices, or write --guess; not both")
    pbx = context.pbx(given.pbx)
    found = pbx.guess_trunks()
    if given.guess and not len(found):
        raise ConfError(NONE_FOUND)
    if given.name or given.guess:
        pbx.tell(trunks=given.name or found)
    named = pbx.trunks or ()
    others = [name for name in named if name not in found["device"].tolist()]
    found = pd.concat([found, pd.DataFrame({"device": pd.Series(others, dtype="str")})])
    found = found.astype({"calls": "Int64", "numbers": "Int64"}).reset_index(drop=True)
    found.insert(1, "told", found["device"].isin(named))
    return found


@command(
    "names",
    argument(
        "file", nargs="?", metavar="FILE", help="a CSV or vCards; by default, the set phone book"
    ),
    argument(
        "--form",
        nargs="+",
        action="extend",
        choices=FORMS,
        help="the forms of the numbers; by default, national and e164",
    ),
    argument("--write", action="store_true", help="write what is new or changed"),
    asks=True,
)
def names(context: Context, given: Given) -> pd.DataFrame:
    """Write the names of a phone book into the family cidname of the Asterisk database.

    Without --write, nothing is written: the result shows what is new, changed or the same. A
    dialplan uses the names by Set(CALLERID(name)=${DB(cidname/${CALLERID(num)})}).

    In [1]: %ast names people.vcf
    In [2]: %ast names people.vcf --write
    """
    pbx = context.pbx(given.pbx)
    book = given.file and PhoneBook.read(given.file, country=pbx.numbering.country)
    forms = given.form or ("national", "e164")
    return pbx.fill_names(book or None, forms=forms, write=given.write)
