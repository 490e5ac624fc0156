"""Who may sign in at which collectors: rules, and what they mean. Deny wins over allow; without a rule nobody may.

A rule has a subject (`account:<uuid>` or `role:<role>`) and a place (`device:<id>`, `site:<name>`, `tag:<name>` or
`everywhere`).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from pulse_contracts.permissions import Role
from pulse_sync_publisher.model.errors import InvalidRules, LastAdministratorOfSite

EVERYWHERE: Final = "everywhere"
MAX_RULES: Final = 1_000
Origin = Literal["administrator", "adopted", "restored"]
"""Who wrote a rule: an administrator, auth before this service existed, or this service because a collector still had a
revocation that a restored database had forgotten."""


@dataclass(frozen=True, order=True)
class Rule:
    """One rule."""

    subject: str
    place: str
    is_allowed: bool
    origin: Origin = "administrator"

    @property
    def key(self) -> tuple[str, str]:
        """A list has at most one rule for each subject and place."""
        return self.subject, self.place

    def __str__(self) -> str:
        """As the audit trail shows it."""
        return f"{'allow' if self.is_allowed else 'deny'} {self.subject} at {self.place}"


@dataclass(frozen=True)
class Person:
    """The part of an account that rules see. `may_sign_in`: active and not deleted."""

    account: str
    role: Role
    may_sign_in: bool

    @property
    def subjects(self) -> tuple[str, str]:
        """The subjects that name this account."""
        return f"account:{self.account}", f"role:{self.role}"


@dataclass(frozen=True)
class Site:
    """The part of a collector that rules see."""

    device: str
    site: str
    tags: frozenset[str]

    @property
    def places(self) -> frozenset[str]:
        """The places that name this collector. A collector without a site belongs to no site."""
        own = {EVERYWHERE, f"device:{self.device}", *(f"tag:{tag}" for tag in self.tags)}
        return frozenset(own | {f"site:{self.site}"} if self.site else own)


class Entitlement:
    """The rules, indexed by subject."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_subject: dict[str, list[Rule]] = {}
        for rule in self.rules:
            self._by_subject.setdefault(rule.subject, []).append(rule)

    def allows(self, person: Person, site: Site) -> bool:
        """Whether the account may sign in at the collector."""
        return self._allows(person, site.places)

    def devices(self, person: Person, sites: Iterable[Site]) -> set[str]:
        """The collectors at which the account may sign in."""
        return {site.device for site in sites if self._allows(person, site.places)}

    def accounts(self, site: Site, people: Iterable[Person]) -> set[str]:
        """The accounts that may sign in at the collector."""
        places = site.places
        allowed = {rule.subject for rule in self.rules if rule.is_allowed and rule.place in places}
        denied = {rule.subject for rule in self.rules if not rule.is_allowed and rule.place in places}
        if not allowed:
            return set()
        found = set[str]()
        for person in people:
            if person.may_sign_in:
                account, role = person.subjects
                if (account in allowed or role in allowed) and account not in denied and role not in denied:
                    found.add(person.account)
        return found

    def _allows(self, person: Person, places: Collection[str]) -> bool:
        if not person.may_sign_in:
            return False
        matching = [
            rule for subject in person.subjects for rule in self._by_subject.get(subject, ()) if rule.place in places
        ]
        return bool(matching) and all(rule.is_allowed for rule in matching)


def deny_accounts(device: str, accounts: Iterable[str]) -> list[Rule]:
    """Rules that deny these accounts at one collector, because a restored database had forgotten it."""
    return [Rule(f"account:{one}", f"device:{device}", is_allowed=False, origin="restored") for one in accounts]


def deny_everybody(device: str) -> list[Rule]:
    """Rules that deny every role at one collector, because a restored database had forgotten too much."""
    roles = get_args(Role)
    return [Rule(f"role:{role}", f"device:{device}", is_allowed=False, origin="restored") for role in roles]


@dataclass(frozen=True)
class Difference:
    """What a change of rules gives and takes: pairs of collector and account."""

    gained: frozenset[tuple[str, str]]
    lost: frozenset[tuple[str, str]]


def difference(
    before: Entitlement, after: Entitlement, sites: Collection[Site], people: Collection[Person]
) -> Difference:
    """Compares two rule lists."""
    gained, lost = set[tuple[str, str]](), set[tuple[str, str]]()
    for site in sites:
        old, new = before.accounts(site, people), after.accounts(site, people)
        gained |= {(site.device, account) for account in new - old}
        lost |= {(site.device, account) for account in old - new}
    return Difference(frozenset(gained), frozenset(lost))


def require_valid(
    rules: Collection[Rule],
    world: tuple[Collection[Site], Mapping[str, Person]],
    before: Entitlement,
    *,
    allow_unmatched: bool,
) -> None:
    """Raises InvalidRules with a reason for each rule that is wrong. `world`: the collectors and the accounts. A rule
    of the list `before` may stay, also when its account or place is gone."""
    sites, people = world
    known = {(rule.key, rule.is_allowed) for rule in before.rules}
    places = frozenset[str]().union(*(site.places for site in sites))
    seen, rows = set[tuple[str, str]](), list[dict[str, str]]()
    for index, rule in enumerate(rules):
        is_known = (rule.key, rule.is_allowed) in known
        reason = None if is_known else _problem(rule, places, people, allow_unmatched=allow_unmatched)
        if rule.key in seen:
            reason = "duplicate_rule"
        seen.add(rule.key)
        if reason:
            rows.append({"index": str(index), "subject": rule.subject, "place": rule.place, "reason": reason})
    if rows:
        raise InvalidRules(rows[:100])


def _problem(rule: Rule, places: Collection[str], people: Mapping[str, Person], *, allow_unmatched: bool) -> str | None:
    kind, _, name = rule.subject.partition(":")
    if kind == "account" and name not in people:
        return "unknown_account"
    if rule.subject == "role:viewer" and rule.is_allowed:
        return "viewers_are_not_mirrored"
    if rule.place == EVERYWHERE or rule.place in places:
        return None
    place = rule.place.partition(":")[0]
    if place == "device":
        return "unknown_collector"
    return None if allow_unmatched else f"no_collector_has_this_{place}"


def require_administrators(
    before: Entitlement, after: Entitlement, sites: Collection[Site], people: Collection[Person]
) -> None:
    """Raises LastAdministratorOfSite if a site loses its last entitled administrator."""
    if locked := locked_sites(before, after, sites, people):
        raise LastAdministratorOfSite(locked)


def locked_sites(
    before: Entitlement, after: Entitlement, sites: Collection[Site], people: Collection[Person]
) -> list[str]:
    """The sites whose collectors have an entitled administrator before a change and none after it."""
    administrators = [person for person in people if person.role == "admin"]
    had, has = set[str](), set[str]()
    for site in sites:
        if before.accounts(site, administrators):
            had.add(site.site)
        if after.accounts(site, administrators):
            has.add(site.site)
    return sorted(had - has)
