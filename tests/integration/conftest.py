"""What the integration tests of all clouds share: this folder's modules, and the writers of small exports."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "unit" / "extract")]
