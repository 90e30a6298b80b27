"""Fast learning: TEMP-LoRA, its snapshots and its episodes."""
