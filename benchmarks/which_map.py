"""The table of docs/which_map.md, from folders that `gimefive faithfulness` wrote.

    python benchmarks/which_map.py FACES_FOLDER DRAWN_FOLDER

The first folder has deletion, insertion and road, the second one planted_evidence. Gains are paired
over faces; a star says that the whole 95 % interval is on the better side.
"""

import argparse
from pathlib import Path

from gimefive_jax.faithfulness import Faithfulness, Measure, MeasuredMaps, read_faithfulness

METRICS = ("deletion", "insertion", "road")
PLANTED = "planted_evidence"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("drawn", type=Path)
    arguments = parser.parse_args()
    faces, drawn = read_faithfulness(arguments.faces), read_faithfulness(arguments.drawn)
    head = ["map", "deletion ↓", "insertion ↑", "ROAD ↑", "planted evidence ↑"]
    head += ["above centre Gaussian", "above class mean"]
    rows = [_row(maps, drawn) for maps in faces.maps]
    for row in (head, ["---"] * len(head), *rows):
        print("|", " | ".join(row), "|")


def _row(maps: MeasuredMaps, drawn: Faithfulness) -> list[str]:
    measures = {name: maps.measures[name] for name in METRICS}
    other = [one for one in drawn.maps if (one.method, one.layer) == (maps.method, maps.layer)]
    if other:
        measures[PLANTED] = other[0].measures[PLANTED]
    cells = [_mean(measures.get(name)) for name in (*METRICS, PLANTED)]
    against = [] if maps.is_baseline else ["centre_gaussian", "class_mean"]
    wins = [_wins(measures, baseline) for baseline in against] or ["", ""]
    return [f"{maps.title}, {maps.layer.replace('/activation', '')}", *cells, *wins]


def _mean(measure: Measure | None) -> str:
    if measure is None or measure.all is None:
        return "–"
    low, high = measure.all.interval_95
    return f"{measure.all.mean:.3f} ± {(high - low) / 2:.3f}"


def _wins(measures: dict[str, Measure], baseline: str) -> str:
    won = [name for name, one in measures.items() if one.gains[baseline].interval_95[0] > 0]
    short = {"deletion": "del", "insertion": "ins", "road": "ROAD", PLANTED: "planted"}
    return ", ".join(short[name] for name in won) or "none"


if __name__ == "__main__":
    main()
