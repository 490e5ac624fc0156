"""A campaign against the credential mirror: faults one after the other while accounts change. After each one the
mirrors must agree within a minute. `python -m tests.resilience --mirror --faults 60 --seed 1` runs one."""

import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.resilience.members import NoRecoveryError
from tests.resilience.mirror_changes import Changes
from tests.resilience.mirror_faults import MIRROR_FAULTS, PARTITIONS, Scene
from tests.resilience.mirror_judge import Book, differences, records, risen
from tests.resilience.mirror_points import POINTS
from tests.resilience.mirror_world import REFUSED, Device, MirrorSize, MirrorWorld, wait_for

HEALED_WITHIN: Final = 60.0
_WAITED: Final = 300.0
"""How long a campaign with more accounts waits. Restores make it send every record to every collector: 20 collectors
that share two cores with the services need about a minute for 10,000 records each."""
_USUAL_ACCOUNTS: Final = 1_000
_START: Final = 600.0
_VERIFIED: Final = 3
"""Collectors whose sealed records are opened and checked at the end."""


@dataclass(frozen=True)
class MirrorPlan:
    """`partitions`: at least so many of the faults cut collectors off. `only`: these kinds of faults; empty: all."""

    faults: int
    seed: int
    size: MirrorSize = field(default_factory=MirrorSize)
    partitions: int = 0
    only: tuple[str, ...] = ()

    def kinds(self, rng: random.Random) -> list[str]:
        """Uses every kind once before it draws at random, so that a short campaign covers all."""
        names = list(self.only or MIRROR_FAULTS)
        drawn = rng.sample(names, min(len(names), self.faults))
        missing = self.partitions - sum(name in PARTITIONS for name in drawn)
        drawn += rng.choices(PARTITIONS, k=max(0, min(missing, self.faults - len(drawn))))
        drawn += rng.choices(names, k=self.faults - len(drawn))
        rng.shuffle(drawn)
        return drawn


@dataclass
class MirrorReport:
    """The result. `converged`: seconds from the end of each fault, when everything ran again, until all agreed."""

    plan: MirrorPlan
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    converged: list[tuple[float, str]] = field(default_factory=list)
    first: float = 0.0
    changes: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    allowed: int = 0
    incidents: Counter[str] = field(default_factory=Counter)
    tombstones: int = 0
    restored_rules: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def as_text(self) -> str:
        """A summary for people and for the record."""
        size, count = self.plan.size, sum(self.faults.values())
        partitions = sum(self.faults[name] for name in PARTITIONS)
        changes = ", ".join(f"{number} {name}" for name, number in sorted(self.changes.items()))
        incidents = ", ".join(f"{number} {kind}" for kind, number in sorted(self.incidents.items()))
        lines = [
            f"seed {self.plan.seed}, {size.collectors} collectors, {size.accounts} accounts",
            f"{count} faults ({partitions} partitions) in {self.seconds:.0f} s",
            f"first synchronisation of all collectors {self.first:.1f} s",
            "",
            *(f"{number:6d}  {name}" for name, number in sorted(self.faults.items())),
            "",
            "killed at",
            *(f"{number:6d}  {point}" for point, number in sorted(self.points.items())),
            "",
            f"{sum(self.changes.values())} confirmed changes: {changes}",
            f"{self.tombstones} revoked pairs of account and collector at the end",
            f"{self.restored_rules} rules restored from tombstones of collectors",
            f"offline sign-ins: {self.refused} of revoked people refused, {self.allowed} of others accepted",
            f"incidents: {incidents or 'none'}",
        ]
        if self.converged:
            times = sorted(seconds for seconds, _ in self.converged)
            longest, after = max(self.converged)
            slow = sum(seconds > HEALED_WITHIN for seconds in times)
            lines += [f"convergence: median {statistics.median(times):.1f} s, longest {longest:.1f} s, after: {after}"]
            lines += [f"convergence took more than {HEALED_WITHIN:.0f} s after {slow} of {len(times)} faults"]
        lines += ["", *(self.problems or ["all digests agree, and no revoked account signed in"])]
        return "\n".join(lines)


class _Campaign:
    def __init__(self, plan: MirrorPlan, world: MirrorWorld, report: MirrorReport) -> None:
        self.plan, self.world, self.report = plan, world, report
        self.rng = random.Random(plan.seed)  # repeatable, not secret
        self.book = Book()
        self._last: list[str] = []
        self.changes = Changes(world, random.Random(self.rng.getrandbits(64)), self.book)

    def settle(self, seconds: float | None = None) -> float:
        """Waits until the mirrors agree, and notes that every revocation is acknowledged. Raises NoRecoveryError."""
        if seconds is None:
            seconds = HEALED_WITHIN if self.plan.size.accounts <= _USUAL_ACCOUNTS else _WAITED
        try:
            took = wait_for(self._agree, seconds, "all digests agree", every=0.25)
        except NoRecoveryError as error:
            shown = "; ".join(self._last[:5])
            raise NoRecoveryError(f"{error}: {len(self._last)} differences: {shown}") from None
        self.changes.note_acknowledged()
        return took

    def _agree(self) -> bool:
        self._last = differences(self.world, self.book)
        self.report.problems += [text for text in self._last if text.startswith("RISEN")]
        return not self._last

    def try_sign_ins(self, device: Device) -> None:
        """A revoked person is refused and another one is accepted, both without the server."""
        self._try_revoked(device)
        email = self.rng.choice(self.changes.controls)
        code = device.signs_in(email, self.world.admin.password)
        if code == 0:
            self.report.allowed += 1
        else:
            self.report.problems.append(f"{email} could not sign in at {device.name}: exit code {code}")

    def _try_revoked(self, device: Device) -> None:
        revoked = sorted(self.book.acknowledged[device.name])
        if revoked:
            email = self.book.emails[self.rng.choice(revoked)]
            code = device.signs_in(email, self.world.admin.password)
            if code == REFUSED:
                self.report.refused += 1
            else:
                self.report.problems.append(f"the revoked {email} was not refused at {device.name}: exit code {code}")

    def run(self) -> None:
        self.report.first = self.settle(_START)
        for kind in self.plan.kinds(self.rng):
            scene = Scene(
                self.world, self.changes, random.Random(self.rng.getrandbits(64)), self.settle, self.try_sign_ins
            )
            began = time.monotonic()
            self.changes.start()
            try:
                what = MIRROR_FAULTS[kind](scene)
                self.changes.pause()
                wait_for(self.world.is_ready, HEALED_WITHIN, "everything runs")
                took = self.settle()
            except NoRecoveryError as error:
                self.report.problems.append(f"{kind}: {error}")
                late = [device for device in self.world.devices if f"{device.name} " in str(error)]
                self.report.problems += [f"{one.name}: {line}" for one in late[:2] for line in one.last_lines()]
                return
            finally:
                self.changes.pause()
            self._note(kind, what, took, time.monotonic() - began)
            self._try_revoked(self.rng.choice(self.world.devices))
        self._judge()

    def _note(self, kind: str, what: str, took: float, seconds: float) -> None:
        self.report.faults[kind] += 1
        self.report.converged.append((took, f"{kind} ({what})"))
        if "named point" in kind:
            self.report.points[what] += 1
        print(f"{took:5.1f} s of {seconds:5.1f} s  {kind}: {what}", flush=True)

    def _judge(self) -> None:
        self.report.problems += differences(self.world, self.book) + risen(self.world, self.book)
        for device in self.rng.sample(self.world.devices, min(_VERIFIED, len(self.world.devices))):
            done = device.do("mirror", "verify", "--json")
            if done.returncode != 0:
                self.report.problems.append(f"{device.name}: {done.stdout}{done.stderr}")
            self._try_new_password(device)
            self.try_sign_ins(device)

    def _try_new_password(self, device: Device) -> None:
        """The newest password works offline where the account may sign in, and the one before it does not."""
        statement = "SELECT email FROM users.account WHERE id = $1 AND active AND role = 'user' AND verifier <> $2"
        ((old,),) = self.world.fetch("SELECT verifier FROM users.account WHERE role = 'admin' ORDER BY version LIMIT 1")
        for id_, password in reversed(self.book.passwords.items()):
            found = self.world.fetch(statement, id_, old)
            if not found or (id_, "live") not in {(row[0], row[2]) for row in records(device)}:
                continue
            email = str(found[0]["email"])
            if (code := device.signs_in(email, password)) != 0:
                self.report.problems.append(f"{email} cannot use a new password at {device.name}: exit code {code}")
            if (code := device.signs_in(email, self.world.admin.password)) != REFUSED:
                self.report.problems.append(f"{email} can use an old password at {device.name}: exit code {code}")
            return


def run_mirror(plan: MirrorPlan, folder: Path) -> MirrorReport:
    """Runs the campaign in `folder`. Problems are in the report and raise nothing."""
    report, began = MirrorReport(plan), time.monotonic()
    with MirrorWorld.opened(folder, plan.size, POINTS) as world:
        campaign = _Campaign(plan, world, report)
        try:
            campaign.run()
        except NoRecoveryError as error:
            report.problems.append(str(error))
        report.problems += campaign.changes.wrong + world.complaints()
        report.changes = campaign.changes.done
        rows = world.fetch("SELECT kind, count(*) AS n FROM sync.incident GROUP BY kind")
        report.incidents = Counter({row["kind"]: row["n"] for row in rows})
        ((report.tombstones,),) = world.fetch("SELECT count(*) FROM sync.entry WHERE state = 'revoked'")
        ((report.restored_rules,),) = world.fetch("SELECT count(*) FROM sync.rule WHERE origin = 'restored'")
    report.seconds = time.monotonic() - began
    return report
