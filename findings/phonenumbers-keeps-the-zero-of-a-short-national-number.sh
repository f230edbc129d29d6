#!/usr/bin/env bash
# phonenumbers 9.0.43 (libphonenumber's data of Germany): the trunk prefix 0 is dropped from a national number only if
# what is left is long enough to be a number of the country. 030123 becomes +4930123, but 0123 becomes +490123,
# with its 0, and 09 becomes +4909; both are "possible" numbers all the same. A short number that a PBX tells once
# as 0123 and once as +49123 is so two numbers, which is_number_match calls no more than a short match.
# Fails if any of this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43
"$place/venv/bin/python" - <<'PY'
import phonenumbers
from phonenumbers import PhoneNumberFormat

expected = {
    "030123": "+4930123",
    "01234": "+491234",
    "0123": "+490123",
    "09": "+4909",
    "+49123": "+49123",
}
for text, wanted in expected.items():
    number = phonenumbers.parse(text, "DE")
    found = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    possible = phonenumbers.is_possible_number(number)
    print(text, "->", found, "possible" if possible else "not possible")
    assert found == wanted and possible
match = phonenumbers.is_number_match("+490123", "+49123")
print("match:", match)
assert match == phonenumbers.MatchType.SHORT_NSN_MATCH
PY
