"""A Training as a TrainJob of Kubeflow Trainer: the same pods, made and kept together by the operator's runtimes."""
