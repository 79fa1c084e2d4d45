#!/usr/bin/env bash
# evidence.sh PYTHON: the model of the worked example that is in use (Model.fraud), fitted and measured anew by a Python
# that has scikit-learn, its digest written into the specs, what was found into evidence/. To run where a plan of prod
# says that its gate is stale for it.
set -euo pipefail
python=${1:?usage: evidence.sh PYTHON}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
specs=environments/base/risk.yaml work=$(mktemp -d)
cp "$specs" "$work/specs"
# Half of it would close the gate: the specs name the new model only where it was measured.
trap '[ -f "$work/done" ] || cp "$work/specs" "$specs"; rm -rf "$work"' EXIT
PYTHONPATH=. "$python" -m tools.fraud.payments "$work/datasets/payments"
export TRAINING='{"parameters": {"target": "fraud", "degree": 1}, "datasets": {"payments": "/datasets/payments"}}'
TRAINING_ROOT=$work TRAINING_OUTPUT=/mnt/models "$python" tools/fraud/train.py
digest=$(cd "$work/mnt/models" && find . -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-64)
sed -i "0,/digest: sha256:[0-9a-f]*/s//digest: sha256:$digest/" "$specs"
.venv/bin/python -c 'from opsdecl._data import job_script; print(job_script("evaluate_table"))' >"$work/program.py"
EVALUATION=$(.venv/bin/opsdecl evidence request fraud-quality --candidate model-fraud --env staging)
export EVALUATION
EVALUATION_ROOT=$work EVALUATION_RESULT=$work/result.json "$python" "$work/program.py"
rm -rf evidence
OPSDECL_ACTOR=team-risk .venv/bin/opsdecl evidence record fraud-quality \
  --candidate model-fraud --env staging --result "$work/result.json"
touch "$work/done"
