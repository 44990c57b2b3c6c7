#!/usr/bin/env bash
# Measures everything docs/method.md speaks of on a machine with a CUDA device, in about ten
# minutes, and prints markdown. Pictures and figures are left in build/gpu.
#
#     benchmarks/gpu.sh [CONTENT.jpg STYLE.jpg ...] > gpu.md
#
# Without pictures it takes scikit-image's. TORCH_BACKEND=cu126 chooses another build of torch.
set -euo pipefail
cd "$(dirname "$0")/.."

make setup TORCH_BACKEND="${TORCH_BACKEND:-cu128}" >&2
python=.venv/bin/python
out=build/gpu
mkdir -p "$out"

if (($# >= 2)); then
  contents=("$1")
  styles=("${@:2}")
else
  "$python" - "$out" <<'PYTHON'
import pathlib
import sys

from PIL import Image
from skimage import data

for name in ("astronaut", "coffee"):
    Image.fromarray(getattr(data, name)()).save(pathlib.Path(sys.argv[1]) / f"{name}.png")
PYTHON
  contents=("$out/astronaut.png")
  styles=("$out/coffee.png")
fi

echo "# On $(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -n 1)"
"$python" -c 'import torch; print(f"\ntorch {torch.__version__}, CUDA {torch.version.cuda}\n")'

echo "## A step beside its convolutions"
echo
"$python" benchmarks/passes.py --device cuda --sizes 256x192 512x384 1024x768

for size in 256 512; do
  echo
  echo "## Recipe against recipe at $size pixels"
  echo
  "$python" benchmarks/quality.py --device cuda --size "$size" --out "$out/$size" \
    --contents "${contents[@]}" --styles "${styles[@]}" --json "$out/$size.json"
done
