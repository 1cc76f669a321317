"""The one part of the build that needs code: the kernel, compiled where a compiler is at hand.

Everything else is in pyproject.toml. `optional` lets the installation go on without it: the plain twin then does the
same work, slower. LICET_NO_KERNEL=1 leaves it out on purpose.
"""

import os

from setuptools import Extension, setup

KERNEL = "src/licet/flow/kernel"
STABLE_ABI = "0x030B0000"  # Python 3.11: one build serves that version and all later ones


def kernel() -> list[Extension]:
    """The extension module, or nothing where Cython is missing or the kernel is not wanted."""
    if os.environ.get("LICET_NO_KERNEL"):
        return []
    try:
        from Cython.Build import cythonize
    except ImportError:
        return []
    extension = Extension(
        "licet.flow.kernel._kernel",
        [f"{KERNEL}/_kernel.pyx"],
        include_dirs=[KERNEL],
        depends=[f"{KERNEL}/{name}" for name in
                 ("platform.h", "parse.pxi", "sieve.pxi", "load.pxi", "store.pxi", "listed.pxi", "table.pxi",
                  "kept.pxi", "streams.pxi", "records.pxi", "ring.pxi", "views.pxi")],
        define_macros=[("Py_LIMITED_API", STABLE_ABI)],
        extra_compile_args=["-O3", "-fno-strict-aliasing"],
        py_limited_api=True,
        optional=True,
    )
    return cythonize([extension], build_dir="build", quiet=True)


setup(ext_modules=kernel(), options={"bdist_wheel": {"py_limited_api": "cp311"}})
