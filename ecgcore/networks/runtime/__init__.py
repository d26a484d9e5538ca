"""What computes the feature maps of a bundle's networks when pages are screened: ONNX Runtime or PyTorch."""
