"""What a document is, told from its content alone. Pure.

Why a table of our own: `puremagic` takes a ZIP of programs for a DOCX and an XLSX for a DOCX, does not know a signed
document (.p7m) and says nothing of plain text.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NoBase64
from dataclasses import dataclass

from ticket_core.attachments.model import Family

HEAD = 8192
"""Bytes of the beginning that are looked at."""


@dataclass(frozen=True)
class Kind:
    """A media type; `extensions`: those that fit it, the first is the one to add to a name that has none of them."""

    family: Family
    media_type: str
    extensions: tuple[str, ...]


PDF = Kind(Family.PDF, "application/pdf", ("pdf",))
JPEG = Kind(Family.IMAGE, "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"))
PNG = Kind(Family.IMAGE, "image/png", ("png",))
GIF = Kind(Family.IMAGE, "image/gif", ("gif",))
TIFF = Kind(Family.IMAGE, "image/tiff", ("tif", "tiff"))
BMP = Kind(Family.IMAGE, "image/bmp", ("bmp",))
WEBP = Kind(Family.IMAGE, "image/webp", ("webp",))
HEIF = Kind(Family.IMAGE, "image/heif", ("heic", "heif"))
AVIF = Kind(Family.IMAGE, "image/avif", ("avif",))
TEXT = Kind(Family.TEXT, "text/plain", ("txt", "text", "log", "md"))
CSV = Kind(Family.TEXT, "text/csv", ("csv",))
RTF = Kind(Family.OFFICE, "application/rtf", ("rtf",))
DOC = Kind(Family.OFFICE, "application/msword", ("doc",))
XLS = Kind(Family.OFFICE, "application/vnd.ms-excel", ("xls",))
PPT = Kind(Family.OFFICE, "application/vnd.ms-powerpoint", ("ppt", "pps"))
MSG = Kind(Family.MAIL, "application/vnd.ms-outlook", ("msg",))
EML = Kind(Family.MAIL, "message/rfc822", ("eml",))
P7M = Kind(Family.SIGNED, "application/pkcs7-mime", ("p7m", "p7s"))
ZIP = Kind(Family.ZIP, "application/zip", ("zip",))
HTML = Kind(Family.MARKUP, "text/html", ("html", "htm"))
XML = Kind(Family.MARKUP, "application/xml", ("xml", "svg"))

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."

# ECMA-376 part 2: the folder of the main part tells which application wrote it.
OOXML = {
    "word/": Kind(Family.OFFICE, _OOXML + "wordprocessingml.document", ("docx",)),
    "xl/": Kind(Family.OFFICE, _OOXML + "spreadsheetml.sheet", ("xlsx",)),
    "ppt/": Kind(Family.OFFICE, _OOXML + "presentationml.presentation", ("pptx",)),
}
WITH_MACROS = {
    "word/": Kind(Family.MACRO, "application/vnd.ms-word.document.macroEnabled.12", ("docm",)),
    "xl/": Kind(Family.MACRO, "application/vnd.ms-excel.sheet.macroEnabled.12", ("xlsm",)),
    "ppt/": Kind(Family.MACRO, "application/vnd.ms-powerpoint.presentation.macroEnabled.12", ("pptm",)),
}
ODF = {
    _ODF + name: Kind(Family.OFFICE, _ODF + name, (extension,))
    for name, extension in (("text", "odt"), ("spreadsheet", "ods"), ("presentation", "odp"), ("graphics", "odg"))
}
OLE = {extension: kind for kind in (DOC, XLS, PPT, MSG) for extension in kind.extensions}

_SIGNATURES = (
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"BM", BMP),
    (8, b"WEBPVP8", WEBP),
    (4, b"ftypheic", HEIF),
    (4, b"ftypheix", HEIF),
    (4, b"ftypmif1", HEIF),
    (4, b"ftypavif", AVIF),
    (0, b"{\\rtf", RTF),
)
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_BEFORE_PDF = b"\xef\xbb\xbf \t\r\n\0"
_LOCAL_ENTRY = b"PK\x03\x04"

# RFC 5652: ContentInfo is a SEQUENCE (of known or of open length) that begins with the type signedData, 1.2.840.113549.1.7.2.
_SIGNED = re.compile(
    rb"0(\x80|[\x01-\x7f]|\x81.|\x82..|\x83...|\x84....)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.S
)
_PEM = re.compile(rb"-----BEGIN (PKCS7|CMS)-----\s+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]{64,}")

_MAIL_FIELD = re.compile(rb"(from|received|return-path|delivered-to|message-id|mime-version|date|subject|to):", re.I)
_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f")
_HTML = re.compile(r"<(!doctype html|html|head|body|script)\b", re.I)


def recognise(head: bytes, entries: frozenset[str] = frozenset(), extension: str = "") -> Kind | None:
    """What a document is, or None. `head`: its first `HEAD` bytes; `entries`: the names in it when it is a ZIP.

    `extension` (lower case, no dot) only chooses among kinds whose contents look alike: it never makes a program a document.
    """
    if head.startswith(_LOCAL_ENTRY):
        return _of_zip(head, entries)
    if head.startswith(_OLE):
        # Installers are in this format too: what is not called a document is not taken for one.
        return OLE.get(extension)
    if head[:1024].lstrip(_BEFORE_PDF).startswith(b"%PDF-"):
        return PDF
    for at, signature, kind in _SIGNATURES:
        if head[at:].startswith(signature) and (kind is not BMP or head[6:10] == bytes(4)):
            return kind
    return P7M if _is_signed(head) else _of_text(head, extension)


def _of_zip(head: bytes, entries: frozenset[str]) -> Kind:
    # OpenDocument 1.3, part 2, 3.3: the first entry is "mimetype", not compressed, without extra fields.
    declared = (
        ODF.get(head[38:138].split(b"PK", 1)[0].decode("ascii", "replace")) if head[30:38] == b"mimetype" else None
    )
    if declared is not None:
        with_macros = any(name.startswith(("Basic/", "Scripts/")) for name in entries)
        return Kind(Family.MACRO, declared.media_type, declared.extensions) if with_macros else declared
    if "[Content_Types].xml" in entries:
        kinds = WITH_MACROS if any(name.endswith("vbaProject.bin") for name in entries) else OOXML
        for folder, kind in kinds.items():
            if any(name.startswith(folder) for name in entries):
                return kind
    return ZIP


def _is_signed(head: bytes) -> bool:
    if _SIGNED.match(head):
        return True
    text = _PEM.sub(b"", head, count=1)
    found = _BASE64.match(text)
    try:
        return found is not None and _SIGNED.match(b64decode(b"".join(found[0].split())[:64])) is not None
    except NoBase64:
        return False


def _of_text(head: bytes, extension: str) -> Kind | None:
    text = _decoded(head)
    if text is None:
        return None
    if text.lstrip().startswith("<"):
        return HTML if _HTML.search(text) else XML
    if _MAIL_FIELD.match(head):
        return EML
    return CSV if extension in CSV.extensions else TEXT


def _decoded(head: bytes) -> str | None:
    """The text, when it is one: UTF-16 with its mark, UTF-8, or a Western 8-bit code; None for anything with control characters."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
        return None if any(ord(sign) in _CONTROLS for sign in text) else text
    if not head or not _CONTROLS.isdisjoint(head):
        return None
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The head may end within a character.
        return head.decode("utf-8-sig" if error.start >= HEAD - 3 else "cp1252", "replace")
