"""From a kernel's source to machine code that any process can load, and its loading.

numba compiles; what is kept is an object file of a kernel and of nothing else, which LLVM loads by itself: a
process whose kernels are at hand needs no compiler, whose import alone takes longer than a million draws.
Nothing of Python is left in it: kernels take and give numbers in memory, and cannot fail.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from functools import cache
from typing import Any, cast

import llvmlite.binding as llvm

# Contraction lets a multiply and an add become one instruction, with one rounding instead of two; nothing
# that would reorder sums is allowed, so results do not depend on how a loop was cut.
OPTIONS = {"fastmath": {"contract", "nsz"}, "error_model": "numpy", "_nrt": False}
"""Without numba's run-time (``_nrt``) no reference is counted: each count is an atomic operation, and a stage
that takes rows of a dozen arrays would spend as much time on them as on its work.
"""
_INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_LIBRARY = frozenset({"memset", "memcpy", "memmove", "floor", "floorf", "sqrt", "sqrtf"})
"""Functions of the C library that code may call: every process has them."""

PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
"""How numba's compiled functions are called: where the result is put, where an error would be, the argument.
"""


class NotKept(Exception):
    """The code of this compiler cannot be kept."""


@cache
def compiler(*, called: bool = False) -> Any:
    """numba's compiler, but for the width of vectors; ``called`` functions never become part of a caller.

    LLVM keeps to half of the width of registers on processors that once slowed down when all of it was in
    use: drawing then takes a fifth longer. It is a wish: where the processor has no such registers, nothing
    changes.
    """
    from numba.core.compiler import Compiler
    from numba.core.compiler_machinery import register_pass
    from numba.core.lowering import Lower
    from numba.core.typed_passes import NativeLowering

    class WideFunction(Lower):
        def setup_function(self, fndesc: Any) -> None:
            super().setup_function(fndesc)
            # llvmlite's own ``add`` takes attributes without values alone.
            set.add(self.function.attributes, '"prefer-vector-width"="512"')
            if called:
                self.function.attributes.add("noinline")

    @register_pass(mutates_CFG=True, analysis_only=False)
    class WideLowering(NativeLowering):
        _name = "wide_lowering"

        @property
        def lowering_class(self) -> Any:
            return WideFunction

    class WideCompiler(Compiler):
        def define_pipelines(self) -> Any:
            pipelines = super().define_pipelines()
            for pipeline in pipelines:
                pipeline.passes = [
                    (WideLowering if step is NativeLowering else step, about)
                    for step, about in pipeline.passes
                ]
            return pipelines

    return WideCompiler


@cache
def _dispatcher() -> Any:
    """numba's dispatcher, but for what becomes of the code of a single function.

    numba optimises a function by itself, again in each of its callers, and makes machine code of it each
    time, for it might be called from Python. Here it stays what LLVM reads until all of a kernel is linked.
    """
    from numba.core.codegen import JITCodeLibrary, JITCPUCodegen
    from numba.core.registry import CPUDispatcher, CPUTarget, cpu_target

    class Library(JITCodeLibrary):
        def finalize(self) -> None:
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            return 0

        def _get_module_for_linking(self) -> Any:
            """For functions that numba compiles by its own ways, in benchmarks and tests: they link what they
            call themselves, and no further.
            """
            module = _linked(self)
            for each in module.functions:
                if not each.is_declaration and each.linkage == llvm.Linkage.external:
                    each.linkage = "linkonce_odr"
            return module

    class Codegen(JITCPUCodegen):
        _library_class = Library

        def set_env(self, env_name: str, env: Any) -> None:
            """Nothing: there is no machine code that would read it."""

    known, parent = cast(Any, cpu_target), cast(Any, CPUTarget)

    class Target(parent):
        typing_context = known.typing_context
        target_context = known.target_context.subtarget(_internal_codegen=Codegen("forecast"))

    class Dispatcher(CPUDispatcher):
        targetdescr = Target("cpu")

    return Dispatcher


def inner(function: Callable[..., Any], *, called: bool = False, **options: Any) -> Any:
    """numba's dispatcher for a function that is only called from other compiled code.

    Without the wrappers for calls from Python a quarter of the compilation is saved.
    """
    options = {**OPTIONS, **_INNER, "nopython": True, **options}
    return _dispatcher()(function, targetoptions=options, pipeline_class=compiler(called=called))


@cache
def call() -> Any:
    """For compiled code: ``call(address, table)`` calls a kernel and gives what it returns."""
    from llvmlite import ir
    from numba import types
    from numba.extending import intrinsic

    word, pointer = ir.IntType(64), ir.IntType(8).as_pointer()

    @intrinsic
    def call_kernel(typingctx: Any, address: Any, table: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            function = ir.FunctionType(
                ir.IntType(32), [word.as_pointer(), pointer.as_pointer(), word.as_pointer()]
            )
            result = builder.alloca(word)
            error = builder.alloca(pointer)
            entry = builder.inttoptr(arguments[0], function.as_pointer())
            builder.call(entry, [result, error, builder.inttoptr(arguments[1], word.as_pointer())])
            return builder.load(result)

        return types.int64(types.int64, types.int64), codegen

    return call_kernel


@cache
def array_at() -> Any:
    """For compiled code: ``array_at(address, shape, dtype)`` is the contiguous array there."""
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array, populate_array

    @intrinsic
    def array(typingctx: Any, address: Any, shape: Any, dtype: Any) -> Any:
        kind = types.Array(dtype.instance_type, shape.count, "C")

        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.get_data_type(kind.dtype)
            size = context.get_constant(types.intp, context.get_abi_sizeof(data))
            sizes = cgutils.unpack_tuple(builder, arguments[1])
            strides, stride = [], size
            for length in reversed(sizes):
                strides.insert(0, stride)
                stride = builder.mul(stride, length)
            made = make_array(kind)(context, builder)
            where = builder.inttoptr(arguments[0], data.as_pointer())
            populate_array(made, where, sizes, strides, size, None)
            return made._getvalue()

        return kind(types.int64, shape, dtype), codegen

    return array


def machine_code(entry: Callable[..., Any]) -> tuple[bytes, str]:
    """Object file of a function of a table of words, and the name that its code has there.

    ``NotKept`` where the compiler is of a kind that this does not know: its code calls what only it provides.
    """
    from numba import types

    collecting = gc.isenabled()
    gc.disable()  # the compiler makes millions of objects, and looking for cycles takes an eighth of its time
    try:
        dispatcher = inner(entry)
        dispatcher.compile(types.int64(types.CPointer(types.int64)))
    finally:
        if collecting:
            gc.enable()
    (compiled,) = dispatcher.overloads.values()
    module, name, machine = _linked(compiled.library), compiled.fndesc.llvm_func_name, _machine()
    for each in (*module.functions, *module.global_variables):
        if not each.is_declaration and each.name != name:
            each.linkage = "internal"
    _optimise(module, machine)
    foreign = [
        each.name for each in module.functions if each.is_declaration and not each.name.startswith("llvm.")
    ]
    if not _LIBRARY.issuperset(foreign):
        msg = f"calls {', '.join(sorted(set(foreign) - _LIBRARY))}"
        raise NotKept(msg)
    return machine.emit_object(module), name


def _linked(library: Any) -> Any:
    """The code of a library of numba's and of all that it calls, each once."""
    module, waiting, found = llvm.parse_assembly(""), [library], set()
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            module.link_in(one._final_module, preserve=True)
            waiting += one._linking_libraries
    return module


def _optimise(module: Any, machine: Any) -> None:
    """Drop what nobody calls, and optimise the rest as numba would."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization, options.slp_vectorization = True, False
    builder = llvm.create_pass_builder(machine, options)
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.add_strip_dead_prototype_pass()
    passes.run(module, builder)
    builder.getModulePassManager().run(module, builder)


@cache
def _machine() -> Any:
    """This processor, as numba compiles for it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="static" if target.name.startswith("x86") else "default",
        codemodel="jitdefault",
        jit=True,
    )


@cache
def _engine() -> Any:
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())


def load(code: bytes, name: str) -> int:
    """Load an object file; the address of its code."""
    engine = _engine()
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine.get_function_address(name)
