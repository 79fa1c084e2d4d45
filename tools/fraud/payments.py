"""Payments that nobody made, the same in every run: most are fine, and which are fraud is no straight line."""

import csv
import random
import sys
from pathlib import Path

COLUMNS = ("amount", "age_days", "country_changes", "fraud")
Row = tuple[float, int, int, int]


def write_payments(folder: Path) -> None:
    """`train/` and `test/`, as the dataset's splits name them."""
    for split, rows, seed in (("train", 3000, 7), ("test", 1500, 11)):
        (folder / split).mkdir(parents=True, exist_ok=True)
        with (folder / split / "payments.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *_rows(rows, seed)])


def _rows(count: int, seed: int) -> list[Row]:
    chance = random.Random(seed)
    return [_row(chance) for _ in range(count)]


def _row(chance: random.Random) -> Row:
    amount, age = round(chance.uniform(1, 900), 2), chance.randrange(2000)
    changes = chance.randrange(5)
    # Large amounts of young accounts, and small ones of old accounts that suddenly wander.
    strange = (age < 500 and amount > 350) or (age > 1200 and changes >= 3 and amount < 250)
    fraud = chance.random() < (0.85 if strange else 0.02 + 0.02 * changes)
    return amount, age, changes, int(fraud)


if __name__ == "__main__":
    write_payments(Path(sys.argv[1]))
