"""Compilation and its cache: every kernel is compiled by itself, when it is first needed, and kept.

numba stores compiled code beside a stamp of the file that holds the function, and does not see an edit in
a function that it calls from another file: a stale result would be served without a word. Here every kernel
has a folder of its own, named after a digest of its source and of all sources of this package that it imports
(and of the compiler and the processor), so that an edit compiles anew what rests on it and nothing else. A
stamp in that folder says that it is whole: what is cut short is compiled again.
"""

from __future__ import annotations

import ast
import ctypes
import hashlib
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import llvmlite
import llvmlite.binding
import numba
import numpy as np
from filelock import FileLock, Timeout
from llvmlite import ir
from numba import types
from numba.core import config as _numba_config
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering
from numba.extending import intrinsic
from numpy.typing import NDArray
from platformdirs import user_cache_path

_njit: Any = numba.njit
_cfunc: Any = numba.cfunc
_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
_ENTRY = types.int64(types.CPointer(types.int64))
_config: Any = _numba_config
_PACKAGE = Path(__file__).parent
_NAME = "forecast.kernels"
_STAMP = "whole.json"
_KEPT_FOLDERS = 4
"""Folders of earlier sources that are kept for each kernel: another checkout may be in use beside this one."""

class _WideFunction(Lower):
    """A function that is compiled to the widest vectors that the processor has.

    LLVM keeps to half of their width on processors that once slowed down when all of it was in use: drawing
    then takes a fifth longer. It is a wish: where the processor has no such vectors, nothing changes.
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


# Contraction lets a multiply and an add become one instruction, with one rounding instead of two; nothing
# that would reorder sums is allowed, so results do not depend on how a loop was cut.
_OPTIONS = {"fastmath": {"contract", "nsz"}, "error_model": "numpy", "pipeline_class": _WideCompiler}
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


def cache_root() -> Path:
    """Where compiled code is kept: ``$FORECAST_CACHE``, else the user's cache folder on this system."""
    named = os.environ.get("FORECAST_CACHE")
    return Path(named) if named else user_cache_path("forecast")


@cache
def cache_folder() -> Path:
    """The cache folder; a temporary one where the user's cannot be written."""
    for root in (cache_root(), Path(tempfile.gettempdir()) / f"forecast-{_user()}"):
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(root, os.W_OK):
            return root
    return Path(tempfile.mkdtemp(prefix="forecast-"))


def _user() -> str:
    """A name for the user's own temporary folder."""
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")


@cache
def _machine() -> str:
    """What compiled code depends on beside its sources."""
    features = llvmlite.binding.get_host_cpu_features().flatten()
    parts = (platform.python_version(), numba.__version__, llvmlite.__version__, np.__version__)
    return " ".join((*parts, llvmlite.binding.get_host_cpu_name(), features))


@cache
def sources_of(module: Path) -> tuple[Path, ...]:
    """The file of a module of this package and those that it imports, directly or not, in order."""
    found, waiting = {module}, [module]
    while waiting:
        for node in ast.walk(ast.parse(waiting.pop().read_bytes())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{_NAME}."):
                imported = module.parent / f"{(node.module or '').removeprefix(f'{_NAME}.')}.py"
                if imported not in found:
                    found.add(imported)
                    waiting.append(imported)
    return tuple(sorted(found))


@cache
def _sources_digest(module: Path) -> str:
    """Digest of all that the code of a module's kernels follows from.

    numba also looks at the time of the last change of the kernel's own file: it is part of the digest, so that
    a folder never holds what numba would not take.
    """
    digest = hashlib.sha256(_machine().encode())
    digest.update(f"{module} {module.stat().st_mtime_ns}".encode())
    for source in sources_of(module):
        digest.update(source.name.encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@intrinsic
def _pointer(typingctx: Any, address: Any, dtype: Any) -> Any:
    """An address as a pointer to numbers or records of a type."""
    pointer = types.CPointer(dtype.instance_type)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(pointer))

    return pointer(types.int64, dtype), codegen


@intrinsic
def call(typingctx: Any, address: Any, table: Any) -> Any:
    """Call the kernel at an address with the table of its arguments; see ``Kernel``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        word = ir.IntType(64)
        function = ir.FunctionType(word, [word.as_pointer()])
        entry = builder.inttoptr(arguments[0], function.as_pointer())
        return builder.call(entry, [builder.inttoptr(arguments[1], word.as_pointer())])

    return types.int64(types.int64, types.int64), codegen


class _Parameter:
    """One parameter of a kernel: how it is written to a table of words, and how it is read there."""

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self.fields: list[_Parameter] = []
        self.dtype: np.dtype[Any] | None = None
        self.axes = 0
        metadata = getattr(annotation, "__metadata__", None)
        if metadata is not None:
            self.dtype, self.axes = np.dtype(metadata[0]), metadata[1]
        elif hasattr(annotation, "_fields"):
            hints = get_type_hints(annotation, include_extras=True)
            self.fields = [_Parameter(hints[name]) for name in annotation._fields]

    def source(self, names: dict[str, Any], word: int) -> tuple[str, int]:
        """The expression that reads it from word ``word`` of the table ``t``, and the word behind it; adds what
        the expression names to ``names``.
        """
        if self.fields:
            parts: list[str] = []
            for field in self.fields:
                part, word = field.source(names, word)
                parts.append(part)
            names[self.annotation.__name__] = self.annotation
            return f"{self.annotation.__name__}({', '.join(parts)})", word
        if self.dtype is None:
            names[self.annotation.__name__] = self.annotation
            return f"{self.annotation.__name__}(t[{word}])", word + 1
        name = f"d{len(names)}"
        names[name] = numba.from_dtype(self.dtype)
        shape = "".join(f"t[{word + 1 + axis}], " for axis in range(self.axes))
        return f"carray(pointer(t[{word}], {name}), ({shape}))", word + 1 + self.axes

    def words(self, value: Any, where: str) -> list[int]:
        """The words of an argument; TypeError for an array of another type."""
        if self.fields:
            if type(value) is not self.annotation:
                msg = f"{where}: {type(value).__name__} for {self.annotation.__name__}"
                raise TypeError(msg)
            return [
                word
                for field, part, name in zip(self.fields, value, self.annotation._fields, strict=True)
                for word in field.words(part, f"{where}.{name}")
            ]
        if self.dtype is None:
            return [int(np.uint64(value).astype(np.int64)) if self.annotation is np.uint64 else int(value)]
        if not isinstance(value, np.ndarray) or value.dtype != self.dtype or value.ndim != self.axes:
            got = f"{value.dtype} of {value.ndim} axes" if isinstance(value, np.ndarray) else type(value)
            msg = f"{where}: {got} for {self.dtype} of {self.axes}"
            raise TypeError(msg)
        if not value.flags.c_contiguous:
            msg = f"{where}: not contiguous"
            raise TypeError(msg)
        return [value.ctypes.data, *value.shape]


class Step(NamedTuple):
    """A call of a kernel with arguments that are known: the address of its code, the words of the arguments, and
    the arguments, which must outlive it.
    """

    address: int
    table: NDArray[np.int64]
    arguments: tuple[Any, ...]


class Kernel:
    """A stage that is compiled by itself, for the types that its parameters are annotated with.

    Compiled code calls it through the address of its code, with one pointer to a table of words: the address and
    the shape of every array. So it is not compiled into its callers, and nothing is compiled twice. What it
    returns is a number.
    """

    def __init__(self, function: Callable[..., Any], types: dict[str, Any]) -> None:
        self._function = function
        self._types = types
        self._address = 0
        self._compiled: Any = None
        form = "-".join(type_.__name__ for type_ in types.values())
        self.name = f"{function.__module__.removeprefix(f'{_NAME}.')}.{function.__name__}"
        self._folder_name = f"{self.name}-{form}" if form else self.name
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<kernel {self._folder_name}>"

    @cached_property
    def _parameters(self) -> list[tuple[str, _Parameter]]:
        hints = get_type_hints(self._function, include_extras=True) | self._types
        return [(name, _Parameter(hint)) for name, hint in hints.items() if name != "return"]

    def __call__(self, *arguments: Any) -> int:
        """Call it, free of the interpreter lock."""
        step = self.step(*arguments)
        return _PROTOTYPE(step.address)(step.table.ctypes.data)

    def step(self, *arguments: Any) -> Step:
        """A call with these arguments; ``TypeError`` where one is of another type than the kernel takes."""
        words = [
            word
            for (name, parameter), value in zip(self._parameters, arguments, strict=True)
            for word in parameter.words(value, f"{self.name}: {name}")
        ]
        return Step(self.address, np.array(words, np.int64), arguments)

    @property
    def importable(self) -> str:
        """Where another process finds it."""
        module = sys.modules[self._function.__module__]
        named = next(name for name, value in vars(module).items() if value is self)
        return f"{self._function.__module__}:{named}"

    @property
    def folder(self) -> Path:
        """Where its compiled code is kept."""
        source = Path(self._function.__code__.co_filename)
        return cache_folder() / f"{self._folder_name}-{_sources_digest(source)}"

    @property
    def at_hand(self) -> bool:
        """Whether it is loaded, or could be without being compiled."""
        return self._address > 0 or _is_whole(self.folder)

    @property
    def address(self) -> int:
        """The address of its code, which is loaded from the cache or compiled now.

        Another process that compiles the same kernel is waited for.
        """
        if self._address == 0:
            folder = self.folder
            if not _is_whole(folder):
                with FileLock(f"{folder}.lock"):
                    self._compile(folder)
            self._load(folder)
        return self._address

    def compile_unless_others_do(self) -> bool:
        """Compile it into the cache; False where another process is at it."""
        folder = self.folder
        try:
            with FileLock(f"{folder}.lock", timeout=0):
                self._compile(folder)
        except Timeout:
            return False
        return True

    def _compile(self, folder: Path) -> None:
        if _is_whole(folder):
            return
        _TELL.begins()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._load(folder)
        _put_stamp(folder)
        _forget_old(folder, self._folder_name)

    def _load(self, folder: Path) -> None:
        before = _config.CACHE_DIR
        _config.CACHE_DIR = str(folder)
        try:
            self._compiled = _cfunc(_ENTRY, cache=True, **_OPTIONS)(self._entry())
        finally:
            _config.CACHE_DIR = before
        self._address = self._compiled.address

    def _entry(self) -> Callable[..., Any]:
        """The function of a table of words that calls the kernel's own.

        It is said to stand in the kernel's file: numba looks at the time of that.
        """
        names: dict[str, Any] = {"carray": numba.carray, "pointer": _pointer}
        names["__name__"] = self._function.__module__
        names["function"] = _njit(**_OPTIONS, **_INNER)(self._function)
        parts, word = [], 0
        for _, parameter in self._parameters:
            part, word = parameter.source(names, word)
            parts.append(part)
        entry = self._folder_name.replace(".", "_").replace("-", "_")  # symbols of all kernels must differ
        source = f"def {entry}(t):\n    return function({', '.join(parts)})\n"
        returns = get_type_hints(self._function).get("return")
        if returns is type(None):
            source = source.replace("return function", "function") + "    return 0\n"
        exec(compile(source, self._function.__code__.co_filename, "exec"), names)
        return names[entry]


def kernel(function: Callable[..., Any], **types: Any) -> Kernel:
    """Make a kernel of a function whose parameters are annotated; ``types`` stand in for some annotations."""
    return Kernel(function, types)


def stage(function: Callable[..., Any]) -> Any:
    """Compile a function that is only called from other compiled code and makes no arrays.

    It cannot be called from Python: without the wrappers for that, a quarter of the compilation is saved.
    Without numba's run-time (``_nrt``) no reference is counted: each count is an atomic operation, and a
    stage that takes rows of a dozen arrays would spend as much time on them as on its work.
    """
    return _njit(**_OPTIONS, **_INNER)(function)


def probe(function: Callable[..., Any]) -> Any:
    """Compile a function that Python calls with arguments of any type: for tests and benchmarks of stages, which
    themselves cannot be called from Python.
    """
    return _njit(**_OPTIONS, nogil=True)(function)


def element(function: Callable[..., Any]) -> Any:
    """Compile a function of single numbers, which always becomes part of the loop that calls it: a loop with
    a call in it is no vector code.
    """
    return _njit(**_OPTIONS, **_INNER, forceinline=True)(function)


class _Tell:
    """Who hears that something is compiled, and how much of it."""

    def __init__(self) -> None:
        self.say: Callable[[int, int], None] | None = None
        self.done = 0
        self.total = 0

    def begins(self) -> None:
        self.done += 1
        self.total = max(self.total, self.done)
        if self.say is not None:
            self.say(self.done, self.total)


_TELL = _Tell()


def on_compilation(say: Callable[[int, int], None]) -> None:
    """Call ``say`` with a number and how many there are whenever a kernel is compiled that is not in the
    cache.
    """
    _TELL.say = say


def say_on(stream: Any) -> Callable[[int, int], None]:
    """What says on a stream (a terminal's standard error) how far compiling is."""

    def say(done: int, total: int) -> None:
        print(f"compiling the core, once: {done} of {total} ...", file=stream, flush=True)

    return say


def prepare(kernels: Iterable[Kernel]) -> None:
    """Load kernels, and compile those that are not in the cache, side by side where processors are idle.

    Every process takes the first kernel that no other is at, so that many processes that start at once
    compile each kernel once.
    """
    wanted = list(kernels)
    missing = [one for one in wanted if not one.at_hand]
    if len(missing) > 1:
        _TELL.done, _TELL.total = 0, len(missing)
        helpers = _start_helpers(missing)
        for one in missing:
            one.compile_unless_others_do()
        for helper in helpers:
            helper.wait()
    for one in wanted:
        _ = one.address


def _start_helpers(missing: Sequence[Kernel]) -> list[subprocess.Popen[bytes]]:
    """Processes that compile the same kernels; none where there is but one processor."""
    number = min(_processors() - 1, len(missing) - 1)
    root = str(_PACKAGE.parent.parent)
    program = f"import sys; sys.path.insert(0, {root!r}); from {_NAME}.compiling import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *(one.importable for one in missing)]
    helpers = []
    for _ in range(number):
        try:
            quiet = subprocess.DEVNULL
            helpers.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet))
        except OSError:  # it is compiled here then
            break
    return helpers


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def main(addresses: Sequence[str]) -> None:
    """Compile kernels that are given as ``module:name`` into the cache."""
    for address in addresses:
        module, name = address.split(":")
        getattr(importlib.import_module(module), name).compile_unless_others_do()


def _files_of(folder: Path) -> dict[str, str]:
    """Digest of every file of compiled code below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.nb?"))
    }


def _put_stamp(folder: Path) -> None:
    draft = folder / f"{_STAMP}.{os.getpid()}"
    draft.write_text(json.dumps(_files_of(folder)))
    draft.replace(folder / _STAMP)


def _is_whole(folder: Path) -> bool:
    """Whether all of a kernel's compiled code is there, as it was written."""
    try:
        said = json.loads((folder / _STAMP).read_bytes())
        return bool(said) and said == _files_of(folder)
    except (OSError, ValueError):
        return False


def _forget_old(folder: Path, name: str) -> None:
    others = [
        other
        for other in folder.parent.glob(f"{name}-????????????????")
        if other.is_dir() and other != folder
    ]
    others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
    for other in others[_KEPT_FOLDERS - 1 :]:
        shutil.rmtree(other, ignore_errors=True)
        Path(f"{other}.lock").unlink(missing_ok=True)
