"""RAD-NeRF torso: a 2-D deformation field that follows the jaw and the shoulders, under a frozen head."""
