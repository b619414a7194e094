"""The analytic operations: a question of `analytics`, run by the executor, judged by `analytics.inference`, as a
result.

One module an operation. Each takes the client and returns a `Result` whose fields are those of the contract.
"""
