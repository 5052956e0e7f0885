"""Image windows to ray samples for the CPU: makes the rays, marches them and places the samples in one pass.

Computes in float32 what the torch version computes with `pixel_rays`, `box_span` and `sample_rays`. Empty space is
skipped: `clear` holds for each cell the chessboard distance to the nearest occupied cell, in cells, and the march jumps
over all steps that are nearer than this distance.
"""
# ruff: noqa: ANN001, ANN202 -- numba infers the types of compiled functions

from __future__ import annotations

import numpy as np
from numba import njit, prange

from beavervision.nerf.rays import NEAR, UNIT_CM

ONE, HALF, UNIT, NEAREST = np.float32(1), np.float32(0.5), np.float32(UNIT_CM), np.float32(NEAR)
FAR = 3
"""Smallest distance to the nearest occupied cell, in cells, at which skipping is faster than stepping."""
TINY = np.float32(np.finfo(np.float32).tiny * 16)


@njit(inline="always")
def _direction(u, v, camera, rotation):
    """Unit direction in head space of the ray through pixel (u, v)."""
    x, y = (u - camera[2]) / camera[0], (v - camera[3]) / camera[1]
    scale = ONE / np.sqrt(x * x + y * y + ONE)
    x, y, z = x * scale, y * scale, scale
    return (
        rotation[0, 0] * x + rotation[1, 0] * y + rotation[2, 0] * z,
        rotation[0, 1] * x + rotation[1, 1] * y + rotation[2, 1] * z,
        rotation[0, 2] * x + rotation[1, 2] * y + rotation[2, 2] * z,
    )


@njit(inline="always")
def _eye(rotation, translation, axis):
    """Camera position in head space along an axis, cm."""
    return -(
        rotation[0, axis] * translation[0] + rotation[1, axis] * translation[1] + rotation[2, axis] * translation[2]
    )


@njit(inline="always")
def _slab(origin, direction):
    """Depths at which a ray crosses the two sides of the box along an axis, in ascending order."""
    along = direction if abs(direction) >= TINY else TINY
    a, b = -origin / along, (ONE - origin) / along
    return min(a, b), max(a, b)


@njit(inline="always")
def _cell(place, cells, last):
    """Index of the cell that contains a coordinate; unsigned, because numba checks signed indices for negative ones."""
    return np.uint64(min(max(place * cells, np.float32(0)), last))


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def march(
    first, width, height, factor, cameras, rotation, translation, box, clear, steps, longest, depths, lengths
) -> None:
    """Fill `depths` [B h w, S] and `lengths` [B h w] of the blocks' rays; length 0 where a ray hits no occupied cell.

    Args:
        first: column and row of each window's first block.
        width: width of the windows, in blocks.
        height: height of the windows, in blocks.
        factor: side of a block, in pixels.
        cameras: fx, fy, cx, cy of each frame.
        rotation: rotation of each frame, head to camera.
        translation: translation of each frame, cm.
        box: corners of the box in head space, cm.
        clear: chessboard distance of each cell to the nearest occupied one, in cells.
        steps: number of occupancy queries per ray.
        longest: occupied length (units of UNIT_CM) after which a ray is opaque.
        depths: output.
        lengths: output.
    """
    samples, side = depths.shape[1], np.uint64(clear.shape[0])
    cells, last = np.float32(clear.shape[0]), np.float32(clear.shape[0] - 1)
    flat = clear.reshape(clear.size)
    for line in prange(len(first) * height):
        frame, row = line // height, line % height
        turn, eye = rotation[frame], np.empty(3, np.float32)
        size, found = np.empty(3, np.float32), np.empty(steps, np.int32)
        for axis in range(3):
            size[axis] = box[1, axis] - box[0, axis]
            eye[axis] = (_eye(turn, translation[frame], axis) - box[0, axis]) / size[axis]
        eye_x, eye_y, eye_z = eye[0], eye[1], eye[2]
        v = (np.float32(first[frame, 1] + row) + HALF) * np.float32(factor)
        for column in range(width):
            block = line * width + column
            lengths[block] = np.float32(0)
            u = (np.float32(first[frame, 0] + column) + HALF) * np.float32(factor)
            dx, dy, dz = _direction(u, v, cameras[frame], turn)
            dx, dy, dz = dx * UNIT / size[0], dy * UNIT / size[1], dz * UNIT / size[2]
            near_x, far_x = _slab(eye_x, dx)
            near_y, far_y = _slab(eye_y, dy)
            near_z, far_z = _slab(eye_z, dz)
            near = max(max(near_x, near_y), max(near_z, NEAREST))
            far = min(min(far_x, far_y), far_z)
            if far <= near:
                continue
            step = (far - near) / np.float32(steps)
            most = int(min(max(np.ceil(np.float32(longest) / max(step, np.float32(1e-9))), ONE), np.float32(steps)))
            # Number of steps across one cell, along the axis on which the ray advances fastest.
            leap = ONE / (step * max(max(abs(dx), abs(dy)), abs(dz)) * cells)
            start, away = 0, np.int64(FAR + 1)
            while start < steps and away > FAR:
                depth = near + (np.float32(start) + HALF) * step
                x = _cell(eye_x + dx * depth, cells, last)
                y = _cell(eye_y + dy * depth, cells, last)
                away = np.int64(flat[(x * side + y) * side + _cell(eye_z + dz * depth, cells, last)])
                if away > FAR:
                    # Skip one cell less than is clear, because positions are rounded.
                    start += 1 + int(np.float32(away - 2) * leap)
            total = 0
            for k in range(start, steps):
                depth = near + (np.float32(k) + HALF) * step
                x = _cell(eye_x + dx * depth, cells, last)
                y = _cell(eye_y + dy * depth, cells, last)
                if flat[(x * side + y) * side + _cell(eye_z + dz * depth, cells, last)] == 0:
                    found[total] = k
                    total += 1
                    if total == most:
                        break
            if total == 0:
                continue
            share = np.float32(total) / np.float32(samples)
            lengths[block] = share * step
            for s in range(samples):
                target = (np.float32(s) + HALF) * share
                whole = min(int(target), total - 1)
                depths[block, s] = near + (np.float32(found[whole]) + (target - np.float32(whole))) * step


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def place(first, width, height, factor, cameras, rotation, translation, box, blocks, depths, points, view) -> None:
    """Write the samples' box coordinates `points` [N, S, 3] and the rays' head-space directions `view` [N, 3].

    Args:
        first: column and row of each window's first block.
        width: width of the windows, in blocks.
        height: height of the windows, in blocks.
        factor: side of a block, in pixels.
        cameras: fx, fy, cx, cy of each frame.
        rotation: rotation of each frame, head to camera.
        translation: translation of each frame, cm.
        box: corners of the box in head space, cm.
        blocks: indices of the chosen blocks among those of all windows, [N].
        depths: depths of the samples of all blocks, [B h w, S].
        points: output.
        view: output.
    """
    for i in prange(len(blocks)):
        block = blocks[i]
        frame, row, column = block // (width * height), block // width % height, block % width
        u = (np.float32(first[frame, 0] + column) + HALF) * np.float32(factor)
        v = (np.float32(first[frame, 1] + row) + HALF) * np.float32(factor)
        view[i, 0], view[i, 1], view[i, 2] = _direction(u, v, cameras[frame], rotation[frame])
        for axis in range(3):
            size = box[1, axis] - box[0, axis]
            start = (_eye(rotation[frame], translation[frame], axis) - box[0, axis]) / size
            for s in range(depths.shape[1]):
                points[i, s, axis] = start + view[i, axis] * UNIT / size * depths[block, s]


@njit(inline="always")
def _between(small, frame, y, x, channel):
    """Value of the small image at a position in blocks, interpolated linearly; the border is repeated."""
    height, width = small.shape[1], small.shape[2]
    top, left = int(np.floor(y)), int(np.floor(x))
    down, right = y - np.float32(top), x - np.float32(left)
    y0, y1 = min(max(top, 0), height - 1), min(max(top + 1, 0), height - 1)
    x0, x1 = min(max(left, 0), width - 1), min(max(left + 1, 0), width - 1)
    above = small[frame, y0, x0, channel] * (ONE - right) + small[frame, y0, x1, channel] * right
    below = small[frame, y1, x0, channel] * (ONE - right) + small[frame, y1, x1, channel] * right
    return above * (ONE - down) + below * down


@njit(parallel=True, cache=True, nogil=True, error_model="numpy")
def paste(first, factor, small, detail, rgb, alpha) -> None:
    """Write whole canvases: interpolate the windows, add the detail, clamp the values; the rest is zero.

    Args:
        first: column and row of each window's first block.
        factor: side of a block, in pixels.
        small: colour and opacity of the blocks, [B, h, w, 4].
        detail: residual of the upsampler, [B, h, w, 4 factor^2], channels in the order of `pixel_shuffle`.
        rgb: output [B, H, W, 3], premultiplied colour in [0, alpha].
        alpha: output [B, H, W].
    """
    height, width, share = small.shape[1], small.shape[2], ONE / np.float32(factor)
    for line in prange(alpha.shape[0] * alpha.shape[1]):
        frame, v = line // alpha.shape[1], line % alpha.shape[1]
        row = v - first[frame, 1] * factor
        for u in range(alpha.shape[2]):
            column = u - first[frame, 0] * factor
            if row < 0 or column < 0 or row >= height * factor or column >= width * factor:
                alpha[frame, v, u] = np.float32(0)
                rgb[frame, v, u, 0] = rgb[frame, v, u, 1] = rgb[frame, v, u, 2] = np.float32(0)
                continue
            y, x = row // factor, column // factor
            place = (row - y * factor) * factor + column - x * factor
            down = (np.float32(row) + HALF) * share - HALF
            right = (np.float32(column) + HALF) * share - HALF
            whole = factor * factor
            opacity = _between(small, frame, down, right, 3)
            if opacity > 0:
                opacity = min(max(opacity + detail[frame, y, x, 3 * whole + place], np.float32(0)), ONE)
            else:
                opacity = np.float32(0)
            alpha[frame, v, u] = opacity
            for channel in range(3):
                colour = _between(small, frame, down, right, channel) + detail[frame, y, x, channel * whole + place]
                rgb[frame, v, u, channel] = min(max(colour, np.float32(0)), opacity)
