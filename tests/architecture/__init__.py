"""The rules of the code base itself: layers, sizes, words that must not stand in the product."""
