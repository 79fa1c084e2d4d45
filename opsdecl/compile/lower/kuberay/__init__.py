"""A Training as a RayJob of KubeRay: a cluster of Ray for the time of the run, and the program on its head."""
