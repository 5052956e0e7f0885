"""Face models, landmarks, camera, pose, fit and framing."""
