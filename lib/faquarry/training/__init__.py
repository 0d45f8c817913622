"""Training encoders and retrievers with torch. Nothing here imports pyspark."""
