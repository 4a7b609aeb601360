"""Wing 1, the world: shoppers, goods, cameras and radio."""
