"""Speech: waveforms, log-mel, F0 and learned features."""
