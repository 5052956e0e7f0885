"""The page of `beavervision view`: a real server on this machine, and what it tells a page that connects."""

from __future__ import annotations

import io
import shutil
import sys
import urllib.request

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("viser", reason="needs the extra [view]")

from viser_client import ViserClient
from websockets.exceptions import InvalidStatus

from beavervision.artifacts.clip import Clip
from beavervision.cli import view
from beavervision.errors import BundleError, ClipError, ConfigError, DependencyError
from beavervision.viewer import progressive_render
from beavervision.viewer.clip_pictures import COLOURS, ClipPictures, Overlays
from beavervision.viewer.head_field import BACKGROUND, HeadField
from beavervision.viewer.local_server import start_server
from beavervision.viewer.orbit_camera import OrbitCamera
from beavervision.viewer.progressive_render import HEIGHTS


@pytest.fixture(scope="module")
def field(person, clip) -> HeadField:
    return HeadField.load(person / "radnerf_head" / "default" / "bundle", clip, 0)


@pytest.fixture(scope="module")
def page(person):
    server, shown = view.open_page(person, 0, 0)
    yield server, shown
    shown.close()
    server.stop()


def picture_of(message: dict) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(message["rgb_data"])))


def is_field(message: dict) -> bool:
    return message["type"] == "BackgroundImageMessage" and message["rgb_data"] is not None


def test_a_page_is_told_of_the_clip_and_sees_the_head_sharpen(page, clip, monkeypatch):
    monkeypatch.setattr(progressive_render, "PATIENCE_S", 60.0)  # however busy the machine is
    server, shown = page
    with urllib.request.urlopen(f"http://127.0.0.1:{server.get_port()}/", timeout=30) as answer:
        assert b"<html" in answer.read()
    with ViserClient(server.get_port(), f"http://127.0.0.1:{server.get_port()}") as client:
        client.look_from((0.0, 0.0, 60.0))
        client.until(lambda message: is_field(message) and len(picture_of(message)) == HEIGHTS[-1])
        found = [picture_of(message) for message in client.messages if is_field(message)]
        heights = [len(one) for one in found]
        # A picture that is replaced before it is sent is left out.
        assert heights == sorted(heights)
        assert set(heights) <= set(HEIGHTS)
        assert len(heights) > 1
        assert found[-1].shape == (640, 853, 3)  # 4:3, as the page's window
        assert np.ptp(found[-1].reshape(-1, 3).astype(int), 0).max() > 5  # a head of two steps is hardly more than mist
        kinds = {message["type"] for message in client.messages}
        assert {"GuiImageMessage", "GuiUplotMessage", "MeshMessage", "CameraFrustumMessage"} <= kinds
        # A page that moves the slider gets the picture of that frame, and the head with its expression.
        slider = next(m for m in client.messages if m["type"] == "GuiSliderMessage" and m["props"]["label"] == "frame")
        assert (slider["value"], slider["props"]["max"]) == (0, clip.n_frames - 1)
        video = next(m["uuid"] for m in client.messages if m["type"] == "GuiImageMessage")
        client.send("GuiUpdateMessage", uuid=slider["uuid"], updates={"value": 7})
        news = client.until(lambda m: m.get("uuid") == video and "_data" in m.get("updates", {}))
        assert shown.frame == 7
        assert Image.open(io.BytesIO(news["updates"]["_data"])).size == (640, 480)
        client.until(is_field)


def test_pages_of_others_are_refused(page):
    server, _ = page
    with pytest.raises(InvalidStatus, match="403"):
        ViserClient(server.get_port(), "http://example.org")


def test_the_link_is_printed_and_ctrl_c_ends(person, monkeypatch, capsys):
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(view.time, "sleep", interrupted)
    assert view.main([str(person / "clip"), "--port", "0", "--no-head"]) == 0
    assert capsys.readouterr().out.startswith("view: http://127.0.0.1:")


def test_mistakes_are_one_sentence(page, person, tmp_path, monkeypatch, capsys):
    with pytest.raises(ConfigError, match="taken"):
        view.open_page(person, 0, page[0].get_port(), with_head=False)
    with pytest.raises(ClipError, match="holds no prepared clip"):
        view.open_page(tmp_path, 0, 0)
    with pytest.raises(ConfigError, match="not one numbered 3"):
        view.open_page(person, 3, 0)
    assert view.main([str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    monkeypatch.setitem(sys.modules, "viser", None)
    with pytest.raises(DependencyError, match="beavervision\\[view\\]"):
        start_server(0, "view")


def test_a_head_of_another_clip(person, tmp_path):
    other = shutil.copytree(person / "clip", tmp_path / "clip")
    manifest = other / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"name": "clip"', '"name": "other"'))
    with pytest.raises(BundleError, match="another clip, or on other before"):
        HeadField.load(person / "radnerf_head" / "default" / "bundle", Clip.load(other), 0)


def test_the_footages_camera_renders_what_a_film_would(field):
    """The canvas of the head seen by its own camera, once as the page asks for it and once as films do."""
    rotation, translation = field.camera(3)
    fx = field.renderer.source_poses[2][3][0]
    width, height = field.renderer.size
    camera = OrbitCamera(rotation, translation, 2 * float(np.arctan(height / 2 / fx)), width / height)
    own = np.array([fx, fx, width / 2, height / 2])
    np.testing.assert_allclose(camera.intrinsics(height), own, rtol=1e-6)
    rgb, alpha = field.renderer.render(
        field.condition, field.eye, rotation[None], translation[None], own[None], np.array([3]), clamp=False
    )
    seen = field.render(camera, 3, height)
    shown = rgb[0].numpy() + (1 - alpha[0].numpy()[..., None]) * BACKGROUND
    assert alpha.max() > 0.1
    np.testing.assert_allclose(seen, 255 * shown.clip(0, 1), atol=1)
    # The camera that the page tells is the one that it was given.
    again = OrbitCamera.of(camera.position, camera.wxyz, camera.fov, camera.aspect)
    np.testing.assert_allclose(again.rotation, rotation, atol=1e-6)
    np.testing.assert_allclose(again.translation, translation, atol=1e-4)
    from_behind = OrbitCamera.of(-camera.position, np.array([0.0, 0.0, 0.0, 1.0]), camera.fov, camera.aspect)
    assert (field.render(from_behind, 3, height) != seen).any()


def test_pictures_with_overlays(clip):
    pictures = ClipPictures(clip, 0)
    plain = pictures.picture(5, Overlays(landmarks=False))
    assert plain.shape == (480, 640, 3)
    dotted, tinted, meshed = (
        pictures.picture(5, Overlays(**{"landmarks": False, name: True})) for name in ("landmarks", "labels", "mesh")
    )
    # Dots lie on the landmarks; labels tint what they label and nothing else; the mesh covers the face.
    x, y = (clip.subjects[0].landmarks[5, 4, :2] * pictures.scale).astype(int)
    assert (dotted[y, x] != plain[y, x]).any()
    labels = dict(clip.labels([5]))[5]
    background = cv2.resize(labels, (640, 480), interpolation=cv2.INTER_NEAREST) == 0
    assert (tinted[background] == plain[background]).mean() > 0.95
    assert (tinted[~background] != plain[~background]).any(-1).mean() > 0.9
    assert (meshed[y, x] != plain[y, x]).any()
    assert set(COLOURS) == set(np.arange(1, 7))
    # Back and forth: a frame is the same however it was reached.
    pictures.picture(9, Overlays(landmarks=False))
    np.testing.assert_array_equal(ClipPictures(clip, 0).picture(5, Overlays(landmarks=False)), plain)
    assert not pictures.picture(clip.n_frames + 5, Overlays(landmarks=False)).any()
