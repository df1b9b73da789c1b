"""Guest images that the product makes itself."""
