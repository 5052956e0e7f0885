"""Model files for MediaPipe's Tasks, made of the networks inside the 0.10.21 wheel.

Google's own hand and pose bundles hold the same networks; a float network needs the range of its input as metadata.
The full-range face detector runs as a task from MediaPipe 1.2 on; the landmark network of face_landmarker.task is in no
wheel.
"""

import zipfile
from importlib.util import find_spec
from pathlib import Path

import flatbuffers


def wheel_models() -> Path:
    """Folder of the models inside MediaPipe's wheel."""
    return Path(find_spec("mediapipe").origin).parent / "modules"


def write_task_models(folder: Path) -> None:
    """Write hand, pose, person and face detector models as tasks read them; not the face landmarks."""
    inside = wheel_models()
    hands = {
        "hand_detector": (inside / "palm_detection/palm_detection_full.tflite").read_bytes(),
        "hand_landmarks_detector": (inside / "hand_landmark/hand_landmark_full.tflite").read_bytes(),
    }
    pose = {
        "pose_detector": _with_input_range(inside / "pose_detection/pose_detection.tflite", 127.5, 127.5),
        "pose_landmarks_detector": _with_input_range(inside / "pose_landmark/pose_landmark_full.tflite", 0.0, 255.0),
    }
    faces = {"face_detector": (inside / "face_detection/face_detection_short_range.tflite").read_bytes()}
    for name, members in (("hand_landmarker", hands), ("pose_landmarker_full", pose), ("face_landmarker", faces)):
        with zipfile.ZipFile(folder / f"{name}.task", "w") as archive:
            for member, content in members.items():
                archive.writestr(f"{member}.tflite", content)
    person = inside / "selfie_segmentation/selfie_segmentation.tflite"
    (folder / "selfie_segmenter.tflite").write_bytes(person.read_bytes())
    full = inside / "face_detection/face_detection_full_range_sparse.tflite"
    (folder / "blaze_face_full_range.tflite").write_bytes(full.read_bytes())


def _with_input_range(path: Path, mean: float, std: float) -> bytes:
    """The network with metadata that says (value - mean) / std of 0..255 is its input."""
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
    from mediapipe.tasks.metadata import schema_py_generated as tflite
    from mediapipe.tasks.python.metadata.metadata import MetadataPopulator

    tensor = schema.TensorMetadataT()
    tensor.content = schema.ContentT()
    tensor.content.contentPropertiesType = schema.ContentProperties.ImageProperties
    tensor.content.contentProperties = schema.ImagePropertiesT()
    tensor.content.contentProperties.colorSpace = schema.ColorSpaceType.RGB
    unit = schema.ProcessUnitT()
    unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
    unit.options = schema.NormalizationOptionsT()
    unit.options.mean, unit.options.std = [mean], [std]
    tensor.processUnits = [unit]
    network = tflite.ModelT.InitFromObj(tflite.Model.GetRootAsModel(path.read_bytes(), 0))
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    graph.outputTensorMetadata = [schema.TensorMetadataT() for _ in network.subgraphs[0].outputs]
    metadata = schema.ModelMetadataT()
    metadata.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(metadata.Pack(builder), MetadataPopulator.METADATA_FILE_IDENTIFIER)
    populator = MetadataPopulator.with_model_buffer(bytearray(path.read_bytes()))
    populator.load_metadata_buffer(builder.Output())
    populator.populate()
    return bytes(populator.get_model_buffer())
