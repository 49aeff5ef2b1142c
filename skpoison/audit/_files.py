"""The content of a file: unpacked within a limit, and as text."""

import bz2
import gzip
import lzma
import os
import re
import zipfile
from pathlib import PurePath

from skpoison.utils._files import named

MAX_BYTES = 2**31  # of one unpacked file
CHUNK = 2**24
BEST_DEFLATE = 1032  # times smaller, at most: a file that declares more is cut off
BROKEN_BYTE = re.compile("[\udc80-\udcff]")

BYTE_ORDER_MARKS = {  # the longer first: the mark of UTF-32 begins with that of UTF-16
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def unpacked(path):
    """Read a file that may be compressed by gzip, bzip2, xz or Zstandard, or alone in a zip.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    content : bytes
        At most 2 GiB.

    name : str
        The file's name without the suffix of the compression; in a zip, that of its member.

    Raises
    ------
    OSError
        If the file is broken or unpacks to more. The message begins with the file's path.
    """
    with path.open("rb") as file:
        head = file.read(6)
        file.seek(-min(4, os.path.getsize(path)), os.SEEK_END)
        tail = file.read()
    if head.startswith(b"PK\x03\x04"):
        return _only_member(path)
    openers = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ\x00": lzma.open,
        b"\x28\xb5\x2f\xfd": _open_zstandard,
    }
    opener = next((opener for magic, opener in openers.items() if head.startswith(magic)), None)
    if opener is None:
        _check_size(path, os.path.getsize(path))
        return path.read_bytes(), path.name
    declared = int.from_bytes(tail, "little")
    if opener is gzip.open and declared <= BEST_DEFLATE * os.path.getsize(path):
        _check_size(path, declared)
    with named(path), opener(path) as file:
        content = bytearray()
        while chunk := file.read(CHUNK):
            content += chunk
            if len(content) > MAX_BYTES:
                break
    _check_size(path, len(content))
    return bytes(content), path.stem


def as_text(content):
    """Decode the content of a text file.

    Parameters
    ----------
    content : bytes
        UTF-8, UTF-16 or UTF-32 with or without a byte order mark, or Windows-1252 / Latin-1.

    Returns
    -------
    text : str
        Broken bytes of a file that is UTF-8 otherwise are lone surrogates (`BROKEN_BYTE`).

    encoding : str
        Which one it was.

    Raises
    ------
    ValueError
        If it is no text.
    """
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, errors="replace"), encoding
    head = content[:4096]
    if b"\0" in head:  # Latin letters in UTF-16: every second byte is zero
        for start, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if head[start::2].count(0) > len(head) / 5 and head[1 - start :: 2].count(0) == 0:
                return content.decode(encoding, errors="replace"), encoding
        raise ValueError("it holds zero bytes: this is no text")
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = content.decode("utf-8", errors="surrogateescape")
    n_broken = len(BROKEN_BYTE.findall(text))
    n_plain = len(text.encode("ascii", errors="ignore"))
    if len(text) - n_plain - n_broken > n_broken:
        return text, "utf-8"
    try:
        return content.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"


def _only_member(path):
    """Content and name of the only file of a zip archive, checked against its declared size."""
    with named(path), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        members = [member for member in members if not member.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise ValueError(f"it holds {len(members)} files, where one is accepted")
        if members[0].file_size <= MAX_BYTES:
            return archive.read(members[0]), PurePath(members[0].filename).name
    _check_size(path, members[0].file_size)


def _open_zstandard(path):
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(os.fsencode(path)), "zstd")


def _check_size(path, size):
    if size > MAX_BYTES:
        raise OSError(
            f"{path}: more than {MAX_BYTES >> 30} GiB of text once unpacked. "
            "Larger tables are read from Parquet."
        )
