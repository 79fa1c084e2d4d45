"""Sections by rank -> one text of bounded size. A section is whole or absent, so that what is left stays valid."""

from collections.abc import Callable, Sequence

from msgspec import Struct


class Section(Struct, frozen=True):
    """A part of a text in its place. `brief` stands in for it where the whole does not fit."""

    title: str
    text: str
    brief: str = ""


def size_of(text: str) -> int:
    return len(text.encode("utf-8"))


def take(sections: Sequence[Section], room: int) -> tuple[list[Section], list[Section], int]:
    """The first sections that fit together, those that do not, and the bytes left. A late small one may still fit."""
    taken, left_out = [], []
    for section in sections:
        needed = size_of(section.text)
        if needed <= room:
            taken.append(section)
            room -= needed
        else:
            left_out.append(section)
    return taken, left_out, room


def take_in_order(sections: Sequence[Section], room: int) -> tuple[list[Section], list[Section], int]:
    """As `take`, but nothing behind the first that does not fit: ranked entries have no gaps."""
    for index, section in enumerate(sections):
        if size_of(section.text) > room:
            return list(sections[:index]), list(sections[index:]), room
        room -= size_of(section.text)
    return list(sections), [], room


def briefly(sections: Sequence[Section], room: int, heading: Callable[[int], str]) -> tuple[str, int]:
    """The brief forms that fit, below a heading that says how many they are, and how many do not."""
    rows: list[str] = []
    room -= size_of(heading(len(sections)))
    for section in sections:
        room -= size_of(section.brief)
        if room < 0:
            break
        rows.append(section.brief)
    text = heading(len(rows)) + "".join(rows) if rows else ""
    return text, len(sections) - len(rows)
