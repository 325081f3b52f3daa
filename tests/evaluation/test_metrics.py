"""Every metric of small sets of answers, by hand; n everywhere, and what nobody answered."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from paper_repro.data.labels import PHASES
from paper_repro.errors import UserError
from paper_repro.evaluation.intervals import wilson
from paper_repro.evaluation.metrics import evaluate, quadrants
from paper_repro.evaluation.predictions import DRAWN
from paper_repro.evaluation.results import PERCENT_OF_FRAME, TITLES
from tests.evaluation import said
from tests.evaluation.said import one, point

# misses by 5, 10 (6 and 8), 13 (5 and 12) and 50
FOUR = [
    ((20.0, 20.0), (20.0, 25.0)),
    ((80.0, 20.0), (86.0, 28.0)),
    ((48.0, 70.0), (53.0, 82.0)),
    ((25.0, 75.0), (75.0, 75.0)),
]


def values(predictions, **options):
    return {name: one.value for name, one in evaluate(predictions, **options).metrics.items()}


def test_the_metrics_of_points_by_hand():
    found = values(said.pointing(FOUR))
    assert found["parse_rate"] == found["parse_rate_pointing"] == 1.0
    assert found["quadrant_accuracy"] == found["quadrant_accuracy_of_parsed"] == 0.5
    assert found["within_10"] == 0.5 and found["within_15"] == 0.75
    assert found["mae_x"] == pytest.approx((0 + 6 + 5 + 50) / 4)
    assert found["mae_y"] == pytest.approx((5 + 8 + 12 + 0) / 4)
    assert found["mean_distance"] == pytest.approx((5 + 10 + 13 + 50) / 4)
    assert found["median_distance"] == pytest.approx((10 + 13) / 2)


def test_an_answer_that_cannot_be_read_is_wrong_and_no_distance():
    every = evaluate(said.pointing([*FOUR, ((20.0, 20.0), None)])).metrics
    assert (every["parse_rate"].value, every["parse_rate"].n) == (0.8, 5)
    for name, share in {"quadrant_accuracy": 2 / 5, "within_10": 2 / 5, "within_15": 3 / 5}.items():
        assert (every[name].value, every[name].n, every[name].units) == (share, 5, "points"), name
    for name in ("quadrant_accuracy_of_parsed", *PERCENT_OF_FRAME):
        assert (every[name].n, every[name].units) == (4, "paired points"), name
    assert every["quadrant_accuracy_of_parsed"].value == 0.5
    assert every["mae_x"].value == pytest.approx(61 / 4)


def test_when_no_answer_can_be_read():
    found = evaluate(said.pointing([(truth, None) for truth, _ in FOUR]))
    for name in ("parse_rate", "quadrant_accuracy", "within_10"):
        assert (found.metrics[name].value, found.metrics[name].n) == (0.0, 4)
    for name in ("quadrant_accuracy_of_parsed", *PERCENT_OF_FRAME):
        assert name not in found.metrics and "can be read" in found.absent[name]


@pytest.mark.parametrize(
    ("place", "number"),
    [
        ((0, 0), 0), ((49.9, 49.9), 0), ((50, 49.9), 1), ((49.9, 50), 2), ((50, 50), 3),
        ((100, 100), 3), ((100, 0), 1), ((-20, 130), 2), ((np.nan, 10), -1),
    ],
)  # fmt: skip
def test_the_quadrants_and_their_borders(place, number):
    assert quadrants(np.array([place], float)).tolist() == [number]


def test_the_border_belongs_to_the_right_and_to_the_bottom():
    found = values(said.pointing([((50.0, 50.0), (99.0, 99.0)), ((50.0, 50.0), (49.9, 99.0))]))
    assert found["quadrant_accuracy"] == 0.5


def test_every_point_of_a_row_counts():
    two = point(10, 10) + point(90, 90, "drill")
    found = evaluate([one(two, point(90, 90, "drill")), one(two, two, 1)])
    assert (found.metrics["parse_rate"].value, found.metrics["parse_rate"].n) == (1.0, 2)
    assert found.metrics["quadrant_accuracy"].value == 0.75
    assert found.metrics["quadrant_accuracy"].n == 4 and found.metrics["mae_x"].n == 3
    assert found.metrics["mae_x"].value == 0.0


def test_phases_by_scikit_learn():
    truth = ["nasal"] * 4 + ["sellar"] * 3 + ["closure"] * 2
    answers = ["nasal", "nasal", "sellar", "?", "sellar", "sellar", "tumor removal", "closure", ""]
    found = evaluate(said.phases(list(zip(truth, answers, strict=True)))).metrics
    named = [answer.replace(" ", "_") for answer in answers]
    assert found["phase_accuracy"].value == accuracy_score(truth, named)
    known = f1_score(truth, named, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert found["phase_macro_f1"].value == pytest.approx(known)
    assert found["phase_accuracy"].n == found["phase_macro_f1"].n == 9
    assert (found["parse_rate"].value, found["parse_rate"].n) == (7 / 9, 9)


def test_steps_are_not_taken_for_phases():
    rows = said.phases([("sellar floor removal", "sellar"), ("dura opening", "dura opening")], "")
    found = values(rows)
    assert found["step_accuracy"] == 0.5 and "phase_accuracy" not in found


def test_every_metric_has_its_n_and_its_interval_around_it():
    rows = [
        *said.pointing(FOUR),
        *said.phases([(name, name) for name in PHASES] + [("nasal", "closure")]),
        *said.phases([("hemostasis", "hemostasis"), ("dura opening", "?")], said.STEP),
        one("yes", "yes", task="counting"),
    ]
    found = evaluate(rows)
    assert list(found.metrics) == list(TITLES) and not found.absent
    for name, metric in found.metrics.items():
        assert metric.n > 0 and metric.units in ("rows", "points", "paired points"), name
        assert metric.interval.low <= metric.value <= metric.interval.high, name
    assert found.metrics["parse_rate"].n == 11
    assert found.metrics["exact_match"].n == 1


def test_what_a_set_has_no_rows_for_is_absent_with_the_reason():
    found = evaluate(said.phases([("nasal", "nasal")]))
    assert found.absent["mae_x"] == found.absent["within_10"] == "no row asks for points"
    assert found.absent["step_accuracy"] == "no row asks for a step"
    assert set(found.metrics) | set(found.absent) == set(TITLES)


def test_nothing_to_score():
    with pytest.raises(UserError) as error:
        evaluate([])
    assert error.value.got == "no prediction"
    with pytest.raises(UserError) as error:
        evaluate([one("no label", "nasal", 7, said.PHASE)])
    assert "row 7" in error.value.got and error.value.next_command


def alike(count: int = 10, rows: int = 20):
    """Videos whose rows are all right or all wrong, as in a video that is easy or hard."""
    videos = [f"video_{number}" for number in range(count) for _ in range(rows)]
    right, wrong = ((20.0, 20.0), (25.0, 20.0)), ((20.0, 20.0), (80.0, 20.0))
    pairs = [right if int(video[6:]) % 2 else wrong for video in videos]
    return pairs, videos


def width(interval):
    return interval.high - interval.low


def test_rows_that_agree_within_a_video_are_worth_one_row():
    pairs, videos = alike()
    found = evaluate(said.pointing(pairs, videos)).metrics
    apart = evaluate(said.pointing(pairs)).metrics
    for name in ("quadrant_accuracy", "mae_x", "mean_distance"):
        by_video, by_row = found[name].by_video, found[name].by_row
        assert found[name].interval == by_video
        assert by_row == apart[name].interval and apart[name].by_video is None
        assert width(by_video) > 3 * width(by_row), name
        assert (by_video.groups, by_row.groups) == (10, 200)
    assert width(found["quadrant_accuracy"].by_video) > 0.8 * width(wilson(5, 10))
    assert found["quadrant_accuracy"].by_video.method == "bootstrap over videos"


def test_rows_that_do_not_agree_within_a_video_lose_nothing_by_it():
    random = np.random.default_rng(4)
    pairs = [((20.0, 20.0), (20.0 + random.normal(0, 5), 20.0)) for _ in range(1000)]
    found = evaluate(said.pointing(pairs, [f"v{row // 20}" for row in range(1000)])).metrics
    mae = found["mae_x"]
    assert width(mae.by_video) == pytest.approx(width(mae.by_row), rel=0.25)


def test_a_share_of_one_counts_each_video_once():
    pairs, videos = alike(4)
    found = evaluate(said.pointing(pairs, videos)).metrics["parse_rate"]
    assert (found.by_video.low, found.by_video.high) == (wilson(4, 4).low, 1.0)
    assert found.by_video.method == "Wilson, videos counted once"
    assert found.by_row.low == wilson(80, 80).low


def test_one_video_has_no_interval_of_its_own():
    pairs, _ = alike(1)
    found = evaluate(said.pointing(pairs, ["video_1"] * 20))
    assert found.videos == 1
    assert all(metric.by_video is None for metric in found.metrics.values())


def test_rows_without_a_video_count_as_one_each():
    pairs, videos = alike(2)
    found = evaluate(said.pointing(pairs, [*videos[:20], *[None] * 20]))
    assert (found.videos, found.nameless) == (1, 20)
    assert found.metrics["mae_x"].by_video.groups == 21


def test_points_of_one_row_are_drawn_together():
    """Where rows have several points, a share's units are not independent."""
    two = point(10, 10) + point(90, 90, "drill")
    far = point(90, 10) + point(10, 90, "drill")
    found = evaluate([one(two, two if row % 2 else far, row) for row in range(40)]).metrics
    quadrant = found["quadrant_accuracy"]
    assert quadrant.n == 80 and quadrant.by_row.groups == 40
    assert quadrant.by_row.method == "bootstrap over rows"
    assert width(quadrant.by_row) > 1.2 * width(wilson(40, 80))


def test_the_same_seed_gives_the_same_evaluation():
    rows = said.as_the_paper_draws(200)
    first, again, other = (evaluate(rows, seed).metrics for seed in (0, 0, 1))
    assert first == again
    assert first["mae_x"].by_row != other["mae_x"].by_row
    assert first["mae_x"].value == other["mae_x"].value


def test_the_best_that_the_papers_points_allow():
    found = evaluate(said.as_the_paper_draws(600, wrong=0.0))
    assert found.floor is not None and found.floor.noisy == 1
    for name in ("quadrant_accuracy", "within_10", "mae_x", "mean_distance", "median_distance"):
        metric = found.metrics[name]
        assert metric.interval.low <= metric.best <= metric.interval.high, name
    assert found.metrics["within_15"].best == 1.0
    assert found.metrics["parse_rate"].best is None


def test_points_made_otherwise_have_no_floor_but_a_reference():
    found = evaluate(said.pointing(FOUR * 3))
    assert found.floor is None and float(found.reference_floor.quadrant) == 0.85
    assert all(metric.best is None for metric in found.metrics.values())


def test_drawn_frames_have_neither():
    rows = said.as_the_paper_draws(60)
    for drawn in (evaluate(rows, drawn=True), evaluate([vars_with(row) for row in rows])):
        assert drawn.drawn and drawn.floor is drawn.reference_floor is None
        assert drawn.metrics["mae_x"].best is None
    assert not evaluate(rows).drawn


def vars_with(row):
    return type(row)(**{**vars(row), "frames": DRAWN})
