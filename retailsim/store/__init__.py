"""The plan of a shop: what an installer or the shop's IT knows."""
