#!/usr/bin/env python3
"""Makes smoke/kernel_attention.ptx from smoke/kernel_attention.cu.

    scripts/kernel-ptx.py LIBNVRTC

with the libnvrtc.so of CUDA 11.8 (the newest whose code for compute capability 5.0 has no warning, from
PyPI's nvidia-cuda-nvrtc-cu11 or conda-forge's cudatoolkit). The PTX is for compute capability 5.0,
which every driver compiles for every newer device. NVRTC writes its own version of PTX's language;
nothing in the text needs more than 6.0, which drivers understand since CUDA 9.0, so that is what it
says. Check with `ptxas -arch=sm_NN` for the devices that a toolkit knows.
"""
import ctypes
import hashlib
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "smoke"


def compile_to_ptx(library, source):
    nvrtc = ctypes.CDLL(library)
    program = ctypes.c_void_p()
    size = ctypes.c_size_t()
    options = (ctypes.c_char_p * 1)(b"--gpu-architecture=compute_50")
    if nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"kernel_attention.cu", 0, None, None) != 0:
        sys.exit("error: nvrtcCreateProgram fails")
    failed = nvrtc.nvrtcCompileProgram(program, 1, options) != 0
    what = "ProgramLog" if failed else "PTX"
    getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{what}")(program, text)
    if failed:
        sys.exit(f"error: {text.value.decode()}")
    return text.value.decode()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    source = (FOLDER / "kernel_attention.cu").read_bytes()
    ptx = compile_to_ptx(sys.argv[1], source)
    ptx, changed = re.subn(r"(?m)^\.version .*$", ".version 6.0", ptx)
    if changed != 1:
        sys.exit("error: no .version in the PTX")
    head = ("// Made from kernel_attention.cu by scripts/kernel-ptx.py; do not edit.\n"
            f"// sha256 of the source: {hashlib.sha256(source).hexdigest()}\n")
    (FOLDER / "kernel_attention.ptx").write_text(head + ptx)


main()
