"""The WebSocket edge: overlays, chats and sensors on this machine talk with Alisa."""
