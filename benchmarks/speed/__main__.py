"""The command: ``python -m benchmarks.speed --help``; the package's docstring says what is done."""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import benchmarks.speed
from benchmarks.speed.children import environment, read_json, run, write_json
from benchmarks.speed.contenders import ABLATION, CONTENDERS, EFFECTIVE, PACKAGE, PEERS, RATE
from benchmarks.speed.record import LOSS_APART, NORM_APART, Record, completed, merged
from paper_repro.errors import UserError
from paper_repro.site.inserts.speed_figure import speed_figure
from paper_repro.site.inserts.speed_table import GIB, agreement, markdown, rounded, shown

SIZES, TINY_SIZES = ("224x224", "1288x728"), ("196x56", "112x112")
SURROUNDINGS = "surroundings"
DATA = (
    "drawn frames, all distinct, and questions about them; ready tensors: no contender pays for "
    "image processing; no dropout; the same samples in the same order"
)


def asked() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=benchmarks.speed.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--only", nargs="+", choices=CONTENDERS, metavar="NAME", help=", ".join(CONTENDERS))
    add("--ablation", action="store_true", help="the package with one thing changed after another")
    add("--sizes", nargs="+", metavar="WxH", help="of frames, in pixels")
    add("--steps", type=int, default=0, help="timed updates at most")
    add("--tiny", action="store_true", help="the miniature on the CPU")
    add("--keep", type=Path, help="where inputs and compiled code stay for another time")
    add("--limit", type=float, default=400, help="seconds for one contender")
    add("--python-path", action="append", default=[], metavar="NAME=FOLDER",
        help="libraries of one contender's own")  # fmt: skip
    add("--merge", type=Path, help="an earlier record, which this one adds to")
    add("--from", dest="made", type=Path, help="a record; nothing is measured")
    add("--json", type=Path)
    add("--markdown", type=Path)
    add("--figure", type=Path, help="an SVG")
    options = parser.parse_args()
    options.sizes = options.sizes or list(TINY_SIZES if options.tiny else SIZES)
    options.names = options.only or [PACKAGE, *ABLATION] if options.ablation else options.only
    options.names = options.names or list(PEERS)
    options.ahead = dict(word.partition("=")[::2] for word in options.python_path)
    if unknown := options.ahead.keys() - CONTENDERS.keys():
        parser.error(f"--python-path: expected NAME=FOLDER, got {min(unknown)}")
    for size in options.sizes:
        if not re.fullmatch(r"\d+x\d+", size):
            parser.error(f"--sizes: expected WxH such as 224x224, got {size}")
    return options


def begun(folder: Path, options: argparse.Namespace) -> Record:
    """A record without contenders: the inputs are written, and the card is measured.

    Raises:
        UserError: the inputs cannot be written, or the card cannot be used.
    """
    env, sizes = environment(folder, options.tiny), options.sizes
    tiny = ["--tiny"] if options.tiny else []
    written = ["benchmarks.speed.inputs", str(folder), *sizes, *tiny]
    _or_refuse(run(written, env, folder / "inputs.log", options.limit))
    out = folder / f"{SURROUNDINGS}.json"
    measured = ["benchmarks.speed.process", SURROUNDINGS, str(folder), str(out), "0"]
    _or_refuse(run(measured, env, folder / f"{SURROUNDINGS}.log", options.limit))
    return {
        **read_json(out),
        "tiny": options.tiny,
        "settings": {
            "samples": EFFECTIVE,
            "learning_rate": RATE,
            "data": DATA,
            "agrees_within": {"loss": LOSS_APART, "norm": NORM_APART},
        },
        "sizes": {size: read_json(folder / f"{size}.json") for size in sizes},
        "contenders": {},
    }


def _or_refuse(failed: str) -> None:
    if failed:
        raise UserError(
            "The benchmark could not begin.",
            expected="inputs that can be written, and a card that can be used",
            got=failed,
            next_command="python -m benchmarks.speed --tiny --only package",
        )


def contend(folder: Path, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """What one contender measured, in a process of its own."""
    place = name.replace(" ", "-")
    out, log = folder / f"{place}.json", folder / f"{place}.log"
    out.unlink(missing_ok=True)
    env = environment(folder, options.tiny, options.ahead.get(name, ""))
    words = ["benchmarks.speed.process", name, str(folder), str(out), str(options.steps)]
    failed = run([*words, *options.sizes], env, log, options.limit)
    about = CONTENDERS[name]
    found = {"what": about.what, "labels": about.labels, "changed": name in ABLATION}
    return found | read_json(out) | ({"failed": failed} if failed else {})


def show(record: Record, name: str, seconds: float) -> None:
    """A line for every size of frame, and why there is none."""
    found = record["contenders"][name]
    for size, one in found.get("sizes", {}).items():
        print(
            f"{name:20} {shown(size):10} {one['per_sample']:.5f} s a sample, {one['step']:.4f} a "
            f"step ({one['least']:.4f} – {one['most']:.4f}), {one['cut']}, "
            f"{one['peak'] / GIB:.1f} GiB, {one['share']:.1%} of the card's rate, "
            f"loss {one['loss']:.4f}, norm {one['norm']:.4f}, agrees: {agreement(one)}",
            flush=True,
        )
    if "failed" in found:
        print(f"{name:20} FAILED: {found['failed']}", flush=True)
    print(f"{name:20} took {seconds:.0f} s in all", flush=True)


def measure(folder: Path, options: argparse.Namespace) -> Record:
    """Every contender after the other; the record is kept after each."""
    earlier = read_record(options.merge) if options.merge else {}
    record = begun(folder, options)
    rate = rounded(record["ceiling"]["flops"] / 1e12)
    print(f"{record['where']['card']}: {rate} TFLOP/s", flush=True)
    so_far = completed(merged(earlier, record) if earlier else record)
    for name in options.names:
        began = time.perf_counter()
        record["contenders"][name] = contend(folder, name, options)
        so_far = completed(merged(earlier, record) if earlier else record)
        show(so_far, name, time.perf_counter() - began)
        if options.json:
            write_json(options.json, so_far)
    return so_far


def read_record(path: Path) -> Record:
    """A record that this command wrote.

    Raises:
        UserError: there is none.
    """
    record = read_json(path)
    if "contenders" not in record:
        raise UserError(
            "There is no record of this benchmark.",
            expected="a file that --json has written",
            got=str(path),
            next_command="python -m benchmarks.speed --json FILE",
        )
    return record


@contextmanager
def room(keep: Path | None) -> Iterator[Path]:
    """A folder for inputs, which goes unless it is to be kept."""
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)


def main() -> int:
    """Measure or read, then show."""
    options = asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if options.made:
            record = completed(read_record(options.made))
        else:
            with room(options.keep) as folder:
                record = measure(folder, options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    page = markdown(record)
    print(page)
    if options.markdown:
        options.markdown.write_text(page, encoding="utf-8")
    if options.figure:
        options.figure.write_text(speed_figure(record).svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
