"""Compilation and its cache.

numba stores compiled code beside a stamp of the file that holds the function, and does not see an edit in
a function that it calls from another file: a stale result would be served without a word. Here the cache
folder is named after a digest of every source in this package (and the numba that compiles it), so any edit
anywhere in the core compiles anew, and nothing else does.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from numba.core import config as _numba_config
from numba.core import event
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

_njit: Any = numba.njit
_config: Any = _numba_config
_PACKAGE = Path(__file__).parent
_KEPT_FOLDERS = 4
_LOADS_QUICKLY = ("0.68.",)
"""Versions of numba whose cache the tests have seen at work that way; others load as numba has it."""
# Contraction lets a multiply and an add become one instruction, with one rounding instead of two; nothing
# that would reorder sums is allowed, so results do not depend on how a loop was cut.
_FASTMATH = {"contract", "nsz"}
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def sources_digest(package: Path = _PACKAGE) -> str:
    """Digest of the core's sources and of the compiler: names the cache folder (16 hexadecimal digits)."""
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__}".encode())
    for source in sorted(package.glob("*.py")):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def cache_root() -> Path:
    """Where compiled code is kept: ``$FORECAST_CACHE``, else the user's cache folder."""
    named = os.environ.get("FORECAST_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "forecast"


def _writable_folder() -> Path:
    """The cache folder of these sources; a temporary one where the user's cannot be written."""
    name = f"kernels-{sources_digest()}"
    for root in (cache_root(), Path(tempfile.gettempdir()) / f"forecast-{os.getuid()}"):
        folder = root / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            _forget_old(root, folder)
            return folder
    return Path(tempfile.mkdtemp(prefix="forecast-kernels-"))


def _forget_old(root: Path, current: Path) -> None:
    """Keep the newest few folders: another checkout may be in use beside this one."""
    others = [folder for folder in root.glob("kernels-*") if folder != current]
    others.sort(key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in others[_KEPT_FOLDERS - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


CACHE_FOLDER = _writable_folder()


COLD = "compiling the core, once (a minute or two) ..."
"""What a user reads while that happens."""


class _Listener(event.Listener):
    """Calls back once, when something is compiled for the first time."""

    say: Callable[[], None] | None = None

    def on_start(self, event: event.Event) -> None:
        say, self.say = self.say, None
        if say is not None:
            say()

    def on_end(self, event: event.Event) -> None:
        pass


_LISTENER = _Listener()
event.register("numba:compile", _LISTENER)


def on_compilation(say: Callable[[], None]) -> None:
    """Call ``say`` once, before the first function that is not at hand in the cache is compiled."""
    _LISTENER.say = say


class _WideFunction(Lower):
    """A function that is compiled to the widest vectors that the processor has.

    LLVM keeps to half of their width on processors that once slowed down when all of it was in use: normals
    then take a fifth longer. It is a wish: where the processor has no such vectors, nothing changes.
    """

    def setup_function(self, fndesc: Any) -> None:
        super().setup_function(fndesc)
        # llvmlite's own ``add`` takes attributes without values alone.
        set.add(self.function.attributes, '"prefer-vector-width"="512"')


@register_pass(mutates_CFG=True, analysis_only=False)
class _WideLowering(NativeLowering):
    _name = "wide_lowering"

    @property
    def lowering_class(self) -> Any:
        return _WideFunction


class _WideCompiler(Compiler):
    """numba's compiler, but for the last step."""

    def define_pipelines(self) -> Any:
        pipelines = super().define_pipelines()
        for pipeline in pipelines:
            pipeline.passes = [
                (_WideLowering if step is NativeLowering else step, about) for step, about in pipeline.passes
            ]
        return pipelines


_OPTIONS = {"fastmath": _FASTMATH, "error_model": "numpy", "pipeline_class": _WideCompiler}


def stage(function: Callable[..., Any]) -> Any:
    """Compile a small function that is only called from other compiled code and makes no arrays.

    It cannot be called from Python: without the wrappers for that, a quarter of the compilation is saved.
    Without numba's run-time (``_nrt``) no reference is counted: each count is an atomic operation, and a
    stage that takes rows of a dozen arrays would spend as much time on them as on its work.
    """
    return _njit(**_OPTIONS, **_INNER, _nrt=False)(function)


def element(function: Callable[..., Any]) -> Any:
    """Compile a function of single numbers, which always becomes part of the loop that calls it: a loop with
    a call in it is no vector code.
    """
    return _njit(**_OPTIONS, **_INNER, forceinline=True, _nrt=False)(function)


def glue(function: Callable[..., Any]) -> Any:
    """Compile a function that puts stages in their order as a part of its caller.

    Whoever takes tuples of a hundred arrays is handed seven numbers for each: that takes longer than some
    stages.
    """
    return _njit(inline="always")(function)


def maker(function: Callable[..., Any]) -> Any:
    """Compile a function that is only called from other compiled code and makes arrays."""
    return _njit(**_OPTIONS, **_INNER)(function)


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls: cached, and free of the interpreter lock while it runs."""
    before = _config.CACHE_DIR
    _config.CACHE_DIR = str(CACHE_FOLDER)
    try:
        compiled = _njit(**_OPTIONS, cache=True, nogil=True)(function)
    finally:
        _config.CACHE_DIR = before
    if numba.__version__.startswith(_LOADS_QUICKLY):
        _load_quickly(compiled)
    return compiled


def _load_quickly(compiled: Any) -> None:
    """Let a kernel come from the cache without what is only needed to compile: half a second.

    numba registers every function it knows, those of scipy's linear algebra too, before it looks into its
    cache. Loaded code needs only the runtime that counts references; where the cache holds nothing, the
    compiler readies itself as ever. Beside the machine code the cache also holds its bitcode, for other
    functions to be compiled together with it: nobody asks for that, and to parse it takes longer than the
    rest.
    """
    from numba.core.runtime.nrt import rtsys

    cache = compiled._cache
    rebuild = cache._impl.rebuild

    def load_overload(signature: Any, context: Any) -> Any:
        rtsys.initialize(context)
        with cache._guard_against_spurious_io_errors():
            return cache._load_overload(signature, context)

    def rebuild_from_object(context: Any, payload: Any) -> Any:
        return rebuild(context, _without_bitcode(context, payload))

    cache.load_overload = load_overload
    cache._impl.rebuild = rebuild_from_object


def _without_bitcode(context: Any, payload: Any) -> Any:
    """What numba pickled of a compiled function, with an empty module for its bitcode, whose symbols are
    then said to be at hand here.
    """
    (name, kind, (object_code, _)), function, *rest = payload
    symbols = {function.llvm_func_name, function.llvm_cpython_wrapper_name, function.llvm_cfunc_wrapper_name}
    context.codegen()._engine._defined_symbols |= symbols | {env.env_name for env in rest[-1]}
    empty = llvmlite.binding.parse_assembly("").as_bitcode()
    return ((name, kind, (object_code, empty)), function, *rest)
