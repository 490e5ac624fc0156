"""Which image a file is, by its bytes. PNG, JPEG and WebP only: SVG can carry scripts."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from pulse_contracts.errors import DomainError

MAX_LOGO: Final = 262_144
"""Bytes of a logo."""
MAX_SIDE: Final = 2_048
ImageType: TypeAlias = Literal["image/png", "image/jpeg", "image/webp"]
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""Markers of JPEG that begin a frame header, which holds the size."""


class NotAnImage(DomainError):
    """The file is not a PNG, JPEG or WebP image. SVG is not accepted, because it can carry scripts."""

    code = "not_an_image"


class ImageTooLarge(DomainError):
    """The image is wider or higher than 2,048 pixels. Scale it down."""

    code = "image_too_large"


@dataclass(frozen=True)
class Image:
    """What the header of an image says. Sides in pixels."""

    type: ImageType
    width: int
    height: int


def read_image(data: bytes) -> Image:
    """The image in `data`, by its header; its pixels are not decoded. Raises NotAnImage, ImageTooLarge."""
    found = _png(data) or _webp(data) or _jpeg(data)
    if found is None or not (found.width and found.height):
        raise NotAnImage("The file is not a PNG, JPEG or WebP image.")
    if max(found.width, found.height) > MAX_SIDE:
        raise ImageTooLarge(f"The image has {found.width} by {found.height} pixels. A side has at most {MAX_SIDE:,}.")
    return found


def _png(data: bytes) -> Image | None:
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 33:
        return None
    return Image("image/png", int.from_bytes(data[16:20]), int.from_bytes(data[20:24]))


def _webp(data: bytes) -> Image | None:
    """RFC 9649."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        return None
    kind, body = data[12:16], data[20:]
    if kind == b"VP8X":
        return Image("image/webp", int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1)
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return Image("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        sides = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        return Image("image/webp", *sides)
    return None


def _jpeg(data: bytes) -> Image | None:
    """ITU-T T.81: walks over the segments to the frame header."""
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _FRAMES:
            return Image("image/jpeg", int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7]))
        if marker == 0xFF:  # a fill byte
            at += 1
        elif length < 2 or marker == 0xDA:
            return None
        else:
            at += 2 + length
    return None
