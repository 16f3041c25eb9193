"""Stance forms: the markers of all groups by what stands before their gap, reversals of both spellings included."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from navab.text.lexicon_sections import Section, StanceGroup


class StanceForm(Section):
    """One stance form of a group: `head`, then perhaps `tail` behind a gap."""

    head: str
    tails: Mapping[str, str] = Field(description="tail behind the gap ('' for none) -> the form as written")
    group: StanceGroup


def invertible(groups: tuple[StanceGroup, ...]) -> tuple[StanceGroup, ...]:
    """Let every reversal be reversed back: what a positive form becomes is a negative form of its group."""
    known = {form for group in groups for form in (*group.affirmative, *group.negative)}
    completed = []
    for group in map(_with_curly, groups):
        new = {b: a for a, b in group.affirmative.items() if b not in known and "…" not in b and "~" not in b}
        completed.append(group.model_copy(update={"negative": {**group.negative, **new}}))
    return tuple(completed)


def _with_curly(group: StanceGroup) -> StanceGroup:
    """Add every form that holds a straight apostrophe with a typographic one."""
    sides = {name: getattr(group, name) for name in ("affirmative", "negative", "ask")}
    curly = {
        name: {a.replace("'", "’"): b.replace("'", "’") for a, b in forms.items() if "'" in a}
        for name, forms in sides.items()
    }
    return group.model_copy(update={name: {**curly[name], **forms} for name, forms in sides.items()})


def forms_by_head(groups: tuple[StanceGroup, ...]) -> dict[str, StanceForm]:
    """All forms by their head, longer tails first; of two groups with the same head the first one wins."""
    found: dict[str, tuple[StanceGroup, dict[str, str]]] = {}
    for group in groups:
        for form in (*group.affirmative, *group.negative):
            head, tail = split_gap(form)
            found.setdefault(head, (group, {}))[1].setdefault(tail, form)
    ordered = {head: (group, dict(sorted(tails.items(), key=_longest))) for head, (group, tails) in found.items()}
    return {head: StanceForm(head=head, tails=tails, group=group) for head, (group, tails) in ordered.items()}


def _longest(item: tuple[str, str]) -> int:
    return -item[0].count(" ")


def split_gap(form: str) -> tuple[str, str]:
    """Split a form at its gap; the tail keeps the mark of a clause-final gap."""
    if "…" in form:
        head, tail = form.split("…", 1)
        return head.strip(), tail.strip()
    if "~" in form:
        head, tail = form.split("~", 1)
        return head.strip(), "~" + tail.strip()
    return form, ""
