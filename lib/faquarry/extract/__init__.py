"""The first stage: archives in, tables out. Joins web (records), markup (pairs) and language into rows of the lake."""
