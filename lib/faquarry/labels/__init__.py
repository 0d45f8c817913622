"""Topics and question types of pairs: heads over vectors, and the stage that applies them."""
