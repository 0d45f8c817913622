"""How a retriever breaks: queries perturbed as people would, and what is measured on them. Nothing here imports pyspark."""
