"""Names as they are compared: without case, accents, umlauts, punctuation and blanks."""

import re
import unicodedata
from functools import lru_cache

_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "œ": "oe"}
)

_WORD = re.compile(r"[^\W_]+")  # letters and numbers, as `str.isalnum` has them


class _Plain(dict[int, str]):
    """What each character becomes in plain text, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Cf":
            plain = ""
        elif category == "Pd" or character == "\u2212":
            plain = "-"
        else:
            plain = "/" if character in "\u2044\u2215" else character
        self[code] = plain
        return plain


_PLAIN = _Plain()


def plain_text(text: str) -> str:
    r"""Return the text composed (NFKC), in one line, without invisible characters.

    Soft hyphens, zero-width characters and byte order marks vanish, every dash
    and minus becomes ``-``, the fraction slash ``/``, every run of white space
    one blank.

    Examples
    --------
    >>> plain_text(" Hu\u0308ls\u00a0\u2013 12\u2044\ufeff3 ")
    'Hüls - 12/3'
    """
    composed = unicodedata.normalize("NFKC", text)
    if not composed.isascii():
        composed = composed.translate(_PLAIN)
    return " ".join(composed.split())


@lru_cache(maxsize=8192)
def fold_name(text: str) -> str:
    """Return a name in the form in which two spellings of it are equal.

    ä, ö, ü, ß become ae, oe, ue, ss; other accents, case, blanks and punctuation
    go; *Sankt* and *St.* are the same word.

    Examples
    --------
    >>> fold_name("HÜLS") == fold_name("Huels"), fold_name("Sankt Tönis") == fold_name("St.Tönis")
    (True, True)
    """
    return "".join(fold_words(text))


def fold_words(text: str) -> list[str]:
    """Return the words of a name, each folded, in their order.

    Examples
    --------
    >>> fold_words("Völlinghausen/Möhne")
    ['voellinghausen', 'moehne']
    """
    folded = plain_text(text).casefold().translate(_UMLAUTS)
    if not folded.isascii():
        parts = unicodedata.normalize("NFD", folded)
        folded = "".join(c for c in parts if not unicodedata.combining(c))
    return ["st" if word == "sankt" else word for word in _WORD.findall(folded)]


def spelt_words(text: str) -> dict[str, None]:
    """Return the words of a text as people may write them: with ä as ae, and as a.

    Examples
    --------
    >>> list(spelt_words("Möhne, Sankt Tönis"))
    ['moehne', 'st', 'toenis', 'mohne', 'sankt', 'tonis']
    """
    if text.isascii():
        bare = _WORD.findall(text.lower())
        return dict.fromkeys([*bare, "st"] if "sankt" in bare else bare)
    parts = unicodedata.normalize("NFD", plain_text(text).casefold())
    bare = _WORD.findall("".join(c for c in parts if not unicodedata.combining(c)))
    return dict.fromkeys((*fold_words(text), *bare))
