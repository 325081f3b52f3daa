"""The vocabulary of what a claim can be about. A study may use no other quantity.

Each stage of ``verify`` produces findings for some of these; a claim names one.
"""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """What a quantity is measured in, whose it is (``model``, ``adapter``, ``dataset``,
    ``hub`` or ``run``, the training run that a variant describes), and what it means."""

    unit: str
    of: str
    meaning: str


QUANTITIES: dict[str, Quantity] = {
    # models
    "model.id": Quantity("text", "model", "hub name of the base that the cells load"),
    "model.name": Quantity("text", "model", "name of the model family in its own paper"),
    "model.publisher": Quantity("text", "model", "who published the model"),
    "model.year": Quantity("year", "model", "year of the model's paper"),
    "model.url": Quantity("text", "model", "address of the model's page"),
    "model.parameters": Quantity("parameters", "model", "all weights, tied ones counted once"),
    "model.pretrained": Quantity("truth", "model", "the base comes with trained weights"),
    # pre-training, as far as published token counts bound it
    "pretraining.tokens": Quantity("tokens", "model", "tokens seen before any fine-tuning"),
    "pretraining.gpus": Quantity("GPUs", "model", "cards that trained the base"),
    "pretraining.months": Quantity("months", "model", "duration of the base's training"),
    "pretraining.gpu_hours": Quantity("GPU hours", "model", "A100 hours of the final run, 6·N·D"),
    "pretraining.cost": Quantity("US dollars", "model", "rented cost of those GPU hours"),
    # full fine-tuning
    "full.parameters": Quantity("parameters", "model", "weights that full fine-tuning updates"),
    "full.gpus": Quantity("GPUs", "model", "80 GB cards that hold weights, gradients and Adam"),
    "full.days": Quantity("days", "run", "full fine-tuning on the run's data, one A100 to eight"),
    # adapters, as each variant configures them
    "adapter.parameters": Quantity("parameters", "adapter", "weights of one LoRA adapter"),
    "adapter.r": Quantity("rank", "adapter", "LoRA rank"),
    "adapter.lora_alpha": Quantity("scale", "adapter", "LoRA alpha"),
    "adapter.target_modules": Quantity("names", "adapter", "module names that LoRA wraps"),
    "adapter.base": Quantity("text", "adapter", "what the adapter was trained on top of"),
    "adapter.is_new": Quantity(
        "truth", "adapter", "its matrices start from a fresh initialisation"
    ),
    # data sets
    "dataset.id": Quantity("text", "dataset", "hub name"),
    "dataset.rows": Quantity("rows", "dataset", "rows of all splits"),
    "dataset.train_rows": Quantity("rows", "dataset", "rows that training reads"),
    "dataset.validation_rows": Quantity("rows", "dataset", "rows held out for scoring"),
    "dataset.tasks": Quantity("names", "dataset", "kinds of task in its rows"),
    "dataset.row_is_frame": Quantity("truth", "dataset", "every row is one distinct frame"),
    # the run
    "run.method": Quantity("text", "run", "LoRA, QLoRA or full fine-tuning"),
    "run.quantized": Quantity("truth", "run", "the base is loaded in 4 bits"),
    "trainable.parameters": Quantity("parameters", "run", "weights that the optimizer updates"),
    "trainable.percent": Quantity("percent", "run", "share of those weights in a denominator"),
    "trainable.only": Quantity("truth", "run", "only the newest adapter is trained"),
    "total.parameters": Quantity("parameters", "run", "base and every adapter"),
    "base.trainable": Quantity("parameters", "run", "base weights that the optimizer updates"),
    "base.unchanged": Quantity("truth", "run", "every base tensor has the same bytes after steps"),
    "lower.trainable": Quantity("truth", "run", "the earlier adapter can receive gradients"),
    "lower.unchanged": Quantity("truth", "run", "the earlier adapter has the same bytes after"),
    "run.steps": Quantity("steps", "run", "optimizer steps"),
    "run.hours": Quantity("hours", "run", "wall time on the card that the study names"),
    "run.hours_smallest": Quantity("hours", "run", "estimated, at the smallest frames in question"),
    "run.hours_largest": Quantity("hours", "run", "estimated, at the largest frames in question"),
    "run.card_fits": Quantity("truth", "run", "the run fits one card of the study"),
    "run.price": Quantity("US dollars", "run", "price of the card's hours"),
    "run.identical": Quantity("truth", "run", "two runs give the same adapter bytes"),
    "run.similar": Quantity("truth", "run", "two runs differ by no more than seeds make them"),
    "run.seeded": Quantity("truth", "run", "the run fixes its seed"),
    # saving and loading
    "reload.same_outputs": Quantity("truth", "run", "saved, loaded as the docs say, same outputs"),
    "reload.changes_base": Quantity("truth", "run", "loaded on the bare base, outputs change"),
    "load.as_trained": Quantity("truth", "run", "the loading cell puts it on what it trained on"),
    "load.processor": Quantity("truth", "run", "the loading cell also loads a processor"),
    "load.minutes": Quantity("minutes", "run", "time to load the published model"),
    "load.downloads": Quantity("truth", "model", "loading by name fetches the weights"),
    # the hub
    "hub.exists": Quantity("truth", "hub", "the repository can be read by anyone"),
    "hub.parameters": Quantity("parameters", "hub", "weights in the published files' headers"),
    "hub.adapter_r": Quantity("rank", "hub", "rank in the published adapter's tensors"),
    "hub.adapter_base": Quantity("text", "hub", "base that the published adapter names"),
    "hub.adapter_sound": Quantity("truth", "hub", "the published adapter loads onto its base"),
    "hub.rows": Quantity("rows", "hub", "rows that the published data set declares"),
    # scores of the trained model, as reported
    "score.quadrant": Quantity("% of rows", "run", "answers in the right quadrant, trained"),
    "score.quadrant_before": Quantity(
        "% of rows", "run", "answers in the right quadrant, before training"
    ),
    "score.half_width": Quantity(
        "percentage points", "run", "half of a binomial 95 % interval of the quadrant accuracy"
    ),
    "score.improvement": Quantity("% more", "run", "quadrant accuracy after over before, less one"),
    "score.mae_x": Quantity("% of the width", "run", "mean absolute error of x"),
    "score.mae_y": Quantity("% of the height", "run", "mean absolute error of y"),
    # the document against itself
    "document.sum": Quantity("parameters", "run", "sum of the document's own breakdown"),
    "document.percent": Quantity("percent", "run", "the document's own numbers divided"),
    "document.today": Quantity("text", "run", "the day the document was written"),
}
