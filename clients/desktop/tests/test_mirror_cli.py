"""`pulse-collector sign-in`, `sign-out`, `whoami` and `mirror`, in one process."""

import asyncio
import io
import json
import os
import sqlite3
from pathlib import Path

import pytest
import trustme

from pulse_desktop.__main__ import main
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.conflicts import Conflict, Conflicts
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_testkit.waiting import eventually

from .mirror_desk import PASSWORD, fake_auth, synced_desk, verifier
from .publisher import FakePublisher, account, live, revoked

Out = pytest.CaptureFixture[str]
EMAIL = "person-1@example.org"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SECRETS", "file")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collector that is off, holds an account and a tombstone, and has no network."""
    asyncio.run(_fill(tmp_path))
    return tmp_path


async def _fill(folder: Path) -> None:
    async with synced_desk(folder, live(1, 1, verifier=await verifier()), revoked(2, 2)):
        pass


def call(folder: Path, *words: str) -> int:
    return main([*words, "--state-dir", str(folder)])


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_sign_in_whoami_and_sign_out(folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(folder, "whoami") == 1
    assert "nobody is signed in" in capsys.readouterr().err
    type_in(monkeypatch, PASSWORD)
    assert call(folder, "sign-in", "--email", EMAIL, "--password-stdin") == 0
    assert f"Person 1 <{EMAIL}>, role user\nsigned in offline since 20" in capsys.readouterr().out
    assert call(folder, "whoami", "--json") == 0
    fields = json.loads(capsys.readouterr().out)
    assert (fields["signed_in"], fields["how"], fields["email"]) == (True, "offline", EMAIL)
    assert "telemetry.read" in fields["permissions"]
    assert call(folder, "sign-out") == 0
    assert capsys.readouterr().out == f"{EMAIL} is signed out\n"
    assert call(folder, "sign-out", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"signed_out": None}


def test_a_refusal_says_why_and_never_the_password(folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, "hunter2hunter2")
    assert call(folder, "sign-in", "--email", EMAIL, "--password-stdin") == 4
    err = capsys.readouterr().err
    assert "sign-in refused: http://127.0.0.1:9 cannot be reached" in err
    assert "the e-mail or the password is wrong" in err
    assert "hunter2" not in err
    type_in(monkeypatch, "hunter2hunter2")
    assert call(folder, "sign-in", "--email", EMAIL, "--password-stdin", "--json") == 4
    assert json.loads(capsys.readouterr().out)["code"] == "wrong_credentials"


def test_a_password_change_is_refused_with_the_reason(folder: Path, capsys: Out) -> None:
    assert call(folder, "change-password") == 4
    assert "changed at the server, never at a collector: open http://127.0.0.1:9 in" in capsys.readouterr().err
    assert call(folder, "change-password", "--json") == 4
    assert json.loads(capsys.readouterr().out)["code"] == "only_at_the_server"


def test_the_second_line_is_the_second_factor(tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_auth() as auth:
        auth.code = "123456"
        FakePublisher().enrol(Enrolled(tmp_path, None, None), server=auth.url)
        type_in(monkeypatch, PASSWORD, "123456")
        assert call(tmp_path, "sign-in", "--email", EMAIL, "--password-stdin") == 0
        assert "signed in online" in capsys.readouterr().out


def test_an_untrusted_certificate_is_named_and_a_file_of_authorities_helps(
    tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = trustme.CA()
    authorities = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(str(authorities))
    folder = tmp_path / "state"
    folder.mkdir()
    with fake_auth(ours.issue_cert("127.0.0.1")) as auth:
        FakePublisher().enrol(Enrolled(folder, None, None), server=auth.url)
        words = ("sign-in", "--email", EMAIL, "--password-stdin")
        type_in(monkeypatch, PASSWORD)
        assert call(folder, *words) == 4
        err = capsys.readouterr().err
        assert f"the certificate of {auth.url} is not trusted (" in err
        assert "name the file of its authority with --ca" in err
        assert auth.requests == []
        type_in(monkeypatch, PASSWORD)
        assert call(folder, *words, "--ca", str(tmp_path / "nothing.pem")) == 4
        assert "nothing.pem does not exist: name another file with --ca" in capsys.readouterr().err
        type_in(monkeypatch, PASSWORD)
        assert call(folder, *words, "--ca", str(authorities)) == 0
        assert "signed in online" in capsys.readouterr().out


def test_an_offline_sign_in_says_why_the_server_did_not_decide(
    folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_in(monkeypatch, PASSWORD)
    assert call(folder, "sign-in", "--email", EMAIL, "--password-stdin", "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["how"] == "offline"
    assert err.startswith("signed in without the server: http://127.0.0.1:9 cannot be reached")


def test_conflicts_are_counted_and_listed(folder: Path, capsys: Out) -> None:
    assert call(folder, "mirror", "conflicts") == 0
    assert capsys.readouterr().out == "no conflicts\n"
    one = Conflict("email_reused", "newer_account_signs_in", account(2), account(1), 3, 7)
    away = Conflict("returned_after_lease", "mirror_confirmed_again", before=0, after=73 * 3_600_000_000)
    asyncio.run(_conflict(folder, one, away))
    assert call(folder, "mirror", "conflicts") == 0
    out = capsys.readouterr().out
    assert "2027-01-15T08:00:00.000000Z  returned_after_lease  this collector\n" in out
    assert "the server confirmed every account again after 3 days" in out
    assert f"{account(2)} and {account(1)}\n    two accounts have the same e-mail; the account with the newer" in out
    assert "(versions: 3 and 7)" in out
    assert call(folder, "mirror", "conflicts", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(one["kind"], one["account"], one["after"]) for one in listed] == [
        ("returned_after_lease", None, 73 * 3_600_000_000),
        ("email_reused", account(2), 7),
    ]
    assert call(folder, "mirror", "status") == 0
    assert "conflicts       2: see pulse-collector mirror conflicts" in capsys.readouterr().out


async def _conflict(folder: Path, *found: Conflict) -> None:
    database = await Database.open(folder / FILE)
    for one in found:
        await Conflicts(database).record(1_800_000_000_000_000, one)
    await database.close()


def test_without_an_enrolment_every_command_says_what_to_do(tmp_path: Path, capsys: Out) -> None:
    for words in (["whoami"], ["sign-out"], ["mirror", "status"], ["mirror", "verify"], ["mirror", "resync"]):
        assert call(tmp_path, *words) == 1
        assert "is not enrolled: enrol it with pulse-collector enrol" in capsys.readouterr().err


def test_status_shows_the_mirror(folder: Path, capsys: Out) -> None:
    assert call(folder, "mirror", "status") == 0
    out = capsys.readouterr().out
    assert "press-4, generation 1" in out
    assert "synced (no collector is running)" in out
    assert "offline sign-in possible" in out
    assert call(folder, "mirror", "status", "--json") == 0
    fields = json.loads(capsys.readouterr().out)
    assert (fields["state"], fields["records"], fields["problem"]) == ("synced", 2, "")
    assert 0 < fields["ready"] <= 2
    with sqlite3.connect(folder / FILE) as database:
        database.execute("UPDATE record SET lease = 0")
    database.close()
    assert call(folder, "mirror", "status") == 0
    assert "no account has both a verifier and a lease" in capsys.readouterr().out


def test_status_says_why_nobody_can_sign_in(folder: Path, capsys: Out) -> None:
    (folder / "mirror-keys.json").unlink()
    assert call(folder, "mirror", "status") == 1
    assert "offline sign-in the mirror's keys are missing" in capsys.readouterr().out


def test_status_of_a_collector_that_never_ran(tmp_path: Path, capsys: Out) -> None:
    FakePublisher().enrol(Enrolled(tmp_path, None, None))
    assert call(tmp_path, "mirror", "status") == 1
    assert "has not run since its enrolment" in capsys.readouterr().out


async def _change(folder: Path, sql: str) -> None:
    database = await Database.open(folder / FILE)
    async with database.transaction() as rows:
        await rows.run(sql)
    await database.close()


def test_verify_finds_what_was_changed(folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    assert call(folder, "mirror", "verify") == 0
    assert capsys.readouterr().out == "2 records checked, 0 problems\n"
    type_in(monkeypatch, PASSWORD)
    call(folder, "sign-in", "--email", EMAIL, "--password-stdin")
    call(folder, "sign-out")
    asyncio.run(_change(folder, "UPDATE record SET ver = 7 WHERE state = 'live'"))
    asyncio.run(_change(folder, "UPDATE audit SET kind = 'signed_out' WHERE n = 1"))
    capsys.readouterr()
    assert call(folder, "mirror", "verify", "--json") == 1
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert len(problems) == 2
    assert "cannot be opened" in problems[0]
    assert problems[1] == "audit entry 1 was changed"


def test_a_corrupt_database_is_reported_and_not_replaced_by_a_command(folder: Path, capsys: Out) -> None:
    (folder / FILE).write_bytes(b"not a database" * 1_000)
    assert call(folder, "mirror", "status") == 1
    assert "corrupt" in capsys.readouterr().err
    assert (folder / FILE).read_bytes().startswith(b"not a database")


async def test_resync_reaches_the_running_collector(tmp_path: Path, capsys: Out) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        assert await asyncio.to_thread(call, tmp_path, "mirror", "resync") == 0
        await eventually(lambda: [r.reason for r in publisher.reports(one.broker) if r.reason][-1] == "digest")
        publisher.seq += 1
        publisher.send(one.broker, *publisher.snapshot())
        await eventually(lambda: one.mirror.view.seq == 2)
    assert "no collector is running" in capsys.readouterr().out


@pytest.mark.parametrize(("email", "password"), [("\udcff@example.org", PASSWORD), (EMAIL, "caf\udce9")])
def test_bytes_that_are_no_text_get_an_answer(
    folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    type_in(monkeypatch, password)
    assert call(folder, "sign-in", "--email", email, "--password-stdin") == 4
    assert "is not valid UTF-8" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_a_sign_in_by_root_leaves_the_keys_to_the_collector(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (folder, *folder.iterdir()):
        os.chown(path, 12_345, 12_345)
    type_in(monkeypatch, PASSWORD)
    assert call(folder, "sign-in", "--email", EMAIL, "--password-stdin") == 0
    assert {path.name: path.stat().st_uid for path in folder.iterdir() if path.stat().st_uid != 12_345} == {}
