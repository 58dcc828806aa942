"""A writer of the text formats of kac_drumset."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")|([\[\]{},:])')
SETTINGS = '{"duration": 0.01, "sample_rate": 800}'
RAW = '{"f_min": 22.05, "hop_length": 256, "normalise_input": false, "output_type": "end2end"}'
MEL = '{"hop_length": 8, "n_bins": 16, "n_mels": 2, "output_type": "mel", "window_length": 16}'
MEL_SETTINGS = '{"duration": 0.02, "sample_rate": 1000}'
SAMPLERS = {
    "E7": '"BesselModel"',
    "E8": '{"name": "BesselModel", "version": "1.4.2"}',
    "E8b": "\"{'name': 'BesselModel', 'version': '1.4.2'}\"",
    "E9": '{"name": "Lam\\u00e9Model", "version": "0.2.0"}',
    "E9 raw": '{"name": "LaméModel", "version": "0.2.0"}',
}
STYLES = {
    "lines": lambda text: text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "one line": lambda text: text.replace("\n", ""),
    "byte order mark": lambda text: "\ufeff" + text,
    "indented": lambda text: json.dumps(json.loads(text), indent=4),
    "spread": lambda text: _TOKEN.sub(lambda m: m[1] or f"\n\t {m[2]} \r\n", text),
}


def write(
    directory: Path,
    x: Any,
    labels: list[str] | None = None,
    *,
    sampler: str = SAMPLERS["E8"],
    settings: str = SETTINGS,
    representation: str = RAW,
    size: int | None = None,
    style: str = "lines",
) -> bytes:
    """Write a metadata.json as kac_drumset did, and return its bytes."""
    labels = labels or [f'{{"drum_size": [{i // 2 + 0.5}]}}' for i in range(len(x))]
    rows = ["{\n" + f'"x": {row},\n"y": {y}\n' + "}" for row, y in zip(x, labels, strict=True)]
    text = (
        f'{{\n"dataset_size": {len(rows) if size is None else size},\n'
        f'"representation_settings": {representation},\n"sampler": {sampler},\n'
        f'"sampler_settings": {settings},\n"data": [\n' + ",\n".join(rows) + "]}"
    )
    directory.mkdir(exist_ok=True)
    content = STYLES[style](text).encode()
    (directory / "metadata.json").write_bytes(content)
    return content


def waves(count: int = 5, length: int = 8) -> list[Any]:
    rows: list[Any] = np.random.default_rng(1).normal(size=(count, length)).tolist()
    return rows
