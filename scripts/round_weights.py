"""Rounds a checkpoint's weights to 11 significant bits (those of a 16-bit float), so that they compress to half their size:
the page carries two (web/*.safetensors). The file stays one of 32-bit floats.

    python3 scripts/round_weights.py FILE.safetensors
"""

import array
import json
import os
import struct
import sys

KEPT = 10  # bits of the mantissa that are stored; one more is implied


def main(path: str) -> None:
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    kinds = {tensor["dtype"] for name, tensor in header.items() if name != "__metadata__"}
    if kinds != {"F32"}:
        sys.exit(f"{path}: holds {', '.join(sorted(kinds))}, expected 32-bit floats only")
    words = array.array("I", content[8 + length :])
    if sys.byteorder == "big":
        words.byteswap()
    drop = 23 - KEPT
    # To the nearest; a carry into the exponent is right as well.
    rounded = array.array("I", (((word + (1 << (drop - 1))) >> drop << drop) & 0xFFFFFFFF for word in words))
    if sys.byteorder == "big":
        rounded.byteswap()
    with open(path + ".part", "wb") as file:
        file.write(content[: 8 + length] + rounded.tobytes())
    os.replace(path + ".part", path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
