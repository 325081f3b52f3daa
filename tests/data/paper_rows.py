"""A small data set in the paper's format, good rows and broken ones, in every layout it comes in.

Frames are flat colours with a disc, drawn with Pillow. ``good()`` and ``with_problems()`` give the
splits as lists of plain rows whose ``image`` is an encoded PNG; the writers lay them out as
parquet, Arrow or JSON lines.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

SIDE = 56
POINT = "<point x='{:.1f}' y='{:.1f}'>{}</point>"
Splits = dict[str, list[dict[str, Any]]]


def frame(seed: int, side: int = SIDE) -> bytes:
    """A PNG, another for every seed."""
    picture = Image.new("RGB", (side, side), (seed % 256, 90, 80))
    ImageDraw.Draw(picture).ellipse([seed % 40, 10, seed % 40 + 9, 19], fill=(200, 60, seed % 200))
    stream = BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def messages(question: str, answer: str, placeholder: str = "<image>") -> list[dict[str, str]]:
    return [
        {"role": "user", "content": f"{placeholder}\n{question}"},
        {"role": "assistant", "content": answer},
    ]


def pointing(seed: int, x: float, y: float, label: str = "suction device", video: int = 1) -> dict:
    """One question about one instrument."""
    return {
        "image": frame(seed),
        "messages": messages(f"Where is the {label} positioned?", POINT.format(x, y, label)),
        "video_id": f"video_{video:02d}",
        "timestamp": seed / 2,
        "frame_index": seed,
        "metadata": {
            "category": "instruments",
            "label": label,
            "coordinates": {"x": x, "y": y},
            "confidence": 1.0,
            "source": "ground_truth",
            "quadrant": "1",
        },
    }


def anatomy(seed: int) -> dict:
    row = pointing(seed, 62.1, 34.7, "sphenoid sinus", video=2)
    row["metadata"] = {"category": "anatomy", "label": "sphenoid sinus", "source": "gemini"}
    return row


def several(seed: int) -> dict:
    """A question about all that is there, answered by lists."""
    answer = "\n".join(
        [
            "**Instruments:**",
            f"- {POINT.format(25, 30, 'ring curette')}",
            "**Anatomy:**",
            f"- {POINT.format(70.5, 80.1, 'sella')}",
            f"- {POINT.format(10, 90, 'nasal septum')}",
        ]
    )
    metadata = {"type": "multi_point", "num_instruments": 1, "num_anatomy": 2, "source": "gemini"}
    words = messages("Provide a spatial description of this surgical field.", answer)
    return pointing(seed, 0, 0, video=3) | {"messages": words, "metadata": metadata}


def dual(seed: int) -> dict:
    first, second = POINT.format(20, 20, "surgical drill"), POINT.format(80, 80, "cottonoid")
    metadata = {"type": "dual_instrument", "instruments": ["surgical drill", "cottonoid"]}
    words = messages("Describe it.", f"**Primary instrument:** {first}\n**Secondary:** {second}")
    return pointing(seed, 0, 0, video=3) | {"messages": words, "metadata": metadata}


def tracking(frames: list[bytes] | None = None) -> dict:
    """A question about several frames; the author's rows come without any."""
    answer = "Tracking **drill** movement:\n" + "\n".join(
        f"- t={t:.1f}s: {POINT.format(10 * t + 10, 50, 'drill')}" for t in (0, 1, 2)
    )
    metadata = {"type": "temporal_tracking", "category": "instruments", "label": "drill"}
    row = {
        "messages": messages("Track the drill in this surgical video.", answer, "<video>"),
        "video_id": "video_04",
        "timestamps": [0.0, 1.0, 2.0],
        "metadata": metadata | {"num_frames": 3, "source": "gemini"},
    }
    return row | ({"images": frames} if frames else {})


def classified(seed: int, task: str, answer: str) -> dict:
    """A row of Level 1: no metadata, and the messages as JSON text."""
    words = messages("What is shown in this surgical frame?", answer)
    return {"image": frame(seed), "messages": json.dumps(words), "task_type": task}


def said(seed: int, answer: str) -> dict:
    row = pointing(seed, 50, 50)
    return row | {"messages": messages("Where is it?", answer), "metadata": None}


def broken() -> dict[str, dict]:
    """One row for every kind of refusal that a columnar file can hold, by kind."""
    good = pointing(200, 50, 50)
    return {
        "unreadable messages": good | {"messages": "[{'role': user"},
        "no question": good | {"messages": messages("", "yes")},
        "no answer": good | {"messages": messages("Where is it?", " ")},
        "no image": good | {"image": None},
        "unreadable image": good | {"image": frame(201)[:60]},
        "video without frames": tracking(),
        "several frames for one": good | {"image": None, "images": [frame(201), frame(202)]},
        "unreadable point": said(202, "<point x='nan' y='5'>drill</point>"),
        "coordinates out of range": said(203, POINT.format(104.0, 5, "drill")),
        "point without a label": said(204, POINT.format(4.0, 5, "")),
    }


def good() -> Splits:
    """No broken row, and nothing that the splits share."""
    train = [pointing(1, 45.2, 68.3), pointing(2, 10, 12.5), anatomy(3), several(4), dual(5)]
    train += [classified(6, "phase_classification", "The phase is tumor removal.")]
    held = [pointing(101, 88, 12, video=5), classified(102, "step_classification", "hemostasis")]
    return {"train": train, "validation": held}


def with_problems() -> Splits:
    """The good rows, then every broken one in ``train``, and leaks: a frame, a row, videos."""
    splits = good()
    splits["train"] += broken().values()
    splits["validation"] += [pointing(1, 47.0, 66.0), splits["train"][1], splits["train"][1]]
    return splits


def as_dataset(splits: Splits, *, text: bool = False) -> Any:
    """A ``datasets.DatasetDict`` with every column that any row has; pictures stay encoded."""
    from datasets import Dataset, DatasetDict, Features, List, Value
    from datasets import Image as Picture

    point = {"x": Value("float64"), "y": Value("float64")}
    words = {"role": Value("string"), "content": Value("string")}
    metadata = {
        **dict.fromkeys(["category", "label", "source", "quadrant", "type"], Value("string")),
        **dict.fromkeys(["num_instruments", "num_anatomy", "num_frames"], Value("int64")),
        "confidence": Value("float64"),
        "coordinates": point,
        "instruments": List(Value("string")),
    }
    features = Features(
        {
            "image": Picture(),
            "images": List(Picture()),
            "messages": Value("string") if text else List(words),
            "video_id": Value("string"),
            "timestamp": Value("float64"),
            "timestamps": List(Value("float64")),
            "frame_index": Value("int64"),
            "task_type": Value("string"),
            "metadata": Value("string") if text else metadata,
        }
    )

    def made(rows: list[dict[str, Any]]) -> Any:
        full = [_columns(row, features, text) for row in rows]
        columns = {column: [row[column] for row in full] for column in features}
        return Dataset.from_dict(columns, features)

    return DatasetDict({split: made(rows) for split, rows in splits.items()})


def _columns(row: dict, features: Any, text: bool) -> dict:
    full = dict.fromkeys(features) | row
    if text:
        for column in ("messages", "metadata"):
            if full[column] is not None and not isinstance(full[column], str):
                full[column] = json.dumps(full[column])
    elif isinstance(full["messages"], str):
        full["messages"] = json.loads(full["messages"])
    full["image"] = {"bytes": row["image"], "path": None} if row.get("image") else None
    if row.get("images"):
        full["images"] = [{"bytes": picture, "path": None} for picture in row["images"]]
    return full


def write_parquet(splits: Splits, folder: Path, *, shards: int = 1, text: bool = True) -> Path:
    """The hub's layout: ``data/train-00000-of-00001.parquet``."""
    (folder / "data").mkdir(parents=True)
    for split, rows in as_dataset(splits, text=text).items():
        for i in range(shards):
            name = f"{split}-{i:05d}-of-{shards:05d}.parquet"
            rows.shard(shards, i, contiguous=True).to_parquet(folder / "data" / name)
    return folder


def write_json_lines(splits: Splits, folder: Path) -> Path:
    """The author's layout, with picture files beside: ``train.jsonl`` and ``frames/``."""
    (folder / "frames").mkdir(parents=True)
    for split, rows in splits.items():
        lines = []
        for number, row in enumerate(rows):
            plain = {key: value for key, value in row.items() if key not in ("image", "images")}
            if row.get("images"):
                plain["images"] = [
                    f"frames/{split}-{number}-{i}.png" for i in range(len(row["images"]))
                ]
                for name, picture in zip(plain["images"], row["images"], strict=True):
                    (folder / name).write_bytes(picture)
            if row.get("image"):
                plain["image"] = f"frames/{split}-{number}.png"
                (folder / plain["image"]).write_bytes(row["image"])
            lines.append(json.dumps(plain) + "\n")
        (folder / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder
