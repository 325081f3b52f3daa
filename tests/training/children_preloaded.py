"""What children have imported; no tensor is made, as its threads would not survive the fork."""

import datasets  # noqa: F401
import peft  # noqa: F401
import tensorboard.compat.proto.event_pb2
import tensorboard.summary.writer.record_writer  # noqa: F401
import torch  # noqa: F401
import transformers.models.qwen2_vl.image_processing_pil_qwen2_vl
import transformers.models.qwen2_vl.modeling_qwen2_vl  # noqa: F401

import paper_repro.cli
import paper_repro.cli.training
import paper_repro.training.run  # noqa: F401
