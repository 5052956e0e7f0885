"""The server: live sessions and films for other programs, over HTTP, WebSocket and WebRTC."""
