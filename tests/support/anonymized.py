"""What is anonymized, and by which key."""

from __future__ import annotations

import warnings

from ast_notebook.anonymize import Anonymizer

KEY = "a key of more than sixteen letters"


def quietly(anonymizer: Anonymizer, frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return anonymizer.frame(frame)
