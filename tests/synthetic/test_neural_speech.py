import json

import numpy as np
import pytest

from beavervision.errors import ConfigError
from beavervision.synthetic.neural_speech import AHEAD, DURATIONS, HOP, RATE, load_neural_voices

onnx = pytest.importorskip("onnx", reason="the extra [neural] is not installed")
pytest.importorskip("onnxruntime", reason="the extra [neural] is not installed")
pytest.importorskip("espeakng_loader", reason="the extra [neural] is not installed")

TICKS = 4
"""Duration of every token of the small model, units of HOP samples: 0.1 s."""


def write_model(folder, durations=DURATIONS):
    """A model with Kokoro's inputs and outputs: every token lasts 0.1 s, and its sound is a constant."""
    from onnx import TensorProto, helper

    def constant(name, values, kind):
        return helper.make_node(
            "Constant", [], [name], value=helper.make_tensor(name, kind, np.shape(values), np.ravel(values))
        )

    nodes = [
        helper.make_node("Cast", ["tokens"], ["token"], to=TensorProto.FLOAT),
        constant("zero", [0.0], TensorProto.FLOAT),
        constant("ticks", [float(TICKS)], TensorProto.FLOAT),
        constant("hop", [float(HOP)], TensorProto.FLOAT),
        constant("one", [1], TensorProto.INT64),
        helper.make_node("Mul", ["token", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "ticks"], ["length"]),
        helper.make_node("Div", ["length", "speed"], [durations]),
        helper.make_node("ReduceSum", [durations], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "hop"], ["samples"]),
        helper.make_node("Cast", ["samples"], ["count"], to=TensorProto.INT64),
        helper.make_node("Reshape", ["count", "one"], ["shape"]),
        helper.make_node(
            "ConstantOfShape", ["shape"], ["silence"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.2])
        ),
        helper.make_node("ReduceMean", ["style"], ["loudness"], keepdims=0),
        helper.make_node("Mul", ["silence", "loudness"], ["audio"]),
    ]
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, None]),
        helper.make_tensor_value_info("style", TensorProto.FLOAT, [1, 256]),
        helper.make_tensor_value_info("speed", TensorProto.FLOAT, [1]),
    ]
    outputs = [helper.make_tensor_value_info("audio", TensorProto.FLOAT, [None])]
    graph = helper.make_graph(nodes, "small", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(folder / "kokoro.onnx"))
    np.savez(folder / "voices.npz", anna=np.ones((510, 1, 256), np.float32), otto=np.zeros((510, 1, 256), np.float32))
    symbols = " ,ˈːabdefɡhijklmnoprstuvzəɪʊɔæðŋɛɑɹʃθ"
    (folder / "vocab.json").write_text(json.dumps({"vocab": {symbol: i + 1 for i, symbol in enumerate(symbols)}}))
    return folder


def test_every_phoneme_has_its_time(tmp_path):
    voices = load_neural_voices(write_model(tmp_path))
    speech = voices.speak("map", voices.blend({"anna": 1.0}), "en-us")
    assert [p.symbol for p in speech.phonemes if p.symbol] == ["m", "ˈæ", "p"]
    # A pad of 0.1 s, m, then the stress mark and the vowel together; the sound is AHEAD of the durations.
    starts = {p.symbol: p.start for p in speech.phonemes}
    assert starts["m"] == pytest.approx(0.1 - AHEAD)
    assert starts["ˈæ"] == pytest.approx(0.2 - AHEAD)
    assert starts["p"] == pytest.approx(0.4 - AHEAD)
    assert len(speech.samples) == 6 * TICKS * HOP
    assert speech.rate == RATE


def test_the_space_between_words_belongs_to_both(tmp_path):
    voices = load_neural_voices(write_model(tmp_path))
    phonemes = voices.speak("map map", voices.blend({"anna": 1.0}), "en-us").phonemes
    assert " " not in [p.symbol for p in phonemes]
    np.testing.assert_allclose([p.end for p in phonemes[:-1]], [p.start for p in phonemes[1:]], atol=1e-9)


def test_speed_shortens_and_a_blend_is_a_weighted_mean(tmp_path):
    voices = load_neural_voices(write_model(tmp_path))
    half = voices.blend({"anna": 0.5, "otto": 0.5})
    slow, fast = (voices.speak("map", half, "en-us", speed=speed) for speed in (1.0, 2.0))
    assert len(fast.samples) == len(slow.samples) / 2
    np.testing.assert_allclose(slow.samples, 0.1, atol=1e-6)


@pytest.mark.parametrize("name", ["kokoro.onnx", "voices.npz", "vocab.json"])
def test_a_missing_file_is_named(tmp_path, name):
    (write_model(tmp_path) / name).unlink()
    with pytest.raises(ConfigError, match=rf"{name} is missing"):
        load_neural_voices(tmp_path)


def test_another_model_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="take Kokoro-82M"):
        load_neural_voices(write_model(tmp_path, durations="elsewhere"))
