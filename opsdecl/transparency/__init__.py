"""What a model is made of and what is said of it: model cards, bills of materials, what answered when."""
