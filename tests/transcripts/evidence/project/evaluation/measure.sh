# What a pipeline does: asks what to measure, measures it, and records what was found.
set -e
opsdecl evidence request chat-prompts --env staging >"$TMPDIR/request.json"
EVALUATION=$(cat "$TMPDIR/request.json") EVALUATION_RESULT=$TMPDIR/result.json \
  python evaluation/evaluate.py "$1" evaluation/conversations.jsonl
opsdecl evidence record chat-prompts --env staging --result "$TMPDIR/result.json"
git add evidence && git commit -qm "What chat-prompts found"
