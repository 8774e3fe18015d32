"""Thrift's compact protocol without a schema: what a Parquet footer is written in, read into values and written back.

A struct becomes a dictionary of field number to `(type, value)`, in the order of the fields, so that a field nobody
here has heard of survives. Values that were read and are written again give the same bytes.
"""

import struct
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT, UUID = range(1, 14)
_ZIGZAG = (I16, I32, I64)
_FIXED = {BYTE: 1, DOUBLE: 8, UUID: 16}
_LONG_LIST = 15

Struct = dict[int, tuple[int, Any]]
"""Field number to type and value; a list's value is `(type of its elements, elements)`. When written, a struct in
another may stand as the bytes that it was written in before."""


def read_struct(data: bytes) -> Struct:
    """The struct that `data` begins with.

    Raises:
        ValueError: the bytes end too early or hold a type the protocol does not have.
    """
    try:
        return _read_struct(data, 0)[0]
    except (IndexError, struct.error) as error:
        raise ValueError("the struct is cut off") from error


def write_struct(fields: Struct) -> bytes:
    """The bytes of a struct, its end mark included."""
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _read_struct(data: bytes, at: int) -> tuple[Struct, int]:
    fields: Struct = {}
    number = 0
    while head := data[at]:
        at += 1
        kind = head & 0x0F
        if head >> 4:
            number += head >> 4
        else:
            zigzag, at = _read_varint(data, at)
            number = (zigzag >> 1) ^ -(zigzag & 1)
        if kind in (TRUE, FALSE):  # a field's truth stands in its type
            value = kind == TRUE
        else:
            value, at = _read_value(data, at, kind)
        fields[number] = (kind, value)
    return fields, at + 1


def _read_value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind in _ZIGZAG:
        zigzag, at = _read_varint(data, at)
        return (zigzag >> 1) ^ -(zigzag & 1), at
    if kind == BINARY:
        length, at = _read_varint(data, at)
        if at + length > len(data):
            raise IndexError
        return data[at : at + length], at + length
    if kind == STRUCT:
        return _read_struct(data, at)
    if kind in (LIST, SET):
        return _read_list(data, at)
    if kind == MAP:
        return _read_map(data, at)
    if kind in (TRUE, FALSE):  # an element's truth is a byte of its own
        return data[at] == TRUE, at + 1
    if kind in _FIXED:
        end = at + _FIXED[kind]
        if end > len(data):
            raise IndexError
        return data[at:end], end
    raise ValueError(f"the compact protocol has no type {kind}")


def _read_list(data: bytes, at: int) -> tuple[tuple[int, list[Any]], int]:
    head = data[at]
    at += 1
    kind, size = head & 0x0F, head >> 4
    if size == _LONG_LIST:
        size, at = _read_varint(data, at)
    elements = []
    for _ in range(size):
        element, at = _read_value(data, at, kind)
        elements.append(element)
    return (kind, elements), at


def _read_map(data: bytes, at: int) -> tuple[tuple[int, int, list[tuple[Any, Any]]], int]:
    size, at = _read_varint(data, at)
    if not size:
        return (0, 0, []), at
    kinds = data[at]
    at += 1
    entries = []
    for _ in range(size):
        key, at = _read_value(data, at, kinds >> 4)
        value, at = _read_value(data, at, kinds & 0x0F)
        entries.append((key, value))
    return (kinds >> 4, kinds & 0x0F, entries), at


def _write_varint(out: bytearray, value: int) -> None:
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_zigzag(out: bytearray, value: int) -> None:
    _write_varint(out, value << 1 if value >= 0 else (-value << 1) - 1)


def _write_struct(out: bytearray, fields: Struct) -> None:
    before = 0
    for number, (kind, value) in fields.items():
        head = kind if kind not in (TRUE, FALSE) else TRUE if value else FALSE
        if 0 < number - before <= 15:
            out.append((number - before) << 4 | head)
        else:
            out.append(head)
            _write_zigzag(out, number)
        before = number
        if kind not in (TRUE, FALSE):
            _write_value(out, kind, value)
    out.append(0)


def _write_value(out: bytearray, kind: int, value: Any) -> None:
    if kind in _ZIGZAG:
        _write_zigzag(out, value)
    elif kind == BINARY:
        _write_varint(out, len(value))
        out += value
    elif kind == STRUCT and isinstance(value, bytes):
        out += value
    elif kind == STRUCT:
        _write_struct(out, value)
    elif kind in (LIST, SET):
        _write_list(out, *value)
    elif kind == MAP:
        _write_map(out, *value)
    elif kind in (TRUE, FALSE):
        out.append(TRUE if value else FALSE)
    else:
        out += value


def _write_list(out: bytearray, kind: int, elements: list[Any]) -> None:
    if len(elements) < _LONG_LIST:
        out.append(len(elements) << 4 | kind)
    else:
        out.append(_LONG_LIST << 4 | kind)
        _write_varint(out, len(elements))
    for element in elements:
        _write_value(out, kind, element)


def _write_map(out: bytearray, key_kind: int, value_kind: int, entries: list[tuple[Any, Any]]) -> None:
    _write_varint(out, len(entries))
    if entries:
        out.append(key_kind << 4 | value_kind)
    for key, value in entries:
        _write_value(out, key_kind, key)
        _write_value(out, value_kind, value)
