"""A Training as a JobSet: the native Job's pods, of which all start again together when one fails."""
