"""Which documents are taken, and what is said of those that are not. Pure."""

from __future__ import annotations

from ticket_core.attachments.kinds import Kind
from ticket_core.attachments.model import Family, Refusal
from ticket_core.attachments.settings import MB, AttachmentSettings

_SAYS = {
    "it": {
        Refusal.EMPTY: "Il documento è vuoto: controlli il file e lo invii di nuovo.",
        Refusal.TOO_LARGE: "Il documento è troppo grande: ogni documento può arrivare a {file} MB.",
        Refusal.PRACTICE_FULL: "I documenti di questa pratica occupano troppo spazio: tutti insieme possono arrivare a {practice} MB.",
        Refusal.TOO_MANY: "Questa pratica ha già il numero massimo di documenti, che è {files}.",
        Refusal.TYPE: "Questo tipo di documento non può essere ricevuto: sono accettati {taken}.",
    },
    "en": {
        Refusal.EMPTY: "The document is empty: please check the file and send it again.",
        Refusal.TOO_LARGE: "The document is too large: each document can be up to {file} MB.",
        Refusal.PRACTICE_FULL: "The documents of this request take too much space: all together they can be up to {practice} MB.",
        Refusal.TOO_MANY: "This request already has the largest number of documents, which is {files}.",
        Refusal.TYPE: "This type of document cannot be received: we accept {taken}.",
    },
}  # fmt: skip
_TAKEN = {
    "it": {
        Family.PDF: "PDF",
        Family.IMAGE: "immagini",
        Family.TEXT: "testi",
        Family.OFFICE: "documenti di Word, Excel, PowerPoint e LibreOffice senza macro",
        Family.SIGNED: "documenti firmati (.p7m)",
        Family.MAIL: "messaggi di posta (.eml, .msg)",
        Family.ZIP: "archivi ZIP",
        Family.MACRO: "documenti con macro",
        Family.MARKUP: "pagine HTML e XML",
    },
    "en": {
        Family.PDF: "PDF",
        Family.IMAGE: "images",
        Family.TEXT: "plain text",
        Family.OFFICE: "Word, Excel, PowerPoint and LibreOffice documents without macros",
        Family.SIGNED: "signed documents (.p7m)",
        Family.MAIL: "e-mail messages (.eml, .msg)",
        Family.ZIP: "ZIP archives",
        Family.MACRO: "documents with macros",
        Family.MARKUP: "HTML and XML pages",
    },
}
_AND = {"it": " e ", "en": " and "}


def content_refusal(size: int, kind: Kind | None, settings: AttachmentSettings) -> Refusal | None:
    """Why a document of `size` bytes is not taken, whatever practice it is for; None when it is."""
    if size == 0:
        return Refusal.EMPTY
    if size > settings.file_bytes:
        return Refusal.TOO_LARGE
    return None if kind is not None and kind.family in settings.taken else Refusal.TYPE


def practice_refusal(size: int, files: int, size_of_files: int, settings: AttachmentSettings) -> Refusal | None:
    """Why a practice with `files` documents, `size_of_files` bytes together, takes no other one of `size` bytes; None when it does."""
    if files >= settings.practice_files:
        return Refusal.TOO_MANY
    return Refusal.PRACTICE_FULL if size + size_of_files > settings.practice_bytes else None


def says(refusal: Refusal, settings: AttachmentSettings, language: str = "it") -> str:
    """One sentence for the requester, in Italian or English (any other language is answered in English)."""
    language = language if language in _SAYS else "en"
    return _SAYS[language][refusal].format(
        file=_number(settings.file_bytes, language),
        practice=_number(settings.practice_bytes, language),
        files=settings.practice_files,
        taken=_list([_TAKEN[language][family] for family in Family if family in settings.taken], language),
    )


def _number(size: int, language: str) -> str:
    number = f"{size / MB:.3f}".rstrip("0").rstrip(".")
    return number.replace(".", ",") if language == "it" else number


def _list(names: list[str], language: str) -> str:
    *others, last = names
    return f"{', '.join(others)}{_AND[language]}{last}" if others else last
