"""What the models' codecs, indexes, layout and rollups cost and buy, measured on made-up rows.

python -m bench.storage [--scale 0.1] [--out docs/storage.md]

It fills a throw-away store, prints the tables and writes them below the prose of docs/storage.md.
"""
