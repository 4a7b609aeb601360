"""The renderer and the camera sensor."""
