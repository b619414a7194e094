"""Files of other tools' benchmarks, into `bench_runs`: a small reader for each format."""
