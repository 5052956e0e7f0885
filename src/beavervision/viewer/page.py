"""The page: a clip over time, the head's field to orbit, and motion curves over the waveform."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
from jaxtyping import UInt8

from beavervision.artifacts.clip import Clip
from beavervision.face.pose import euler_from_rotation
from beavervision.types import VisibilityReason
from beavervision.viewer.clip_pictures import ClipPictures, Overlays
from beavervision.viewer.curve_plots import CurvePlots
from beavervision.viewer.head_field import HeadField
from beavervision.viewer.motion_curves import MotionCurves
from beavervision.viewer.orbit_camera import OrbitCamera
from beavervision.viewer.progressive_render import ProgressiveRender

FRUSTUM_CM, BEHIND_CM = 6.0, 16.0
"""Length of the drawn camera where there is a head, cm; else its picture stands this far behind the face."""
PLAY_S, PLOTS_S = 0.08, 0.3
"""Shortest time between two pictures while the clip plays, and between two drawings of the curves, s."""
PANEL_WIDTH = 460
"""Width of the panel with video and curves, px."""
START, START_FOV = np.array([22.0, 6.0, 68.0]), np.radians(32)
"""First place of the camera from ANCHOR, cm, and its field of view."""
ANCHOR = np.array([0.0, -2.0, -4.0])
"""What the camera orbits: the middle of the head, in head space, cm."""
MESH_COLOUR, TRAIL_COLOUR = (120, 170, 235), (240, 150, 60)
NO_HEAD = "No head is trained yet; the fitted face stands in for it. Train one: `{command}`"
View = tuple[OrbitCamera, int]
"""Camera, and frame of the clip whose expression the head shows."""


class ViewerPage:
    """Shows one person of a clip on a viser server.

    Args:
        server: a running `viser.ViserServer`.
        clip: the clip.
        subject: number of the person.
        field: the trained head; None where there is none.
        command: what trains a head, for people who have none.
    """

    def __init__(self, server: Any, clip: Clip, subject: int, field: HeadField | None, command: str) -> None:
        self._server, self._clip, self._field = server, clip, field
        self._person, self._pictures = clip.subject(subject), ClipPictures(clip, subject)
        self._frame, self._lock, self._ended = 0, threading.RLock(), threading.Event()
        self._drawn = 0.0
        self._renders: dict[int, ProgressiveRender[View, UInt8[np.ndarray, "H W 3"]]] = {}
        self._set_up_scene()
        self._set_up_panel(MotionCurves.of(clip, subject), command)
        visible = np.flatnonzero(self._person.visible)
        self.show(int(visible[0]) if len(visible) else 0)
        if field is not None:
            server.on_client_connect(self._begin_rendering)
            server.on_client_disconnect(self._end_rendering)
        self._player = threading.Thread(target=self._play, name="view-player", daemon=True)
        self._player.start()

    @property
    def frame(self) -> int:
        """Number of the frame that is shown."""
        return self._frame

    def show(self, frame: int) -> None:
        """Show a frame of the clip: its picture, face, camera and place in the curves, and the head's expression."""
        with self._lock:
            self._frame = frame
            if self._slider.value != frame:
                self._slider.value = frame
            overlays = Overlays(self._landmarks.value, self._labels.value, self._mesh.value)
            picture = self._pictures.picture(frame, overlays)
            seconds = frame / self._clip.fps
            with self._server.atomic():
                self._video.image = picture
                self._face.vertices = self._pictures.vertices(frame).astype(np.float32)
                self._show_pose(frame, picture)
                if not self._playing.value or time.monotonic() - self._drawn > PLOTS_S:
                    self._plots.show(seconds)
                    self._drawn = time.monotonic()
        for client in list(self._server.get_clients().values()):
            self._request(client)

    def close(self) -> None:
        """Stop playing and rendering; the server goes on."""
        self._ended.set()
        self._player.join()
        for render in [*self._renders.values()]:
            render.close()

    def _set_up_scene(self) -> None:
        """The fitted face, the footage's camera and where it has been, in head space."""
        scene, server, pictures = self._server.scene, self._server, self._pictures
        scene.set_up_direction("+y")
        scene.world_axes.visible = False
        server.initial_camera.position = tuple(ANCHOR + START)
        server.initial_camera.look_at = tuple(ANCHOR)
        server.initial_camera.fov = START_FOV
        self._axes = scene.add_frame("/head/axes", axes_length=5.0, axes_radius=0.12, visible=False)
        self._face = scene.add_mesh_simple(
            "/head/fitted face",
            pictures.vertices(0).astype(np.float32),
            pictures.triangles.astype(np.uint32),
            color=MESH_COLOUR,
            wireframe=self._field is not None,
            side="double",
            visible=self._field is None,
        )
        self._footage = scene.add_frame("/footage", show_axes=False, visible=self._field is None)
        camera = pictures.camera
        self._frustum = scene.add_camera_frustum(
            "/footage/camera",
            fov=2 * float(np.arctan(camera.height / 2 / camera.fy)),
            aspect=camera.width / camera.height,
            scale=FRUSTUM_CM,
            color=TRAIL_COLOUR,
            visible=True,
        )
        cameras = [self._footage_camera(frame) for frame in np.flatnonzero(self._person.visible)]
        trail = np.array([one.position for one in cameras if one is not None], np.float32).reshape(-1, 3)
        scene.add_point_cloud("/footage/trail", trail, colors=TRAIL_COLOUR, point_size=0.12, point_shape="circle")

    def _set_up_panel(self, curves: MotionCurves, command: str) -> None:
        """Controls, video and curves."""
        gui, clip = self._server.gui, self._clip
        gui.configure_theme(control_width="large", show_logo=False, show_share_button=False, dark_mode=True)
        width, height = clip.size
        gui.add_markdown(
            f"**{clip.name}**: {clip.n_frames} frames, {clip.n_frames / clip.fps:.1f} s, {width} x {height}"
        )
        with gui.add_folder("Draw over the video"):
            self._landmarks = gui.add_checkbox("landmarks", initial_value=True)
            self._labels = gui.add_checkbox("labels", initial_value=False)
            self._mesh = gui.add_checkbox("mesh", initial_value=False)
        with gui.add_folder("Head"):
            self._set_up_head(command)
        panel = gui.add_panel()
        with panel.add_tab("Clip"):
            self._video = gui.add_image(np.zeros((2, 2, 3), np.uint8), format="jpeg", jpeg_quality=85)
            self._slider = gui.add_slider("frame", 0, max(1, clip.n_frames - 1), 1, 0)
            self._playing = gui.add_checkbox("play", initial_value=False)
            self._status = gui.add_markdown("")
            self._plots = CurvePlots(gui, curves)
        panel.dock_left()
        panel.set_width(PANEL_WIDTH)
        self._slider.on_update(lambda _: self._moved(self._slider.value))
        for box in (self._landmarks, self._labels, self._mesh):
            box.on_update(lambda _: self.show(self._frame))

    def _set_up_head(self, command: str) -> None:
        gui = self._server.gui
        if self._field is None:
            gui.add_markdown(NO_HEAD.format(command=command))
        self._sharpness = gui.add_markdown("", visible=self._field is not None)
        face = gui.add_checkbox("fitted face", initial_value=self._field is None)
        axes = gui.add_checkbox("axes (5 cm)", initial_value=False)
        footage = gui.add_checkbox("footage's camera", initial_value=self._field is None)
        follow = gui.add_button("look through the footage's camera")

        @face.on_update
        def _(_: Any) -> None:
            self._face.visible = face.value

        @axes.on_update
        def _(_: Any) -> None:
            self._axes.visible = axes.value

        @footage.on_update
        def _(_: Any) -> None:
            self._footage.visible = footage.value

        @follow.on_click
        def _(event: Any) -> None:
            camera = self._footage_camera(self._frame)
            if camera is not None and event.client is not None:
                look_through(event.client, camera)

    def _moved(self, frame: int) -> None:
        if frame != self._frame:
            self.show(int(frame))

    def _footage_camera(self, frame: int) -> OrbitCamera | None:
        """The footage's camera in head space; None where the person is not visible."""
        camera, person = self._pictures.camera, self._person
        if not person.visible[frame]:
            return None
        known = person.rotation[frame], person.translation[frame]
        rotation, translation = known if self._field is None else self._field.camera(frame)
        fov = 2 * float(np.arctan(camera.height / 2 / camera.fy))
        return OrbitCamera(rotation, translation, fov, camera.width / camera.height)

    def _show_pose(self, frame: int, picture: UInt8[np.ndarray, "h w 3"]) -> None:
        camera = self._footage_camera(frame)
        seconds = frame / self._clip.fps
        if camera is None:
            reason = VisibilityReason(int(self._person.reason[frame])).name.lower().replace("_", " ")
            self._status.content = f"{seconds:.2f} s: not visible ({reason})"
            return
        self._frustum.image, self._frustum.wxyz, self._frustum.position = picture, camera.wxyz, camera.position
        if self._field is None:
            self._frustum.scale = float(self._person.translation[frame, 2]) + BEHIND_CM
        yaw, pitch, roll = np.degrees(euler_from_rotation(self._person.rotation[frame]))
        x, y, z = self._person.translation[frame]
        self._status.content = (
            f"{seconds:.2f} s: yaw {yaw:+.1f}°, pitch {pitch:+.1f}°, roll {roll:+.1f}°, "
            f"head at {x:+.1f}, {y:+.1f}, {z:.1f} cm"
        )

    def _play(self) -> None:
        """Move on with the clock while `play` is ticked, leaving out frames where the page is slower."""
        begun = None
        while not self._ended.wait(PLAY_S):
            if not self._playing.value:
                begun = None
                continue
            begun = begun or time.monotonic() - self._frame / self._clip.fps
            frame = int((time.monotonic() - begun) * self._clip.fps)
            if frame >= self._clip.n_frames:
                begun, frame = None, 0
            elif frame < self._frame:
                begun = None
                continue
            if frame != self._frame:
                self.show(frame)
                if self._frame != frame:  # moved by hand meanwhile
                    begun = None

    def _begin_rendering(self, client: Any) -> None:
        """Render the head for a page that was opened, and again whenever its camera moves."""
        field = self._field
        assert field is not None

        def show(_: View, image: UInt8[np.ndarray, "H W 3"], height: int, seconds: float) -> None:
            if client.client_id not in self._renders:
                return
            client.scene.set_background_image(image, format="jpeg", jpeg_quality=90)
            self._sharpness.content = f"{field.kind}: {height} rows in {1000 * seconds:.0f} ms"

        self._renders[client.client_id] = ProgressiveRender(lambda view, height: field.render(*view, height), show)
        client.camera.on_update(lambda _: self._request(client))
        self._request(client)

    def _end_rendering(self, client: Any) -> None:
        render = self._renders.pop(client.client_id, None)
        if render is not None:
            threading.Thread(target=render.close, daemon=True).start()

    def _request(self, client: Any) -> None:
        render = self._renders.get(client.client_id)
        if render is None:
            return
        camera = client.camera
        render.request((OrbitCamera.of(camera.position, camera.wxyz, camera.fov, camera.aspect), self._frame))


def look_through(client: Any, camera: OrbitCamera) -> None:
    """Move a page's camera to another one, which orbits round the head from there."""
    forward = camera.rotation[2]
    distance = float(np.linalg.norm(camera.position - ANCHOR))
    with client.atomic():
        client.camera.up_direction = tuple(-camera.rotation[1])
        client.camera.position = tuple(camera.position)
        client.camera.look_at = tuple(camera.position + distance * forward)
        client.camera.fov = camera.fov
