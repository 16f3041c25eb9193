"""The charset of a page: byte order mark, HTTP header, meta tag, and detection where these are absent or wrong.

A declared charset counts only if the bytes can be read in it. Labels mean what browsers take them for (WHATWG
Encoding: `gb2312` is GB18030, `iso-8859-1` is Windows-1252). UTF-16 is told by its NUL bytes, whatever is declared:
its markup can be read as UTF-8 too, and nearly every text of UTF-8 as UTF-16.
"""

from __future__ import annotations

import codecs
import re

import cchardet
import webencodings

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096
_DETECTED_BYTES = 1 << 16
# Of characters that cannot be read: pages of one charset with an advertisement in another are still readable.
_TOLERATED = 0.01
_NUL_BYTES = 1024
_NUL_SHARE = 0.25  # of the high bytes of a page's head: those of its markup


def decode_page(content: bytes, declared: str | None) -> str | None:
    """The text of a page whose HTTP header declares a charset or none; null if no charset fits."""
    for mark, marked in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(marked, "replace")
    if (wide := _utf16(content)) and (text := _mostly_readable(content, wide)):
        return text
    named = [name for label in (declared, *_inner_labels(content)) if label and (name := _codec(label))]
    # UTF-8 does not happen by chance, while every text can be read in Windows-1252.
    for name in dict.fromkeys(["utf-8", *named]):
        try:
            return content.decode(name)
        except UnicodeDecodeError:
            continue
    for likely in [*named, _detect(content), "utf-8"]:
        if likely and (text := _mostly_readable(content, likely)):
            return text
    return None


def _mostly_readable(content: bytes, codec: str) -> str | None:
    text = content.decode(codec, "replace")
    return text if text.count("\ufffd") <= _TOLERATED * len(text) else None


def _utf16(content: bytes) -> str | None:
    """The byte order of a page in UTF-16, null if it is in something else."""
    head = content[:_NUL_BYTES]
    big, little = head[::2].count(0), head[1::2].count(0)
    if max(big, little) <= _NUL_SHARE * len(head) / 2:
        return None
    return "utf-16-le" if little > big else "utf-16-be"


def _inner_labels(content: bytes) -> list[str]:
    head = content[:_HEAD_BYTES]
    found = [_META.search(head), _XML.search(head)]
    return [match[1].decode("ascii") for match in found if match]


def _codec(label: str) -> str | None:
    """The codec of a label, null if nobody knows it."""
    encoding = webencodings.lookup(label.strip().strip("\"'"))
    if encoding is None or encoding.name == "x-user-defined":
        return None
    return "gb18030" if encoding.name == "gbk" else encoding.codec_info.name


def _detect(content: bytes) -> str | None:
    label = cchardet.detect(content[:_DETECTED_BYTES])["encoding"]
    return _codec(label) if label else None
