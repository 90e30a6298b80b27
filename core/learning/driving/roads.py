"""A net of roads: crossings on a loose grid, curved streets between, and maps of the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numba import njit

from core.learning.scenes.shading import _JIT

LANE = 1.4  # world units (3.5 m)
SIDE, BLOCK, MARGIN = 4, 15.0, 16.0  # crossings a side, their distance, the land around
EXTENT = 2 * MARGIN + (SIDE - 1) * BLOCK
STEP = 0.25  # of the ground maps
BEND = 4.0  # how far before a corner a bend begins

Node = tuple[int, int]


@dataclass(frozen=True)
class Roads:
    """``edges``: both ends → centre line [n, 2] from the first to the second, each way round."""

    half: float  # half the width of the carriageway
    lanes: int
    nodes: dict[Node, np.ndarray]
    edges: dict[tuple[Node, Node], np.ndarray]
    strands: list[np.ndarray] = field(repr=False)  # centre lines between junctions

    def beyond(self, node: Node) -> list[Node]:
        return [b for a, b in self.edges if a == node]


def lay(lanes: int, rng: np.random.Generator) -> Roads:
    """Roads of a town: no dead ends, and at least one block that one can drive around."""
    nodes = {
        (i, j): np.array([MARGIN + i * BLOCK, MARGIN + j * BLOCK]) + rng.uniform(-1.4, 1.4, 2)
        for i in range(SIDE) for j in range(SIDE)
    }
    pairs = [((i, j), (i + 1, j)) for i in range(SIDE - 1) for j in range(SIDE)]
    pairs += [((i, j), (i, j + 1)) for i in range(SIDE) for j in range(SIDE - 1)]
    i, j = (int(k) for k in rng.integers(0, SIDE - 1, 2))
    kept = {((i, j), (i + 1, j)), ((i, j + 1), (i + 1, j + 1)),
            ((i, j), (i, j + 1)), ((i + 1, j), (i + 1, j + 1))}
    all_pairs = sorted(pairs)
    for k in rng.permutation(len(pairs))[:8]:
        pair = all_pairs[k]
        rest = [p for p in pairs if p != pair]
        degrees = [sum(end in p for p in rest) for end in pair]
        if pair not in kept and min(degrees) >= 2 and _connected(rest) and len(rest) >= 18:
            pairs = rest
    edges = {}
    for a, b in pairs:
        edges[a, b] = _street(nodes[a], nodes[b], rng)
        edges[b, a] = edges[a, b][::-1]
    degree = {n: sum(n in p for p in pairs) for n in nodes}
    return Roads(lanes * LANE, lanes, nodes, edges, _strands(nodes, edges, degree))


def _connected(pairs: list[tuple[Node, Node]]) -> bool:
    reached, ends = {pairs[0][0]}, {n for p in pairs for n in p}
    for _ in range(len(ends)):
        reached |= {n for p in pairs if reached & set(p) for n in p}
    return reached == ends


def _street(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A gently bowed line [n, 2] from a to b."""
    way = b - a
    bow = np.array([-way[1], way[0]]) / np.linalg.norm(way) * rng.uniform(-1.5, 1.5)
    t = np.linspace(0, 1, 61)[:, None]
    # Flat at both ends, so that crossings stay square.
    return a + way * t + bow * (16 * (t * (1 - t)) ** 2)


def trim(line: np.ndarray, begin: float, end: float) -> np.ndarray:
    """``line`` without so much of its length at either end."""
    length = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.linspace(begin, length[-1] - end, max(2, int((length[-1] - begin - end) / 0.25)))
    return np.stack([np.interp(at, length, line[:, k]) for k in (0, 1)], 1)


def join(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A smooth bend from the end of line a to the beginning of line b, both left out."""
    p, q = a[-1], b[0]
    reach = np.linalg.norm(q - p)
    ta, tb = a[-1] - a[-2], b[1] - b[0]
    ta, tb = ta / np.linalg.norm(ta) * reach, tb / np.linalg.norm(tb) * reach
    t = np.linspace(0, 1, max(4, int(reach / 0.25)))[1:-1, None]
    return (p * (1 + 2 * t) * (1 - t) ** 2 + q * t * t * (3 - 2 * t)
            + ta * t * (1 - t) ** 2 + tb * t * t * (t - 1))


def _strands(nodes, edges, degree) -> list[np.ndarray]:
    """Chains of streets through corners, each one line with round bends."""
    strands, used = [], set()
    for start in [n for n in nodes if degree[n] > 2]:
        for after in [b for a, b in edges if a == start]:
            if (start, after) in used:
                continue
            chain, before, here = [edges[start, after]], start, after
            used |= {(start, after), (after, start)}
            while degree[here] == 2:
                onward = next(b for a, b in edges if a == here and b != before)
                used |= {(here, onward), (onward, here)}
                chain.append(edges[here, onward])
                before, here = here, onward
            pieces = [trim(line, BEND * (k > 0), BEND * (k < len(chain) - 1))
                      for k, line in enumerate(chain)]
            line = [pieces[0]]
            for piece in pieces[1:]:
                line += [join(line[-1], piece), piece]
            strands.append(np.concatenate(line))
    return strands


def ground_maps(roads: Roads) -> np.ndarray:
    """Maps float32 [n, n, 4] over y, x in steps of STEP: distance to the nearest centre line; the
    same signed, left of it positive; the way along it; distance to the nearest other line."""
    points, owner, along = [], [], []
    for k, line in enumerate(roads.strands):
        points.append(line)
        owner.append(np.full(len(line), k))
        along.append(np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    n = int(math.ceil(EXTENT / STEP)) + 1
    out = np.zeros((n, n, 4), np.float32)
    _measure(np.concatenate(points), np.concatenate(owner), np.concatenate(along), out)
    return out


@njit(**_JIT)
def _measure(points, owner, along, out):
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            x, y = i * STEP, j * STEP
            best, second, mine = 1e9, 1e9, -1
            signed, way = 0.0, 0.0
            strand, nearest, n_signed, n_way = owner[0], 1e9, 0.0, 0.0
            for k in range(points.shape[0]):
                last = k + 1 >= points.shape[0] or owner[k + 1] != owner[k]
                if not last:
                    ax, ay = points[k, 0], points[k, 1]
                    bx, by = points[k + 1, 0] - ax, points[k + 1, 1] - ay
                    t = ((x - ax) * bx + (y - ay) * by) / (bx * bx + by * by)
                    t = min(1.0, max(0.0, t))
                    ex, ey = x - ax - t * bx, y - ay - t * by
                    d = ex * ex + ey * ey
                    if d < nearest:
                        nearest = d
                        n_signed = math.sqrt(d) * (1.0 if bx * ey - by * ex > 0 else -1.0)
                        n_way = along[k] + t * (along[k + 1] - along[k])
                else:
                    if nearest < best:
                        if mine >= 0:
                            second = min(second, best)
                        best, mine, signed, way = nearest, strand, n_signed, n_way
                    else:
                        second = min(second, nearest)
                    nearest = 1e9
                    if k + 1 < points.shape[0]:
                        strand = owner[k + 1]
            out[j, i, 0], out[j, i, 1] = math.sqrt(best), signed
            out[j, i, 2], out[j, i, 3] = way, math.sqrt(second)
