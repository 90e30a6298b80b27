"""Which build of torch a machine gets, from plain facts."""

import pytest

from core.machine.backend import NoBackend, backend_of_build, choose_backend
from core.machine.gpus import Gpu, parse_kfd_node, parse_nvidia_smi
from core.machine.probe import Machine


def machine(*gpus, system="linux", arch="x86_64", notes=()):
    return Machine(system, arch, "", "", 8, 16000, 8000, gpus, notes)


def nvidia(driver, capability, name="NVIDIA GPU"):
    return Gpu("nvidia", name, 8192, driver, capability)


@pytest.mark.parametrize(
    ("driver", "capability", "expected"),
    [
        ("580.65.06", (8, 9), "cuda"),
        ("595.10", (12, 0), "cuda"),  # Blackwell
        ("580.65.06", (7, 5), "cuda"),  # Turing, the oldest of CUDA 13
        ("580.65.06", (6, 1), "cuda-older"),  # Pascal under a new driver
        ("550.54", (8, 6), "cuda-older"),
        ("525.60.13", (5, 0), "cuda-older"),
        ("470.82", (7, 5), "cpu"),  # driver too old for CUDA 12
        ("470.82", (3, 5), "cpu"),  # Kepler
        ("570.86", (12, 0), "cpu"),  # Blackwell is unknown to CUDA 12.6
        ("580.65.06", None, "cuda"),
        ("545.23", None, "cuda-older"),
        ("[N/A]", (8, 6), "cpu"),
    ],
)
def test_nvidia(driver, capability, expected):
    assert choose_backend(machine(nvidia(driver, capability))).name == expected


def test_a_new_gpu_with_an_old_driver_is_told_to_update():
    choice = choose_backend(machine(nvidia("570.86", (12, 0))))
    assert choice.name == "cpu"
    assert "driver to 580" in choice.advice
    # and one that gains nothing by an update is not
    assert choose_backend(machine(nvidia("550.1", (6, 1)))).advice == ""


def test_the_strongest_gpu_decides():
    old, new = nvidia("580.1", (6, 1)), nvidia("580.1", (8, 9))
    assert choose_backend(machine(old, new)).name == "cuda"


def test_linux_on_arm_has_no_pascal_build():
    choice = choose_backend(machine(nvidia("550.1", (7, 2)), arch="arm64"))
    assert choice.name == "cpu"


@pytest.mark.parametrize(
    ("arch", "system", "expected"),
    [
        ("gfx1100", "linux", "rocm"),
        ("gfx90a", "linux", "rocm"),
        ("gfx1036", "linux", "cpu"),  # a processor's small graphics
        ("gfx1100", "windows", "cpu"),
    ],
)
def test_amd(arch, system, expected):
    gpu = Gpu("amd", f"AMD {arch}", arch=arch)
    assert choose_backend(machine(gpu, system=system)).name == expected


def test_nvidia_beside_a_small_amd():
    gpus = Gpu("amd", "AMD gfx1036", arch="gfx1036"), nvidia("580.1", (8, 9))
    assert choose_backend(machine(*gpus)).name == "cuda"


def test_macs():
    chip = Gpu("apple", "Apple M3")
    assert choose_backend(machine(chip, system="macos", arch="arm64")).name == "mps"
    with pytest.raises(NoBackend, match="Intel"):
        choose_backend(machine(system="macos", arch="x86_64"))


def test_no_gpu_says_what_went_wrong_while_looking():
    choice = choose_backend(machine(notes=("nvidia-smi is here but failed: driver mismatch",)))
    assert choice.name == "cpu"
    assert "driver mismatch" in choice.reason


@pytest.mark.parametrize(
    ("version", "backend"),
    [
        ("2.13.0+cpu", "cpu"),
        ("2.13.0", "cpu"),
        ("2.13.0+cu126", "cuda-older"),
        ("2.13.0+cu130", "cuda"),
        ("2.13.0+rocm7.2", "rocm"),
    ],
)
def test_backend_of_build(version, backend):
    assert backend_of_build(version) == backend


def test_nvidia_smi_is_read():
    text = "NVIDIA GeForce RTX 4090, 24564, 580.65.06, 8.9\nTesla K80, 11441, 470.82.01, [N/A]\n\n"
    first, second = parse_nvidia_smi(text)
    assert first == Gpu("nvidia", "NVIDIA GeForce RTX 4090", 24564, "580.65.06", (8, 9))
    assert second.capability is None
    assert parse_nvidia_smi("GTX 970, 4096, 470.82\n")[0].driver == "470.82"


@pytest.mark.parametrize(
    ("version", "arch"), [(110000, "gfx1100"), (90010, "gfx90a"), (100306, "gfx1036")]
)
def test_the_kernels_amd_list_is_read(version, arch):
    node = f"cpu_cores_count 0\nsimd_count 96\ngfx_target_version {version}\n"
    gpu = parse_kfd_node(node, ["size_in_bytes 17163091968\n"])
    assert (gpu.arch, gpu.memory_mb) == (arch, 16368)
    assert parse_kfd_node("cpu_cores_count 16\nsimd_count 0\ngfx_target_version 0\n", []) is None
