"""A campaign: faults one after the other while collectors produce readings. Then everything recovers and is delivered,
and the independent checker judges each collector. `python -m tests.resilience --faults 60 --seed 1` runs one."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.resilience.checker import Verdict, judge
from tests.resilience.faults import FAULTS
from tests.resilience.members import NoRecoveryError
from tests.resilience.plain import PlainVerdict, judge_plain
from tests.resilience.world import Size, World


@dataclass(frozen=True)
class Plan:
    """`only`: these kinds of faults. None: all. `at_once`: number of concurrent faults, of different groups."""

    faults: int
    seed: int
    size: Size = field(default_factory=Size)
    only: tuple[str, ...] = ()
    at_once: int = 1

    def rounds(self, rng: random.Random) -> list[list[str]]:
        """Uses every kind once before it draws at random, so that a short campaign covers all."""
        names = list(self.only or FAULTS)
        first = rng.sample(names, min(len(names), self.faults))
        drawn = first + rng.choices(names, [FAULTS[name].weight for name in names], k=self.faults - len(first))
        rounds: list[list[str]] = []
        while drawn:
            together: dict[str, str] = {}
            for name in drawn[:20]:
                if len(together) < self.at_once:
                    together.setdefault(FAULTS[name].group, name)
            for name in together.values():
                drawn.remove(name)
            rounds.append(list(together.values()))
        return rounds


@dataclass
class Report:
    """The result. Seconds count from the end of a fault until every collector's readings are stored again."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    longest_recovery: float = 0.0
    longest_after: str = ""
    seconds: float = 0.0
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    plain: dict[str, PlainVerdict] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def note(self, kinds: Sequence[str], descriptions: Sequence[str], took: float) -> None:
        """Adds a finished round. `faults` describes each fault."""
        for kind, what in zip(kinds, descriptions, strict=True):
            if what.startswith("skipped"):
                self.skipped[f"{kind}: {what}"] += 1
                continue
            self.faults[kind] += 1
            if "named point" in kind:
                self.points[what] += 1
        if took > self.longest_recovery:
            rounds = (f"{kind} ({what})" for kind, what in zip(kinds, descriptions, strict=True))
            self.longest_recovery, self.longest_after = took, " + ".join(rounds)

    @property
    def problems(self) -> list[str]:
        """Every violation."""
        verdicts: dict[str, Verdict | PlainVerdict] = {**self.verdicts, **self.plain}
        found = [f"{device}: {problem}" for device, verdict in verdicts.items() for problem in verdict.problems]
        return [*self.failures, *found]

    def total_plain(self, name: str) -> int:
        """The sum over all plain devices."""
        return sum(int(asdict(verdict)[name]) for verdict in self.plain.values())

    def total(self, name: str) -> int:
        """The sum over all collectors."""
        return sum(int(asdict(verdict)[name]) for verdict in self.verdicts.values())

    def as_text(self) -> str:
        """A summary for people and for the record."""
        counts = ("produced", "stored", "refused", "dropped", "lost", "twice", "altered", "invented")
        lines = [f"seed {self.seed}, {sum(self.faults.values())} faults in {self.seconds:.0f} s", ""]
        lines += [f"{count:6d}  {kind}" for kind, count in sorted(self.faults.items())]
        lines += [f"{count:6d}  {kind}" for kind, count in sorted(self.skipped.items())]
        if self.points:
            lines += ["", "killed at", *(f"{count:6d}  {point}" for point, count in sorted(self.points.items()))]
        lines += ["", *(f"{self.total(name):10d}  {name}" for name in counts)]
        lines += [f"{self.total('epochs'):10d}  epochs of collectors", f"{self.total('in_chunks'):10d}  in chunks", ""]
        plain = ("acknowledged", "stored", "again", "at_risk", "at_risk_lost", "lost", "invented")
        lines += ["plain devices, messages", *(f"{self.total_plain(name):10d}  {name}" for name in plain), ""]
        lines += [f"longest recovery {self.longest_recovery:.1f} s, after: {self.longest_after}"]
        lines += ["", *(self.problems or ["nothing lost, nothing twice, nothing altered, nothing invented"])]
        return "\n".join(lines)


async def run(plan: Plan, folder: Path, *, is_quiet: bool = False) -> Report:
    """Runs the campaign in `folder`. Problems with readings are in the report and raise nothing."""
    rng, report = random.Random(plan.seed), Report(plan.seed)  # repeatable, not secret
    began = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(quiet=is_quiet, stderr=True)
    async with World.opened(folder, plan.size) as world:
        await world.flows()
        with Progress(*columns, console=console, redirect_stdout=False) as bar:
            task = bar.add_task("faults", total=plan.faults)
            for kinds in plan.rounds(rng):
                bar.update(task, description=f"{' + '.join(kinds)[:60]:60}")
                draws = [random.Random(rng.getrandbits(64)) for _ in kinds]  # repeatable
                try:
                    descriptions = await asyncio.gather(
                        *(FAULTS[kind].does(world, draw) for kind, draw in zip(kinds, draws, strict=True))
                    )
                    took = await world.flows()
                except (NoRecoveryError, OSError) as error:
                    report.failures.append(f"{' + '.join(kinds)}: {error}")
                    break
                report.note(kinds, descriptions, took)
                bar.advance(task, len(kinds))
                done = sum((report.faults + report.skipped).values())
                if not console.is_terminal and done // 50 > (done - len(kinds)) // 50:
                    console.print(f"{done} of {plan.faults} faults, {time.monotonic() - began:.0f} s")
        console.print("delivering what is left")
        try:
            await world.drain()
        except NoRecoveryError as error:
            report.failures.append(str(error))
        await asyncio.sleep(4 if not report.failures else 0)  # the delay of compaction, so that chunks are checked too
        report.failures += world.complaints()
        console.print("judging")
        journals = {collector.device: collector.journals for collector in world.collectors}
        for device, files in journals.items():
            report.verdicts[device] = await judge(files, world.database, device)
        for sender in world.plain:
            verdict = await judge_plain(sender.journal, world.database, sender.name, world.at_risk, sender.next)
            report.plain[sender.name] = verdict
    report.seconds = time.monotonic() - began
    return report
