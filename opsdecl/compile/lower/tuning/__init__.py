"""A Tuning: many short runs of a training's program, each with other parameters, and what chooses these."""
