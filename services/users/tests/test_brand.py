"""White label over HTTP, on real PostgreSQL: name, colour, logo, and the mails that carry the name."""

import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from pulse_postgres import Database
from pulse_testkit.clock import FakeClock
from pulse_users.model.brand import Accent, accent_contrast, require_contrast
from pulse_users.model.images import ImageTooLarge, NotAnImage, read_image
from pulse_users.model.links import mail_of
from pulse_users.routes import brand

from .conftest import World, open_world

pytestmark = pytest.mark.servers
PATH, LOGO = "/api/users/brand", "/api/users/brand/logo"
OWN = {"product": "PrecisionPulse", "name": None, "accent": None, "logo": None, "version": 1, "updated_at": None}
GREEN = {"light": "#0b6e4f", "dark": "#3ddc97"}
CHANGED = {"name": "Hall 4", "accent": GREEN}


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\x2f\x5b\xea" * width for _ in range(min(height, 4)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def jpeg(width: int, height: int) -> bytes:
    application = b"\xff\xe0\x00\x10JFIF\x00" + bytes(9)
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + application + frame + b"\xff\xd9"


def webp(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def put(
    world: World, own: dict[str, str], *, json: object = None, logo: bytes | None = None, tag: str = "*"
) -> httpx.Response:
    headers = {**own, "if-match": tag}
    if logo is None:
        return await world.http.put(PATH, headers=headers, json=json)
    return await world.http.put(LOGO, headers={**headers, "content-type": "image/png"}, content=logo)


async def test_everybody_sees_the_name_and_colour_that_an_administrator_sets(world: World) -> None:
    own = world.bearer(await world.add())
    first = await world.http.get(PATH)
    assert (first.status_code, first.json(), first.headers["etag"]) == (200, OWN, '"1"')
    saved = await put(world, own, json=CHANGED, tag='"1"')
    assert saved.status_code == 200, saved.text
    read = await world.http.get(PATH)
    assert read.json() == saved.json()
    assert read.json().items() >= {**CHANGED, "product": "Hall 4", "version": 2}.items()
    unchanged = await world.http.get(PATH, headers={"if-none-match": read.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await world.audit())[-1][0] == "brand_changed"
    outdated = await put(world, own, json=CHANGED, tag='"1"')
    assert (outdated.status_code, outdated.json()["code"]) == (412, "precondition_failed")
    assert (await world.http.put(PATH, headers=own, json=CHANGED)).status_code == 428
    assert (await put(world, own, json={"name": None, "accent": None})).json()["product"] == "PrecisionPulse"


async def test_a_user_may_not_change_it_and_neither_may_nobody(world: World) -> None:
    user = world.bearer(await world.add("user@example.org", role="user"))
    await world.add()
    for headers, status in ((user, 403), ({}, 401)):
        assert (await put(world, headers, json=CHANGED)).status_code == status
        assert (await put(world, headers, logo=png())).status_code == status
        assert (await world.http.delete(LOGO, headers={**headers, "if-match": "*"})).status_code == status
    assert (await world.http.get(PATH)).json() == OWN


@pytest.mark.parametrize("name", ["🏭 Halle 4", "مصنع الفولاذ", "<b>Pulse</b> & Söhne", "x" * 60])
async def test_names_may_be_of_any_script(world: World, name: str) -> None:
    own = world.bearer(await world.add())
    saved = await put(world, own, json={"name": f"  {name} ", "accent": None})
    assert (saved.status_code, saved.json()["name"]) == (200, name)
    assert mail_of("reset", "a@b.c", "https://a", "", name).subject == f"Set a new password at {name}"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb", "a\r\nBcc: x@y.z", "a\x00b", "a\x85b", "a\u202eb", 7])
async def test_names_that_are_too_long_or_have_control_characters_are_refused(world: World, name: object) -> None:
    own = world.bearer(await world.add())
    answer = await put(world, own, json={"name": name, "accent": None})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("accent", "code"),
    [
        ({"light": "#8aa7ff", "dark": "#6f93ff"}, "accent_contrast"),
        ({"light": "#2f5bea", "dark": "#2f5bea"}, "accent_contrast"),
        ({"light": "red", "dark": "#6f93ff"}, "invalid_request"),
        ({"light": "#2f5bea;}", "dark": "#6f93ff"}, "invalid_request"),
        ({"light": "#2f5bea"}, "invalid_request"),
    ],
)
async def test_colours_that_are_hard_to_read_are_refused(world: World, accent: dict[str, str], code: str) -> None:
    own = world.bearer(await world.add())
    answer = await put(world, own, json={"name": None, "accent": accent})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await world.http.get(PATH)).json() == OWN


def test_the_products_own_colours_have_enough_contrast() -> None:
    require_contrast(Accent("#2f5bea", "#6f93ff"))
    assert accent_contrast("#767676", "light") < 4.5 < accent_contrast("#5a5a5a", "light")


async def test_the_logo_is_served_with_its_own_type_and_cannot_run(world: World) -> None:
    own = world.bearer(await world.add())
    assert (await world.http.get(LOGO)).status_code == 404
    saved = await put(world, own, logo=png())
    assert saved.status_code == 200, saved.text
    served = await world.http.get(saved.json()["logo"])
    assert (served.content, served.headers["content-type"]) == (png(), "image/png")
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert (await put(world, own, json=CHANGED)).json()["logo"] is not None
    assert (await world.audit())[-2][0] == "brand_logo_changed"
    removed = await world.http.delete(LOGO, headers={**own, "if-match": "*"})
    assert (removed.status_code, removed.json()["logo"]) == (200, None)
    assert (await world.http.get(LOGO)).status_code == 404


@pytest.mark.parametrize(
    ("logo", "status", "code"),
    [
        (SVG, 422, "not_an_image"),
        (b"", 422, "not_an_image"),
        (b"<html></html>", 422, "not_an_image"),
        (b"GIF89a" + bytes(40), 422, "not_an_image"),
        (png()[:20], 422, "not_an_image"),
        (png(0, 2), 422, "not_an_image"),
        (png(2_049, 2), 422, "image_too_large"),
        (png() + bytes(262_144), 413, "too_large"),
    ],
)
async def test_a_file_that_is_no_small_image_is_refused(world: World, logo: bytes, status: int, code: str) -> None:
    own = world.bearer(await world.add())
    answer = await put(world, own, logo=logo)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await world.http.get(PATH)).json() == OWN


async def test_50_megabytes_are_refused_before_they_are_read(world: World) -> None:
    own = world.bearer(await world.add())
    headers = {**own, "if-match": "*", "content-type": "image/png", "content-length": str(50 * 2**20)}

    read: list[int] = []

    async def zeros() -> AsyncIterator[bytes]:
        for part in range(50):
            read.append(part)
            yield bytes(2**20)

    answer = await world.http.put(LOGO, headers=headers, content=zeros())
    assert read == []
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("data", "type_"),
    [(png(40, 30), "image/png"), (jpeg(40, 30), "image/jpeg"), (webp(40, 30), "image/webp")],
)
def test_the_type_and_the_size_come_from_the_bytes(data: bytes, type_: str) -> None:
    found = read_image(data)
    assert (found.type, found.width, found.height) == (type_, 40, 30)
    for end in range(len(data)):
        try:  # cut anywhere: an image, or refused, but never a crash
            read_image(data[:end])
        except (NotAnImage, ImageTooLarge):
            continue


async def test_mails_carry_the_name(world: World) -> None:
    own = world.bearer(await world.add())
    await put(world, own, json={"name": "Hall 4", "accent": None})
    mail = mail_of("invitation", "a@b.c", "https://a", "Acme", "Hall 4")
    assert mail.subject == "Your account at Hall 4 of Acme"


async def test_public_reads_are_answered_from_memory_for_a_few_seconds(
    world: World, database: Database, clock: FakeClock
) -> None:
    own = world.bearer(await world.add())
    await put(world, own, logo=png())
    before, logo = (await world.http.get(PATH)).json(), (await world.http.get(LOGO)).content
    async with database.connection() as connection:  # another process changes it
        await connection.execute("UPDATE brand SET version = 9, name = 'Hall 9', logo = $1", png(3, 3))
    assert (await world.http.get(PATH)).json() == before
    assert (await world.http.get(LOGO)).content == logo
    assert (await world.http.get(f"{LOGO}?version=9")).content == png(3, 3), "browsers keep a version for a day"
    clock.advance(timedelta(seconds=4))
    assert (await world.http.get(PATH)).json()["name"] == "Hall 9"
    async with database.connection() as connection:
        await connection.execute("UPDATE brand SET version = 10, logo = NULL, logo_type = NULL")
    clock.advance(timedelta(seconds=4))
    assert (await world.http.get(LOGO)).status_code == 404


async def test_public_reads_are_limited_by_client_address(
    database: Database, clock: FakeClock, digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brand, "_READS_PER_ADDRESS", "2/minute")
    async with open_world(database, clock, digest, trusted_proxies=("192.0.2.0/24",)) as made:
        made.routes.limiter._clock = lambda: 0.0  # the minute never ends, however slow the machine is
        found = [
            (await made.http.get(path, headers={"x-forwarded-for": address})).status_code
            for path, address in ((PATH, "203.0.113.1"), (LOGO, "203.0.113.1"), (PATH, "203.0.113.1"))
        ]
        assert found == [200, 404, 429]
        assert (await made.http.get(LOGO, headers={"x-forwarded-for": "203.0.113.1"})).status_code == 429
        assert (await made.http.get(PATH, headers={"x-forwarded-for": "203.0.113.2"})).status_code == 200
