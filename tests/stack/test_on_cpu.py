"""What networks compute in follows from what the CPU is fast at."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
import torch

from retailsim.stack import on_cpu
from retailsim.stack.on_cpu import fast_unit, floats_of, in_int8

BARE = {"architecture": "x86_64", "avx2": True, "amx_bf16": False, "amx_int8": False}
BARE |= {"avx512_vnni": False, "avx_vnni": False}
VNNI = BARE | {"avx512_vnni": True, "avx512_bf16": True}
AMX = VNNI | {"amx_bf16": True, "amx_int8": True}


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch) -> Any:
    def become(can: dict[str, Any], found: list[str]) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: MappingProxyType(can))
        monkeypatch.setattr(on_cpu, "_found_by_openvino", lambda: tuple(found))

    return become


@pytest.mark.parametrize(
    ("can", "found", "auto", "int8_by_itself", "int8_when_asked", "called"),
    [
        (BARE, ["FP32"], "f32", False, False, ""),
        (VNNI, ["FP32", "BF16"], "f32", True, True, "VNNI"),
        (BARE | {"avx_vnni": True}, ["FP32"], "f32", True, True, "VNNI"),
        (AMX, ["FP32", "BF16"], "bf16", False, True, "AMX"),
        ({}, [], None, False, False, ""),
        ({"architecture": "arm64", "dot": True}, ["FP32", "FP16"], None, False, False, ""),
        ({"architecture": "arm64", "dot": True}, ["FP32", "BF16"], "bf16", False, False, "bf16"),
    ],
    ids=["plain", "vnni", "desktop", "amx", "nothing known", "arm", "arm with bf16"],
)
def test_auto_takes_what_is_fast(
    cpu, can, found, auto, int8_by_itself, int8_when_asked, called
) -> None:
    cpu(can, found)
    assert floats_of("auto") == floats_of("int8") == auto
    assert in_int8("auto") is int8_by_itself
    assert in_int8("int8") is int8_when_asked
    assert fast_unit() == called
    assert floats_of("fp32") == "f32"
    assert in_int8("fp32") is False
