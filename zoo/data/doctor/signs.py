"""What a file is by how it begins, for files that are not what their names say."""

from __future__ import annotations

__all__ = ["unlike"]

_BEGINNINGS = (
    (b"version https://git-lfs", "a pointer of Git LFS: fetch the files with `git lfs pull`"),
    (b"%!PS", "a PostScript (EPS) file, which is never opened, as that runs a program"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript (EPS) file, which is never opened, as that runs a program"),
    (b"%PDF", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"RIFF", "a RIFF file, such as a WAV"),
    (b"ID3", "an MP3 file"),
    (b"\x89PNG", "a broken PNG file"),
    (b"\xff\xd8\xff", "a broken JPEG file"),
    (b"GIF8", "a broken GIF file"),
)


def unlike(head: bytes, wanted: str, reason: str = "") -> str:
    """What a file is that is not what was wanted, by its first bytes; with `reason` where they do not tell."""
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning) and not (wanted == "recording" and beginning in {b"RIFF", b"ID3"}):
            return f"is {name}"
    if head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"}:
        return "is a HEIC picture, which is not read: convert it to JPEG"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return f"is a web page, not a {wanted}"
    if start.startswith((b"<svg", b"<?xml")):
        return "is an SVG or XML file, which is not read"
    if not any(byte < 9 for byte in head) and _is_text(head):
        return f"is a text file, not a {wanted}"
    return f"is not a {wanted} that can be read{f': {reason}' if reason else ''}"


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4 > 0
    return True
