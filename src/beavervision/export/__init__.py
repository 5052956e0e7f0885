"""Export for other programs: networks as ONNX, motion as ARKit curves, glTF and BVH."""
