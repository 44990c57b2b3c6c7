#!/usr/bin/env bash
# Measures on a CUDA device what docs/measurements.md reports, in about ten minutes, and prints
# markdown.
# Pictures and figures are written to build/gpu.
#
#     benchmarks/gpu.sh > gpu.md
#
# CONTENTS and STYLES are lists of picture files; the default is scikit-image's pictures.
# TORCH_BACKEND=cu126 chooses another build of torch. PYTHON=python3 uses an interpreter that has
# everything installed, instead of setting one up.
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${PYTHON:-} ]]; then
  make setup TORCH_BACKEND="${TORCH_BACKEND:-cu128}" >&2
  PYTHON=.venv/bin/python
fi
out=build/gpu
mkdir -p "$out"

if [[ -z ${CONTENTS:-} || -z ${STYLES:-} ]]; then
  "$PYTHON" - "$out" <<'PYTHON'
import pathlib
import sys

from PIL import Image
from skimage import data

for name in ("astronaut", "coffee"):
    Image.fromarray(getattr(data, name)()).save(pathlib.Path(sys.argv[1]) / f"{name}.png")
PYTHON
  CONTENTS=$out/astronaut.png
  STYLES=$out/coffee.png
fi
read -ra contents <<<"$CONTENTS"
read -ra styles <<<"$STYLES"

echo "# On $(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -n 1)"
"$PYTHON" -c 'import torch; print(f"\ntorch {torch.__version__}, CUDA {torch.version.cuda}\n")'

echo "## A step and its convolutions"
echo
"$PYTHON" benchmarks/passes.py --device cuda --sizes 256x192 512x384 1024x768

for size in 256 512 1024; do
  echo
  echo "## Recipes compared at $size pixels"
  echo
  "$PYTHON" benchmarks/quality.py --device cuda --size "$size" --out "$out/$size" --until \
    --contents "${contents[@]}" --styles "${styles[@]}" --json "$out/$size.json"
done
