"""Floor positions and identity across cameras."""
