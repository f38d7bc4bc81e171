"""Kernels: the stages of the core, each compiled by itself when it is first needed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import addressof, c_char, c_int64, c_void_p, pointer
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from forecast.compiling import cache, machine_code
from forecast.compiling.cache import tell
from forecast.writing import Held, locked

_PATIENCE = 600.0
"""Seconds to wait for another process that compiles the same kernel."""


class Stage:
    """A function for compiled code, which numba compiles where a kernel that calls it is compiled."""

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        self.py_func = function
        self.__doc__ = function.__doc__
        self._options = options

    @cached_property
    def dispatcher(self) -> Any:
        """numba's own."""
        return machine_code.inner(self.py_func, **self._options)

    @cached_property
    def _numba_type_(self) -> Any:
        """What numba takes it for when it meets it in the source of another function."""
        from numba.core.types import Dispatcher

        return Dispatcher(self.dispatcher)


def stage(function: Callable[..., Any]) -> Any:
    """Mark a function that is only called from other compiled code and makes no arrays."""
    return Stage(function)


def element(function: Callable[..., Any]) -> Any:
    """Mark a function of single numbers, which always becomes part of the loop that calls it: a loop with a
    call in it is no vector code.
    """
    return Stage(function, forceinline=True)


def called(function: Callable[..., Any]) -> Any:
    """Mark a stage that never becomes part of the function that calls it: a loop that is vector code only
    where it stands alone, or much code in a loop that seldom needs it.
    """
    return Stage(function, called=True)


class _Call:
    """``call(address, table)`` in the source of a kernel calls another kernel."""

    @cached_property
    def _numba_type_(self) -> Any:
        from numba.core.registry import cpu_target

        intrinsic: Any = machine_code.call()
        known: Any = cpu_target.typing_context
        known.refresh()
        return known.resolve_value_type(intrinsic)

    def __call__(self, address: int, table: int) -> int:
        raise NotImplementedError


call = _Call()


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
        """The expression that reads it from word ``word`` of the table ``t``, and the word behind it; adds
        what the expression names to ``names``.
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
        from numba import from_dtype

        name = f"d{len(names)}"
        names[name] = from_dtype(self.dtype)
        shape = "".join(f"t[{word + 1 + axis}], " for axis in range(self.axes))
        return f"array_at(t[{word}], ({shape}), {name})", word + 1 + self.axes

    def write(self, value: Any, words: list[int]) -> None:
        """Add the words of an argument; ``_Misfit`` for one of another type."""
        if self.fields:
            if type(value) is not self.annotation:
                msg = f"{type(value).__name__} for {self.annotation.__name__}"
                raise _Misfit(msg)
            for field, part, name in zip(self.fields, value, self.annotation._fields, strict=True):
                try:
                    field.write(part, words)
                except _Misfit as wrong:
                    wrong.where = f".{name}{wrong.where}"
                    raise
        elif self.dtype is None:
            word = int(value)
            words.append(word - (1 << 64) if word >= 1 << 63 else word)  # an unsigned word has the same bits
        else:
            if type(value) is not np.ndarray:
                msg = f"{type(value)} for {self.dtype} of {self.axes}"
                raise _Misfit(msg)
            if value.ndim != self.axes or value.dtype != self.dtype:
                msg = f"{value.dtype} of {value.ndim} axes for {self.dtype} of {self.axes}"
                raise _Misfit(msg)
            words.append(_address_of(value))
            words += value.shape


class _Misfit(Exception):
    """Part of an argument is not of the type that a kernel takes."""

    where = ""
    """Its place in the argument, such as ``.draw``."""


def _address_of(array: Any) -> int:
    """Where the numbers of an array stand; ``array.ctypes`` takes four times as long, many times a run."""
    if not array.flags.c_contiguous:
        msg = "not contiguous"
        raise _Misfit(msg)
    if array.size and array.flags.writeable:
        return addressof(c_char.from_buffer(array))
    return array.ctypes.data


class Step(NamedTuple):
    """A call of a kernel with arguments that are known: the address of its code, the words of the arguments,
    and the arguments, which must outlive it.
    """

    address: int
    table: NDArray[np.int64]
    arguments: tuple[Any, ...]

    def run(self) -> int:
        """Call it, free of the interpreter lock; what it returns."""
        result, error = c_int64(), c_void_p()
        machine_code.PROTOTYPE(self.address)(pointer(result), pointer(error), self.table.ctypes.data)
        return result.value


class Kernel:
    """A stage that is compiled by itself, for the types that its parameters are annotated with.

    Compiled code calls it through the address of its code, with one pointer to a table of words: the address
    and the shape of every array. So it is not compiled into its callers, and nothing is compiled twice. What
    it returns is a number.
    """

    def __init__(self, function: Callable[..., Any], types: dict[str, Any]) -> None:
        self._function = function
        self._types = types
        self._address = 0
        form = "".join(f"-{type_.__name__}" for type_ in types.values())
        module = function.__module__.removeprefix(f"{cache.CORE}.")
        self.name = f"{module}.{function.__name__.removeprefix('_')}{form}"
        self.__doc__ = function.__doc__

    def __repr__(self) -> str:
        return f"<kernel {self.name}>"

    @cached_property
    def _parameters(self) -> list[tuple[str, _Parameter]]:
        hints = get_type_hints(self._function, include_extras=True) | self._types
        return [(name, _Parameter(hint)) for name, hint in hints.items() if name != "return"]

    def __call__(self, *arguments: Any) -> int:
        """Call it, as ``Step.run``."""
        return self.step(*arguments).run()

    def step(self, *arguments: Any) -> Step:
        """A call with these arguments; ``TypeError`` where one is of another type than the kernel takes."""
        words: list[int] = []
        for (name, parameter), value in zip(self._parameters, arguments, strict=True):
            try:
                parameter.write(value, words)
            except _Misfit as wrong:
                msg = f"{self.name}: {name}{wrong.where}: {wrong}"
                raise TypeError(msg) from None
        return Step(self.address, np.array(words, np.int64), arguments)

    @property
    def importable(self) -> str:
        """Where another process finds it."""
        module = sys.modules[self._function.__module__]
        named = next(name for name, value in vars(module).items() if value is self)
        return f"{self._function.__module__}:{named}"

    @cached_property
    def path(self) -> Path:
        """The file of its compiled code."""
        source = Path(self._function.__code__.co_filename)
        return cache.cache_folder() / f"{self.name}-{cache.digest_of(source)}.bin"

    @property
    def at_hand(self) -> bool:
        """Whether it is loaded, or could be without being compiled."""
        return self._address > 0 or cache.read(self.path) is not None

    @property
    def address(self) -> int:
        """The address of its code, which is loaded from the cache or compiled now.

        Another process that compiles the same kernel is waited for.
        """
        if self._address == 0:
            kept = cache.read(self.path)
            if kept is None:
                with locked(Path(f"{self.path}.lock"), _PATIENCE):
                    kept = self._compile()
            self._address = machine_code.load(*kept)
        return self._address

    def compile_unless_others_do(self) -> None:
        """Compile it into the cache unless another process is at it."""
        with suppress(Held), locked(Path(f"{self.path}.lock")):
            self._compile()

    def _compile(self) -> tuple[bytes, str]:
        """Its code, from the cache or compiled and put there."""
        kept = cache.read(self.path)
        if kept is None:
            tell()
            kept = machine_code.machine_code(self._entry())
            if not cache.edited_meanwhile(Path(self._function.__code__.co_filename)):
                cache.write(self.path, *kept)
                cache.forget_old(self.path, self.name)
        return kept

    def _entry(self) -> Callable[..., Any]:
        """The function of a table of words that the kernel's own becomes a part of."""
        names: dict[str, Any] = {"array_at": machine_code.array_at(), "__name__": self._function.__module__}
        names["function"] = machine_code.inner(
            self._function, inline="always"
        )  # or it would be compiled twice
        expressions, word = [], 0
        for _, parameter in self._parameters:
            expression, word = parameter.source(names, word)
            expressions.append(expression)
        entry = re.sub(r"\W", "_", self.name)  # the names of all code that a process loads must differ
        source = f"def {entry}(t):\n    return function({', '.join(expressions)})\n"
        if get_type_hints(self._function).get("return") is type(None):
            source = source.replace("return function", "function") + "    return 0\n"
        exec(compile(source, self._function.__code__.co_filename, "exec"), names)
        return names[entry]


def kernel(function: Callable[..., Any], **types: Any) -> Kernel:
    """Make a kernel of a function whose parameters are annotated; ``types`` stand in for some annotations."""
    return Kernel(function, types)
