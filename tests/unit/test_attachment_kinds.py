"""What a document is, told from its content; what its name becomes."""

from __future__ import annotations

import zipfile
from base64 import b64encode
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_core.attachments import kinds
from ticket_core.attachments.kinds import HEAD, Kind, recognise
from ticket_core.attachments.model import Family
from ticket_core.attachments.names import LONGEST, extension_of, safe_name
from ticket_core.attachments.zips import LONGEST_DIRECTORY, entry_names

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)
SIGNED = bytes.fromhex("30820a0b06092a864886f70d010702a08209fc") + bytes(90)
SIGNED_OPEN = bytes.fromhex("308006092a864886f70d010702a0803080") + bytes(90)
ODT = "application/vnd.oasis.opendocument.text"


def zipped(*names: str, mimetype: str | None = None) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "content of some length" * 10)
    return made.getvalue()


def found(content: bytes, extension: str = "") -> Kind | None:
    return recognise(content[:HEAD], entry_names(BytesIO(content)), extension)


TAKEN = {
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "", "application/pdf"),
    "a PDF after an empty line": (b"\r\n%PDF-1.4", "", "application/pdf"),
    "a JPEG": (bytes.fromhex("ffd8ffe1001045786966"), "", "image/jpeg"),
    "a PNG": (b"\x89PNG\r\n\x1a\n" + bytes(20), "", "image/png"),
    "a GIF": (b"GIF89a" + bytes(20), "", "image/gif"),
    "a TIFF": (b"MM\0*" + bytes(20), "", "image/tiff"),
    "a BMP": (b"BM\x36\x10\0\0" + bytes(40), "", "image/bmp"),
    "a WebP": (b"RIFF\x10\0\0\0WEBPVP8 ", "", "image/webp"),
    "a phone's HEIC": (b"\0\0\0\x18ftypheic" + bytes(20), "", "image/heif"),
    "a text in ASCII": (b"La strada e' franata.\r\n", "", "text/plain"),
    "a text in UTF-8": ("Perché è franata però".encode(), "txt", "text/plain"),
    "a text in UTF-16": ("Perché è franata".encode("utf-16"), "txt", "text/plain"),
    "a text in Latin-1": ("Perché è franata".encode("latin-1"), "txt", "text/plain"),
    "a table": (b"comune;frane\r\nRoma;2\r\n", "csv", "text/csv"),
    "an RTF": (b"{\\rtf1\\ansi", "doc", "application/rtf"),
    "an old Word document": (OLE, "doc", "application/msword"),
    "an old Excel sheet": (OLE, "xls", "application/vnd.ms-excel"),
    "an Outlook message": (OLE, "msg", "application/vnd.ms-outlook"),
    "a Word document": (zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "", "word"),
    "a Word document of LibreOffice": (zipped("_rels/.rels", "word/document.xml", "[Content_Types].xml"), "", "word"),
    "an Excel sheet called a Word document": (zipped("[Content_Types].xml", "xl/workbook.xml"), "docx", "spreadsheetml"),
    "a presentation": (zipped("[Content_Types].xml", "ppt/presentation.xml"), "", "presentationml"),
    "an OpenDocument text": (zipped("content.xml", mimetype=ODT), "", ODT),
    "a signed document": (SIGNED, "p7m", "application/pkcs7-mime"),
    "a signed document of open length": (SIGNED_OPEN, "p7m", "application/pkcs7-mime"),
    "a signed document in base64": (b64encode(SIGNED), "p7m", "application/pkcs7-mime"),
    "a signed document in PEM": (b"-----BEGIN PKCS7-----\n" + b64encode(SIGNED), "p7m", "application/pkcs7-mime"),
    "a message": (b"Received: from pec.example.it\r\nFrom: a@example.it\r\n\r\nciao", "eml", "message/rfc822"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "extension", "media_type"), TAKEN.values(), ids=TAKEN)
def test_documents_are_known_by_their_content(content: bytes, extension: str, media_type: str) -> None:
    kind = found(content, extension)
    assert kind is not None
    assert media_type in kind.media_type
    assert kind.family not in {Family.ZIP, Family.MACRO, Family.MARKUP}


OTHER = {
    "a ZIP of a program": (zipped("setup.exe"), "docx", Family.ZIP),
    "a ZIP that only names itself a document": (zipped("word/document.xml"), "docx", Family.ZIP),
    "a ZIP cut off": (zipped("[Content_Types].xml", "word/document.xml")[:90], "docx", Family.ZIP),
    "a book": (zipped("x", mimetype="application/epub+zip"), "odt", Family.ZIP),
    "a Word document with macros": (zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "docx", Family.MACRO),
    "an OpenDocument text with macros": (zipped("content.xml", "Basic/Standard/a.xml", mimetype=ODT), "odt", Family.MACRO),
    "a page": (b"\xef\xbb\xbf  <!DOCTYPE html><script>", "txt", Family.MARKUP),
    "a drawing that may hold scripts": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "png", Family.MARKUP),
    "a program": (b"MZ\x90\0" + bytes(100), "pdf", None),
    "a program for Linux": (b"\x7fELF" + bytes(60), "txt", None),
    "an installer in the format of old documents": (OLE, "msi", None),
    "a certificate, which is no signed document": (bytes.fromhex("3082030a30820214") + bytes(90), "p7m", None),
    "an archive of another sort": (b"7z\xbc\xaf\x27\x1c" + bytes(60), "zip", None),
    "a recording": (b"ID3\x03\0" + bytes(30), "mp3", None),
    "a text with a zero in it": (b"text\0text", "txt", None),
}  # fmt: skip


@pytest.mark.parametrize(("content", "extension", "family"), OTHER.values(), ids=OTHER)
def test_what_is_no_document_is_not_taken_for_one_whatever_it_is_called(
    content: bytes, extension: str, family: Family | None
) -> None:
    kind = found(content, extension)
    assert (kind.family if kind else None) is family


@pytest.mark.parametrize("cut", range(4))
def test_a_text_whose_looked_at_part_ends_within_a_character_is_a_text(cut: int) -> None:
    assert found((b"x" * cut + "😀".encode() * 4000)[:HEAD]) is kinds.TEXT


def test_a_directory_larger_than_any_document_has_is_not_read() -> None:
    many = zipped("[Content_Types].xml", "word/document.xml", *(f"{n:>0200}" for n in range(4400)))
    assert len(many) > LONGEST_DIRECTORY
    assert found(many) is kinds.ZIP


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", OLE[:8], b"0\x80"]))
def test_any_bytes_at_all_are_looked_at_without_an_error(content: bytes, mark: bytes) -> None:
    for made in (mark + content, content + mark, zipped("a") + content + mark, mark + zipped("a") + content):
        kind = found(made, "doc")
        assert kind is None or kind.extensions


NAMES = [
    ("relazione frana.pdf", kinds.PDF, "relazione frana.pdf"),
    ("RELAZIONE.PDF", kinds.PDF, "RELAZIONE.PDF"),
    ("contratto.pdf.p7m", kinds.P7M, "contratto.pdf.p7m"),
    ("C:\\Users\\anna\\foto.JPG", kinds.JPEG, "foto.JPG"),
    ("../../etc/passwd", kinds.TEXT, "passwd.txt"),
    ("foto.jpg", kinds.HEIF, "foto.jpg.heic"),
    ("photo.jpg.js", kinds.TEXT, "photo.jpg.js.txt"),
    ("bella\u202egpj.exe", kinds.PDF, "bellagpj.exe.pdf"),
    ("a\r\nSet-Cookie: x=1.pdf", kinds.PDF, "a Set-Cookie_ x=1.pdf"),
    ("nul\0l.pdf", kinds.PDF, "nul l.pdf"),
    ("con.pdf", kinds.PDF, "_con.pdf"),
    (".htaccess", kinds.TEXT, "htaccess.txt"),
    ("", kinds.PDF, "document.pdf"),
    ("..", kinds.PDF, "document.pdf"),
    (".pdf", kinds.PDF, "pdf.pdf"),
    ("perche\u0301.pdf", kinds.PDF, "perch\u00e9.pdf"),
    ('<"che|cosa?">.pdf', kinds.PDF, "__che_cosa___.pdf"),
]


@pytest.mark.parametrize(("given_name", "kind", "safe"), NAMES, ids=[repr(name) for name, _, _ in NAMES])
def test_a_name_stays_recognisable_and_harms_nobody(given_name: str, kind: Kind, safe: str) -> None:
    assert safe_name(given_name, kind) == safe


def test_a_long_name_keeps_its_extension() -> None:
    safe = safe_name("frana " * 60 + ".Jpeg", kinds.JPEG)
    assert len(safe) <= LONGEST
    assert safe.startswith("frana frana")
    assert safe.endswith(".Jpeg")


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=300))
def test_whatever_it_was_called_the_name_is_short_printable_and_without_folders(name: str) -> None:
    safe = safe_name(name, kinds.PDF)
    assert 5 <= len(safe) <= LONGEST
    assert safe.isprintable()
    assert not set('/\\\0<>:"|?*') & set(safe)
    assert not safe.startswith((".", " "))
    assert extension_of(safe) == "pdf"
    assert safe_name(safe, kinds.PDF) == safe
