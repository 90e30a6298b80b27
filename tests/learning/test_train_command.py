"""The training command as it is typed: what it writes, how it goes on, one process and two."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.learning import loop as command_of_loop
from core.learning import train as command
from core.learning import trainer as training
from core.learning.curve import draw_curve, read_log
from core.learning.data import build
from core.learning.journal import Journal
from core.learning.loop import FastWalks
from core.learning.loop import main as loop
from core.learning.options import named_after, read_arguments, world_id
from core.learning.train import main, prepare, read_state
from core.media.cv import cv2
from core.worlds.catalogue import load_world
from core.worlds.starter.autoencoder import StarterAutoencoder
from core.worlds.starter.depth import StarterDepth
from core.worlds.starter.text import StarterTextEncoder
from tests.builders.recordings import Sketches, encoder, write

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other networks on disk, and shards of three domains with some held out."""
    folder = tmp_path_factory.mktemp("parts")
    torch.manual_seed(0)
    autoencoder = StarterAutoencoder(latent_channels=4, width=8)
    autoencoder.save_pretrained(folder / "autoencoder")
    StarterDepth(4, 8).save_pretrained(folder / "depth")
    encoder(128).save_pretrained(folder / "text")
    autoencoder.eval().requires_grad_(False)
    for name in ("first-person", "driving", "footage"):
        write(folder / "data", autoencoder, name, 2)
    write(folder / "data" / "held_out", autoencoder, "footage", 2, held_out=True)
    write(folder / "data" / "held_out", autoencoder, "driving", 2, held_out=True)
    return folder


def options(parts: Path, out: Path, *more: object) -> list[str]:
    given = [
        "--data", parts / "data", "--autoencoder", parts / "autoencoder", "--text", parts / "text",
        "--depth", parts / "depth", "--out", out, "--dim", 64, "--layers", 1, "--batch", 2,
        "--log-every", 1, "--cpu", "--sources", "driving,footage", *more,
    ]
    return [str(x) for x in given]


def rows(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text("utf-8").splitlines()]


def test_a_run_writes_its_world_log_curve_sheet_and_board_and_goes_on(
    parts: Path, tmp_path: Path, capsys
) -> None:
    board = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    out = tmp_path / "run"
    main(options(parts, out, "--steps", 2, "--adversarial-from", 0))
    said = capsys.readouterr().out
    assert "driving 2 recordings, 50% of the clips" in said
    found = rows(out)
    assert [r["step"] for r in found] == [1, 2, 2]
    assert {"loss", "norm", "minutes"} <= set(found[0])
    assert {"psnr", "repeat", "wrong", "first", "last", "footage psnr", "final"} <= set(found[-1])
    assert cv2.imread(str(out / "sheet.png")).shape == (8 * 128, 5 * 128, 3)
    assert cv2.imread(str(out / "curve.png")) is not None
    world = load_world(out / "world")
    assert world.geometry.channels == 4
    assert (world.id, world.name) == ("driving-and-footage", "Driving and footage world")

    first = read_state(out / "state.pt")
    main(options(parts, out, "--steps", 3, "--look-walks", 0))
    assert [r["step"] for r in rows(out)] == [1, 2, 2, 3, 3]
    again = read_state(out / "state.pt")
    assert (first["step"], again["step"]) == (2, 3)
    assert again["seconds"] > first["seconds"]
    assert any(not torch.equal(first["net"][k], v) for k, v in again["net"].items())
    main(options(parts, out, "--steps", 3, "--look-walks", 0))  # nothing is left to do
    last = read_state(out / "state.pt")
    assert all(torch.equal(again["net"][k], v) for k, v in last["net"].items())

    events = board.EventAccumulator(str(out / "tensorboard"), size_guidance={"scalars": 0})
    events.Reload()
    assert [s.step for s in events.Scalars("loss")] == [1, 2, 3]
    assert events.Scalars("psnr")[0].value == pytest.approx(found[-1]["psnr"], abs=0.01)
    assert events.Images("sheet")


def test_a_world_is_named_after_its_sources_or_as_it_is_told() -> None:
    assert named_after(("first-person",)) == "Starter world"
    assert world_id("Starter world") == "starter"
    assert named_after(("robot",)) == "Robot world" and world_id("Robot world") == "robot"
    assert named_after(("driving", "robot", "footage")) == "Driving, robot and footage world"
    assert read_arguments(["--name", "  My  table "]).name == "My table"
    assert world_id("My table") == "my-table" and world_id("World") == "world"
    for wrong in ("", "…", "x" * 61):
        with pytest.raises(SystemExit):
            read_arguments(["--name", wrong])


def test_a_run_can_begin_with_the_state_of_another(parts: Path, tmp_path: Path) -> None:
    main(options(parts, tmp_path / "a", "--steps", 1, "--look-walks", 0))
    state = tmp_path / "a" / "state.pt"
    main(options(parts, tmp_path / "b", "--steps", 1, "--look-walks", 0, "--from", state))
    made = read_state(tmp_path / "b" / "state.pt")
    assert (made["step"], made["first"]) == (2, 1)


def test_one_walk_to_look_at_has_no_other_to_take_wrong_actions_from(
    parts: Path, tmp_path: Path
) -> None:
    more = ("--steps", 1, "--look-walks", 1, "--sources", "first-person")
    main(options(parts, tmp_path, *more))
    looked = rows(tmp_path)[-1]
    assert {"psnr", "repeat", "first", "last", "final"} <= set(looked) and "wrong" not in looked


def test_a_loop_that_goes_on_draws_what_it_has_not_drawn(
    parts: Path, tmp_path: Path, monkeypatch
) -> None:
    more = ("--look-walks", 0, "--sources", "first-person", "--walks", 1)
    main(options(parts, tmp_path / "a", "--steps", 1, *more[:4]))
    drawn, store, step = [], FastWalks.store, command_of_loop.outer_step

    def walked(walks, count, rng):
        assert rng is walks._clips.rng
        drawn.append([rng.bit_generator.state["state"]["state"]])
        return store(walks, count, rng)

    def learned(trainer, clips, segment, size, generator, adversarial):
        drawn[-1] += [generator.initial_seed(), clips.generator.initial_seed()]
        return step(trainer, clips, segment, size, generator, adversarial)

    monkeypatch.setattr(FastWalks, "store", walked)
    monkeypatch.setattr(command_of_loop, "outer_step", learned)
    for steps in (1, 2):
        loop(options(
            parts, tmp_path / "b", "--steps", steps, *more, "--from", tmp_path / "a" / "state.pt"
        ))
    assert [len(numbers) for numbers in drawn] == [3, 3]
    assert all(before != after for before, after in zip(*drawn))


def test_the_loop_goes_on_from_a_run(parts: Path, tmp_path: Path) -> None:
    more = ("--look-walks", 0, "--sources", "first-person")
    main(options(parts, tmp_path / "a", "--steps", 1, *more))
    state = tmp_path / "a" / "state.pt"
    told = options(parts, tmp_path / "b", "--steps", 3, *more, "--from", state, "--walks", 1)
    loop([*told, "--no-memory", "0.3"])
    made = read_state(tmp_path / "b" / "state.pt")
    assert (made["step"], made["first"]) == (4, 1)
    assert [r["step"] for r in rows(tmp_path / "b")] == [2, 3, 4, 4]
    assert load_world(tmp_path / "b" / "world").net is not None
    with pytest.raises(SystemExit, match="no state to begin with"):
        loop(options(parts, tmp_path / "c", *more, "--from", tmp_path / "none.pt"))


def test_without_tensorboard_it_says_so_once_and_writes_the_rest(
    tmp_path: Path, monkeypatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments, **options):
        if "tensorboard" in name:
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    said: list[str] = []
    journal = Journal(tmp_path, 0, say=said.append)
    for step in (1, 2):
        journal.row({"step": step, "minutes": step / 10, "loss": 1.0 / step})
    journal.looked(2)
    journal.close()
    assert sum("TensorBoard is not installed" in s for s in said) == 1
    assert len(rows(tmp_path)) == 2 and (tmp_path / "curve.png").exists()
    assert not (tmp_path / "tensorboard").exists()


def test_a_log_that_was_cut_short_still_gives_its_curve(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"step": 1, "minutes": 0.1, "loss": 2.0}\n{"step": 2, "minutes": 0.2, "loss": 1.5}\n'
        '{"step": 2, "minutes": 0.3, "loss": 1.4, "psnr": 20.0}\n{"step": 3, "minu', "utf-8",
    )
    found = read_log(log)
    assert [(r["step"], r["loss"]) for r in found] == [(1, 2.0), (2, 1.4)]  # the later one counts
    assert draw_curve(found, tmp_path / "curve.png")
    assert not draw_curve([], tmp_path / "none.png") and not (tmp_path / "none.png").exists()


@pytest.mark.parametrize(("more", "reason"), [
    (("--sources", "robot"), "no recordings of robot"),
    (("--shares", "1"), "one number above 0"),
    (("--roll-outs", 2), "Roll-outs need first-person walks"),
])
def test_what_cannot_be_trained_is_refused_with_a_sentence(
    parts: Path, tmp_path: Path, more, reason
) -> None:
    with pytest.raises(SystemExit, match=reason):
        main(options(parts, tmp_path / "out", "--steps", 1, "--look-walks", 0, *more))
    assert not (tmp_path / "out" / "state.pt").exists()


def test_an_encoder_that_never_heard_a_domain_is_refused(parts: Path, tmp_path: Path) -> None:
    deaf = StarterTextEncoder(verbs=["forward"], motions=[[0.1, 0, 0]], styles=["a"])
    deaf.save_pretrained(tmp_path / "text")
    with pytest.raises(SystemExit, match="not trained on the words of driving, footage.*--domains"):
        main([*options(parts, tmp_path / "out"), "--text", str(tmp_path / "text")])
    with pytest.raises(SystemExit):
        read_arguments(["--sources", "driving,dreams"])


def test_two_processes_learn_from_the_clips_of_both(
    parts: Path, tmp_path: Path, monkeypatch
) -> None:
    out, steps = tmp_path / "two", 2
    told = [*options(parts, out, "--look-walks", 0, "--seed", 4), "--steps", str(steps)]
    launched = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2",
                "--master-port", "0", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0",
                "-m", "core.learning.train", *told]
    done = subprocess.run(launched, cwd=ROOT, capture_output=True, text=True, timeout=220)
    assert done.returncode == 0, done.stderr[-3000:]
    assert [r["step"] for r in rows(out)] == [1, 2, 2]  # one of them writes

    # The same in this process: a trainer and clips for each, the gradients averaged by hand.
    args = read_arguments(told)
    args.out = tmp_path / "one"
    ranks = []
    for rank in range(2):
        made = prepare(args)
        made.clips.seed(4000 + rank)
        ranks.append((made.trainer, made.clips, torch.Generator().manual_seed(4001 + rank)))
    averaged = training.averaged
    for step in range(steps):
        share = command.done(args, ranks[0][0], 0.0)
        adversarial = share >= args.adversarial_from
        for trainer, clips, generator in ranks:
            trainer.learn(clips.batch(args.batch), generator, adversarial)
        found = [[averaged(group) for group in _learners(trainer)] for trainer, _, _ in ranks]
        for trainer, _, _ in ranks:
            means = iter([(a + b) / 2 for a, b in zip(*found)])
            monkeypatch.setattr(training, "averaged", lambda _, means=means: next(means))
            trainer.update(training.learning_rate(share, step), adversarial)
    kept, trainer = read_state(out / "state.pt"), ranks[0][0]
    assert kept["step"] == steps
    assert all(torch.equal(kept["net"][k], v) for k, v in trainer.net.state_dict().items())
    critic = trainer.adversary.critic.state_dict()
    assert adversarial and all(torch.equal(kept["critic"][k], v) for k, v in critic.items())


def _learners(trainer: training.Trainer) -> list[list[torch.nn.Parameter]]:
    judges = trainer.adversary
    return [
        training.learned(trainer.work),
        [*judges.critic.parameters(), *judges.style_critic.parameters()],
    ]


def test_a_world_has_the_rate_of_its_recordings(parts: Path, tmp_path: Path) -> None:
    autoencoder = StarterAutoencoder.from_pretrained(parts / "autoencoder").eval()
    build(autoencoder, tmp_path / "data", range(1), 1, 16, Sketches("robot", 1, 64), every=4)
    given = options(parts, tmp_path / "run", "--data", tmp_path / "data", "--sources", "robot")
    prepared = prepare(read_arguments(given))
    prepared.keep(prepared.trainer)
    assert load_world(tmp_path / "run" / "world").geometry.rate == 2
