"""Dub a film with exported ONNX graphs, without torch: python dub_onnx.py EXPORT FOOTAGE SPEECH OUT.mp4."""

import json
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime

folder, footage, speech, out = (Path(word) for word in sys.argv[1:5])
facts, person = json.loads((folder / "export.json").read_text()), dict(np.load(folder / "person.npz"))
size, fps = facts["patch"], facts["fps"]
sessions = {name: onnxruntime.InferenceSession(folder / one["file"]) for name, one in facts["graphs"].items()}


def run(name, **inputs):
    return sessions[name].run(None, {one.name: inputs[one.name] for one in sessions[name].get_inputs()})


def sound(rate, length=None):
    resampler = av.AudioResampler("fltp", "mono", rate, length)
    with av.open(speech) as file:
        return [piece for frame in [*file.decode(audio=0), None] for piece in resampler.resample(frame)]


def motion(samples):  # landmarks of each frame of the speech, 1/10 cm from the mean face
    level = 10 * np.log10(np.percentile((samples[: len(samples) // 480 * 480].reshape(-1, 480) ** 2).mean(1), 90))
    samples = samples * 10 ** (np.clip(facts["speech_level_db"] - level, -20, 20) / 20)
    rows = run(facts["features"], samples=np.pad(samples, (0, -len(samples) % 640)).astype("f4"))[0]
    count = int(np.ceil(len(samples) / 16_000 * fps))
    content = rows[np.minimum(np.rint(np.arange(2 * count) * 25 / fps).astype(int), len(rows) - 1)]
    noise = np.zeros((-(-count // facts["frames_per_latent"]), facts["latent"]), "f4")
    voice = {"pitch": np.ones(2 * count, np.int64), "amplitude": np.ones(2, "f4")}
    return run("audio2motion", content=content, noise=noise, **voice)[1]


def spline(points):  # weights of the thin-plate spline from the points to those of each reference
    at = (points - points.mean(0)) / np.ptp(points, 0).max()
    square, plane = ((at[:, None] - at) ** 2).sum(-1), np.c_[np.ones(68), at]
    bend = 0.5 * square * np.log(np.maximum(square, 1e-20)) + facts["smoothing"] * np.eye(68)
    moved = (person["reference_points"] - points).transpose(1, 0, 2).reshape(68, -1)
    return np.linalg.solve(np.block([[bend, plane], [plane.T, np.zeros((3, 3))]]), np.pad(moved, ((0, 3), (0, 0))))


def dubbed(frame, k, new):  # frame k of the footage with new landmarks of jaw and lips
    landmarks, camera, to_patch = person["condition68"][k].copy(), person["camera"][k], person["to_patch"][k]
    landmarks[person["moving"]] = new[person["moving"]]
    place = (person["mean68"] + landmarks / 10) @ person["rotation"][k].T + person["translation"][k]
    points = (place[:, :2] / place[:, 2:] * camera[:2] + camera[2:]) @ to_patch[:, :2].T + to_patch[:, 2]
    maps, fixed = np.zeros((3, size, size), np.uint8), np.round(points * 64).astype(np.int32)
    cv2.fillPoly(maps[0], [fixed[48:60]], 255, cv2.LINE_AA, 6)
    cv2.fillPoly(maps[1], [fixed[60:68]], 255, cv2.LINE_AA, 6)
    cv2.polylines(maps[2], [fixed[:17], fixed[31:36]], False, 255, facts["line_px"], cv2.LINE_AA, 6)
    patch = cv2.warpAffine(frame, to_patch, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    curves = {"points": points[None].astype("f4"), "spline": spline(points)[None].astype("f4")}
    drawn = run("lower_face", patch=patch[None], maps=maps.transpose(1, 2, 0)[None].copy(), **curves)[0][0]
    layer = np.dstack([drawn * person["matte"][..., None], person["matte"]])
    layer = cv2.warpAffine(layer, to_patch, frame.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return np.clip(frame * (1 - layer[..., 3:]) + layer[..., :3], 0, 255).round().astype(np.uint8)


with av.open(footage) as film:
    frames = [picture.to_ndarray(format="rgb24") for picture in film.decode(video=0)][: len(person["visible"])]
with av.open(out, "w") as film:
    video = film.add_stream("h264", Fraction(fps).limit_denominator(1001), options={"crf": "16"})
    video.height, video.width, audio = *frames[0].shape[:2], film.add_stream("aac", 48_000, layout="mono")
    video.color_range, video.colorspace, video.color_primaries, video.color_trc = 1, 1, 1, 1  # BT.709
    for t, new in enumerate(motion(np.concatenate([piece.to_ndarray()[0] for piece in sound(16_000)]))):
        k = len(frames) - 1 - abs(len(frames) - 1 - t % (2 * len(frames) - 2))  # to and fro
        picture = dubbed(frames[k], k, new) if person["visible"][k] else frames[k]
        film.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(None, None, "yuv420p", None, 1)))
    film.mux([*video.encode(None), *(one for piece in [*sound(48_000, 1024), None] for one in audio.encode(piece))])
