"""What the records say that an estimate can be held against: ``hardware/measured.toml``.

    python -m benchmarks.calibration [--write]

Prints every measured run beside its estimate; ``--write`` renews the file first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from paper_repro.bench import record
from paper_repro.hardware import calibration
from paper_repro.hardware.estimate import ANSWER
from paper_repro.hardware.flops import sample
from paper_repro.hardware.gpus import gpus, known_as
from paper_repro.hardware.ways import WAYS
from paper_repro.study import load_study

RECORDS = Path(__file__).parent / "records"
TARGET = Path(calibration.__file__).parent / "measured.toml"
SPEED = {
    "package": "default",
    "dropout 0.05": "default",
    "notebook": "notebook-today",
}
"""Contenders of the benchmark of speed, and the ways that they are: those that make passes as large
as an estimate would."""
HEAD = """\
# Steps that were timed at true shape. Written by benchmarks/calibration.py from the records
# that are named; attributes as in calibration.py.
"""


def runs() -> Iterator[dict[str, Any]]:
    """Of all records."""
    yield from _of_speed(json.loads((RECORDS / "speed.json").read_text(encoding="utf-8")))
    for path in sorted(RECORDS.glob("bench-*.json")):
        yield from _of_bench(path)


def _of_speed(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    config = load_study().configs["qwen2-vl-2b"]
    for name, way in SPEED.items():
        contender = found["contenders"][name]
        for size, took in contender["sizes"].items():
            width, height = map(int, size.split("x"))
            about = found["sizes"][size]
            yield {
                "record": "speed.json",
                "date": found["where"]["date"],
                **_versions(found["where"]["versions"]),
                "gpu": known_as(found["where"]["card"]),
                "way": way,
                "width": width,
                "height": height,
                "text_tokens": round(about["tokens"]) - sample(config, width, height, 0).tokens,
                "scored": round(about["scored"][contender["labels"]]),
                "batch": int(took["cut"].split()[0]),
                "dropout": name.startswith("dropout"),
                "pictures": False,
                "seconds": took["per_sample"],
                "peak_bytes": took["peak"],
            }


def _of_bench(path: Path) -> Iterator[dict[str, Any]]:
    found, study = record.read(path), load_study()
    variant = study.variant(found.variant)
    text = variant.settings.text_tokens
    tokens = sample(study.configs["qwen2-vl-2b"], found.width, found.height, text).tokens
    for name, took in found.ways.items():
        yield {
            "record": path.name,
            "date": found.finished.partition("T")[0],
            **_versions(found.versions),
            "gpu": known_as(found.card["name"]),
            "way": name,
            "width": found.width,
            "height": found.height,
            "text_tokens": text,
            "scored": ANSWER if WAYS[name].answers_only else tokens,
            "batch": took.samples_a_pass,
            "dropout": any(adapter.lora_dropout for adapter in study.stack(variant)),
            "pictures": True,
            "seconds": took.per_sample,
            "peak_bytes": took.peak_bytes,
        }


def _versions(versions: dict[str, str]) -> dict[str, str]:
    return {name: versions[name] for name in ("torch", "transformers")}


def written() -> str:
    """The file's text."""
    return HEAD + "".join(
        "\n[[runs]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in run.items())
        for run in runs()
    )


def main() -> None:
    """Write if asked, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        TARGET.write_text(written(), encoding="utf-8")
    print(f"{'card':24} {'way':16} {'frame':10} {'batch':5}  time  memory  (estimated / measured)")
    for run in calibration.measured():
        found = calibration.error(run)
        print(
            f"{gpus()[run.gpu].name:24} {run.way:16} {f'{run.width}x{run.height}':10} "
            f"{run.batch:5} {found.time:5.2f} {found.memory:7.3f}  {run.record}"
        )


if __name__ == "__main__":
    main()
