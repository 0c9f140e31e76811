"""What computes a network's file: onnxruntime, or OpenVINO where it is asked for by name and installed.

onnxruntime is what all figures were measured with. OpenVINO (extra `openvino`) rounds otherwise: on 100 real films it moved the
bone age by at most 0.0004 months in float32, and by 0.24 in the median and at most 1.2 in bf16, so bf16 is never taken unasked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from enum import Enum

import numpy as np
import numpy.typing as npt

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load

Batch = npt.NDArray[np.float32]
Run = Callable[[Mapping[str, Batch]], tuple[Batch, ...]]  # inputs by name to outputs in the file's order

ENGINE, THREADS = "BONEAGE_ENGINE", "BONEAGE_THREADS"  # environment
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


class Engine(str, Enum):
    """An engine by the word that asks for it."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"  # float32
    OPENVINO_BF16 = "openvino-bf16"  # products of 8 bits of precision, on processors that have them


MEASURED = Engine.ONNXRUNTIME  # what every figure was measured with


def engine_asked() -> Engine:
    """What BONEAGE_ENGINE says. Raises BoneAgeError for a word that is none."""
    word = os.environ.get(ENGINE) or MEASURED.value
    try:
        return Engine(word)
    except ValueError:
        known = ", ".join(engine.value for engine in Engine)
        raise BoneAgeError(Kind.BAD_OPTION, came=f"{ENGINE}={word}", expected=f"one of: {known}", todo="Choose one.") from None


def threads_asked() -> int:
    """What BONEAGE_THREADS says, 1 without it. Raises BoneAgeError for what is no number from 1 on."""
    word = os.environ.get(THREADS) or "1"
    if not (word.isascii() and word.isdigit() and int(word) >= 1):
        raise BoneAgeError(Kind.BAD_OPTION, came=f"{THREADS}={word}", expected="a whole number from 1 on", todo="Write 1 or 2.")
    return int(word)


def start(data: bytes) -> tuple[list[str], Run]:
    """The names of the inputs of a network's file, and what runs it; may be called from several threads.

    One thread each, unless asked otherwise: the networks are small, and a busy machine does not leave threads waiting for each
    other (70 times slower was seen, with threads that wait by spinning; here they sleep).
    """
    engine = engine_asked()
    if engine is Engine.ONNXRUNTIME:
        return _onnxruntime(data, threads_asked())
    return _openvino(data, threads_asked(), precision="bf16" if engine is Engine.OPENVINO_BF16 else "f32")


def _onnxruntime(data: bytes, threads: int) -> tuple[list[str], Run]:
    os.environ[NO_TELEMETRY] = "1"  # its newer versions tell their makers of each session, unless this is set before it loads
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    return names, lambda feed: tuple(np.asarray(value) for value in session.run(None, dict(feed)))


def _openvino(data: bytes, threads: int, *, precision: str) -> tuple[list[str], Run]:
    openvino = load("openvino", "openvino")
    settings = {
        "INFERENCE_PRECISION_HINT": precision,  # its own choice would be the processor's fastest, bf16 on some
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = openvino.Core()
    network = core.compile_model(core.read_model(data), "CPU", settings)

    def run(feed: Mapping[str, Batch]) -> tuple[Batch, ...]:
        found = network.create_infer_request().infer(dict(feed))  # one each: a request serves one thread
        return tuple(np.asarray(found[output], np.float32) for output in network.outputs)

    return [value.any_name for value in network.inputs], run
