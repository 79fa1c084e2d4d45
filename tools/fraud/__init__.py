"""What the image `ghcr.io/harbor/fraud` of the worked example holds, and payments to learn from."""
