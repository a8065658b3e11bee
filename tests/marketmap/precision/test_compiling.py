"""Nobody waits for the compiler without a word, nor twice, and what it has kept is whole."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marketmap.precision.compiling import _Kept

CODE = """
import time
from marketmap.precision import GraphicalLasso
start = time.perf_counter()
print(GraphicalLasso(0.5).fit([[1.0, 2.0], [2.0, 1.0], [0.5, 3.0]]).converged_)
print(time.perf_counter() - start)
"""
SECONDS = "it takes 5 to 10 seconds, more on a busy machine\n"
WORD = "compiling the graphical lasso, "
ONCE = f"{WORD}once on this machine; {SECONDS}"

NOWHERE_TO_WRITE = """
import numba.core.caching
numba.core.caching.CacheImpl._locator_classes = []
"""
SLOW_TO_LOAD = """
import time
import numba.core.caching
load = numba.core.caching.FunctionCache.load_overload
def slowly(*args):
    time.sleep(3)
    return load(*args)
numba.core.caching.FunctionCache.load_overload = slowly
"""


def start(cache: Path, before: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", before + CODE],
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> tuple[float, str]:
    out, said = process.communicate()
    assert process.returncode == 0, said
    converged, seconds = out.split()
    assert converged == "True"
    return float(seconds), said


def fit_in_a_process(cache: Path, before: str = "") -> tuple[float, str]:
    return end(start(cache, before))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a cache that is whole, for copies to be damaged."""
    cache = tmp_path_factory.mktemp("compiled")
    _, said = fit_in_a_process(cache)
    assert said == ONCE
    return cache


@pytest.fixture
def cache(compiled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(compiled, tmp_path / "cache")


def kept(cache: Path, ending: str) -> Path:
    (found,) = cache.rglob(f"*.{ending}")
    return found


def damaged(cache: Path) -> str:
    folder = kept(cache, "nbi").parent
    return f"the compiled graphical lasso in {folder} was not whole"


@pytest.mark.long
def test_the_first_process_says_that_it_compiles_and_the_next_loads_what_it_cached(
    tmp_path: Path,
) -> None:
    first, said = fit_in_a_process(tmp_path)
    assert said == ONCE
    second, said = fit_in_a_process(tmp_path)
    assert said == ""
    assert second < first / 3


@pytest.mark.long
def test_to_load_is_not_called_to_compile_however_long_it_takes(cache: Path) -> None:
    seconds, said = fit_in_a_process(cache, SLOW_TO_LOAD)
    assert seconds > 3
    assert said == ""


@pytest.mark.long
def test_without_a_place_for_the_cache_every_process_compiles(tmp_path: Path) -> None:
    _, said = fit_in_a_process(tmp_path, NOWHERE_TO_WRITE)
    assert said.startswith(f"{WORD}in every process, as there is no place to keep it; ")
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_without_the_compiler_it_is_plain_python(tmp_path: Path) -> None:
    _, said = fit_in_a_process(tmp_path, "import os; os.environ['NUMBA_DISABLE_JIT'] = '1'")
    assert said == ""
    assert not list(tmp_path.iterdir())


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def fill_with_garbage(path: Path) -> None:
    path.write_bytes(b"\xff" * 60_000)


def put_another_kernel(path: Path) -> None:
    path.write_bytes(pickle.dumps({"another": "kernel"}))


@pytest.mark.long
@pytest.mark.parametrize(
    ("ending", "damage"),
    [
        ("nbi", halve),
        ("nbc", fill_with_garbage),
        ("nbc", put_another_kernel),
    ],
)
def test_what_is_not_whole_is_compiled_again_once_with_one_word(
    cache: Path, ending: str, damage: Callable[[Path], None]
) -> None:
    word = f"{damaged(cache)}; compiling it again, once; {SECONDS}"
    damage(kept(cache, ending))
    _, said = fit_in_a_process(cache)
    assert said == word
    _, said = fit_in_a_process(cache)
    assert said == ""


@pytest.mark.long
def test_two_processes_that_mend_at_once_leave_it_whole(cache: Path) -> None:
    halve(kept(cache, "nbc"))
    for process in [start(cache), start(cache)]:
        _, said = end(process)
        assert said.count("\n") == 1
    assert _Kept(kept(cache, "nbi").parent).is_whole()
    _, said = fit_in_a_process(cache)
    assert said == ""


@pytest.mark.long
def test_what_cannot_be_removed_is_named_and_each_process_compiles_for_itself(cache: Path) -> None:
    data = kept(cache, "nbc")
    data.unlink()
    data.mkdir()
    (data / "somebody's").touch()
    _, said = fit_in_a_process(cache)
    first, second = said.splitlines()
    assert first.startswith("the compiled graphical lasso cannot be kept: ")
    assert f"'{data}'; NUMBA_CACHE_DIR names another folder" in first
    assert second.startswith(f"{WORD}for this process alone; ")
    assert (data / "somebody's").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.mark.long
def test_on_a_full_disk_it_is_compiled_once_in_a_process_and_not_kept(small_disk: Path) -> None:
    _, said = fit_in_a_process(small_disk)
    first, second = said.splitlines(keepends=True)
    assert first == ONCE
    assert "cannot be kept: [Errno 28] No space left on device; " in second


def seal_a_folder(folder: Path) -> _Kept:
    files = _Kept(folder)
    version = files._digests.name.removeprefix("kernel.solve.").removesuffix(".sha256")
    (folder / f"kernel.solve-1.{version}.nbi").write_bytes(b"index")
    (folder / f"kernel.solve-1.{version}.1.nbc").write_bytes(b"machine code")
    (folder / "kernel.solve-1.py27.nbi").write_bytes(b"of another Python")
    files.seal()
    assert files.is_whole()
    assert len(files.files()) == 2
    return files


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        halve,
        fill_with_garbage,
        put_another_kernel,
        replace_by_a_folder,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"!"),
    ],
)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_damage_of_every_file_is_seen_and_removed(
    tmp_path: Path, damage: Callable[[Path], object], which: int
) -> None:
    files = seal_a_folder(tmp_path)
    damage([*files.files(), files._digests][which])
    assert not files.is_whole()
    files.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["kernel.solve-1.py27.nbi"]


def test_the_digests_are_those_of_sha256sum(tmp_path: Path) -> None:
    seal_a_folder(tmp_path)
    ended = subprocess.run(
        "sha256sum --check --strict *.sha256", shell=True, cwd=tmp_path, check=False
    )
    assert ended.returncode == 0
